/**
 * What a container is doing, concluded from what was observed of it.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type { ContainerFacts } from "./HostFacts.ts"
import { isAlive } from "./ProcessStat.ts"

/**
 * `ORPHANED`: processes live, their monitor is gone, and LXC denies knowing the container.
 *
 * @since 0.1.0
 * @category models
 */
export const ContainerState = Schema.Literals(["RUNNING", "FREEZING", "FROZEN", "STOPPED", "ORPHANED"])

/**
 * @since 0.1.0
 * @category models
 */
export type ContainerState = typeof ContainerState.Type

/**
 * - `init-dead`: the monitor is there, the first process is not.
 * - `monitor-dead`: processes live on without their monitor.
 * - `monitor-silent`: the command socket is there but nobody will answer on it; LXC's tools would hang.
 * - `leftovers`: nothing runs, and something of it is left on the host.
 *
 * @since 0.1.0
 * @category models
 */
export const ContainerProblem = Schema.Literals(["init-dead", "monitor-dead", "monitor-silent", "leftovers"])

/**
 * @since 0.1.0
 * @category models
 */
export type ContainerProblem = typeof ContainerProblem.Type

/**
 * @since 0.1.0
 * @category models
 */
export interface ContainerStatus {
  readonly name: string
  readonly lxcPath: string
  readonly state: ContainerState
  readonly problem: ContainerProblem | null
  /** Null where the first process is not alive. */
  readonly initPid: number | null
  readonly meantToRun: boolean
}

const running = (facts: ContainerFacts): ContainerState =>
  facts.freezer === "frozen" ? "FROZEN" : facts.freezer === "freezing" ? "FREEZING" : "RUNNING"

const conclude = (facts: ContainerFacts): readonly [ContainerState, ContainerProblem | null] => {
  const init = isAlive(facts.init)
  if (!facts.socket) return init || facts.populated ? ["ORPHANED", "monitor-dead"] : ["STOPPED", "leftovers"]
  if (!init) return [facts.populated ? running(facts) : "STOPPED", "init-dead"]
  const answers = isAlive(facts.monitor) && facts.monitor.state !== "T" && facts.monitor.state !== "t"
  return [running(facts), answers ? null : "monitor-silent"]
}

/**
 * The status of a container of which something was observed.
 *
 * @since 0.1.0
 * @category conclusions
 */
export const statusOf = (facts: ContainerFacts): ContainerStatus => {
  const [state, problem] = conclude(facts)
  return {
    name: facts.name,
    lxcPath: facts.lxcPath,
    state,
    problem,
    initPid: isAlive(facts.init) ? facts.init.pid : null,
    meantToRun: facts.meantToRun
  }
}

/**
 * Whether processes of the container may live, with or without a monitor.
 *
 * @since 0.1.0
 * @category conclusions
 */
export const isActive = (status: ContainerStatus): boolean => status.state !== "STOPPED" || status.problem === "init-dead"

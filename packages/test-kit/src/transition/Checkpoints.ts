/**
 * Steps that CRIU does by way of LXC.
 *
 * @since 0.1.0
 */
import { criuAdvice } from "@effect-lxc/core/host/HostSurvey"
import * as Commands from "@effect-lxc/core/plan/Commands"
import type { StepProblem } from "@effect-lxc/core/runtime/StepProblem"
import { nodeAt, write } from "../FileTree.ts"
import { deliver } from "../Lifecycle.ts"
import { after, type Call, type Case, commandFailed, conflict, done, failed, type Outcome } from "../Outcome.ts"
import { containerNamed } from "../Process.ts"
import type { SimulatedState } from "../SimulatedState.ts"
import { timing } from "../Timing.ts"
import { startContainer } from "./Start.ts"

/** Debian 12's release fails on kernels that came long after it. */
const missing = ({ answers, criu, kernel }: SimulatedState, consequence: string): StepProblem | undefined => {
  const advice = `${criuAdvice}; ${consequence}`
  if (criu === null || answers["criu"]?._tag === "Missing") return conflict("CRIU is not installed", advice)
  const [major = 0, minor = 0] = kernel.split(".").map(Number)
  return criu.startsWith("3.") && major * 100 + minor >= 612
    ? conflict(`CRIU ${criu} does not work here: vdso: Unexpected rt vDSO area bounds`, advice)
    : undefined
}

/**
 * A container with a terminal of LXC's cannot be dumped, and goes on.
 *
 * @since 0.1.0
 * @category transitions
 */
export const checkpoint = (state: SimulatedState, step: Case<"Checkpoint">, call: Call): Outcome =>
  after(state, call, timing.criu, () => {
    const problem = missing(state, `${step.name} goes on running`)
    const container = containerNamed(state, step)
    if (problem !== undefined) return failed(state, problem)
    if (container === undefined) return failed(state, commandFailed(Commands.checkpoint(step), 1, `${step.name} is not running\n`))
    const config = nodeAt(state, `${step.lxcPath}/${step.name}/config`)?.text ?? ""
    if (!config.includes("lxc.tty.max = 0\n") || !config.includes("lxc.console.path = none\n")) {
      return failed(state, commandFailed(Commands.checkpoint(step), 1, "", ["Error (criu/tty.c): tty: Unable to find a master for /6"]))
    }
    const dumped = write(state, `${step.directory}/inventory.img`, "0600", "")
    return done(step.stop ? deliver(dumped, container.id, "SIGKILL") : dumped)
  })

/**
 * As a start, from images.
 *
 * @since 0.1.0
 * @category transitions
 */
export const restore = (state: SimulatedState, step: Case<"Restore">, call: Call): Outcome => {
  const problem = missing(state, "the checkpoint stays")
  if (problem !== undefined) return failed(state, problem)
  if (nodeAt(state, `${step.directory}/inventory.img`) === undefined) {
    return failed(state, commandFailed(Commands.restore(step), 1, "", ["Error (criu/image.c): Can't open inventory.img"]))
  }
  const { directory: _, ...start } = step
  return startContainer(state, { ...start, _tag: "StartContainer" }, call)
}

/**
 * What a failure leaves behind.
 *
 * @since 0.1.0
 */
import type { Directories } from "@effect-lxc/core/host/Directories"
import { monitorCgroup, payloadCgroup } from "@effect-lxc/core/host/CgroupLayout"
import type { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { vethPrefix } from "@effect-lxc/core/model/VethName"
import type { Plan } from "@effect-lxc/core/plan/Plan"
import { undo } from "@effect-lxc/core/plan/Rollback"
import { isCheck, type Step } from "@effect-lxc/core/plan/Step"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { carryOut, type CarriedOut, rollBack } from "../CarryOut.ts"
import { traces } from "../Diff.ts"
import { atIndex } from "../Faults.ts"
import type { SimulatedState } from "../SimulatedState.ts"
import { ofPlans, type PlanLaw } from "./Law.ts"
import { run } from "./Running.ts"

/**
 * Differences that are not what an earlier run of the instance had left, which whoever starts or ends it takes away.
 *
 * @since 0.1.0
 * @category comparisons
 */
export const beyondLeftovers = (differences: string, directories: Directories, name: InstanceName): string => {
  const container = directories.container(name)
  const own = [`${container}/`, `${container} `, `/${payloadCgroup(name)}`, `/${monitorCgroup(name)}`, ` ${vethPrefix(name)}`]
  const isLeftover = (line: string): boolean => line.startsWith("- ") && own.some((each) => line.includes(each))
  return differences.split("\n").filter((line) => line !== "" && !isLeftover(line)).join("\n")
}

/** A step that a failure may strike: how the host was before it and is after it, and what was begun by then, it included. */
interface Struck {
  readonly index: number
  readonly before: CarriedOut
  readonly after: CarriedOut
  readonly begun: ReadonlyArray<Step>
  /** The host where only what is not undone was done, before this step and after it. */
  readonly kept: { readonly before: SimulatedState; readonly after: SimulatedState }
}

const stays = (step: Step): boolean => !isCheck(step) && undo(step).length === 0

/** Each step that has something to do, of those that are undone; each begins where the one before it ended. */
const struckSteps = (plan: Plan, host: SimulatedState): ReadonlyArray<Struck> => {
  const struck: Array<Struck> = []
  let before = carryOut(plan.steps.slice(0, plan.undoFrom), host)
  let kept = before
  let begun: ReadonlyArray<Step> = []
  for (const [index, step] of plan.steps.entries()) {
    if (index < plan.undoFrom) continue
    const after = carryOut([step], before.state, before.results)
    const keptAfter = stays(step) ? carryOut([step], kept.state, kept.results) : kept
    if (after.acted.length > 0 || after.failed !== undefined) {
      if (!isCheck(step)) begun = [...begun, step]
      struck.push({ index, before, after, begun, kept: { before: kept.state, after: keptAfter.state } })
    }
    before = after
    kept = keptAfter
  }
  return struck
}

const leftAt = (plan: Plan, { after, before, begun, index, kept }: Struck): string | undefined => {
  const judge = (when: string, wanted: SimulatedState, state: SimulatedState): string | undefined => {
    const left = beyondLeftovers(traces(wanted, rollBack(begun, plan.directories, state, before.results), plan.directories), plan.directories, plan.instance)
    return left === "" ? undefined : `where step ${index + 1} fails (${when}) the host is not as it should be then:\n${left}`
  }
  return judge("before it acts", kept.before, before.state) ?? judge("after it acted", kept.after, after.state)
}

/**
 * What is left behind where one of the steps fails that are undone; undefined where the host is as before, whichever it is.
 *
 * @since 0.1.0
 * @category queries
 */
export const leftBehind = (plan: Plan, host: SimulatedState): string | undefined => {
  for (const struck of struckSteps(plan, host)) {
    const left = leftAt(plan, struck)
    if (left !== undefined) return left
  }
  return undefined
}

/** The interpreter is tried where it has most to undo, and has to do what was found out without it. */
const byInterpreter = (plan: Plan, host: SimulatedState): Effect.Effect<string | undefined> => {
  const last = struckSteps(plan, host).at(-1)
  if (last === undefined) return Effect.succeed(undefined)
  return Effect.map(run(plan, host, [atIndex(last.index, "refuse")]), ({ exit, state }) => {
    const where = `where step ${last.index + 1} fails`
    if (Exit.isSuccess(exit)) return `${where} the operation is called a success`
    const different = traces(rollBack(last.begun, plan.directories, last.before.state, last.before.results), state, plan.directories)
    return different === "" ? undefined : `${where} the interpreter undoes something else:\n${different}`
  })
}

/**
 * Whichever step fails of those that can be undone, before it acted or after: the host is as before,
 * but for what was taken away first and what an earlier run of the instance had left.
 *
 * @since 0.1.0
 * @category laws
 */
export const undone: PlanLaw = ofPlans("undone", "whichever step fails, the host is as before", (plan, host) =>
  Effect.suspend(() => {
    const left = leftBehind(plan, host)
    return left === undefined ? byInterpreter(plan, host) : Effect.succeed(left)
  }))

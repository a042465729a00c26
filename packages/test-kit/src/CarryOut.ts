/**
 * Plans carried out on a simulated host by a pure function: no fiber, no clock, no journal.
 *
 * @since 0.1.0
 */
import type { Directories } from "@effect-lxc/core/host/Directories"
import type { Results } from "@effect-lxc/core/runtime/Host"
import type { StepProblem } from "@effect-lxc/core/runtime/StepProblem"
import { resolved, rollbackOf } from "@effect-lxc/core/plan/Rollback"
import type { Step } from "@effect-lxc/core/plan/Step"
import type { SimulatedState } from "./SimulatedState.ts"
import { isProblem } from "./transition/Seen.ts"
import { complete, observe } from "./Transition.ts"

/**
 * A host after some steps.
 *
 * @since 0.1.0
 * @category models
 */
export interface CarriedOut {
  readonly state: SimulatedState
  /** Loop devices and the like, by the names that steps gave them. */
  readonly results: Results
  /** The steps that acted; of the others the result held already. */
  readonly acted: ReadonlyArray<Step>
  /** The step at which it ended, where one failed. */
  readonly failed?: { readonly index: number; readonly step: Step; readonly problem: StepProblem } | undefined
}

/**
 * Observes and takes each step to its end, as the interpreter does; the first that fails is the last. Nothing is undone.
 *
 * @since 0.1.0
 * @category running
 */
export const carryOut = (steps: ReadonlyArray<Step>, before: SimulatedState, given: Results = new Map()): CarriedOut => {
  const results = new Map(given)
  const acted: Array<Step> = []
  let state = before
  for (const [index, step] of steps.entries()) {
    const seen = observe(state, step, results)
    if (isProblem(seen)) return { state, results, acted, failed: { index, step, problem: seen } }
    const ended = seen.done ? { state, result: seen.result } : complete(state, step, results)
    state = ended.state
    if ("problem" in ended && ended.problem !== undefined) {
      return { state, results, acted, failed: { index, step, problem: ended.problem } }
    }
    if (!seen.done) acted.push(step)
    if (step._tag === "AttachLoop" && ended.result !== undefined) results.set(step.result, ended.result)
  }
  return { state, results, acted }
}

/**
 * Undoes steps that were begun, the last first, as the interpreter does: each is tried, and what cannot be undone stays.
 *
 * @since 0.1.0
 * @category running
 */
export const rollBack = (begun: ReadonlyArray<Step>, directories: Directories, state: SimulatedState, results: Results): SimulatedState =>
  rollbackOf(begun, directories).map((step) => resolved(step, results)).reduce((before, step) => {
    const seen = observe(before, step, results)
    return isProblem(seen) || seen.done ? before : complete(before, step, results).state
  }, state)

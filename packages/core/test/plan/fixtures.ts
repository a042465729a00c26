import { Directories } from "@effect-lxc/core/host/Directories"
import type { HostFacts } from "@effect-lxc/core/host/HostFacts"
import type { Instance } from "@effect-lxc/core/model/Instance"
import { Plan } from "@effect-lxc/core/plan/Plan"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { namedBy, planStart } from "@effect-lxc/core/plan/StartPlan"
import { planStop, type StopOptions } from "@effect-lxc/core/plan/StopPlan"
import type { Step } from "@effect-lxc/core/plan/Step"
import type { SimulatedState } from "@effect-lxc/test-kit"
import { Facts, Transition } from "@effect-lxc/test-kit"
import { assert } from "@effect/vitest"
import { Result } from "effect"
import { directories } from "../runtime/fixtures.ts"

export { directories, host, instance } from "../runtime/fixtures.ts"

/** What is observed of a host, with what an instance names. */
export const factsFor = (state: SimulatedState, instance: Instance, at: Directories = directories): HostFacts =>
  Facts.factsOf(state, at, namedBy(instance).paths)

export const startPlan = (instance: Instance, state: SimulatedState): Plan =>
  Result.getOrThrow(planStart(instance, directories, factsFor(state, instance)))

export const stopPlan = (instance: Instance, state: SimulatedState, options?: StopOptions): Plan =>
  Result.getOrThrow(planStop(instance.name, directories, Facts.factsOf(state, directories), options))

/** A plan of these steps, with everything else as in another. */
export const planOf = (like: Plan, operation: Plan["operation"], steps: ReadonlyArray<Step>): Plan => {
  const { basis, directories: at, instance: name, warnings } = like
  return new Plan({ basis, directories: at, instance: name, operation, steps, undoFrom: 0, warnings })
}

/** The host after every step of a plan was taken. */
export const carriedOut = (plan: Pick<Plan, "steps">, state: SimulatedState): SimulatedState => {
  const results = new Map<string, string>()
  return plan.steps.reduce((before, step) => {
    const seen = Transition.observe(before, step, results)
    if ("done" in seen && seen.done) {
      if (step._tag === "AttachLoop" && seen.result !== undefined) results.set(step.result, seen.result)
      return before
    }
    const ended = Transition.complete(before, step, results)
    assert.isUndefined(ended.problem, JSON.stringify(ended.problem))
    if (step._tag === "AttachLoop" && ended.result !== undefined) results.set(step.result, ended.result)
    return ended.state
  }, state)
}

/** A run directory beside the usual one, with the same state directory. */
export const beside = new Directories({ run: HostPath.make("/srv/other"), log: directories.log, state: directories.state })

/** The host on which the instance runs there. */
export const runningBeside = (instance: Instance, state: SimulatedState): SimulatedState =>
  carriedOut(Result.getOrThrow(planStart(instance, beside, factsFor(state, instance, beside))), state)

/** The codes of a rejection and the fields they are about. */
export const rejectionOf = (instance: Instance, state: SimulatedState): ReadonlyArray<string> => {
  const plan = planStart(instance, directories, factsFor(state, instance))
  assert.isTrue(Result.isFailure(plan), "it should have been rejected")
  return Result.isFailure(plan) ? plan.failure.rejections.map(({ code, field }) => `${field}: ${code}`) : []
}

export const tags = (plan: { readonly steps: ReadonlyArray<Step> }): ReadonlyArray<string> =>
  plan.steps.map(({ _tag }) => _tag)

/**
 * Laws about what plans do to a host.
 *
 * @since 0.1.0
 */
import { isBelow } from "@effect-lxc/core/model/HostPath"
import { describe } from "@effect-lxc/core/plan/Describe"
import { Plan } from "@effect-lxc/core/plan/Plan"
import { isCheck, type Step } from "@effect-lxc/core/plan/Step"
import { explain } from "@effect-lxc/core/runtime/StepProblem"
import * as Effect from "effect/Effect"
import { carryOut, type CarriedOut } from "../CarryOut.ts"
import { diff, traces } from "../Diff.ts"
import type { SimulatedState } from "../SimulatedState.ts"
import * as Result from "effect/Result"
import { answerOf, type Law, ofPlans, planFor, type Planner, type PlanLaw, questionOf } from "./Law.ts"
import { beyondLeftovers, leftBehind } from "./Undoing.ts"

const failureOf = ({ failed }: CarriedOut): string | undefined =>
  failed === undefined
    ? undefined
    : `step ${failed.index + 1} fails (${describe(failed.step)}): ${explain(failed.problem).join("; ")}`

/**
 * Who plans again after a plan was carried out finds nothing to do: the plan is empty, all of it holds already, or it is
 * rejected, as the start of what runs is.
 *
 * @since 0.1.0
 * @category laws
 */
export const idempotent: Law<unknown> = {
  name: "idempotent",
  promise: "once it was carried out there is nothing more to do",
  broken: (planner, trial) =>
    Effect.sync(() => {
      const plan = planFor(planner, trial)
      if (plan === undefined) return undefined
      const once = carryOut(plan.steps, trial.host)
      if (once.failed !== undefined) return failureOf(once)
      const again = planFor(planner, { ...trial, host: once.state })
      const acted = again === undefined ? [] : carryOut(again.steps, once.state).acted.filter((step) => !isCheck(step))
      return acted.length === 0 ? undefined : `planned again it would still: ${acted.map(describe).join("; ")}`
    })
}

/**
 * What `other`, asked the same, plans afterwards takes back all that was done: but for logs, the roots of the library's directories and
 * what an earlier run of the instance had left the host is as before, and so are the processes and the containers on it.
 *
 * @since 0.1.0
 * @category laws
 */
export const undoneBy = <Input>(other: Planner<Input>): Law<Input> => ({
  name: `undone by ${other.name}`,
  promise: `${other.name} leaves the host as it was before`,
  broken: (planner, trial) =>
    Effect.sync(() => {
      const plan = planFor(planner, trial)
      if (plan === undefined) return undefined
      const done = carryOut(plan.steps, trial.host)
      if (done.failed !== undefined) return failureOf(done)
      const answer = answerOf(other, questionOf(other, { ...trial, host: done.state }))
      if (Result.isFailure(answer)) return `${other.name} is rejected: ${answer.failure.message}`
      const undone = carryOut(answer.success.steps, done.state)
      const left = beyondLeftovers(traces(trial.host, undone.state, plan.directories), plan.directories, plan.instance)
      return failureOf(undone) ?? (left === "" ? undefined : `afterwards the host differs:\n${left}`)
    })
})

/** What is mounted, the first below the others. */
type Mounted = ReadonlyArray<string>

const misplaced = (mounted: Mounted, step: Step): string | undefined => {
  if (step._tag === "Mount") {
    const hidden = mounted.find((target) => isBelow(step.target, target))
    return hidden === undefined ? undefined : `${describe(step)} would hide what is mounted on ${hidden}`
  }
  if (step._tag !== "Unmount") return undefined
  const from = mounted.lastIndexOf(step.target)
  const above = from < 0 ? undefined : mounted.slice(from + 1).find((target) => isBelow(step.target, target))
  return above === undefined ? undefined : `${describe(step)} while ${above}, which was mounted later, is above it`
}

const after = (mounted: Mounted, step: Step): Mounted => {
  if (step._tag === "Mount") return [...mounted, step.target]
  const at = step._tag === "Unmount" ? mounted.lastIndexOf(step.target) : -1
  return at < 0 ? mounted : mounted.filter((_, index) => index !== at)
}

/**
 * Nothing is mounted over what is mounted already, and nothing is unmounted before what was mounted below it later.
 *
 * @since 0.1.0
 * @category laws
 */
export const ordered: PlanLaw = ofPlans("ordered", "parents are mounted first and unmounted last", (plan, host) =>
  Effect.sync(() => {
    let mounted: Mounted = host.mounts.map(({ target }) => target)
    for (const step of plan.steps) {
      const problem = misplaced(mounted, step)
      if (problem !== undefined) return problem
      mounted = after(mounted, step)
    }
    return undefined
  }))

/** They say how a container ends, gently or not; that it ended is all that stays to be seen. */
const ways: ReadonlySet<Step["_tag"]> = new Set(["Thaw", "SignalContainer", "AwaitStopped", "ForbidForks", "KillContainer"])

const isAsked = ({ steps }: Plan, step: Step): boolean => !isCheck(step) && (steps.length === 1 || !ways.has(step._tag))

/**
 * Each step is needed: left out, a later one fails, the host ends up different, or a failure would leave something behind.
 * What held already is not asked, nor is what only looks, nor, among others, a step that says how a container ends.
 *
 * @since 0.1.0
 * @category laws
 */
export const minimal: PlanLaw = ofPlans("minimal", "no step can be left out", (plan, host) =>
  Effect.sync(() => {
    const whole = carryOut(plan.steps, host)
    if (whole.failed !== undefined) return failureOf(whole)
    const acted = new Set(whole.acted)
    const idle = plan.steps.find((step) => acted.has(step) && isAsked(plan, step) && canDoWithout(plan, host, whole.state, step))
    return idle === undefined ? undefined : `without one step the host ends up the same: ${describe(idle)}`
  }))

const without = (plan: Plan, step: Step): Plan => {
  const { basis, directories, instance, operation, undoFrom, warnings } = plan
  const from = plan.steps.indexOf(step) < undoFrom ? undoFrom - 1 : undoFrom
  return new Plan({ basis, directories, instance, operation, steps: plan.steps.filter((each) => each !== step), undoFrom: from, warnings })
}

const canDoWithout = (plan: Plan, host: SimulatedState, whole: SimulatedState, step: Step): boolean => {
  const shorter = without(plan, step)
  const { failed, state } = carryOut(shorter.steps, host)
  return failed === undefined && diff(whole, state) === "" && leftBehind(shorter, host) === undefined
}

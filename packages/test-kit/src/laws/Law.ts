/**
 * What a law is, and what it is about.
 *
 * @since 0.1.0
 */
import { defaultDirectories, type Directories } from "@effect-lxc/core/host/Directories"
import type { HostFacts } from "@effect-lxc/core/host/HostFacts"
import type { Plan } from "@effect-lxc/core/plan/Plan"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { factsOf } from "../Facts.ts"
import type { SimulatedState } from "../SimulatedState.ts"

/**
 * A planner, whatever it is asked for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Planner<in Input> {
  readonly name: string
  readonly plan: (
    input: Input,
    directories: Directories,
    facts: HostFacts
  ) => Result.Result<Plan, { readonly message: string }>
  /** Paths of the host that are looked at for it. */
  readonly paths?: ((input: Input) => ReadonlyArray<string>) | undefined
}

/**
 * One try: what a planner is asked for, on which host.
 *
 * @since 0.1.0
 * @category models
 */
export interface Trial<out Input> {
  readonly input: Input
  readonly host: SimulatedState
  /** The default ones where they are left out. */
  readonly directories?: Directories | undefined
  /** What the trial was made from, which is shown in place of the input. */
  readonly from?: unknown
}

/**
 * What a planner is told: all that it may know.
 *
 * @since 0.1.0
 * @category models
 */
export interface Question<out Input> {
  readonly input: Input
  readonly facts: HostFacts
  /** The default ones where they are left out. */
  readonly directories?: Directories | undefined
}

/**
 * A promise that a planner keeps whatever it is asked for. `broken` gives undefined where it was kept, else what breaks
 * it, for a person.
 *
 * @since 0.1.0
 * @category models
 */
export interface Law<in Asked = unknown> {
  readonly name: string
  readonly promise: string
  readonly broken: <Input extends Asked>(planner: Planner<Input>, trial: Trial<Input>) => Effect.Effect<string | undefined>
}

/**
 * A law that can be asked about facts that no host is behind.
 *
 * @since 0.1.0
 * @category models
 */
export interface FactsLaw extends Law<unknown> {
  readonly brokenFor: <Input>(planner: Planner<Input>, question: Question<Input>) => string | undefined
}

/**
 * A law that can be asked about one plan, wherever that came from, on the host that it was made for.
 *
 * @since 0.1.0
 * @category models
 */
export interface PlanLaw extends Law<unknown> {
  readonly brokenBy: (plan: Plan, host: SimulatedState) => Effect.Effect<string | undefined>
}

/**
 * What is observed for a trial.
 *
 * @since 0.1.0
 * @category running
 */
export const questionOf = <Input>(planner: Planner<Input>, { directories, host, input }: Trial<Input>): Question<Input> => ({
  input,
  directories,
  facts: factsOf(host, directories ?? defaultDirectories, planner.paths?.(input) ?? [])
})

/**
 * The planner's answer.
 *
 * @since 0.1.0
 * @category running
 */
export const answerOf = <Input>(planner: Planner<Input>, { directories, facts, input }: Question<Input>) =>
  planner.plan(input, directories ?? defaultDirectories, facts)

/**
 * The plan of a trial; undefined where it was rejected.
 *
 * @since 0.1.0
 * @category running
 */
export const planFor = <Input>(planner: Planner<Input>, trial: Trial<Input>): Plan | undefined =>
  Result.getOrUndefined(answerOf(planner, questionOf(planner, trial)))

/**
 * A law about what a planner answers.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofAnswers = (name: string, promise: string, brokenFor: FactsLaw["brokenFor"]): FactsLaw => ({
  name,
  promise,
  brokenFor,
  broken: (planner, trial) => Effect.sync(() => brokenFor(planner, questionOf(planner, trial)))
})

/**
 * A law about plans: a planner keeps it where each of its plans does.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ofPlans = (name: string, promise: string, brokenBy: PlanLaw["brokenBy"]): PlanLaw => ({
  name,
  promise,
  brokenBy,
  broken: (planner, trial) =>
    Effect.suspend(() => {
      const plan = planFor(planner, trial)
      return plan === undefined ? Effect.succeed(undefined) : brokenBy(plan, trial.host)
    })
})

/**
 * What every planner of this library promises, as laws that planners and plans of others can be held to: without a test
 * framework, or as tests of vitest by `@effect-lxc/test-kit/LawSuite`.
 *
 * @since 0.1.0
 */
import type { Plan } from "@effect-lxc/core/plan/Plan"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Formatter from "effect/Formatter"
import * as Schema from "effect/Schema"
import { diff } from "./Diff.ts"
import { emptyHost } from "./HostBuilder.ts"
import { idempotent, minimal, ordered } from "./laws/Carrying.ts"
import { type Law, planFor, type Planner, type PlanLaw, type Trial } from "./laws/Law.ts"
import { confined, pure, storable, total, wellFormed } from "./laws/Planning.ts"
import { asPlanned } from "./laws/Running.ts"
import { asWritten } from "./laws/Script.ts"
import { undone } from "./laws/Undoing.ts"
import type { SimulatedState } from "./SimulatedState.ts"

export { idempotent, minimal, ordered, undoneBy } from "./laws/Carrying.ts"
export { type FactsLaw, type Law, planFor, type Planner, type PlanLaw, type Question, type Trial } from "./laws/Law.ts"
export { confined, contentWithPart, pure, storable, total, wellFormed } from "./laws/Planning.ts"
export { asPlanned } from "./laws/Running.ts"
export { asWritten } from "./laws/Script.ts"
export { undone } from "./laws/Undoing.ts"

/**
 * The laws of single plans.
 *
 * @since 0.1.0
 * @category laws
 */
export const planLaws: ReadonlyArray<PlanLaw> = [storable, confined, ordered, minimal, asWritten, asPlanned, undone]

/**
 * Every law that needs to know nothing but the planner.
 *
 * @since 0.1.0
 * @category laws
 */
export const laws: ReadonlyArray<Law> = [pure, total, wellFormed, ...planLaws, idempotent]

/**
 * A law is broken: which, by what, and the token that tries just that again.
 *
 * @since 0.1.0
 * @category errors
 */
export class LawBroken extends Schema.TaggedError<LawBroken>()("LawBroken", {
  law: Schema.String,
  promise: Schema.String,
  /** The planner, or the operation of a plan. */
  by: Schema.String,
  /** What breaks it, for a person. */
  why: Schema.String,
  /** What was asked for, the simplest that breaks the law, as text; empty where one plan was asked about. */
  input: Schema.String,
  /** What is on the host beyond an empty one, as lines of a patch. */
  host: Schema.String,
  /** Empty where one plan was asked about. */
  replay: Schema.String
}) {
  override get message(): string {
    return [
      `${this.by} breaks the law "${this.law}": ${this.promise}`,
      this.why,
      ...(this.input === "" ? [] : [`asked for: ${this.input}`]),
      ...(this.host === "" ? [] : [`on an empty host with:\n${this.host.trimEnd()}`]),
      ...(this.replay === "" ? [] : [`once more: { replay: ${JSON.stringify(this.replay)} }`])
    ].join("\n")
  }
}

/**
 * How a law is tried: on 100 trials by default. `replay` tries the law that the token is of on the one trial that broke it;
 * other laws are tried as without it.
 *
 * @since 0.1.0
 * @category models
 */
export interface CheckOptions {
  readonly runs?: number | undefined
  readonly seed?: string | number | undefined
  readonly replay?: string | undefined
}

/**
 * What was tried: `planned` of the runs had a plan, the others a rejection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tried {
  readonly law: string
  readonly runs: number
  readonly planned: number
}

const broken = (law: Pick<Law, "name" | "promise">, by: string, why: string, host: SimulatedState, input = "", replay = "") =>
  new LawBroken({ law: law.name, promise: law.promise, by, why, input, host: diff(emptyHost(), host), replay })

/** A token begins with the name of its law. */
const tokenPrefix = (law: Pick<Law, "name">): string => `${law.name}: `

/**
 * Whether a token is of a law: who gives one means that one.
 *
 * @since 0.1.0
 * @category queries
 */
export const isTokenOf = (law: Pick<Law, "name">, token: string): boolean => token.startsWith(tokenPrefix(law))

const ofLaw = (law: Pick<Law, "name">, { replay, ...options }: CheckOptions): CheckOptions =>
  replay !== undefined && isTokenOf(law, replay) ? { ...options, replay: replay.slice(tokenPrefix(law).length) } : options

/**
 * Holds a planner to a law on generated trials; fails with the simplest trial that breaks it. A law that met no plan at
 * all was not tried, which is a failure, too.
 *
 * @since 0.1.0
 * @category running
 */
export const check = <Input>(
  law: Law<Input>,
  planner: Planner<Input>,
  trials: Arbitrary.Arbitrary<Trial<Input>>,
  options: CheckOptions = {}
): Effect.Effect<Tried, LawBroken> =>
  Effect.gen(function*() {
    let planned = 0
    const own = ofLaw(law, options)
    const tried = Effect.suspend(() => Arbitrary.checkEffect(trials, (trial) =>
      Effect.suspend(() => {
        const verdict = law.broken(planner, trial)
        return Effect.flatMap(verdict, (why) => {
          if (why !== undefined) return Effect.fail(why)
          if (planFor(planner, trial) !== undefined) planned += 1
          return Effect.succeed(true)
        })
      }).pipe(Effect.catchDefect((defect) => Effect.fail(`it throws ${String(defect)}`))), own))
    // Only what a token says is read before the first trial, and a wrong one is a defect there.
    const result = yield* own.replay === undefined
      ? tried
      : Effect.catchDefect(tried, (defect) =>
        untried(law, planner, `${JSON.stringify(options.replay)} is no token of this law: ${String(defect)}`))
    switch (result._tag) {
      case "Passed":
        return planned > 0 ? { law: law.name, runs: result.runs, planned } : yield* untried(law, planner, "each trial was rejected")
      case "Falsified": {
        const { failure, replay, shrunkInput: { from, host, input } } = result
        const why = failure._tag === "PropertyError" ? failure.error : ""
        return yield* broken(law, planner.name, why, host, Formatter.format(from ?? input, { space: 2 }), `${tokenPrefix(law)}${replay}`)
      }
      case "ReplayMismatch":
        // What broke the law does so no more.
        if (result.reason === "PropertyPassed") return { law: law.name, runs: 1, planned }
        return yield* untried(law, planner, Arbitrary.formatCheckFailure(result) ?? result.reason)
      case "Exhausted":
        return yield* untried(law, planner, Arbitrary.formatCheckFailure(result) ?? result._tag)
    }
  })

const untried = (law: Pick<Law, "name" | "promise">, planner: { readonly name: string }, why: string) => broken(law, planner.name, `it was not tried: ${why}`, emptyHost())

/**
 * Holds one plan to laws, on the host that it was made for: a plan with steps of one's own, or one from a file.
 *
 * @since 0.1.0
 * @category running
 */
export const checkPlan = (
  plan: Plan,
  host: SimulatedState,
  only: ReadonlyArray<PlanLaw> = planLaws
): Effect.Effect<void, LawBroken> =>
  Effect.forEach(only, (law) =>
    Effect.flatMap(law.brokenBy(plan, host), (why) =>
      why === undefined ? Effect.void : Effect.fail(broken(law, plan.operation, why, host))), { discard: true })

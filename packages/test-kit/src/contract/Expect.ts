/**
 * The verbs of a case: what a step must do, or must not.
 *
 * @since 0.1.0
 */
import type { Step } from "@effect-lxc/core/plan/Step"
import { Host, type Results } from "@effect-lxc/core/runtime/Host"
import type { StepProblem } from "@effect-lxc/core/runtime/StepProblem"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { ContractBroken } from "./ContractCase.ts"

const none: Results = new Map()

const text = (value: unknown): string => typeof value === "string" ? value : JSON.stringify(value) ?? "nothing"

/**
 * A case that fails with these words.
 *
 * @since 0.1.0
 * @category expectations
 */
export const broken = (what: string, expected: unknown, found: unknown): Effect.Effect<never, ContractBroken> =>
  Effect.fail(new ContractBroken({ what, expected: text(expected), found: text(found) }))

/**
 * Both are the same, as JSON.
 *
 * @since 0.1.0
 * @category expectations
 */
export const same = (what: string, found: unknown, expected: unknown): Effect.Effect<void, ContractBroken> =>
  text(found) === text(expected) ? Effect.void : broken(what, expected, found)

/**
 * @since 0.1.0
 * @category expectations
 */
export const isTrue = (what: string, value: boolean): Effect.Effect<void, ContractBroken> => same(what, value, true)

/**
 * The step succeeds; gives its result.
 *
 * @since 0.1.0
 * @category expectations
 */
export const applies = (step: Step, results: Results = none): Effect.Effect<string | undefined, ContractBroken, Host> =>
  Effect.flatMap(Host, (host) => host.apply(step, results)).pipe(
    Effect.catchTag("HostError", ({ problem }) => broken(`apply ${step._tag}`, "success", problem))
  )

/**
 * The step's result holds; gives it.
 *
 * @since 0.1.0
 * @category expectations
 */
export const holds = Effect.fnUntraced(function*(step: Step, results: Results = none) {
  const seen = yield* observes(step, results)
  yield* same(`observe ${step._tag}`, seen.done, true)
  return seen.result
})

/**
 * The step is still to be done; gives what the look at it tells beside that, if anything.
 *
 * @since 0.1.0
 * @category expectations
 */
export const isOpen = Effect.fnUntraced(function*(step: Step, results: Results = none) {
  const { done, result } = yield* observes(step, results)
  yield* same(`observe ${step._tag}`, done, false)
  return result
})

const observes = (step: Step, results: Results) =>
  Effect.flatMap(Host, (host) => host.observe(step, results)).pipe(
    Effect.catchTag("HostError", ({ problem }) => broken(`observe ${step._tag}`, "an observation", problem))
  )

/**
 * The step is open, succeeds, and holds then; gives its result.
 *
 * @since 0.1.0
 * @category expectations
 */
export const does = Effect.fnUntraced(function*(step: Step, results: Results = none) {
  yield* isOpen(step, results)
  const result = yield* applies(step, results)
  const seen = yield* holds(step, results)
  yield* same(`the result of ${step._tag}, observed`, seen, result)
  return result
})

type Named<Tag extends StepProblem["_tag"]> = Extract<StepProblem, { readonly _tag: Tag }>

const asNamed = <Tag extends StepProblem["_tag"]>(
  what: string,
  outcome: Result.Result<unknown, { readonly problem: StepProblem }>,
  tag: Tag,
  fields: Partial<Named<Tag>>
): Effect.Effect<Named<Tag>, ContractBroken> => {
  const expected = { _tag: tag, ...fields }
  if (Result.isSuccess(outcome)) return broken(what, expected, "success")
  const found: Readonly<Record<string, unknown>> = outcome.failure.problem
  const differs = Object.entries(expected).some(([field, value]) => text(found[field]) !== text(value))
  // The tag has just been compared.
  return differs ? broken(what, expected, found) : Effect.succeed(outcome.failure.problem as Named<Tag>)
}

/**
 * The step fails with this problem, which has at least these fields; gives the whole problem.
 *
 * @since 0.1.0
 * @category expectations
 */
export const fails = <Tag extends StepProblem["_tag"]>(step: Step, tag: Tag, fields: Partial<Named<Tag>> = {}, results: Results = none) =>
  Effect.flatMap(Host, (host) => Effect.result(host.apply(step, results))).pipe(
    Effect.flatMap((outcome) => asNamed(`apply ${step._tag}`, outcome, tag, fields))
  )

/**
 * The observation already says that the step cannot be done.
 *
 * @since 0.1.0
 * @category expectations
 */
export const cannotBe = <Tag extends StepProblem["_tag"]>(step: Step, tag: Tag, fields: Partial<Named<Tag>> = {}, results: Results = none) =>
  Effect.flatMap(Host, (host) => Effect.result(host.observe(step, results))).pipe(
    Effect.flatMap((outcome) => asNamed(`observe ${step._tag}`, outcome, tag, fields))
  )

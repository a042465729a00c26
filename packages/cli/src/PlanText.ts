/**
 * Plans as a person or a program asked for them.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { encodePlan, type Plan } from "@effect-lxc/core/plan/Plan"
import { Json } from "./Globals.ts"
import { Output } from "./Output.ts"

/**
 * @since 0.1.0
 * @category models
 */
export type PlanFormat = "text" | "json" | "sh" | "mermaid"

const render = (plan: Plan, format: PlanFormat): Effect.Effect<string> => {
  switch (format) {
    case "text":
      return Effect.promise(async () => (await import("@effect-lxc/core/plan/RenderText")).renderText(plan))
    case "json":
      return Effect.succeed(`${JSON.stringify(encodePlan(plan), undefined, 2)}\n`)
    case "sh":
      return Effect.promise(async () => (await import("@effect-lxc/core/plan/RenderShell")).renderShell(plan))
    case "mermaid":
      return Effect.promise(async () => (await import("@effect-lxc/core/plan/RenderMermaid")).renderMermaid(plan))
  }
}

/**
 * A plan in the format asked for; where none was, as JSON if results are for programs, else as text.
 *
 * @since 0.1.0
 * @category rendering
 */
export const planText = Effect.fnUntraced(function*(plan: Plan, asked: Option.Option<PlanFormat>) {
  const usual: PlanFormat = (yield* Json) ? "json" : "text"
  return yield* render(plan, Option.getOrElse(asked, () => usual))
})

/**
 * Prints a plan as it was asked for.
 *
 * @since 0.1.0
 * @category printing
 */
export const printPlan = Effect.fnUntraced(function*(plan: Plan, asked: Option.Option<PlanFormat>) {
  const output = yield* Output
  yield* output.out(yield* planText(plan, asked))
})

/**
 * Prints several plans as they were asked for: one after the other, as JSON in one list.
 *
 * @since 0.1.0
 * @category printing
 */
export const printPlans = Effect.fnUntraced(function*(plans: ReadonlyArray<Plan>, asked: Option.Option<PlanFormat>) {
  const output = yield* Output
  const asJson = Option.contains(asked, "json") || (Option.isNone(asked) && (yield* Json))
  if (asJson) yield* output.out(`${JSON.stringify(plans.map(encodePlan), undefined, 2)}\n`)
  else yield* Effect.forEach(plans, (each) => printPlan(each, asked), { discard: true })
})

/**
 * One promise of the port `Host`, and how it is seen to be kept.
 *
 * @since 0.1.0
 */
import type { Host } from "@effect-lxc/core/runtime/Host"
import type { Step } from "@effect-lxc/core/plan/Step"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Ability, Stage } from "./Stage.ts"

/**
 * A host that does not keep the promise of a case.
 *
 * @since 0.1.0
 * @category errors
 */
export class ContractBroken extends Schema.TaggedError<ContractBroken>()("ContractBroken", {
  what: Schema.String,
  expected: Schema.String,
  found: Schema.String
}) {
  override get message(): string {
    return `${this.what}: expected ${this.expected}, found ${this.found}`
  }
}

/**
 * A promise about a step, without the step.
 *
 * @since 0.1.0
 * @category models
 */
export interface Promised {
  /** What is promised, as a sentence that follows the step's tag. */
  readonly title: string
  /** What the host must be able to show; nothing by default. */
  readonly needs?: ReadonlyArray<Ability>
  readonly run: Effect.Effect<void, ContractBroken, Host | Stage>
}

/**
 * What a case is about: the step does its work, its result holds already, or it fails.
 *
 * @since 0.1.0
 * @category models
 */
export type CaseKind = "success" | "already" | "failure"

/**
 * The promises about one step. A kind that a step does not have says why.
 *
 * @since 0.1.0
 * @category models
 */
export type StepCases = { readonly [Kind in CaseKind]: ReadonlyArray<Promised> | string }

/**
 * @since 0.1.0
 * @category models
 */
export interface ContractCase extends Promised {
  readonly step: Step["_tag"]
  readonly kind: CaseKind
}

const kinds = ["success", "already", "failure"] as const

/**
 * The cases of a step, in order.
 *
 * @since 0.1.0
 * @category constructors
 */
export const casesOf = (step: Step["_tag"], cases: StepCases): ReadonlyArray<ContractCase> =>
  kinds.flatMap((kind) => {
    const promised = cases[kind]
    return typeof promised === "string" ? [] : promised.map((each) => ({ ...each, step, kind }))
  })

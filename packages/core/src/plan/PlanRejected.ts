/**
 * Why there is no plan.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Operation } from "./Operation.ts"

/**
 * One reason, with what was found and what to do.
 *
 * @since 0.1.0
 * @category models
 */
export const Rejection = Schema.Struct({
  /** A stable word for programs, such as `bridge-missing`. */
  code: Schema.String,
  /** The field of the spec that cannot be had, or "". */
  field: Schema.String,
  message: Schema.String,
  advice: Schema.String
})

/**
 * @since 0.1.0
 * @category models
 */
export type Rejection = typeof Rejection.Type

/**
 * The host, as it was observed, does not allow the operation. Nothing was done. Holds every reason, not the first.
 *
 * @since 0.1.0
 * @category errors
 */
export class PlanRejected extends Schema.TaggedError<PlanRejected>()("PlanRejected", {
  operation: Operation,
  instance: Schema.String,
  rejections: Schema.Array(Rejection)
}) {
  override get message(): string {
    const reasons = this.rejections.map((each) =>
      `${each.field === "" ? "" : `${each.field}: `}${each.message}; ${each.advice}`
    )
    return `${this.operation} ${this.instance} was rejected, and nothing was done:\n  ${reasons.join("\n  ")}`
  }
}

/**
 * The host is no longer as it was when the plan was made. Nothing was done.
 *
 * @since 0.1.0
 * @category errors
 */
export class PlanStale extends Schema.TaggedError<PlanStale>()("PlanStale", {
  operation: Operation,
  instance: Schema.String,
  differences: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `the plan to ${this.operation} ${this.instance} is stale, and nothing was done:\n  ${
      this.differences.join("\n  ")
    }\nmake a new plan`
  }
}

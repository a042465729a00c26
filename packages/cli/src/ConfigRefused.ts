/**
 * The refusal of a configuration.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Rejection } from "@effect-lxc/core/plan/PlanRejected"

/**
 * The LXC it is for cannot carry the spec out. Holds every reason, not the first.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConfigRefused extends Schema.TaggedError<ConfigRefused>()("ConfigRefused", {
  instance: Schema.String,
  rejections: Schema.Array(Rejection)
}) {
  override get message(): string {
    const reasons = this.rejections.map(({ advice, field, message }) =>
      `  ${field === "" ? "" : `${field}: `}${message}; ${advice}`
    )
    return [`there is no configuration for ${this.instance}:`, ...reasons].join("\n")
  }
}

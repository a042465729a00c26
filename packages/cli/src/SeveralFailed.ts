/**
 * Several failures of one command.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { HostError } from "@effect-lxc/core/runtime/Host"
import { UnknownContainer } from "@effect-lxc/core/runtime/Queries"

/**
 * Some of what was asked for could not be had; the rest was.
 *
 * @since 0.1.0
 * @category errors
 */
export class SeveralFailed extends Schema.TaggedError<SeveralFailed>()("SeveralFailed", {
  errors: Schema.Array(Schema.Union([UnknownContainer, HostError]))
}) {
  override get message(): string {
    return this.errors.map((error) => error.message).join("\n")
  }
}

/**
 * A host that is not fit for containers.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * `verify` found errors, and has printed each.
 *
 * @since 0.1.0
 * @category errors
 */
export class HostUnfit extends Data.TaggedError("HostUnfit")<{ readonly count: number }> {
  override get message(): string {
    return `this host has ${this.count} ${this.count === 1 ? "error" : "errors"}`
  }
}

/**
 * What was not tried.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * Nothing was done to an instance, since others that have to come first did not succeed.
 *
 * @since 0.1.0
 * @category errors
 */
export class Skipped extends Data.TaggedError("Skipped")<{
  readonly operation: string
  readonly instance: string
  readonly because: ReadonlyArray<string>
}> {
  override get message(): string {
    const who = this.because.join(" and ")
    return this.operation === "start"
      ? `${this.instance} was not started: it comes after ${who}, which did not start`
      : `${this.instance} was not stopped: ${who} came after it and did not stop`
  }
}

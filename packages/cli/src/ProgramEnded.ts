/**
 * The end of a program in a container, as the end of this one.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * The program ended with a code other than 0; there is nothing to say about it.
 *
 * @since 0.1.0
 * @category errors
 */
export class ProgramEnded extends Data.TaggedError("ProgramEnded")<{ readonly exitCode: number }> {
  override get message(): string {
    return `the program ended with ${this.exitCode}`
  }
}

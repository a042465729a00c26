/**
 * Several failures of one command.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * Some of what was asked for could not be had; the rest was. Each of `errors` is told for itself.
 *
 * @since 0.1.0
 * @category errors
 */
export class SeveralFailed extends Data.TaggedError("SeveralFailed")<{
  readonly errors: ReadonlyArray<Error & { readonly _tag: string }>
}> {
  override get message(): string {
    return this.errors.map((error) => error.message).join("\n")
  }
}

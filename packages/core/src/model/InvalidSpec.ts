/**
 * The refusal of an input that does not say what it should.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Problem, problemsOf } from "./Problem.ts"

/**
 * An input was refused; `problems` names every field that is wrong, `source` says where the input came from (a file
 * name, or what it is).
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidSpec extends Schema.TaggedError<InvalidSpec>("effect-lxc/InvalidSpec")("InvalidSpec", {
  source: Schema.String,
  problems: Schema.Array(Problem)
}) {
  /** A line that names the source, and a line for each problem. */
  override get message(): string {
    const lines = this.problems.map(({ message, path }) => path === "" ? `  ${message}` : `  ${path}: ${message}`)
    return [`${this.source} is not valid:`, ...lines].join("\n")
  }
}

/**
 * Decodes an input and reports all its problems at once; a field that the schema does not know is a problem.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeInput = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  input: unknown,
  source: string
): Result.Result<S["Type"], InvalidSpec> =>
  Schema.decodeUnknownResult(schema)(input, { errors: "all", onExcessProperty: "error", reportInput: true }).pipe(
    Result.mapError((error) => new InvalidSpec({ source, problems: problemsOf(error.issue) }))
  )

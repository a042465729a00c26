/**
 * What this program wrote earlier as JSON: facts of a host, and plans.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { escape } from "@effect-lxc/core/model/HostText"
import type { InvalidSpec } from "@effect-lxc/core/model/InvalidSpec"
import { Problem } from "@effect-lxc/core/model/Problem"
import { readText, sourceName } from "./InputFile.ts"

/** What such a file is to be, and where files of its kind come from. */
interface Kind {
  readonly noun: string
  readonly advice: string
}

/**
 * A file is not what it was given as. This program writes such files, so that one with many problems is another file: a person is told
 * the first problem only, a program has all of them.
 *
 * @since 0.1.0
 * @category errors
 */
export class WrongFile extends Schema.TaggedError<WrongFile>()("WrongFile", {
  source: Schema.String,
  noun: Schema.String,
  problems: Schema.Array(Problem),
  advice: Schema.String
}) {
  override get message(): string {
    const [first = { path: "", message: "" }, ...others] = this.problems
    const more = others.length === 0 ? "" : ` (and ${others.length} more, which --json names)`
    return `${escape(this.source)} is not ${this.noun}: ${first.path === "" ? "" : `${first.path}: `}${first.message}${more}; ${this.advice}`
  }
}

/** The mount table of a busy host is long. */
const limit = 64 * 2 ** 20

const parse = (text: string): Result.Result<unknown, ReadonlyArray<Problem>> =>
  Result.try({
    try: (): unknown => JSON.parse(text),
    catch: (error) => {
      const message = error instanceof Error ? escape(error.message.split("\n", 1)[0] ?? "").slice(0, 200) : "not JSON"
      return [{ path: "", message }]
    }
  })

/**
 * Reads a file of JSON, or standard input for `-`, with the decoder that belongs to its kind.
 *
 * @since 0.1.0
 * @category reading
 */
export const readJson = <A>(
  file: string,
  decode: (input: unknown, source: string) => Result.Result<A, InvalidSpec>,
  kind: Kind
) =>
  Effect.gen(function*() {
    const source = sourceName(file)
    const text = yield* readText(file, limit)
    const decoded = Result.flatMap(parse(text), (input) => Result.mapError(decode(input, source), ({ problems }) => problems))
    return yield* Effect.fromResult(Result.mapError(decoded, (problems) => new WrongFile({ source, problems, ...kind })))
  })

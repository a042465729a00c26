/**
 * What this program wrote earlier as JSON: facts of a host, and plans.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import { escape } from "@effect-lxc/core/model/HostText"
import { InvalidSpec } from "@effect-lxc/core/model/InvalidSpec"
import { readText, sourceName } from "./InputFile.ts"

/** The mount table of a busy host is long. */
const limit = 64 * 2 ** 20

const parse = (text: string, source: string, advice: string) =>
  Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: (error) => {
      const why = error instanceof Error ? escape(error.message.split("\n", 1)[0] ?? "").slice(0, 200) : "not JSON"
      return new InvalidSpec({ source, problems: [{ path: "", message: `${why}; ${advice}` }] })
    }
  })

/**
 * Reads a file of JSON, or standard input for `-`, with the decoder that belongs to it; `advice` says where such files
 * come from.
 *
 * @since 0.1.0
 * @category reading
 */
export const readJson = <A>(
  file: string,
  decode: (input: unknown, source: string) => Result.Result<A, InvalidSpec>,
  advice: string
) =>
  Effect.gen(function*() {
    const source = sourceName(file)
    const input = yield* parse(yield* readText(file, limit), source, advice)
    return yield* Effect.fromResult(decode(input, source))
  })

/**
 * Specs as people keep them: YAML or JSON, in a file or on standard input.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { decodeInstance, type Instance } from "@effect-lxc/core/model/Instance"
import { InvalidSpec } from "@effect-lxc/core/model/InvalidSpec"
import { readText, sourceName } from "./InputFile.ts"

/** A spec is a page of text. The parser takes seconds for a mebibyte of commas. */
const limit = 2 ** 18

const locate = (error: InvalidSpec, places: ReadonlyMap<string, string>): InvalidSpec =>
  new InvalidSpec({
    source: error.source,
    problems: error.problems.map(({ message, path }) => {
      const place = places.get(path)
      return { path, message: place === undefined ? message : `${message} (${place})` }
    })
  })

/**
 * The instance that a text describes; what is wrong with it is named by field, line and column.
 *
 * @since 0.1.0
 * @category reading
 */
export const parseSpec = Effect.fn("SpecFile.parse")(function*(text: string, source: string) {
  const { parseYaml } = yield* Effect.promise(() => import("./YamlText.ts"))
  const parsed = parseYaml(text)
  if (Result.isFailure(parsed)) {
    return yield* new InvalidSpec({ source, problems: [{ path: "", message: parsed.failure }] })
  }
  const { places, value } = parsed.success
  const decoded: Result.Result<Instance, InvalidSpec> = decodeInstance(value, source)
  return yield* Effect.fromResult(Result.mapError(decoded, (error) => locate(error, places)))
})

/**
 * Reads the spec in a file, or on standard input for `-`.
 *
 * @since 0.1.0
 * @category reading
 */
export const readSpec = Effect.fn("SpecFile.read")(function*(file: string) {
  return yield* parseSpec(yield* readText(file, limit), sourceName(file))
})

/**
 * Amounts of memory.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { parsed, satisfies } from "./Field.ts"

const units: ReadonlyMap<string, number> = new Map([["", 1], ["KiB", 1024], ["MiB", 1024 ** 2], ["GiB", 1024 ** 3]])

const expected = "a whole number of bytes, or text such as 512KiB, 256MiB or 2GiB"

/**
 * An amount in bytes, a non-negative safe integer; a spec may write it as text with KiB, MiB or GiB (powers of 1024).
 * It encodes to the number of bytes.
 *
 * @since 0.1.0
 * @category schemas
 */
export const MemorySize = parsed({
  from: Schema.Union([Schema.Number, Schema.String]).annotate({ expected }),
  to: Schema.Number.check(satisfies(expected, (bytes: number) => Number.isSafeInteger(bytes) && bytes >= 0)),
  decode: (written) => typeof written === "number" ? Result.succeed(written) : parse(written),
  encode: (bytes): number | string => bytes
})

const parse = (text: string): Result.Result<number, string> => {
  const [, digits, unit] = /^([0-9]{1,16}) ?([KMG]iB)?$/.exec(text) ?? []
  const bytes = digits === undefined ? Number.NaN : Number(digits) * (units.get(unit ?? "") ?? Number.NaN)
  return Number.isSafeInteger(bytes) ? Result.succeed(bytes) : Result.fail(`expected ${expected}`)
}

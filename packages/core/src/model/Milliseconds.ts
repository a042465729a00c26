/**
 * Lengths of time.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { parsed, satisfies } from "./Field.ts"

const units: ReadonlyMap<string, number> = new Map([["ms", 1], ["s", 1000], ["m", 60_000], ["h", 3_600_000]])

/** A week: every wait has a limit, and timers of JavaScript end at 2^31 ms. */
const maximum = 7 * 24 * 3_600_000

const expected = "a duration up to a week such as 500ms, 30s, 2m or 1h"

/**
 * A length of time in whole milliseconds, from 0 to a week. A spec writes it as text with a unit; a bare number is
 * refused, for nobody can tell whether it means seconds, except 0. It encodes to text in ms.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Milliseconds = parsed({
  from: Schema.Union([Schema.Number, Schema.String]).annotate({ expected }),
  to: Schema.Number.check(
    satisfies(expected, (ms: number) => Number.isSafeInteger(ms) && ms >= 0 && ms <= maximum)
  ),
  decode: (written) => written === 0 ? Result.succeed(0) : parse(String(written)),
  encode: (ms): number | string => `${ms}ms`
})

const parse = (text: string): Result.Result<number, string> => {
  const [, digits, unit] = /^([0-9]{1,12}(?:\.[0-9]{1,3})?) ?(ms|s|m|h)$/.exec(text) ?? []
  if (digits === undefined || unit === undefined) {
    const missingUnit = /^[0-9.]+$/.test(text)
    return Result.fail(`expected ${expected}${missingUnit ? ": a number needs its unit" : ""}`)
  }
  const ms = Number(digits) * (units.get(unit) ?? Number.NaN)
  return Number.isInteger(ms) ? Result.succeed(ms) : Result.fail("expected a whole number of milliseconds")
}

/**
 * A part of a configuration on its way to being whole: its lines, and what is refused.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { type Dialect, keyName } from "./Dialect.ts"
import { entry, type LxcLine } from "./LxcConfig.ts"
import type { Refusal } from "./Refusal.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Section {
  readonly lines: ReadonlyArray<LxcLine>
  readonly refusals: ReadonlyArray<Refusal>
}

/**
 * A part of which nothing can be had.
 *
 * @since 0.1.0
 * @category constructors
 */
export const refused = (refusals: ReadonlyArray<Refusal>): Section => ({ lines: [], refusals })

/**
 * Lines for fields of the spec, by the modern names of their keys; a key that the dialect does not have is refused.
 *
 * @since 0.1.0
 * @category constructors
 */
export const section = (
  dialect: Dialect,
  wanted: ReadonlyArray<{ readonly field: string; readonly key: string; readonly value: string }>
): Section => {
  const lines: Array<LxcLine> = []
  const refusals: Array<Refusal> = []
  for (const { field, key, value } of wanted) {
    const name = keyName(dialect, key)
    if (Result.isSuccess(name)) lines.push(entry(name.success, value))
    else refusals.push({ code: "key-unsupported", field, message: name.failure, advice: "leave it out, or use a newer LXC" })
  }
  return { lines, refusals }
}

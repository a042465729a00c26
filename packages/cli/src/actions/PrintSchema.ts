/**
 * What `effect-lxc schema` does.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { specSchema } from "@effect-lxc/core/model/SpecSchema"
import { Output } from "../Output.ts"

/**
 * Prints the schema; looks at no host.
 *
 * @since 0.1.0
 * @category actions
 */
export const printSchema = Effect.fnUntraced(function*() {
  const output = yield* Output
  yield* output.out(`${JSON.stringify(specSchema(), undefined, 2)}\n`)
})

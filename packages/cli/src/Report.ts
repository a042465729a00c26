/**
 * What an operation did, as its result.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Report } from "@effect-lxc/core/runtime/Interpreter"
import { Json } from "./Globals.ts"
import { harmless, Output } from "./Output.ts"

const sentence = ({ acted, alreadyDone, instance, operation }: Report): string => {
  const steps = acted + alreadyDone
  if (steps === 0) return operation === "stop" ? `there is nothing by the name ${instance}` : "there was nothing to do"
  const held = alreadyDone === 0 ? "" : `, ${alreadyDone} of them held already`
  return `${instance} is ${operation === "start" ? "running" : "stopped, and nothing of it is left"} (${steps} steps${held})`
}

/**
 * Prints the report of an operation that was carried out.
 *
 * @since 0.1.0
 * @category printing
 */
export const printReport = Effect.fnUntraced(function*(report: Report) {
  const output = yield* Output
  if (yield* Json) return yield* output.out(`${JSON.stringify(report, undefined, 2)}\n`)
  for (const warning of report.warnings) yield* output.err(`warning: ${harmless(warning)}\n`)
  yield* output.out(`${harmless(sentence(report))}\n`)
})

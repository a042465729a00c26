/**
 * What an operation did, as its result.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { counted } from "@effect-lxc/core/model/AmountText"
import type { Operation } from "@effect-lxc/core/plan/Operation"
import type { Report } from "@effect-lxc/core/runtime/Interpreter"
import { advice } from "./Advice.ts"
import { Json } from "./Globals.ts"
import { harmless, Output } from "./Output.ts"

/** Every trace is gone, but for what was not ours to remove. */
const ended = (how: string) => (warned: boolean): string =>
  `is ${how}, and ${warned ? "what is left is warned of" : "nothing of it is left"}`

/** What takes an instance away, and how it is then. */
const endings: Readonly<Partial<Record<Operation, (warned: boolean) => string>>> = {
  stop: ended("stopped"),
  kill: ended("killed"),
  cleanup: ended("cleaned up")
}

/** How the instance is after each other operation. */
const outcomes: Readonly<Partial<Record<Operation, string>>> = {
  start: "is running",
  reboot: "is running again",
  freeze: "is frozen",
  thaw: "is thawed",
  resize: "has its new limits",
  export: "is exported",
  import: "is imported",
  checkpoint: "is kept in its checkpoint",
  restore: "is running again, from its checkpoint",
  powercycle: "restarts"
}

const taken = ({ acted, alreadyDone }: Report): string =>
  `(${counted(acted + alreadyDone, "step")}${alreadyDone === 0 ? "" : `, ${alreadyDone} of them held already`})`

const sentence = (report: Report): string => {
  const { acted, alreadyDone, instance, operation, warnings } = report
  if (acted + alreadyDone === 0) return warnings.length > 0 ? "nothing was done" : `there is nothing by the name ${instance}`
  const outcome = endings[operation]?.(warnings.length > 0) ?? outcomes[operation]
  return `${instance} ${outcome ?? `is done with: ${operation}`} ${taken(report)}`
}

/**
 * The report of an operation, for a stream of its own.
 *
 * @since 0.1.0
 * @category rendering
 */
export const reportText = (report: Report) =>
  Effect.map(Json, (json) => json ? `${JSON.stringify(report, undefined, 2)}\n` : `${harmless(sentence(report))}\n`)

const print = Effect.fnUntraced(function*(report: Report, result: string) {
  const output = yield* Output
  const warnings = report.warnings.map(yield* advice)
  if (yield* Json) return yield* output.out(`${JSON.stringify({ ...report, warnings }, undefined, 2)}\n`)
  for (const warning of warnings) yield* output.err(`warning: ${harmless(warning)}\n`)
  yield* output.out(`${harmless(result)}\n`)
})

/**
 * Prints the report of an operation that was carried out.
 *
 * @since 0.1.0
 * @category printing
 */
export const printReport = (report: Report) => print(report, sentence(report))

/**
 * Prints the report of a stored plan that was carried out. Anybody may have edited it: what it is called does not say how the
 * instance is now.
 *
 * @since 0.1.0
 * @category printing
 */
export const printStoredReport = (report: Report) =>
  print(report, `the plan to ${report.operation} ${report.instance} was carried out ${taken(report)}`)

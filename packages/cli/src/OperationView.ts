/**
 * An operation as a person follows it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { describe } from "@effect-lxc/core/plan/Describe"
import type { Operation } from "@effect-lxc/core/plan/Operation"
import type { Residue } from "@effect-lxc/core/runtime/OperationFailed"
import { Progress, type ProgressEvent } from "@effect-lxc/core/runtime/Progress"
import { explain } from "@effect-lxc/core/runtime/StepProblem"
import { Json } from "./Globals.ts"
import { harmless, Output } from "./Output.ts"
import { linesOf } from "./ProgressLines.ts"
import { paintingOf } from "./ProgressPainting.ts"

/** What is known of an operation when it is interrupted. */
interface Account {
  begun: { readonly operation: Operation; readonly instance: string } | undefined
  broken: boolean
  /** Undefined where what was done is not undone. */
  residue: ReadonlyArray<Residue> | undefined
}

const note = (account: Account, event: ProgressEvent): void => {
  if (event._tag === "PlanBegun") account.begun = { operation: event.operation, instance: event.instance }
  if (event._tag === "Interrupted" || event._tag === "StepFailed") account.broken = true
  if (event._tag === "RollbackDone") account.residue = event.residue
}

/** How an interruption left things. */
const outcome = ({ begun, broken, residue }: Account): string => {
  if (begun === undefined) return "interrupted; nothing was done"
  const what = `${begun.operation} ${begun.instance}`
  if (!broken) return `interrupted when ${what} had been carried out`
  if (residue === undefined) {
    return `interrupted: ${what} stopped there; what is left is seen and removed by the same command`
  }
  if (residue.length === 0) return `interrupted: ${what} was undone; the host is as before`
  return [
    `interrupted: ${what} was undone, but for:`,
    ...residue.flatMap(({ problem, step }) => [
      `  ${describe(step)}`,
      ...explain(problem).map((line) => `    ${line}`)
    ]),
    `finish it with: effect-lxc stop --force ${begun.instance}`
  ].join("\n")
}

const lastWords = (account: Account, json: boolean): string => {
  const message = outcome(account)
  const { begun, residue } = account
  return json
    ? `${JSON.stringify({ error: { _tag: "Interrupted", message, ...begun, residue: residue ?? [] } })}\n`
    : `effect-lxc: ${harmless(message)}\n`
}

/**
 * Shows what an operation does: on a terminal step by step, elsewhere as plain lines, and not at all where results are
 * for programs and nobody looks. When it is interrupted, says how it was left.
 *
 * @since 0.1.0
 * @category combinators
 */
export const viewed = <A, E, R>(operation: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const output = yield* Output
    const json = yield* Json
    const terminal = yield* output.terminal
    const textOf = terminal !== undefined ? paintingOf(terminal) : json ? () => "" : linesOf()
    const account: Account = { begun: undefined, broken: false, residue: undefined }
    const show = (event: ProgressEvent): Effect.Effect<void> => {
      note(account, event)
      const text = textOf(event)
      return text === "" ? Effect.void : output.err(text)
    }
    return yield* operation.pipe(
      Effect.provideService(Progress, show),
      Effect.onInterrupt(() => output.err(lastWords(account, json)))
    )
  })

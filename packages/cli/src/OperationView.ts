/**
 * An operation as a person follows it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { Directories } from "@effect-lxc/core/host/Directories"
import { pasted } from "@effect-lxc/core/plan/CommandLine"
import type { Operation } from "@effect-lxc/core/plan/Operation"
import type { Step } from "@effect-lxc/core/plan/Step"
import { explainResidue, explainUndone, nextCommand, type Residue, residueOf, storedUndone } from "@effect-lxc/core/runtime/OperationFailed"
import { Progress, type ProgressEvent } from "@effect-lxc/core/runtime/Progress"
import { Whereabouts } from "./Advice.ts"
import { Json } from "./Globals.ts"
import { harmless, Output } from "./Output.ts"
import { linesOf } from "./ProgressLines.ts"
import { paintingOf } from "./ProgressPainting.ts"
import { Signals } from "./Signals.ts"

/** What is known of an operation when it is interrupted. */
interface Account {
  begun: { readonly operation: Operation; readonly instance: string } | undefined
  broken: boolean
  /** What is not undone yet; undefined where what was done is not undone. */
  left: ReadonlyArray<Step> | undefined
  residue: ReadonlyArray<Residue> | undefined
}

const note = (account: Account, event: ProgressEvent): void => {
  switch (event._tag) {
    case "PlanBegun":
      Object.assign(account, { begun: { operation: event.operation, instance: event.instance }, broken: false })
      break
    case "Interrupted":
    case "StepFailed":
      account.broken = true
      break
    case "RollbackBegun":
      account.left = event.undo
      break
    case "Undone":
      account.left = account.left?.filter((step) => step !== event.step)
      break
    case "RollbackDone":
      account.residue = event.residue
      break
    default:
  }
}

/** How things are left, as far as is known. */
interface Ending {
  readonly message: string
  readonly residue: ReadonlyArray<Residue>
  readonly next: ReadonlyArray<string> | null
}

const endingOf = (directories: Directories, account: Account, how: "interrupted" | "ended at once", stored: boolean): Ending => {
  const { begun, broken, left, residue: told } = account
  if (begun === undefined) return { message: `${how}; nothing was done`, residue: [], next: null }
  const what = `${stored ? "the plan to " : ""}${begun.operation} ${begun.instance}`
  if (!broken && how === "interrupted") {
    return { message: `interrupted when ${what} had been carried out`, residue: [], next: null }
  }
  const why = { _tag: "NotUndone", why: "there was no time for it: a second signal ended effect-lxc" } as const
  const residue = told ?? left?.map((step) => residueOf(step, why))
  const ended = { undone: residue !== undefined, residue: residue ?? [], stillRunning: false }
  const next = nextCommand({ ...begun, directories }, ended)
  const finish = next === null ? "" : `\nfinish it with: ${pasted(next)}`
  const message = residue === undefined
    ? `${how}: ${what} stopped there${finish}`
    : residue.length === 0
    ? `${how}: ${what}: ${stored ? storedUndone : explainUndone(begun.operation, begun.instance)}`
    : [`${how}: ${what} was undone, but for:`, ...explainResidue(residue, next)].join("\n")
  return { message, residue: ended.residue, next }
}

const lastWords = (
  directories: Directories,
  account: Account,
  json: boolean,
  how: "interrupted" | "ended at once",
  stored: boolean
): string => {
  const ending = endingOf(directories, account, how, stored)
  return json
    ? `${JSON.stringify({ error: { _tag: "Interrupted", atOnce: how !== "interrupted", ...account.begun, ...ending } })}\n`
    : `effect-lxc: ${harmless(ending.message)}\n`
}

/**
 * Shows what an operation does: on a terminal step by step, elsewhere as plain lines, and not at all where results are
 * for programs and nobody looks. When it is interrupted, or ended at once by a second signal, says how it was left; of a
 * `stored` plan no more than that shows.
 *
 * @since 0.1.0
 * @category combinators
 */
export const viewed = <A, E, R>(operation: Effect.Effect<A, E, R>, stored = false) =>
  Effect.scoped(Effect.gen(function*() {
    const output = yield* Output
    const json = yield* Json
    const directories = yield* Ref.get(yield* Whereabouts)
    const terminal = yield* output.terminal
    const textOf = terminal !== undefined ? paintingOf(terminal) : json ? () => "" : linesOf()
    const account: Account = { begun: undefined, broken: false, left: undefined, residue: undefined }
    const show = (event: ProgressEvent): Effect.Effect<void> => {
      note(account, event)
      const text = textOf(event)
      return text === "" ? Effect.void : output.err(text)
    }
    yield* (yield* Signals).atOnce(() => lastWords(directories, account, json, "ended at once", stored))
    return yield* operation.pipe(
      Effect.provideService(Progress, show),
      Effect.onInterrupt(() => output.err(lastWords(directories, account, json, "interrupted", stored)))
    )
  }))

/**
 * Failures as people, programs and shells see them.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Option from "effect/Option"
import { harmless } from "./Output.ts"

/**
 * - 1: the operation failed.
 * - 2: bad usage or bad input.
 * - 3: the plan was rejected, or is stale.
 *
 * @since 0.1.0
 * @category models
 */
export type FailureCode = 1 | 2 | 3

/** Everything that is not here is a failed operation. */
const codes: ReadonlyMap<string, FailureCode> = new Map([
  ["UsageError", 2],
  ["InvalidSpec", 2],
  ["InputUnreadable", 2],
  ["WrongFile", 2],
  ["ConfigRefused", 3],
  ["PlanRejected", 3],
  ["PlanStale", 3]
])

/** What every error of the library is. */
interface Tagged {
  readonly _tag: string
  readonly message: string
}

const isTagged = (error: unknown): error is Tagged =>
  error instanceof Error && "_tag" in error && typeof error._tag === "string"

/**
 * What went wrong; `fields` is everything that a program may want to know.
 *
 * @since 0.1.0
 * @category models
 */
export interface Failure {
  readonly code: FailureCode
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** A wrong kind of file has thousands of problems; who sees the first ones knows. */
const maxProblems = 12

const messageOf = ({ _tag, message }: Tagged): string => {
  if (_tag !== "InvalidSpec") return message
  const [title = "", ...problems] = message.split("\n")
  const rest = problems.length - maxProblems
  return [title, ...problems.slice(0, maxProblems), ...(rest > 0 ? [`  and ${rest} more, which --json names`] : [])].join("\n")
}

const fieldsOf = (error: Tagged): Readonly<Record<string, unknown>> => {
  const own = Object.entries(error).filter(([key]) => key !== "_tag" && !key.startsWith("~") && key !== "name")
  return { _tag: error._tag, message: messageOf(error), ...Object.fromEntries(own) }
}

/** A fault of this program: its first line is enough to find it by, and a stack helps nobody who did not write it. */
const fault = (cause: Cause.Cause<unknown>): Failure => {
  const defect = Cause.squash(cause)
  const [first = ""] = (defect instanceof Error ? defect.message : String(defect)).split("\n", 1)
  const message = `unexpected fault: ${first.slice(0, 300)}\nthis is a bug of effect-lxc; please report it with the command line`
  return { code: 1, message, fields: { _tag: "Fault", message } }
}

/**
 * The failures that a cause holds, each for itself.
 *
 * @since 0.1.0
 * @category conversions
 */
export const failuresOf = (cause: Cause.Cause<unknown>): ReadonlyArray<Failure> => {
  const error = Option.getOrUndefined(Cause.findErrorOption(cause))
  if (!isTagged(error)) return [fault(cause)]
  if ("errors" in error && Array.isArray(error.errors)) {
    return error.errors.filter(isTagged).map(failureOf)
  }
  return [failureOf(error)]
}

/**
 * One failure.
 *
 * @since 0.1.0
 * @category conversions
 */
export const failureOf = (error: Tagged): Failure => ({
  code: codes.get(error._tag) ?? 1,
  message: messageOf(error),
  fields: fieldsOf(error)
})

/** What people read; everything else is as it was observed. */
const advising: ReadonlySet<string> = new Set(["message", "advice"])

/**
 * A failure as a line of JSON, or in words; `advise` completes the commands that it names.
 *
 * @since 0.1.0
 * @category rendering
 */
export const failureText = (failure: Failure, json: boolean, advise: (text: string) => string): string => {
  if (!json) return `effect-lxc: ${harmless(advise(failure.message))}\n`
  const completed = (key: string, value: unknown): unknown => advising.has(key) && typeof value === "string" ? advise(value) : value
  return `${JSON.stringify({ error: failure.fields }, completed)}\n`
}

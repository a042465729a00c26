/**
 * A record of everything that is asked of a host.
 *
 * @since 0.1.0
 */
import type { Step } from "@effect-lxc/core/plan/Step"
import type { Host, HostError, Results } from "@effect-lxc/core/runtime/Host"
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Life } from "./Life.ts"
import { argvOf } from "./StepTool.ts"

/**
 * One call, when it had ended. `outcome` is `done` or `open` of an observation, `acted` of a step that was applied, the
 * tag of the problem where it failed, `interrupted`, or `died`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Recorded {
  /** When it ended, in milliseconds since the epoch. */
  readonly at: number
  readonly call: "observe" | "apply"
  readonly step: Step
  readonly outcome: string
  /** The command by which a real host applies it, a loop device by its path; left out of what is done by system calls. */
  readonly argv?: ReadonlyArray<string> | undefined
}

/**
 * What was asked of a host: the last calls, in order.
 *
 * @since 0.1.0
 * @category models
 */
export interface CallRecord {
  readonly note: (entry: Recorded) => void
  readonly entries: () => ReadonlyArray<Recorded>
}

/**
 * A record of `most` calls, so that a host can live long.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeCallRecord = (most = 10_000): CallRecord => {
  let entries: Array<Recorded> = []
  const last = () => entries.slice(Math.max(0, entries.length - most))
  return {
    note: (entry) => {
      entries.push(entry)
      if (entries.length >= 2 * most) entries = last()
    },
    entries: last
  }
}

/** The command of a step, with the results of earlier ones in place of their names. */
const commandWith = (step: Step, results: Results): ReadonlyArray<string> | undefined =>
  argvOf(step)?.map((word) => word.startsWith("$") ? results.get(word.slice(1)) ?? word : word)

const outcomeOf = <A>(exit: Exit.Exit<A, HostError>, success: (value: A) => string): string => {
  if (Exit.isSuccess(exit)) return success(exit.value)
  const error = Cause.findErrorOption(exit.cause)
  return Option.isSome(error)
    ? error.value.problem._tag
    : Cause.hasInterruptsOnly(exit.cause) ? "interrupted" : "died"
}

/**
 * The host of a process that notes in a record what is asked of it. What a dead process asks neither begins nor returns.
 *
 * @since 0.1.0
 * @category constructors
 */
export const recordingHost = (host: Host["Service"], { bound }: Life, record: CallRecord): Host["Service"] => ({
  facts: (query) => bound(host.facts(query)),
  containers: (query) => bound(host.containers(query)),
  names: (query) => bound(host.names(query)),
  usage: (query) => bound(host.usage(query)),
  paths: (paths) => bound(host.paths(paths)),
  exportHead: (archive) => bound(host.exportHead(archive)),
  survey: (query) => bound(host.survey(query)),
  observe: (step, results) =>
    bound(host.observe(step, results), (exit, at) =>
      record.note({ at, call: "observe", step, outcome: outcomeOf(exit, ({ done }) => done ? "done" : "open") })),
  apply: (step, results) =>
    bound(host.apply(step, results), (exit, at) => {
      const argv = commandWith(step, results)
      record.note({ at, call: "apply", step, outcome: outcomeOf(exit, () => "acted"), ...(argv === undefined ? {} : { argv }) })
    })
})

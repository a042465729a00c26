/**
 * A record of everything that is asked of a host.
 *
 * @since 0.1.0
 */
import type { Step } from "@effect-lxc/core/plan/Step"
import type { Host, HostError, Results } from "@effect-lxc/core/runtime/Host"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
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

/** The command of a step, with the results of earlier ones in place of their names. */
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
 * A host that notes in `entries` what is asked of it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const recordingHost = (host: Host["Service"], record: CallRecord): Host["Service"] => {
  const noting = <A>(
    call: Recorded["call"],
    step: Step,
    body: Effect.Effect<A, HostError>,
    success: (value: A) => string,
    argv?: ReadonlyArray<string>
  ) =>
    Clock.clockWith((clock) =>
      Effect.onExitPrimitive(body, (exit) => {
        const at = clock.currentTimeMillisUnsafe()
        record.note({ at, call, step, outcome: outcomeOf(exit, success), ...(argv === undefined ? {} : { argv }) })
        return undefined
      }))
  return {
    ...host,
    observe: (step, results) =>
      noting("observe", step, host.observe(step, results), ({ done }) => done ? "done" : "open"),
    apply: (step, results) =>
      noting("apply", step, host.apply(step, results), () => "acted", commandWith(step, results))
  }
}

/**
 * What processes of the library do, as one list of events in the order in which it happened.
 *
 * @since 0.1.0
 */
import type { JournalEntry } from "@effect-lxc/core/plan/JournalEntry"
import type { Step } from "@effect-lxc/core/plan/Step"
import type { Host, HostError } from "@effect-lxc/core/runtime/Host"
import type { Journal } from "@effect-lxc/core/runtime/Journal"
import type { StepProblem } from "@effect-lxc/core/runtime/StepProblem"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Fault } from "./Faults.ts"
import { LockedInstance } from "./MemoryLocks.ts"
import type { SimulatedState } from "./SimulatedState.ts"
import type { StateCell } from "./StateCell.ts"

/**
 * How a call of the host ended: `seen` is what was observed, `acted` that the step was applied.
 *
 * @since 0.1.0
 * @category models
 */
export type CallEnd =
  | { readonly _tag: "Seen"; readonly done: boolean }
  | { readonly _tag: "Acted" }
  | { readonly _tag: "Refused"; readonly problem: StepProblem }
  | { readonly _tag: "Broken" }

/**
 * @since 0.1.0
 * @category models
 */
export type WorldEvent =
  | { readonly _tag: "Locked" | "Unlocked"; readonly pid: number; readonly instance: string; readonly operation: string; readonly state: SimulatedState }
  | { readonly _tag: "JournalOpened" | "JournalRemoved"; readonly pid: number; readonly instance: string; readonly state: SimulatedState }
  | { readonly _tag: "JournalAppended"; readonly pid: number; readonly instance: string; readonly entry: JournalEntry }
  /** `instance` is the one whose lock is held; null outside of any. */
  | { readonly _tag: "CallBegun"; readonly pid: number; readonly instance: string | null; readonly call: "observe" | "apply"; readonly step: Step }
  | { readonly _tag: "CallEnded"; readonly pid: number; readonly instance: string | null; readonly call: "observe" | "apply"; readonly step: Step; readonly end: CallEnd }
  /** The host is another than it was; `step` is what did it, null where it was done from outside. */
  | { readonly _tag: "HostChanged"; readonly pid: number | null; readonly instance: string | null; readonly step: Step | null; readonly before: SimulatedState; readonly after: SimulatedState }
  | { readonly _tag: "Struck"; readonly pid: number; readonly fault: Fault }

/**
 * @since 0.1.0
 * @category models
 */
export type Observer = (event: WorldEvent) => void

/** The step that is being applied, and by whom. */
const Applying = Context.Reference<{ readonly pid: number; readonly step: Step } | null>("@effect-lxc/test-kit/Applying", {
  defaultValue: () => null
})

/**
 * What is done to the host in the middle of a step, and not by it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const fromOutside = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(effect, Applying, null)

/**
 * Tells of each change of the host; what passes by itself with time is not told.
 *
 * @since 0.1.0
 * @category constructors
 */
export const observedCell = (cell: StateCell, observer: Observer): StateCell => ({
  ...cell,
  modify: (body) =>
    Effect.withFiber((fiber) =>
      cell.modify((before) => {
        const [value, after] = body(before)
        if (after !== before) {
          const applying = fiber.getRef(Applying)
          observer({
            _tag: "HostChanged",
            pid: applying?.pid ?? null,
            instance: fiber.getRef(LockedInstance),
            step: applying?.step ?? null,
            before,
            after
          })
        }
        return [value, after]
      })
    )
})

const endOf = <A>(exit: Exit.Exit<A, HostError>, seen: (value: A) => CallEnd): CallEnd => {
  if (Exit.isSuccess(exit)) return seen(exit.value)
  const error = Cause.findErrorOption(exit.cause)
  return Option.isSome(error) ? { _tag: "Refused", problem: error.value.problem } : { _tag: "Broken" }
}

/**
 * Tells of each call of the host.
 *
 * @since 0.1.0
 * @category constructors
 */
export const observedPort = (port: Host["Service"], pid: number, observer: Observer): Host["Service"] => {
  const telling = <A>(
    call: "observe" | "apply",
    step: Step,
    body: Effect.Effect<A, HostError>,
    seen: (value: A) => CallEnd
  ): Effect.Effect<A, HostError> =>
    Effect.withFiber((fiber) => {
      const instance = fiber.getRef(LockedInstance)
      observer({ _tag: "CallBegun", pid, instance, call, step })
      return Effect.onExit(body, (exit) =>
        Effect.sync(() => observer({ _tag: "CallEnded", pid, instance, call, step, end: endOf(exit, seen) })))
    })
  return {
    ...port,
    observe: (step, results) => telling("observe", step, port.observe(step, results), ({ done }) => ({ _tag: "Seen", done })),
    apply: (step, results) =>
      telling("apply", step, Effect.provideService(port.apply(step, results), Applying, { pid, step }), () => ({ _tag: "Acted" }))
  }
}

/**
 * Tells of what is written to journals.
 *
 * @since 0.1.0
 * @category constructors
 */
export const observedJournal = (journal: Journal["Service"], pid: number, cell: StateCell, observer: Observer): Journal["Service"] => {
  const telling = <A, E, R>(body: Effect.Effect<A, E, R>, event: (state: SimulatedState) => WorldEvent) =>
    Effect.tap(body, () => Effect.map(cell.read, (state) => observer(event(state))))
  const removing = <A, E>(instance: string, body: Effect.Effect<A, E>) =>
    telling(body, (state) => ({ _tag: "JournalRemoved", pid, instance, state }))
  return {
    ...journal,
    open: (directories, instance) =>
      Effect.map(
        telling(journal.open(directories, instance), (state) => ({ _tag: "JournalOpened", pid, instance, state })),
        ({ append, remove }) => ({
          append: (entry) => telling(append(entry), () => ({ _tag: "JournalAppended", pid, instance, entry })),
          remove: removing(instance, remove)
        })
      ),
    discard: (directories, instance) => removing(instance, journal.discard(directories, instance))
  }
}

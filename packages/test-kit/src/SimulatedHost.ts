/**
 * A second host for the one interpreter: in memory, deterministic, driven by the Effect clock.
 *
 * @since 0.1.0
 */
import type { Step } from "@effect-lxc/core/plan/Step"
import { Host, HostError, type Results } from "@effect-lxc/core/runtime/Host"
import { Sessions } from "@effect-lxc/core/runtime/Sessions"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { containersOf, factsOf, surveyOf, usageOf } from "./Facts.ts"
import { type Fault, faultyHost } from "./Faults.ts"
import { emptyHost, type HostOptions } from "./HostBuilder.ts"
import { advance, nextEventAt, rebase } from "./Lifecycle.ts"
import type { Call } from "./Outcome.ts"
import { type Recorded, recordingHost } from "./Recording.ts"
import type { SimulatedState } from "./SimulatedState.ts"
import { makeSessions } from "./SimulatedSessions.ts"
import { headOf } from "./transition/Exports.ts"
import { isProblem } from "./transition/Seen.ts"
import { abandon, observe, transition } from "./Transition.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface SimulatedHostOptions {
  /** What the host is like at first; an empty one by default. */
  readonly host?: SimulatedState | undefined
  /** What goes wrong. */
  readonly faults?: ReadonlyArray<Fault> | undefined
}

/**
 * The simulated host from the side of a test: its state, and what was done to it.
 *
 * @since 0.1.0
 * @category services
 */
export class SimulatedHost extends Context.Service<SimulatedHost, {
  /** The state as of now. */
  readonly state: Effect.Effect<SimulatedState>
  /** Changes the state as somebody else would, between two steps or in the middle of one. */
  readonly update: (change: (state: SimulatedState) => SimulatedState) => Effect.Effect<void>
  /** Everything that was asked of the host, in order. */
  readonly record: Effect.Effect<ReadonlyArray<Recorded>>
  /** The steps that were applied, and succeeded. */
  readonly acted: Effect.Effect<ReadonlyArray<Step>>
}>()("@effect-lxc/test-kit/SimulatedHost") {
  /**
   * A host with what is named; see {@link emptyHost}.
   *
   * @since 0.1.0
   */
  static readonly state = (options: HostOptions = {}): SimulatedState => emptyHost(options)

  /**
   * The host as a port for the interpreter, and the test's side of it.
   *
   * @since 0.1.0
   */
  static readonly layer = (options: SimulatedHostOptions = {}): Layer.Layer<Host | Sessions | SimulatedHost> =>
    Layer.effectContext(make(options))
}

/** The state with the clock: time passes whenever somebody looks, and whoever waits is woken by changes. */
const makeCell = Effect.fnUntraced(function*(initial: SimulatedState) {
  let state = rebase(initial, yield* Clock.currentTimeMillis)
  let changed = Deferred.makeUnsafe<void>()
  const modify = <A>(body: (state: SimulatedState) => readonly [A, SimulatedState]): Effect.Effect<A> =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const [value, next] = body(advance(state, now))
      if (next !== state) {
        const waiting = changed
        state = next
        changed = Deferred.makeUnsafe<void>()
        Deferred.doneUnsafe(waiting, Effect.void)
      }
      return value
    })
  /** Until an instant, or until something happens on the host before it. */
  const waitUntil = (until: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      const at = Math.min(until, nextEventAt(state) ?? until)
      return Effect.raceFirst(Effect.sleep(Math.max(1, at - state.now)), Deferred.await(changed))
    })
  return { modify, waitUntil, read: modify((current) => [current, current]) }
})

const make = Effect.fnUntraced(function*(options: SimulatedHostOptions) {
  const { modify, read, waitUntil } = yield* makeCell(options.host ?? emptyHost())

  const apply = (step: Step, results: Results) =>
    Effect.gen(function*() {
      let call: Call = { since: yield* Clock.currentTimeMillis, phase: "" }
      const attempt = Effect.suspend(() =>
        modify((state) => {
          const outcome = transition(state, step, results, call)
          return [outcome, outcome.state]
        }))
      const steps = Effect.gen(function*() {
        while (true) {
          const outcome = yield* attempt
          if (outcome._tag === "Failed") return yield* new HostError({ problem: outcome.problem })
          if (outcome._tag === "Done") return outcome.result
          call = { since: call.since, phase: outcome.phase }
          yield* waitUntil(outcome.until)
        }
      })
      return yield* Effect.onInterrupt(steps, () => modify((state) => [undefined, abandon(state, step, call)]))
    })

  const host = Host.of({
    facts: ({ directories, paths }) => Effect.map(read, (state) => factsOf(state, directories, paths)),
    containers: ({ all, directories }) => Effect.map(read, (state) => containersOf(state, directories, all ?? false)),
    usage: (container) => Effect.map(read, (state) => usageOf(state, container)),
    exportHead: (archive) =>
      Effect.flatMap(read, (state) => {
        const head = headOf(state, archive)
        return "_tag" in head ? Effect.fail(new HostError({ problem: head })) : Effect.succeed(head)
      }),
    survey: ({ directories }) => Effect.map(read, (state) => surveyOf(state, directories)),
    observe: (step, results) =>
      Effect.flatMap(read, (state) => {
        const seen = observe(state, step, results)
        return isProblem(seen) ? Effect.fail(new HostError({ problem: seen })) : Effect.succeed(seen)
      }),
    apply
  })
  const { host: recorded, record } = yield* recordingHost(yield* faultyHost(host, options.faults ?? []))
  return Context.make(Host, recorded).pipe(
    Context.add(Sessions, makeSessions({ modify, read, waitUntil })),
    Context.add(SimulatedHost, {
      state: read,
      update: (change) => modify((state) => [undefined, change(state)]),
      record,
      acted: Effect.map(record, (entries) =>
        entries.flatMap(({ call, outcome, step }) => call === "apply" && outcome === "acted" ? [step] : []))
    })
  )
})

/**
 * What happened in one case.
 *
 * @since 0.1.0
 */
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Progress, type ProgressEvent } from "@effect-lxc/core/runtime/Progress"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Incidents from "../Incidents.ts"
import { topMount } from "../MountOps.ts"
import type { WorldEvent } from "../Observing.ts"
import { type Answer, ask as askHypervisor } from "../Request.ts"
import { simulate } from "../Simulation.ts"
import type { SimulatedState } from "../SimulatedState.ts"
import { type LibraryProcess, makeWorld, type World } from "../World.ts"
import type { Ask, Case, Operator } from "./Case.ts"
import { neighbourOf, startingStateOf } from "./StartingState.ts"

/**
 * `Crashed` where the process died.
 *
 * @since 0.1.0
 * @category models
 */
export type Ending = Answer | { readonly _tag: "Crashed" }

/**
 * @since 0.1.0
 * @category models
 */
export type StoryEvent =
  | WorldEvent
  | { readonly _tag: "Asked"; readonly operator: number; readonly pid: number; readonly ask: Ask }
  | { readonly _tag: "Answered"; readonly operator: number; readonly pid: number; readonly ask: Ask; readonly ending: Ending; readonly state: SimulatedState }
  | { readonly _tag: "Progressed"; readonly pid: number; readonly event: ProgressEvent; readonly state: SimulatedState }
  /** The operators are at their end; what follows is a recovery without faults. */
  | { readonly _tag: "Healed" }

/**
 * @since 0.1.0
 * @category models
 */
export interface Told {
  readonly at: number
  readonly event: StoryEvent
}

/**
 * What is left when a host was recovered, cleaned up, and everything on it was stopped.
 *
 * @since 0.1.0
 * @category models
 */
export interface Aftermath {
  readonly state: SimulatedState
  /** When `recover` had been asked for once. */
  readonly journalsAfterRecover: ReadonlyArray<string>
  readonly journals: ReadonlyArray<string>
  readonly holders: ReadonlyArray<string>
  readonly failures: ReadonlyArray<string>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Story {
  readonly subject: Case
  readonly before: SimulatedState
  readonly events: ReadonlyArray<Told>
  /** Undefined where not everything came to an end; `hang` says how then. */
  readonly aftermath: Aftermath | undefined
  readonly hang: string | undefined
}

type Tell = (event: StoryEvent) => Effect.Effect<void>

/** What a dead process would still have told, when a limit of its own was over, nobody hears. */
const telling = (world: World["Service"], process: LibraryProcess, tell: Tell) => (event: ProgressEvent) =>
  Effect.flatMap(process.isDead, (isDead) =>
    isDead ? Effect.void : Effect.flatMap(world.state, (state) => tell({ _tag: "Progressed", pid: process.pid, event, state })))

const inProcess = Effect.fnUntraced(function*(process: LibraryProcess, ask: Ask, progress: (event: ProgressEvent) => Effect.Effect<void>) {
  const fiber = yield* Effect.forkChild(
    Effect.exit(process.run(Effect.provideService(askHypervisor(ask.request), Progress, progress)))
  )
  if (ask.interruptAfterMs !== null) {
    yield* Effect.timeoutOption(Fiber.await(fiber), ask.interruptAfterMs)
    yield* Fiber.interrupt(fiber)
  }
  const outer = yield* Fiber.await(fiber)
  if (Exit.isFailure(outer)) return { _tag: "Interrupted" } as const
  const exit = outer.value
  if (Exit.isSuccess(exit)) return exit.value
  return Cause.hasFails(exit.cause) ? { _tag: "Crashed" } as const : { _tag: "Interrupted" } as const
})

const operate = Effect.fnUntraced(function*(world: World["Service"], operator: Operator, index: number, tell: Tell) {
  let process = yield* world.process({ faults: operator.faults, lockWaitMs: 20_000 })
  let next = operator.afterCrash
  for (const ask of operator.asks) {
    yield* Effect.sleep(ask.afterMs)
    if (yield* process.isDead) {
      process = yield* world.process({ faults: next, lockWaitMs: 20_000 })
      next = []
    }
    yield* tell({ _tag: "Asked", operator: index, pid: process.pid, ask })
    const ending = yield* inProcess(process, ask, telling(world, process, tell))
    yield* tell({ _tag: "Answered", operator: index, pid: process.pid, ask, ending, state: yield* world.state })
  }
})

/** Whoever mounted a tmpfs there unmounts it. */
const takenOff = (path: string): Incidents.Incident => (state) =>
  topMount(state, path)?.fsType === "tmpfs" ? Incidents.unmountFrom(path)(state) : state

/** Recovers, cleans up and stops everything, on a host where nothing goes wrong any more. */
const heal = Effect.fnUntraced(function*(world: World["Service"], subject: Case, tell: Tell) {
  yield* Effect.sleep(120_000)
  yield* tell({ _tag: "Healed" })
  yield* world.update((state) => ({ ...state, full: [] }))
  yield* world.update(Incidents.continueMonitor(subject.scenario.name))
  const happenings = subject.operators.flatMap(({ afterCrash, faults }) => [...faults, ...afterCrash]).map(({ happening }) => happening)
  // Whoever has his directory on a mount goes before that is unmounted.
  for (const each of happenings) if (each?._tag === "Occupy") yield* world.update(Incidents.release(each.path))
  for (const each of happenings) if (each?._tag === "MountTmpfs") yield* world.update(takenOff(each.path))
  const process = yield* world.process()
  const run = <A, E>(body: (hypervisor: Hypervisor["Service"]) => Effect.Effect<A, E>) =>
    process.run(Effect.provideService(Effect.flatMap(Hypervisor, body), Progress, telling(world, process, tell)))
  const failures: Array<string> = []
  const report = yield* run((hypervisor) => hypervisor.recover())
  for (const { instance, reason } of report.unfinished) failures.push(`recover ${instance}: ${reason}`)
  const journalsAfterRecover = [...world.journals.keys()]
  for (const name of [InstanceName.make(subject.scenario.name), neighbourOf(subject)]) {
    for (const what of ["cleanup", "stop"] as const) {
      const body = (hypervisor: Hypervisor["Service"]) =>
        what === "cleanup" ? hypervisor.cleanup(name) : hypervisor.stop(name, { force: true, timeoutMs: 0 })
      const exit = yield* Effect.exit(run(body))
      if (Exit.isFailure(exit)) failures.push(`${what} ${name}: ${Cause.pretty(exit.cause).split("\n    at")[0] ?? ""}`)
    }
  }
  yield* Effect.sleep(2_000)
  return {
    state: yield* world.state,
    journalsAfterRecover,
    journals: [...world.journals.keys()],
    holders: [...world.locks.holders().keys()],
    failures
  } satisfies Aftermath
})

/**
 * Runs a case.
 *
 * @since 0.1.0
 * @category running
 */
export const tell = (subject: Case): Story => {
  const { host, journals } = startingStateOf(subject)
  const events: Array<Told> = []
  let before = host
  const exit = simulate(
    Effect.gen(function*() {
      const clock = yield* Clock.Clock
      const note = (event: StoryEvent): void => {
        events.push({ at: clock.currentTimeMillisUnsafe(), event })
      }
      const tellLater: Tell = (event) => Effect.sync(() => note(event))
      const world = yield* makeWorld({ host, journals, observer: note })
      before = yield* world.state
      yield* Effect.forEach(subject.operators, (operator, index) => operate(world, operator, index, tellLater), {
        concurrency: "unbounded",
        discard: true
      })
      return yield* heal(world, subject, tellLater)
    }),
    { seed: subject.schedule, stride: subject.operators.length === 1 ? 100_000 : 60, limitMs: 10 * 86_400_000 }
  )
  if (exit === "stuck" || exit === "endless") return { subject, before, events, aftermath: undefined, hang: exit }
  return Exit.isSuccess(exit)
    ? { subject, before, events, aftermath: exit.value, hang: undefined }
    : { subject, before, events, aftermath: undefined, hang: Cause.pretty(exit.cause) }
}

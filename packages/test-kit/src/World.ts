/**
 * One simulated host, and any number of processes of the library at work on it: they share the host, its journals and its
 * locks as processes of one machine do, and each can die at any instant.
 *
 * @since 0.1.0
 */
import { Host } from "@effect-lxc/core/runtime/Host"
import { Hypervisor, type HypervisorOptions } from "@effect-lxc/core/runtime/Hypervisor"
import { Journal } from "@effect-lxc/core/runtime/Journal"
import { Locks } from "@effect-lxc/core/runtime/Locks"
import { Sessions } from "@effect-lxc/core/runtime/Sessions"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { Fault } from "./Faults.ts"
import { type Damage, faultyPorts } from "./FaultyPorts.ts"
import { befall, type Happening } from "./Happening.ts"
import { emptyHost } from "./HostBuilder.ts"
import { type Life, makeLife } from "./Life.ts"
import { type LockTable, makeLockTable } from "./LockTable.ts"
import { type JournalFiles, journalsIn, makeJournal, MemoryJournal } from "./MemoryJournal.ts"
import { locksIn, makeLocks, MemoryLocks } from "./MemoryLocks.ts"
import { fromOutside, observedCell, observedJournal, observedPort, type Observer } from "./Observing.ts"
import { makeCallRecord, type Recorded, recordingHost } from "./Recording.ts"
import { makePort } from "./SimulatedPort.ts"
import { makeSessions } from "./SimulatedSessions.ts"
import type { SimulatedState } from "./SimulatedState.ts"
import { makeCell, type StateCell, update } from "./StateCell.ts"

/**
 * What a world is like at first.
 *
 * @since 0.1.0
 * @category models
 */
export interface WorldOptions {
  /** An empty host by default. */
  readonly host?: SimulatedState | undefined
  /** What processes that died had in their journals, by the path of the file. */
  readonly journals?: JournalFiles | undefined
  /** Told of everything that processes do. */
  readonly observer?: Observer | undefined
  /** How many calls of the host are kept in the record: the last 10,000 by default. */
  readonly recordLimit?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ProcessOptions extends HypervisorOptions {
  /** What goes wrong in this process. */
  readonly faults?: ReadonlyArray<Fault> | undefined
}

/**
 * The process died while it was at work.
 *
 * @since 0.1.0
 * @category errors
 */
export class ProcessDied extends Schema.TaggedError<ProcessDied>()("ProcessDied", { pid: Schema.Int }) {
  override get message(): string {
    return `process ${this.pid} died`
  }
}

/**
 * What is at hand in a process.
 *
 * @since 0.1.0
 * @category models
 */
export type ProcessServices = Hypervisor | Host | Journal | Locks | Sessions

/**
 * A process of the library.
 *
 * @since 0.1.0
 * @category models
 */
export interface LibraryProcess {
  readonly pid: number
  readonly services: Context.Context<ProcessServices>
  readonly isDead: Effect.Effect<boolean>
  /** `kill -9`. */
  readonly kill: Effect.Effect<void>
  /** Runs an effect in the process; it fails when the process dies, and is then neither finished nor cleaned up. */
  readonly run: <A, E>(effect: Effect.Effect<A, E, ProcessServices>) => Effect.Effect<A, E | ProcessDied>
}

/**
 * @since 0.1.0
 * @category services
 */
export class World extends Context.Service<World, {
  /** The host as of now. */
  readonly state: Effect.Effect<SimulatedState>
  /** Changes the host as somebody else would. */
  readonly update: (change: (state: SimulatedState) => SimulatedState) => Effect.Effect<void>
  /** What was asked of the host, in order: the last calls, see {@link WorldOptions}. */
  readonly record: Effect.Effect<ReadonlyArray<Recorded>>
  readonly journals: JournalFiles
  readonly locks: LockTable
  readonly cell: StateCell
  /** A new process; the first has the pid 1. */
  readonly process: (options?: ProcessOptions) => Effect.Effect<LibraryProcess>
}>()("@effect-lxc/test-kit/World") {
  /**
   * A world of its own, and the test's side of its journals and locks.
   *
   * @since 0.1.0
   */
  static readonly layer = (options: WorldOptions = {}): Layer.Layer<World | MemoryJournal | MemoryLocks> =>
    Layer.effectContext(Effect.map(makeWorld(options), (world) =>
      Context.make(World, world).pipe(
        Context.add(MemoryJournal, journalsIn(world.journals)),
        Context.add(MemoryLocks, locksIn(world.locks))
      )))
}

const runIn = (life: Life, services: Context.Context<ProcessServices>): LibraryProcess["run"] => (effect) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkDetach(Effect.provideContext(effect, services), { startImmediately: true })
    const ended = Effect.onInterrupt(Fiber.join(fiber), () =>
      life.isDead() ? Effect.void : Effect.raceFirst(Fiber.interrupt(fiber), life.died))
    return yield* Effect.raceFirst(ended, Effect.andThen(life.died, Effect.fail(new ProcessDied({ pid: life.pid }))))
  })

/** A crash, and what befalls the host, at an instant do not wait for a call. */
const comesByItself = ({ kind, place }: Fault): boolean =>
  (place._tag === "Instant" || place._tag === "After") && (kind === "crash" || kind === "befall")

/** Gives the fault that comes so long after another one, when that strikes first. */
const followers = (faults: ReadonlyArray<Fault>) => {
  const leading = new Set(faults)
  return (fault: Fault): Fault | undefined => {
    const next = leading.delete(fault) ? faults[faults.indexOf(fault) + 1] : undefined
    return next?.place._tag === "After" && comesByItself(next) ? next : undefined
  }
}

/** When a fault comes that does so by itself, counted from where it is counted from. */
const delayOf = ({ place }: Fault): number => place._tag === "Instant" || place._tag === "After" ? place.ms : 0

/** The ports of a process on which its faults strike. */
const withFaults = Effect.fnUntraced(function*(
  life: Life,
  cell: StateCell,
  faults: ReadonlyArray<Fault>,
  befallen: (happening: Happening) => Effect.Effect<void>,
  observer: Observer | undefined
) {
  const followerOf = followers(faults)
  const come = (fault: Fault): Effect.Effect<void> =>
    Effect.asVoid(Effect.forkDetach(Effect.andThen(
      Effect.sleep(delayOf(fault)),
      Effect.suspend(() => {
        if (life.isDead()) return Effect.void
        return Effect.andThen(ports.struck(fault), fault.happening === undefined ? life.kill : damage.befall(fault.happening))
      })
    )))
  const damage: Damage = {
    die: life.die,
    bound: life.bound,
    fill: (directory) => fromOutside(update(cell, (state) => ({ ...state, full: [...state.full, directory] }))),
    later: (ms, isTool, body) => isTool ? life.withTool(Effect.andThen(Effect.sleep(ms), body)) : Effect.andThen(Effect.sleep(ms), life.bound(body)),
    befall: (happening) => Effect.flatMap(befallen(happening), () => life.isCut() ? Effect.never : Effect.void),
    struck: (fault) =>
      Effect.suspend(() => {
        observer?.({ _tag: "Struck", pid: life.pid, fault })
        const follower = followerOf(fault)
        return follower === undefined ? Effect.void : come(follower)
      }),
    comesByItself
  }
  const ports = faultyPorts(faults, damage, yield* Clock.currentTimeMillis)
  yield* Effect.forEach(faults.filter((each) => each.place._tag === "Instant" && comesByItself(each)), come, { discard: true })
  return ports
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const makeWorld = Effect.fnUntraced(function*(options: WorldOptions = {}) {
  const inner = yield* makeCell(options.host ?? emptyHost())
  const { observer } = options
  const cell = observer === undefined ? inner : observedCell(inner, observer)
  const journals: JournalFiles = new Map(options.journals)
  const locks = makeLockTable()
  const record = makeCallRecord(options.recordLimit)
  const lives: Array<Life> = []

  const befallen = (happening: Happening) =>
    fromOutside(update(cell, befall(happening)))

  /** Every process ends at the instant at which the host does, and what is in /run is gone, journals too. */
  const losePower = (happening: Happening) =>
    Effect.andThen(
      fromOutside(update(cell, (state) => {
        for (const life of lives) life.cut()
        for (const path of journals.keys()) if (path.startsWith("/run/")) journals.delete(path)
        return befall(happening)(state)
      })),
      // Not who begins after it, while the others are ended.
      Effect.suspend(() => Effect.forEach(lives.filter((each) => each.isCut()), ({ kill }) => kill, { discard: true }))
    )

  const process = Effect.fnUntraced(function*({ faults = [], ...hypervisor }: ProcessOptions = {}) {
    const life: Life = makeLife(lives.length + 1, () => locks.releaseAll(life))
    lives.push(life)
    const faulty = yield* withFaults(life, cell, faults, (happening) => happening._tag === "Boot" ? losePower(happening) : befallen(happening), observer)
    const watched = watching(life.pid, cell, observer)
    const ports = Layer.mergeAll(
      Layer.succeed(Host, recordingHost(watched.host(faulty.host(makePort(cell, life))), life, record)),
      Layer.succeed(Journal, faulty.journal(watched.journal(makeJournal(journals, cell, life.isDead)))),
      Layer.succeed(Locks, faulty.locks(makeLocks(locks, life, watched.locks))),
      Layer.succeed(Sessions, makeSessions(cell))
    )
    const services = yield* Effect.scoped(Layer.build(Hypervisor.layer(hypervisor).pipe(Layer.provideMerge(ports))))
    return {
      pid: life.pid,
      services,
      isDead: Effect.sync(() => life.isDead()),
      kill: life.kill,
      run: runIn(life, services)
    } satisfies LibraryProcess
  })

  return World.of({
    cell,
    state: cell.read,
    record: Effect.sync(record.entries),
    update: (change) => update(cell, change),
    journals,
    locks,
    process
  })
})

const quiet = { host: (port: Host["Service"]) => port, journal: (port: Journal["Service"]) => port, locks: undefined }

/** The ports of a process as an observer sees them used. */
const watching = (pid: number, cell: StateCell, observer: Observer | undefined) =>
  observer === undefined ? quiet : {
    host: (port: Host["Service"]) => observedPort(port, pid, observer),
    journal: (port: Journal["Service"]) => observedJournal(port, pid, cell, observer),
    locks: (event: "locked" | "unlocked", instance: string, operation: string) =>
      Effect.map(cell.read, (state) =>
        observer({ _tag: event === "locked" ? "Locked" : "Unlocked", pid, instance, operation, state }))
  }

/**
 * Changes of the states of containers, as they happen.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type ContainerProblem, type ContainerState, type ContainerStatus, statusOf } from "../host/ContainerStatus.ts"
import type { Directories } from "../host/Directories.ts"
import type { Host, HostError } from "./Host.ts"
import type { Sessions } from "./Sessions.ts"

/**
 * What became of a container. One of which nothing is left is STOPPED.
 *
 * @since 0.1.0
 * @category models
 */
export interface StateChange {
  /** When it was seen, ISO 8601 in UTC. */
  readonly at: string
  readonly name: string
  readonly state: ContainerState
  readonly problem: ContainerProblem | null
}

interface Shown {
  readonly state: ContainerState
  readonly problem: ContainerProblem | null
}

interface Known {
  readonly shown: Shown
  /** What was observed last, and since when. */
  readonly observed: Shown
  readonly since: number
}

const stopped: Shown = { state: "STOPPED", problem: null }

/** A container that starts or ends looks for some milliseconds as if something were wrong with it. */
const settleMs = 1_000
/** The kernel tells of nearly everything. A monitor that was stopped by a signal it does not; nor do all kernels freeze aloud. */
const guardMs = 5_000
/** Freezing goes on after the kernel has told of its beginning, and a monitor ends after its last cgroup. */
const echoMs = 100

/** Events come in dozens: one look is enough for all of a moment. */
const breathMs = 5

const isSame = (one: Shown, other: Shown): boolean => one.state === other.state && one.problem === other.problem

/** What is shown of a status with a problem that may be over in a moment. */
const forNow = (observed: Shown, before: Shown): Shown =>
  observed.problem === null ? observed : observed.state === "ORPHANED" ? before : { state: observed.state, problem: null }

/**
 * What is known of a container after another look at it; a problem is shown when it has lasted a second.
 *
 * @since 0.1.0
 * @category transitions
 */
export const afterLook = (known: Known | undefined, observed: Shown, now: number): Known => {
  const before = known ?? { shown: stopped, observed: stopped, since: now }
  const since = isSame(before.observed, observed) ? before.since : now
  const settled = observed.problem === null || now - since >= settleMs || isSame(before.shown, observed)
  return { observed, since, shown: settled ? observed : forNow(observed, before.shown) }
}

const isSettled = ({ observed, shown }: Known): boolean => isSame(observed, shown)

/**
 * @since 0.1.0
 * @category models
 */
export interface WatchOptions {
  /** Only these; all of this library's where nothing is said. They need not be there yet. */
  readonly names?: ReadonlyArray<string> | undefined
}

const look = (
  statuses: ReadonlyArray<ContainerStatus>,
  known: Map<string, Known>,
  now: number
): ReadonlyArray<StateChange> => {
  const observed = new Map(statuses.map((status) => [status.name, status]))
  const changes: Array<StateChange> = []
  for (const name of new Set([...known.keys(), ...observed.keys()])) {
    const before = known.get(name)
    const { problem, state } = observed.get(name) ?? stopped
    const after = afterLook(before, { state, problem }, now)
    if (!observed.has(name) && isSettled(after)) known.delete(name)
    else known.set(name, after)
    if (!isSame(before?.shown ?? stopped, after.shown)) {
      changes.push({ at: DateTime.formatIso(DateTime.makeUnsafe(now)), name, ...after.shown })
    }
  }
  return changes
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const makeWatching = (host: Host["Service"], sessions: Sessions["Service"], directories: Directories) => {
  const watch = Effect.fnUntraced(function*({ names }: WatchOptions) {
    const signs = yield* sessions.changes(directories)
    const known = new Map<string, Known>()
    const lookAgain = Effect.gen(function*() {
      const statuses = (yield* host.containers({ directories })).map(statusOf)
      const wanted = names === undefined ? statuses : statuses.filter(({ name }) => names.includes(name))
      return { statuses: wanted, now: yield* Clock.currentTimeMillis }
    })
    const first = yield* lookAgain
    for (const { name, problem, state } of first.statuses) {
      known.set(name, { shown: { state, problem }, observed: { state, problem }, since: first.now })
    }
    let echo = false
    const wait = Effect.gen(function*() {
      const restless = echo || [...known.values()].some((each) => !isSettled(each) || each.observed.state === "FREEZING")
      const told = yield* Effect.timeoutOption(signs, restless ? echoMs : guardMs)
      echo = told._tag === "Some"
      if (echo) yield* Effect.sleep(breathMs)
    })
    const next: Effect.Effect<ReadonlyArray<StateChange>, HostError> = Effect.gen(function*() {
      while (true) {
        yield* wait
        const { now, statuses } = yield* lookAgain
        const changes = look(statuses, known, now)
        if (changes.length > 0) return changes
      }
    })
    return Stream.flattenIterable(Stream.fromEffectRepeat(next))
  })
  return {
    watch: (options: WatchOptions = {}): Stream.Stream<StateChange, HostError> => Stream.unwrap(watch(options))
  }
}

/**
 * Locks of what an operation changes: its instance, and the disks and MACs that it takes.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { defaultDirectories, type Directories } from "../host/Directories.ts"
import type { PathFacts } from "../host/HostFacts.ts"
import { fnv1a64 } from "../model/Hash.ts"
import type { InstanceName } from "../model/InstanceName.ts"
import type { LinkedMac } from "../model/Nic.ts"
import { disksTaken, isDisk } from "../plan/DisksTaken.ts"
import type { Operation } from "../plan/Operation.ts"
import type { Plan } from "../plan/Plan.ts"
import { type Host, HostError } from "./Host.ts"
import type { Report } from "./Interpreter.ts"
import { type LockError, LockHeld, type Locks } from "./Locks.ts"
import { Progress } from "./Progress.ts"

/**
 * What two instances must not take between them, each having seen it free.
 *
 * @since 0.1.0
 * @category models
 */
export interface Taken {
  readonly disks: ReadonlyArray<PathFacts>
  readonly macs: ReadonlyArray<LinkedMac>
}

const keyOf = (part: Part, text: string): string => `${part}_${fnv1a64(text).toString(16)}`

/** Names for the locks of what is taken, always in the same order. No instance can have such a name. */
const keysOf = ({ disks, macs }: Taken): ReadonlyArray<string> =>
  [...new Set([
    ...disks.map((each) => keyOf("disk", each.device ?? each.inode ?? each.realPath)),
    ...macs.map(({ link, mac }) => keyOf("MAC", `${mac} ${link}`))
  ])].sort()

type Part = NonNullable<LockHeld["part"]>

const partOf = (key: string): Part => key.startsWith("disk_") ? "disk" : "MAC"

/** Disks and links are the machine's: whoever has a run directory of its own must not take them at the same instant either. */
const placeOf = (part: string | undefined, own: Directories): Directories => part === undefined ? own : defaultDirectories

/**
 * Takes the lock of an instance, or of a part of what it takes, and tells at once whom it waits for where it cannot be had
 * at once.
 *
 * @since 0.1.0
 * @category constructors
 */
export const acquiring = (locks: Locks["Service"], own: Directories) =>
(name: InstanceName, operation: Operation, waitMs: number, part?: string): ReturnType<Locks["Service"]["acquire"]> => {
  const takeWithin = (ms: number) => locks.acquire(placeOf(part, own), part ?? name, operation, ms)
  return Effect.catchTag(takeWithin(0), "LockHeld", (held) =>
    waitMs === 0 ? Effect.fail(held) : Effect.flatMap(Progress, (progress) =>
      Effect.andThen(progress({ _tag: "Waiting", operation, instance: name, holder: held.holder, waitMs }), takeWithin(waitMs))))
}

/**
 * @since 0.1.0
 * @category models
 */
export type Acquire = ReturnType<typeof acquiring>

/**
 * What is done with the lock of an instance.
 *
 * @since 0.1.0
 * @category constructors
 */
export const holdingLock = (acquire: Acquire, lockWaitMs: number) =>
<A, E>(
  name: InstanceName,
  operation: Operation,
  body: Effect.Effect<A, E>,
  waitMs = lockWaitMs
): Effect.Effect<A, E | LockHeld | LockError> =>
  Effect.scoped(Effect.flatMap(acquire(name, operation, waitMs), (under) => under(body)))

/**
 * An operation as a plan, and what it is expected to take.
 *
 * @since 0.1.0
 * @category models
 */
export interface Planned<E> {
  readonly operation: Operation
  readonly plan: Effect.Effect<Plan, E>
  readonly expected: Effect.Effect<Taken, HostError>
}

/**
 * The disks at these paths, and these MACs.
 *
 * @since 0.1.0
 * @category queries
 */
export const takenAt = (host: Host["Service"], paths: ReadonlyArray<string>, macs: Taken["macs"]): Planned<never>["expected"] =>
  paths.length === 0 ? Effect.succeed({ disks: [], macs }) : Effect.map(host.paths(paths), (found) => ({ disks: found.filter(isDisk), macs }))

/** A disk that is another one each time one looks at it is somebody's at work. */
const mostLooks = 5

const restless = new HostError({
  problem: { _tag: "Conflict", found: "the disks are others each time they are looked at", advice: "look who replaces them" }
})

/**
 * Two instances must not take one disk or MAC between them, each having seen it free: whoever brings one up has the lock of
 * each before it looks whether they are free. Where a plan takes others than were expected, it is made again with their
 * locks.
 *
 * @since 0.1.0
 * @category constructors
 */
export const holdingTaken = <F>(acquire: Acquire, waitMs: number, carryOut: (plan: Plan) => Effect.Effect<Report, F>) =>
  Effect.fnUntraced(function*<E>(name: InstanceName, { expected, operation, plan }: Planned<E>) {
    const take = (key: string) =>
      acquire(name, operation, waitMs, key).pipe(
        Effect.catchTag("LockHeld", ({ holder, waitedMs }) => Effect.fail(new LockHeld({ instance: name, holder, waitedMs, part: partOf(key) })))
      )
    let keys = keysOf(yield* expected)
    for (let look = 0; look < mostLooks; look++) {
      const tried = yield* Effect.scoped(Effect.gen(function*() {
        for (const key of keys) yield* take(key)
        const made = yield* plan
        const needed = keysOf({ disks: disksTaken(made), macs: made.basis.macs })
        return needed.every((key) => keys.includes(key)) ? { report: yield* carryOut(made) } : { needed }
      }))
      if (tried.report !== undefined) return tried.report
      keys = tried.needed
    }
    return yield* restless
  })

/**
 * Locks of what an operation changes: its instance, and the disks that it takes.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Directories } from "../host/Directories.ts"
import type { PathFacts } from "../host/HostFacts.ts"
import { fnv1a64 } from "../model/Hash.ts"
import type { InstanceName } from "../model/InstanceName.ts"
import { disksTaken, isDisk } from "../plan/DisksTaken.ts"
import type { Operation } from "../plan/Operation.ts"
import type { Plan } from "../plan/Plan.ts"
import { type Host, HostError } from "./Host.ts"
import type { Report } from "./Interpreter.ts"
import { type LockError, LockHeld, type Locks } from "./Locks.ts"
import { Progress } from "./Progress.ts"

/** Names for the locks of disks, always in the same order. No instance can have such a name. */
const diskKeys = (disks: ReadonlyArray<PathFacts>): ReadonlyArray<string> =>
  [...new Set(disks.map((each) => `disk_${fnv1a64(each.device ?? each.inode ?? each.realPath).toString(16)}`))].sort()

/**
 * Takes a lock, and tells at once whom it waits for where it cannot be had at once.
 *
 * @since 0.1.0
 * @category constructors
 */
export const acquiring = (locks: Locks["Service"], directories: Directories) =>
  Effect.fnUntraced(function*(name: InstanceName, operation: Operation, waitMs: number, key: string = name) {
    const first = yield* Effect.result(locks.acquire(directories, key, operation, 0))
    if (Result.isSuccess(first)) return first.success
    if (first.failure._tag !== "LockHeld" || waitMs === 0) return yield* first.failure
    const progress = yield* Progress
    yield* progress({ _tag: "Waiting", operation, instance: name, holder: first.failure.holder, waitMs })
    return yield* locks.acquire(directories, key, operation, waitMs)
  })

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
 * An operation as a plan, and the disks that it is expected to take.
 *
 * @since 0.1.0
 * @category models
 */
export interface Planned<E> {
  readonly operation: Operation
  readonly plan: Effect.Effect<Plan, E>
  readonly expected: Effect.Effect<ReadonlyArray<PathFacts>, HostError>
}

/**
 * The disks at these paths.
 *
 * @since 0.1.0
 * @category queries
 */
export const disksAt = (host: Host["Service"], paths: ReadonlyArray<string>): Planned<never>["expected"] =>
  paths.length === 0 ? Effect.succeed([]) : Effect.map(host.paths(paths), (found) => found.filter(isDisk))

/** A disk that is another one each time one looks at it is somebody's at work. */
const mostLooks = 5

const restless = new HostError({
  problem: { _tag: "Conflict", found: "the disks are others each time they are looked at", advice: "look who replaces them" }
})

/**
 * Two instances must not take one disk between them, each having seen it free: whoever brings one up has the lock of each
 * of its disks before it looks whether they are free. Where a plan takes others than were expected, it is made again with
 * their locks.
 *
 * @since 0.1.0
 * @category constructors
 */
export const holdingDisks = <F>(acquire: Acquire, waitMs: number, carryOut: (plan: Plan) => Effect.Effect<Report, F>) =>
  Effect.fnUntraced(function*<E>(name: InstanceName, { expected, operation, plan }: Planned<E>) {
    const take = (key: string) =>
      acquire(name, operation, waitMs, key).pipe(
        Effect.catchTag("LockHeld", ({ holder, waitedMs }) => Effect.fail(new LockHeld({ instance: name, holder, waitedMs, disk: true })))
      )
    let keys = diskKeys(yield* expected)
    for (let look = 0; look < mostLooks; look++) {
      const tried = yield* Effect.scoped(Effect.gen(function*() {
        for (const key of keys) yield* take(key)
        const made = yield* plan
        const needed = diskKeys(disksTaken(made))
        return needed.every((key) => keys.includes(key)) ? { report: yield* carryOut(made) } : { needed }
      }))
      if (tried.report !== undefined) return tried.report
      keys = tried.needed
    }
    return yield* restless
  })

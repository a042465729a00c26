/**
 * Locks in memory: one holder for each instance, on the Effect clock.
 *
 * @since 0.1.0
 */
import { LockHeld, Locks } from "@effect-lxc/core/runtime/Locks"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Life, makeLife } from "./Life.ts"
import { type LockTable, makeClaim, makeLockTable } from "./LockTable.ts"

/**
 * The instance under whose lock something is done; null outside of any.
 *
 * @since 0.1.0
 * @category references
 */
export const LockedInstance = Context.Reference<string | null>("@effect-lxc/test-kit/LockedInstance", {
  defaultValue: () => null
})

/**
 * Told when a lock was taken and when it was let go.
 *
 * @since 0.1.0
 * @category models
 */
export type LockObserver = (event: "locked" | "unlocked", instance: string, operation: string) => Effect.Effect<void>

/**
 * The port of a process on the locks of its host.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeLocks = (
  table: LockTable,
  life: Life,
  observer: LockObserver = () => Effect.void
): Locks["Service"] =>
  Locks.of({
    acquire: (directories, instance, operation, waitMs) =>
      life.bound(Effect.gen(function*() {
        const clock = yield* Clock.Clock
        const path = directories.lock(instance)
        const claim = makeClaim(life, operation)
        const began = clock.currentTimeMillisUnsafe()
        const letGo = Effect.suspend(() => {
          if (life.isDead()) return Effect.never
          const told = claim.since === undefined ? Effect.void : observer("unlocked", instance, operation)
          return Effect.andThen(told, Effect.sync(() => table.release(path, claim)))
        })
        // Before it is asked for: it may be granted at the very instant at which the wait is interrupted.
        yield* Effect.addFinalizer(() => letGo)
        const taken = yield* table.take(path, claim, waitMs)
        const now = clock.currentTimeMillisUnsafe()
        if (!taken) return yield* new LockHeld({ instance, holder: table.holder(path) ?? null, waitedMs: now - began })
        claim.since = now
        yield* observer("locked", instance, operation)
        return Effect.provideService(LockedInstance, instance)
      })),
    holder: (directories, instance) => life.bound(Effect.sync(() => table.holder(directories.lock(instance)))),
    clear: () => Effect.void // the table lets go for whoever dies
  })

/**
 * The locks from the side of a test: what each holder says of itself, by the path that its file would have.
 *
 * @since 0.1.0
 * @category services
 */
export class MemoryLocks extends Context.Service<MemoryLocks, {
  readonly holders: Effect.Effect<ReadonlyMap<string, string>>
}>()("@effect-lxc/test-kit/MemoryLocks") {
  /**
   * The locks as a port for the hypervisor, and the test's side of them. `pid` is what holders call themselves by.
   *
   * @since 0.1.0
   */
  static readonly layer = (options: { readonly pid?: number } = {}): Layer.Layer<Locks | MemoryLocks> =>
    Layer.effectContext(Effect.sync(() => {
      const table = makeLockTable()
      return Context.make(Locks, makeLocks(table, makeLife(options.pid ?? 1))).pipe(
        Context.add(MemoryLocks, locksIn(table))
      )
    }))
}

/**
 * The test's side of the locks of a host.
 *
 * @since 0.1.0
 * @category constructors
 */
export const locksIn = (table: LockTable): MemoryLocks["Service"] => ({
  holders: Effect.sync(() => table.holders())
})

/**
 * Locks in memory: one holder for each instance, on the Effect clock.
 *
 * @since 0.1.0
 */
import { LockHeld, Locks } from "@effect-lxc/core/runtime/Locks"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Semaphore from "effect/Semaphore"

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
      const semaphores = new Map<string, Semaphore.Semaphore>()
      const holders = new Map<string, string>()
      const semaphoreOf = (path: string): Semaphore.Semaphore => {
        const semaphore = semaphores.get(path) ?? Semaphore.makeUnsafe(1)
        semaphores.set(path, semaphore)
        return semaphore
      }
      const port = Locks.of({
        acquire: Effect.fn("MemoryLocks.acquire")(function*(directories, instance, operation, waitMs) {
          const path = directories.lock(instance)
          const semaphore = semaphoreOf(path)
          const began = yield* Clock.currentTimeMillis
          const take = Effect.timeoutOrElse(Effect.as(semaphore.take(1), true), {
            duration: waitMs,
            orElse: () => Effect.succeed(false)
          })
          // A permit that was taken is always given back: nothing can interrupt between the two.
          const taken = yield* Effect.uninterruptibleMask((restore) =>
            Effect.tap(restore(take), (has) =>
              has
                ? Effect.addFinalizer(() =>
                  Effect.andThen(Effect.sync(() => holders.delete(path)), semaphore.release(1))
                )
                : Effect.void))
          if (!taken) {
            const waitedMs = (yield* Clock.currentTimeMillis) - began
            return yield* new LockHeld({ instance, holder: holders.get(path) ?? null, waitedMs })
          }
          const since = DateTime.formatIso(yield* DateTime.now)
          holders.set(path, `pid ${options.pid ?? 1} (${operation} since ${since})`)
          return (body) => body
        })
      })
      return Context.make(Locks, port).pipe(Context.add(MemoryLocks, {
        holders: Effect.sync(() => new Map(holders))
      }))
    }))
}

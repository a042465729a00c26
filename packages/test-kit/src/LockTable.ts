/**
 * Locks: one holder for each path, until it lets go or its process ends.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { Life } from "./Life.ts"

/**
 * Somebody who has a lock, or waits for it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Claim {
  readonly life: Life
  readonly operation: string
  /** Since when it says that it has the lock, in milliseconds since the epoch. */
  since: number | undefined
  readonly granted: Deferred.Deferred<void>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface LockTable {
  /** Takes the lock of a path within a time, in milliseconds; gives whether it was had. Interrupted, it may be had all the same. */
  readonly take: (path: string, claim: Claim, waitMs: number) => Effect.Effect<boolean>
  /** Lets go of a lock, or waits for it no longer. */
  readonly release: (path: string, claim: Claim) => void
  /** What the process holds is free; it has ended. */
  readonly releaseAll: (life: Life) => void
  /** What the holder says of itself; undefined where nobody has the lock. */
  readonly holder: (path: string) => string | undefined
  /** What each holder says of itself, by path. */
  readonly holders: () => ReadonlyMap<string, string>
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const makeClaim = (life: Life, operation: string): Claim => ({ life, operation, since: undefined, granted: Deferred.makeUnsafe() })

const saidBy = ({ life, operation, since }: Claim): string =>
  since === undefined ? "" : `pid ${life.pid} (${operation} since ${DateTime.formatIso(DateTime.makeUnsafe(since))})`

/**
 * A table without locks; waiters are served in the order of their asking.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeLockTable = (): LockTable => {
  const held = new Map<string, Claim>()
  const queues = new Map<string, ReadonlyArray<Claim>>()
  const queueOf = (path: string) => queues.get(path) ?? []

  const leave = (path: string, claim: Claim): void => {
    queues.set(path, queueOf(path).filter((each) => each !== claim))
  }

  const release = (path: string, claim: Claim): void => {
    leave(path, claim)
    if (held.get(path) !== claim) return
    held.delete(path)
    const next = queueOf(path).find(({ life }) => !life.isDead())
    if (next === undefined) return
    leave(path, next)
    held.set(path, next)
    Deferred.doneUnsafe(next.granted, Effect.void)
  }

  const take = (path: string, claim: Claim, waitMs: number): Effect.Effect<boolean> =>
    Effect.suspend(() => {
      // It may die between its asking and this.
      if (claim.life.isDead()) return Effect.never
      if (!held.has(path)) {
        held.set(path, claim)
        return Effect.succeed(true)
      }
      if (waitMs === 0) return Effect.succeed(false)
      queues.set(path, [...queueOf(path), claim])
      const wait = Effect.timeoutOption(Deferred.await(claim.granted), waitMs)
      // It may be granted at the very instant at which the wait ends.
      return Effect.map(wait, () => {
        leave(path, claim)
        return held.get(path) === claim
      })
    })

  return {
    take,
    release,
    releaseAll: (life) => {
      for (const [path, claim] of new Map(held)) if (claim.life === life) release(path, claim)
    },
    holder: (path) => {
      const claim = held.get(path)
      return claim === undefined ? undefined : saidBy(claim)
    },
    holders: () => new Map([...held].map(([path, claim]) => [path, saidBy(claim)]))
  }
}

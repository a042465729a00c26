/**
 * Dealing with operations that did not end: their process died, or they could not go on.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { statusOf } from "../host/ContainerStatus.ts"
import { defaultDirectories, type Directories } from "../host/Directories.ts"
import { type InstanceName, isInstanceName } from "../model/InstanceName.ts"
import type { ChangeError, Recovered } from "./Changes.ts"
import type { Host } from "./Host.ts"
import type { Journal } from "./Journal.ts"
import type { Locks } from "./Locks.ts"

/**
 * An operation that has not ended, and why: `error` has what is left, and the commands that go on, where there are any.
 *
 * @since 0.1.0
 * @category models
 */
export interface Unfinished {
  readonly instance: string
  readonly reason: string
  readonly error: ChangeError
}

/**
 * What `recover` found and did.
 *
 * @since 0.1.0
 * @category models
 */
export interface RecoverReport {
  /** Operations that had not ended and have been dealt with now. */
  readonly recovered: ReadonlyArray<Recovered>
  /** Operations that have not ended: somebody is at it, or dealing with it failed. */
  readonly unfinished: ReadonlyArray<Unfinished>
  /** Instances that are meant to run and do not. */
  readonly notRunning: ReadonlyArray<string>
}

/** A tool that outlived its caller holds the lock until it ends, in milliseconds of its own; a person at work does not. */
const briefly = 2_000

/**
 * Clears away what those who died have left of locks: of instances in `own`, of disks and MACs where the machine's are.
 *
 * @since 0.1.0
 * @category running
 */
export const clearLocks = (locks: Locks["Service"], own: Directories): Effect.Effect<void> =>
  Effect.forEach([own, ...(own.run === defaultDirectories.run ? [] : [defaultDirectories])], locks.clear, { discard: true })

/**
 * Deals with one instance after the other, and clears away the locks of those who died before they had begun. Without a name,
 * one that somebody is at is waited for only briefly.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeRecover = (
  host: Host["Service"],
  journals: Journal["Service"],
  locks: Locks["Service"],
  directories: Directories,
  lockWaitMs: number,
  settle: (name: InstanceName, waitMs: number) => Effect.Effect<Recovered | undefined, ChangeError>
) =>
  Effect.fn("Hypervisor.recover")(function*(name?: InstanceName) {
    const names = name === undefined ? (yield* journals.list(directories)).filter(isInstanceName) : [name]
    const unfinished: Array<Unfinished> = []
    const recovered: Array<Recovered> = []
    for (const instance of names) {
      yield* Effect.match(settle(instance, name === undefined ? Math.min(briefly, lockWaitMs) : lockWaitMs), {
        onFailure: (error) => unfinished.push({ instance, reason: error.message, error }),
        onSuccess: (done) => done === undefined ? 0 : recovered.push(done)
      })
    }
    yield* clearLocks(locks, directories)
    const containers = yield* host.containers({ directories, name, all: true })
    const elsewhere = new Set(containers.filter((each) => each.lxcPath !== directories.containers).map((each) => each.name))
    const notRunning = containers
      .filter((each) => each.meantToRun && statusOf(each).state === "STOPPED" && !elsewhere.has(each.name))
      .map((each) => each.name)
      .sort()
    return { recovered, unfinished, notRunning } satisfies RecoverReport
  })

/**
 * One changing operation at a time for each instance, across processes.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Directories } from "../host/Directories.ts"
import type { Operation } from "../plan/Operation.ts"

/**
 * Somebody else holds the lock, and went on holding it for as long as was waited.
 *
 * @since 0.1.0
 * @category errors
 */
export class LockHeld extends Schema.TaggedError<LockHeld>()("LockHeld", {
  instance: Schema.String,
  /**
   * What the holder says of itself: its pid, its operation and since when, and, where it is dead, the tool that holds the
   * lock on; null where it says nothing.
   */
  holder: Schema.NullOr(Schema.String),
  waitedMs: Schema.Int,
  /** Whether it is the lock of one of its disks or MACs, which another instance is taking. */
  part: Schema.optionalKey(Schema.Literals(["disk", "MAC"])),
  /** Whether the instance was killed meanwhile, which needs no lock. */
  killed: Schema.optionalKey(Schema.Boolean)
}) {
  override get message(): string {
    const who = this.holder === null ? "another process" : this.holder
    const what = this.part === undefined ? `${this.instance} is being changed` : `a ${this.part} of ${this.instance} is being taken`
    const done = this.killed === true ? "it was killed, and not cleaned up" : "nothing was done"
    return `${what} by ${who}; waited ${this.waitedMs} ms, ${done}`
  }
}

/**
 * The lock could not be asked for.
 *
 * @since 0.1.0
 * @category errors
 */
export class LockError extends Schema.TaggedError<LockError>()("LockError", {
  path: Schema.String,
  code: Schema.String,
  advice: Schema.String
}) {
  override get message(): string {
    return `the lock ${this.path} cannot be had: ${this.code}; ${this.advice}`
  }
}

/**
 * Runs what is done under a lock that is held, so that the lock can go along: a command that outlives its caller must not
 * outlive the lock.
 *
 * @since 0.1.0
 * @category models
 */
export type UnderLock = <A, E, R>(body: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * @since 0.1.0
 * @category services
 */
export class Locks extends Context.Service<Locks, {
  /** Holds the lock of an instance until the scope closes; the kernel lets it go if the process dies. */
  readonly acquire: (
    directories: Directories,
    instance: string,
    operation: Operation,
    waitMs: number
  ) => Effect.Effect<UnderLock, LockHeld | LockError, Scope.Scope>
  /**
   * Whether somebody has the lock of an instance now, and what the holder says of itself, null where it says nothing; undefined
   * where nobody has it. A look: it makes nothing, and clears nothing away.
   */
  readonly holder: (directories: Directories, instance: string) => Effect.Effect<string | null | undefined, LockError>
  /**
   * Clears away what those who died have left of locks, which keeps nobody from taking them. What cannot be cleared away stays:
   * who asks for such a lock is told why.
   */
  readonly clear: (directories: Directories) => Effect.Effect<void>
}>()("@effect-lxc/core/Locks") {}

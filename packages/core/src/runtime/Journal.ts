/**
 * The journal: what an operation was about to do, written before it is done.
 *
 * A journal that is still there when nobody holds the instance's lock is of an operation that did not end.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Directories } from "../host/Directories.ts"
import type { JournalEntry } from "../plan/JournalEntry.ts"
import type { HostError } from "./Host.ts"

/**
 * An open journal of one operation.
 *
 * @since 0.1.0
 * @category models
 */
export interface OpenJournal {
  readonly append: (entry: JournalEntry) => Effect.Effect<void, HostError>
  /** Removes the journal: the operation has ended. */
  readonly remove: Effect.Effect<void, HostError>
}

/**
 * @since 0.1.0
 * @category services
 */
export class Journal extends Context.Service<Journal, {
  /** Opens the journal of an instance anew; what an earlier operation left in it is gone. */
  readonly open: (directories: Directories, instance: string) => Effect.Effect<OpenJournal, HostError, Scope.Scope>
  /** The entries of an operation that did not end; empty without a journal. A line that is no entry ends the reading. */
  readonly read: (
    directories: Directories,
    instance: string
  ) => Effect.Effect<ReadonlyArray<JournalEntry>, HostError>
  /** Removes the journal of an operation that was dealt with. */
  readonly discard: (directories: Directories, instance: string) => Effect.Effect<void, HostError>
  /** Instances that have a journal. */
  readonly list: (directories: Directories) => Effect.Effect<ReadonlyArray<string>, HostError>
}>()("@effect-lxc/core/Journal") {}

/**
 * Journals in memory, for tests that look at them.
 *
 * @since 0.1.0
 */
import type { Directories } from "@effect-lxc/core/host/Directories"
import type { JournalEntry } from "@effect-lxc/core/plan/JournalEntry"
import { Journal } from "@effect-lxc/core/runtime/Journal"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/**
 * The journals from the side of a test: entries by the path that their file would have. One that was removed is not
 * there any more.
 *
 * @since 0.1.0
 * @category services
 */
export class MemoryJournal extends Context.Service<MemoryJournal, {
  readonly entries: (directories: Directories, instance: string) => Effect.Effect<ReadonlyArray<JournalEntry>>
  /** The names of all journals that are there, sorted. */
  readonly open: Effect.Effect<ReadonlyArray<string>>
}>()("@effect-lxc/test-kit/MemoryJournal") {
  /**
   * The journals as a port for the interpreter, and the test's side of them.
   *
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<Journal | MemoryJournal> = Layer.effectContext(Effect.sync(() => {
    const journals = new Map<string, ReadonlyArray<JournalEntry>>()
    const read = (directories: Directories, instance: string) =>
      Effect.sync(() => journals.get(directories.journal(instance)) ?? [])
    const port = Journal.of({
      open: (directories, instance) =>
        Effect.sync(() => {
          const path = directories.journal(instance)
          journals.set(path, [])
          return {
            append: (entry) =>
              Effect.sync(() => {
                journals.set(path, [...journals.get(path) ?? [], entry])
              }),
            remove: Effect.sync(() => {
              journals.delete(path)
            })
          }
        }),
      read,
      discard: (directories, instance) =>
        Effect.sync(() => {
          journals.delete(directories.journal(instance))
        }),
      list: (directories) =>
        Effect.sync(() => {
          const before = `${directories.locks}/`
          const after = ".journal"
          return [...journals.keys()]
            .filter((path) => path.startsWith(before) && path.endsWith(after))
            .map((path) => path.slice(before.length, -after.length))
            .sort()
        })
    })
    return Context.make(Journal, port).pipe(Context.add(MemoryJournal, {
      entries: read,
      open: Effect.sync(() => [...journals.keys()].sort())
    }))
  }))
}

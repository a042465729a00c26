/**
 * Journals in memory, for tests that look at them.
 *
 * @since 0.1.0
 */
import type { Directories } from "@effect-lxc/core/host/Directories"
import type { JournalEntry } from "@effect-lxc/core/plan/JournalEntry"
import { HostError } from "@effect-lxc/core/runtime/Host"
import { Journal } from "@effect-lxc/core/runtime/Journal"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { isFull } from "./FileTree.ts"
import { callFailed } from "./Outcome.ts"
import type { StateCell } from "./StateCell.ts"

/**
 * The files of all journals: entries by path.
 *
 * @since 0.1.0
 * @category models
 */
export type JournalFiles = Map<string, Array<JournalEntry>>

/**
 * The port of a process on the journals of its host, by default of one whose disk is never full. What a dead process asks of
 * it is neither done nor answered.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeJournal = (
  files: JournalFiles,
  host?: Pick<StateCell, "look">,
  isDead: () => boolean = () => false
): Journal["Service"] => {
  const whileAlive = <A>(body: () => A): Effect.Effect<A> => Effect.suspend(() => isDead() ? Effect.never : Effect.succeed(body()))
  const write = (path: string, body: () => void): Effect.Effect<void, HostError> =>
    host === undefined ? whileAlive(body) : host.look((state) => {
      if (isDead()) return Effect.never
      if (isFull(state, path)) return Effect.fail(new HostError({ problem: callFailed("write", path, "ENOSPC") }))
      body()
      return Effect.void
    })
  const append = (path: string, entry: JournalEntry) => {
    const entries = files.get(path)
    if (entries === undefined) files.set(path, [entry])
    else entries.push(entry)
  }
  const remove = (path: string) => whileAlive(() => void files.delete(path))
  return Journal.of({
    open: (directories, instance) => {
      const path = directories.journal(instance)
      return Effect.as(write(path, () => files.set(path, [])), {
        append: (entry) => write(path, () => append(path, entry)),
        remove: remove(path)
      })
    },
    read: (directories, instance) => whileAlive(() => [...files.get(directories.journal(instance)) ?? []]),
    discard: (directories, instance) => remove(directories.journal(instance)),
    list: (directories) =>
      whileAlive(() => {
        const before = `${directories.locks}/`
        const after = ".journal"
        return [...files.keys()]
          .filter((path) => path.startsWith(before) && path.endsWith(after))
          .map((path) => path.slice(before.length, -after.length))
          .sort()
      })
  })
}

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
    const files: JournalFiles = new Map()
    return Context.make(Journal, makeJournal(files)).pipe(Context.add(MemoryJournal, journalsIn(files)))
  }))
}

/**
 * The test's side of the journals of a host.
 *
 * @since 0.1.0
 * @category constructors
 */
export const journalsIn = (files: JournalFiles): MemoryJournal["Service"] => ({
  entries: (directories, instance) => Effect.sync(() => [...files.get(directories.journal(instance)) ?? []]),
  open: Effect.sync(() => [...files.keys()].sort())
})

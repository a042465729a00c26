/**
 * Journals as files: a JSON document a line, appended before the step it speaks of.
 *
 * @since 0.1.0
 */
import type { Directories } from "@effect-lxc/core/host/Directories"
import { JournalEntry } from "@effect-lxc/core/plan/JournalEntry"
import { Journal, type OpenJournal } from "@effect-lxc/core/runtime/Journal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as fs from "node:fs"
import { ensureOwnDirectory, systemCall, writeAll } from "./HostFiles.ts"
import { names } from "./KernelFiles.ts"
import { NotOurs, readOwn } from "./OwnFiles.ts"
import { requireRealPath } from "./RunDirectory.ts"

const EntryText = Schema.fromJsonString(Schema.toCodecJson(JournalEntry))
const encode = Schema.encodeSync(EntryText)
const decode = Schema.decodeUnknownOption(EntryText)

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = fs.constants

const remove = (path: string) =>
  systemCall("unlink", path, () => {
    fs.rmSync(path, { force: true })
  })

const open = Effect.fn("NodeJournal.open")(function*(directories: Directories, instance: string) {
  const path = directories.journal(instance)
  yield* ensureOwnDirectory(directories.locks, 0o700)
  yield* remove(path)
  const file = yield* Effect.acquireRelease(
    systemCall("open", path, () => fs.openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW, 0o600)),
    (opened) => Effect.sync(() => fs.closeSync(opened))
  )
  return {
    append: (entry) =>
      systemCall("write", path, () => {
        writeAll(file, Buffer.from(`${encode(entry)}\n`))
      }),
    remove: remove(path)
  } satisfies OpenJournal
})

/** The last line may be torn, by a crash in the middle of writing it: what it speaks of was then never begun. */
const entriesOf = (path: string, instance: string, text: string): ReadonlyArray<JournalEntry> => {
  const lines = text.split("\n").slice(0, -1)
  const entries = lines.map((line, at) => {
    const entry = decode(line)
    if (Option.isNone(entry)) throw new NotOurs(`${path} has a line ${at + 1} that is no entry of a journal`)
    return entry.value
  })
  const [first] = entries
  if (first !== undefined && (first._tag !== "Begun" || first.instance !== instance)) {
    throw new NotOurs(`${path} does not begin with an operation on ${instance}`)
  }
  return entries
}

const read = Effect.fn("NodeJournal.read")((directories: Directories, instance: string) => {
  const path = directories.journal(instance)
  return Effect.andThen(requireRealPath(directories), systemCall("read", path, () => entriesOf(path, instance, readOwn(path) ?? "")))
})

const ending = ".journal"

/**
 * Journals in RUN/locks, 0600, beside the lock that guards them.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Journal> = Layer.succeed(Journal, Journal.of({
  open,
  read,
  discard: (directories, instance) => remove(directories.journal(instance)),
  list: (directories) =>
    Effect.andThen(requireRealPath(directories), systemCall("read", directories.locks, () =>
      names(directories.locks).filter((file) => file.endsWith(ending)).map((file) => file.slice(0, -ending.length)).sort()))
}))

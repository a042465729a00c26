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
import { makeDirectory, systemCall } from "./HostFiles.ts"
import { errnoOf, names } from "./KernelFiles.ts"

const EntryText = Schema.fromJsonString(Schema.toCodecJson(JournalEntry))
const encode = Schema.encodeSync(EntryText)
const decode = Schema.decodeUnknownOption(EntryText)

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = fs.constants

const remove = (path: string) =>
  systemCall("unlink", path, () => {
    fs.rmSync(path, { force: true })
  })

const open = Effect.fn("NodeJournal.open")(function*(directories: Directories, instance: string) {
  const path = directories.journal(instance)
  yield* makeDirectory(directories.locks, 0o700)
  yield* remove(path)
  const file = yield* Effect.acquireRelease(
    systemCall("open", path, () => fs.openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW, 0o600)),
    (opened) => Effect.sync(() => fs.closeSync(opened))
  )
  return {
    append: (entry) =>
      systemCall("write", path, () => {
        fs.writeSync(file, `${encode(entry)}\n`)
      }),
    remove: remove(path)
  } satisfies OpenJournal
})

const textOf = (path: string): string => {
  let file: number
  try {
    file = fs.openSync(path, O_RDONLY | O_NOFOLLOW)
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return ""
    throw error
  }
  try {
    return fs.readFileSync(file, "utf8")
  } finally {
    fs.closeSync(file)
  }
}

const read = Effect.fn("NodeJournal.read")(function*(directories: Directories, instance: string) {
  const path = directories.journal(instance)
  const text = yield* systemCall("read", path, () => textOf(path))
  const entries: Array<JournalEntry> = []
  for (const line of text.split("\n")) {
    const entry = decode(line)
    if (Option.isNone(entry)) break
    entries.push(entry.value)
  }
  return entries
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
    systemCall("read", directories.locks, () =>
      names(directories.locks).filter((file) => file.endsWith(ending)).map((file) => file.slice(0, -ending.length)).sort())
}))

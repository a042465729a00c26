/**
 * Reading logs: from the end, and on as they grow.
 *
 * @since 0.1.0
 */
import type { HostError } from "@effect-lxc/core/runtime/Host"
import { noLog } from "@effect-lxc/core/runtime/Logs"
import type { LogQuery } from "@effect-lxc/core/runtime/Sessions"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"
import * as path from "node:path"
import { systemCall } from "./HostFiles.ts"
import { lstat, names } from "./KernelFiles.ts"

const block = 64 * 1024
const lineFeed = 10

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = fs.constants

/** A log that is open: its inode tells whether the name has become that of another file. */
interface OpenLog {
  readonly fd: number
  readonly ino: number
  offset: number
}

const openFile = (file: string): OpenLog => {
  // A fifo in its place must not hold us up.
  const fd = fs.openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  const stats = fs.fstatSync(fd)
  if (stats.isFile()) return { fd, ino: stats.ino, offset: 0 }
  fs.closeSync(fd)
  throw Object.assign(new Error(`${file} is not a file`), { code: "EINVAL" })
}

/** Where the last `lines` lines begin, read backwards; a last line without its end is one. */
const startOfTail = ({ fd }: OpenLog, lines: number): number => {
  const { size } = fs.fstatSync(fd)
  if (lines === 0) return size
  const buffer = Buffer.alloc(block)
  let found = 0
  for (let end = size; end > 0; end -= block) {
    const start = Math.max(0, end - block)
    const read = fs.readSync(fd, buffer, 0, end - start, start)
    for (let at = read - 1; at >= 0; at--) {
      if (buffer[at] !== lineFeed || start + at === size - 1) continue
      found += 1
      if (found === lines) return start + at + 1
    }
  }
  return 0
}

const readOn = (log: OpenLog): Uint8Array => {
  if (fs.fstatSync(log.fd).size < log.offset) log.offset = 0 // it was emptied
  const buffer = Buffer.alloc(block)
  const read = fs.readSync(log.fd, buffer, 0, block, log.offset)
  log.offset += read
  return buffer.subarray(0, read)
}

/** inotify(7) on the directory tells of what is written to its files, and of files that take the place of others. */
const directoryEvents = (directory: string) =>
  Effect.gen(function*() {
    const events = yield* Queue.sliding<void>(1)
    const wake = (): void => void Queue.offerUnsafe(events, undefined)
    yield* Effect.acquireRelease(
      systemCall("watch", directory, () => fs.watch(directory, wake).on("error", wake)),
      (watcher) => Effect.sync(() => watcher.close())
    )
    return Queue.take(events)
  })

/**
 * The bytes of a log, from its beginning or from the last lines on; with `follow` on for ever, also in the file that takes
 * its place when it is rotated.
 *
 * @since 0.1.0
 * @category reading
 */
export const logStream = (file: string, { follow, tail }: LogQuery): Stream.Stream<Uint8Array, HostError> =>
  Stream.unwrap(Effect.gen(function*() {
    const there = yield* systemCall("lstat", file, () => lstat(file) !== undefined)
    if (!there) return yield* noLog(file, names(path.dirname(file)).length > 0)
    const grown = follow ? yield* directoryEvents(path.dirname(file)) : undefined
    let log: OpenLog = yield* systemCall("open", file, () => openFile(file))
    yield* Effect.addFinalizer(() => Effect.sync(() => fs.closeSync(log.fd)))
    if (tail !== null) log.offset = yield* systemCall("read", file, () => startOfTail(log, tail))
    /** Opens the file that has the name now, when the one before was read to its end. */
    const reopen = systemCall("open", file, () => {
      const stats = lstat(file)
      if (stats === undefined || stats.ino === log.ino) return false
      const next = openFile(file)
      fs.closeSync(log.fd)
      log = next
      return true
    })
    const next = Effect.gen(function*() {
      while (true) {
        const chunk = yield* systemCall("read", file, () => readOn(log))
        if (chunk.length > 0) return [chunk, undefined] as const
        if (grown === undefined) return undefined
        if (!(yield* reopen)) yield* grown
      }
    })
    return Stream.unfold(undefined, () => next)
  }))

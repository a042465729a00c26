/**
 * Files that a person names on the command line.
 *
 * @since 0.1.0
 */
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"
import { Socket } from "node:net"
import type { Readable } from "node:stream"
import { isatty, ReadStream } from "node:tty"
import { shownName } from "@effect-lxc/core/model/HostText"

/**
 * A file that was named could not be read.
 *
 * @since 0.1.0
 * @category errors
 */
export class InputUnreadable extends Schema.TaggedError<InputUnreadable>()("InputUnreadable", {
  source: Schema.String,
  reason: Schema.String,
  advice: Schema.String
}) {
  override get message(): string {
    return `${shownName(this.source)} cannot be read: ${this.reason}; ${this.advice}`
  }
}

/** What stands for standard input on the command line. */
const standardInput = "-"

/**
 * What is read for `-`: the standard input of this process, which is opened only then.
 *
 * @since 0.1.0
 * @category references
 */
export const StandardInput = Context.Reference<Stream.Stream<Uint8Array, unknown>>("effect-lxc/StandardInput", {
  defaultValue: () => NodeStream.fromReadable<Uint8Array>({ evaluate: () => process.stdin, closeOnDone: false })
})

/**
 * A file by the name it has in messages.
 *
 * @since 0.1.0
 * @category rendering
 */
export const sourceName = (file: string): string => file === standardInput ? "standard input" : file

const reasons = (kind: string): ReadonlyMap<string, readonly [reason: string, advice: string]> => new Map([
  ["ENOENT", [`there is no such ${kind}`, "check its name"]],
  ["EACCES", ["permission denied", "run as a user who may read it"]],
  ["EISDIR", ["it is a directory", "give a file"]],
  ["ENOTDIR", ["it is not a directory", "give a directory of specs"]]
])

/**
 * The errno, however deep it is wrapped.
 *
 * @since 0.1.0
 * @category conversions
 */
export const codeOf = (error: unknown): string => {
  if (typeof error !== "object" || error === null) return "unknown error"
  if ("code" in error && typeof error.code === "string") return error.code
  if ("reason" in error) return codeOf(error.reason)
  return "cause" in error ? codeOf(error.cause) : "unknown error"
}

/**
 * Why a file could not be read.
 *
 * @since 0.1.0
 * @category conversions
 */
export const unreadable = (file: string, kind: "file" | "directory" = "file") => (error: unknown): InputUnreadable => {
  const code = codeOf(error)
  const [reason, advice] = reasons(kind).get(code) ?? [code, "give a file that can be read"] as const
  return new InputUnreadable({ source: sourceName(file), reason, advice })
}

const collect = (chunks: ReadonlyArray<Uint8Array>): Uint8Array => {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return bytes
}

/** Reads on until there is more than `limit`, however long the stream is. */
const upTo = <E, R>(stream: Stream.Stream<Uint8Array, E, R>, limit: number) => {
  let size = 0
  return Stream.runCollect(Stream.takeUntil(stream, (chunk) => (size += chunk.length) > limit))
}

/**
 * A pipe or a terminal is read as its events come, whenever somebody writes to it: a thread that waited in open(2) or read(2) would keep this
 * process from ending by a signal. Not through FileSystem, which reads by offset: a pipe, as in `start <(make-spec)`, has none.
 */
const opened = (file: string): Readable => {
  const fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK)
  if (isatty(fd)) return new ReadStream(fd)
  return fs.fstatSync(fd).isFIFO() ? new Socket({ fd, readable: true, writable: false }) : fs.createReadStream(file, { fd })
}

const contentsOf = (file: string): Stream.Stream<Uint8Array, unknown> =>
  Stream.unwrap(Effect.map(
    Effect.try({ try: () => opened(file), catch: (error) => error }),
    (readable) => NodeStream.fromReadable<Uint8Array>({ evaluate: () => readable })
  ))

/**
 * The text of a file, or of standard input for `-`. More than `limit` bytes, or bytes that are not UTF-8, are refused.
 *
 * @since 0.1.0
 * @category reading
 */
export const readText = Effect.fn("InputFile.readText")(function*(file: string, limit: number) {
  const source = sourceName(file)
  const stream: Stream.Stream<Uint8Array, unknown> = file === standardInput
    ? yield* StandardInput
    : contentsOf(file)
  const bytes = collect(yield* upTo(stream, limit).pipe(Effect.mapError(unreadable(file))))
  if (bytes.length > limit) {
    const reason = `it is larger than ${limit < 2 ** 20 ? `${limit / 2 ** 10} KiB` : `${limit / 2 ** 20} MiB`}`
    return yield* new InputUnreadable({ source, reason, advice: "check that it is the right file" })
  }
  return yield* Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    catch: () => new InputUnreadable({ source, reason: "it is not UTF-8 text", advice: "check that it is the right file" })
  })
})

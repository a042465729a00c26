/**
 * As much of the tar format as it takes to read the head of an export and to make and read its seal. The rest is tar(1)'s.
 *
 * Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block".
 *
 * @since 0.1.0
 */
import { type ExportHead, members, sealLength } from "@effect-lxc/core/plan/ExportFormat"

const block = 512

/** A spec is a page of text; more than this is none. */
const textLimit = 1024 * 1024

/**
 * No head of an export is longer, with its pax headers.
 *
 * @since 0.1.0
 * @category constants
 */
export const headLimit = 2 * textLimit + 64 * block

interface Entry {
  readonly name: string
  readonly type: string
  /** Where its content is, and where the next entry begins. */
  readonly start: number
  readonly end: number
  readonly next: number
}

/** The sum of a header's bytes, its own field counted as blanks. */
const checksum = (header: Buffer): number => header.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0)

const field = (header: Buffer, at: number, length: number): string => {
  const text = header.toString("latin1", at, at + length)
  const end = text.indexOf("\0")
  return end === -1 ? text : text.slice(0, end)
}

const octal = (header: Buffer, at: number, length: number): number => {
  const text = field(header, at, length).trim()
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN
}

/** The entry at a place; undefined where none begins there. */
const entryAt = (bytes: Buffer, at: number): Entry | undefined => {
  const header = bytes.subarray(at, at + block)
  if (header.length < block || header.toString("latin1", 257, 262) !== "ustar" || octal(header, 148, 8) !== checksum(header)) {
    return undefined
  }
  const size = octal(header, 124, 12)
  if (!(size <= textLimit)) return undefined
  const start = at + block
  return { name: field(header, 0, 100), type: field(header, 156, 1), start, end: start + size, next: start + Math.ceil(size / block) * block }
}

/** The next file, with the headers that belong to it behind. */
const fileAt = (bytes: Buffer, at: number): Entry | undefined => {
  const entry = entryAt(bytes, at)
  return entry !== undefined && (entry.type === "x" || entry.type === "g") ? fileAt(bytes, entry.next) : entry
}

const textOf = (bytes: Buffer, entry: Entry | undefined, name: string): string | undefined =>
  entry !== undefined && entry.name === name && (entry.type === "0" || entry.type === "") && entry.end <= bytes.length
    ? bytes.toString("utf8", entry.start, entry.end)
    : undefined

/**
 * The head of an export whose first bytes these are; undefined where they are of something else, or too few.
 *
 * @since 0.1.0
 * @category reading
 */
export const readHead = (bytes: Buffer): ExportHead | undefined => {
  const first = fileAt(bytes, 0)
  const manifest = textOf(bytes, first, members.manifest)
  const spec = first === undefined ? undefined : textOf(bytes, fileAt(bytes, first.next), members.spec)
  return manifest === undefined || spec === undefined ? undefined : { manifest, spec }
}

const line = (digest: string): string => `${digest}  -\n`

/**
 * The seal of a stream with this SHA-256, in hexadecimal digits.
 *
 * @since 0.1.0
 * @category writing
 */
export const sealOf = (digest: string): Buffer => {
  const content = Buffer.from(line(digest), "latin1")
  const seal = Buffer.alloc(sealLength)
  const header = seal.subarray(0, block)
  const put = (at: number, text: string) => header.write(text, at, "latin1")
  put(0, members.seal)
  put(100, "0000600\0")
  put(108, "0000000\0")
  put(116, "0000000\0")
  put(124, `${content.length.toString(8).padStart(11, "0")}\0`)
  put(136, "00000000000\0")
  put(156, "0")
  put(257, "ustar\x0000")
  put(148, `${checksum(header).toString(8).padStart(6, "0")}\0 `)
  content.copy(seal, block)
  return seal
}

/**
 * Whether these bytes are a seal of a stream with this SHA-256, by whichever tar it was made.
 *
 * @since 0.1.0
 * @category reading
 */
export const isSealOf = (bytes: Buffer, digest: string): boolean =>
  textOf(bytes, fileAt(bytes, 0), members.seal) === line(digest)

/**
 * The records that instances have while they run.
 *
 * @since 0.1.0
 */
import type { Directories } from "@effect-lxc/core/host/Directories"
import { decodeInstance, type Instance } from "@effect-lxc/core/model/Instance"
import * as Result from "effect/Result"
import type * as fs from "node:fs"
import { lstatOf } from "./KernelFiles.ts"
import { believed } from "./OwnFiles.ts"

const decodeRecord = (text: string): Instance | null => {
  try {
    return Result.getOrElse(decodeInstance(JSON.parse(text)), () => null)
  } catch {
    return null // not JSON: changed by another hand, and not believed
  }
}

/** A record as it was decoded, and what the file was then. */
interface Known {
  readonly file: fs.Stats
  readonly record: Instance | null
}

/**
 * By their paths: decoding takes a hundred times as long as seeing that a file is the same, and so the same people's as when it
 * was believed. Forgotten when it has grown large.
 */
const known = new Map<string, Known>()
const mostKnown = 5_000

const isSameFile = (one: fs.Stats, other: fs.Stats): boolean =>
  one.ctimeMs === other.ctimeMs && one.mtimeMs === other.mtimeMs && one.ino === other.ino && one.dev === other.dev &&
  one.size === other.size

/** Within a tick of the kernel's clock, 10 ms at most, a file can change twice and have the same times. */
const settledAfter = 50

const read = (at: string, file: fs.Stats): Instance | null => {
  const text = believed(at)
  const record = text === undefined ? null : decodeRecord(text)
  if (known.size >= mostKnown) known.clear()
  if (Date.now() - file.ctimeMs > settledAfter) known.set(at, { file, record })
  return record
}

/**
 * The instance as it was started; null where its record is not there, cannot be believed or is of another. A file that has
 * not changed since it was decoded is not read again.
 *
 * @since 0.1.0
 * @category reading
 */
export const recordOf = (directories: Directories, name: string): Instance | null => {
  const at = directories.record(name)
  const file = lstatOf(at)
  if (file === undefined) return null
  const before = known.get(at)
  const record = before !== undefined && isSameFile(before.file, file) ? before.record : read(at, file)
  return record?.name === name ? record : null
}

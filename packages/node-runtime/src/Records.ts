/**
 * The records that instances have while they run.
 *
 * @since 0.1.0
 */
import type { Directories } from "@effect-lxc/core/host/Directories"
import { decodeInstance, type Instance } from "@effect-lxc/core/model/Instance"
import * as Result from "effect/Result"
import { believed } from "./OwnFiles.ts"

const decodeRecord = (text: string): Instance | null => {
  try {
    return Result.getOrElse(decodeInstance(JSON.parse(text)), () => null)
  } catch {
    return null // not JSON: changed by another hand, and not believed
  }
}

/** What was decoded before, by its text: decoding takes ten times as long as reading. Forgotten when it has grown large. */
const decoded = new Map<string, Instance | null>()
const mostDecoded = 5_000

/**
 * The instance as it was started; null where its record is not there, cannot be believed or is of another.
 *
 * @since 0.1.0
 * @category reading
 */
export const recordOf = (directories: Directories, name: string): Instance | null => {
  const text = believed(directories.record(name))
  if (text === undefined) return null
  let record = decoded.get(text)
  if (record === undefined) {
    record = decodeRecord(text)
    if (decoded.size >= mostDecoded) decoded.clear()
    decoded.set(text, record)
  }
  return record?.name === name ? record : null
}

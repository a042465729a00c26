/**
 * What was appended to a log since it was last marked.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as fs from "node:fs"
import { lstat } from "./KernelFiles.ts"

const most = 256 * 1024

/**
 * LXC says why something failed only in its log, which it appends to: the end is marked before a start, and read from
 * there afterwards. Without a mark the end of the log is read.
 *
 * @since 0.1.0
 * @category services
 */
export class LogSlices extends Context.Service<LogSlices, {
  readonly begin: (file: string) => void
  readonly read: (file: string) => string
}>()("@effect-lxc/node-runtime/LogSlices") {
  /**
   * Marks live as long as the value: the steps of one operation share it.
   *
   * @since 0.1.0
   */
  static readonly make = (): LogSlices["Service"] => {
    const marks = new Map<string, number>()
    return {
      begin: (file) => {
        marks.set(file, lstat(file)?.size ?? 0)
      },
      read: (file) => readFrom(file, marks.get(file))
    }
  }
}

const readFrom = (path: string, mark: number | undefined): string => {
  const size = lstat(path)?.size ?? 0
  const from = Math.max(size - most, mark !== undefined && mark <= size ? mark : 0)
  if (size === 0) return ""
  const file = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW)
  try {
    const buffer = Buffer.alloc(size - from)
    const read = fs.readSync(file, buffer, 0, buffer.length, from)
    return buffer.toString("utf8", 0, read)
  } finally {
    fs.closeSync(file)
  }
}

/**
 * What `/proc/PID/stat` says of a process. Source: proc_pid_stat(5).
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A process that cannot be mistaken for another: a pid is used again, a pid with its start time is not.
 *
 * @since 0.1.0
 * @category models
 */
export const ProcessStat = Schema.Struct({
  pid: Schema.Int,
  /** Clock ticks (1/100 s) since boot, field 22. */
  startTime: Schema.Int,
  /** The state letter, field 3: `Z` and `X` are dead, `T` is stopped by a signal. */
  state: Schema.String
})

/**
 * @since 0.1.0
 * @category models
 */
export type ProcessStat = typeof ProcessStat.Type

/**
 * Whether the process still runs code: neither a zombie nor gone. `kill(pid, 0)` cannot tell.
 *
 * @since 0.1.0
 * @category queries
 */
export const isAlive = (process: ProcessStat | null | undefined): process is ProcessStat =>
  process !== null && process !== undefined && process.state !== "Z" && process.state !== "X" && process.state !== "x"

/**
 * Whether two observations are of one and the same process.
 *
 * @since 0.1.0
 * @category queries
 */
export const isSameProcess = (
  one: ProcessStat | null | undefined,
  other: ProcessStat | null | undefined
): boolean =>
  one !== null && one !== undefined && other !== null && other !== undefined &&
  one.pid === other.pid && one.startTime === other.startTime

/**
 * Reads one line of `/proc/PID/stat`; the command in parentheses may hold blanks, parentheses and line feeds.
 *
 * @since 0.1.0
 * @category decoding
 */
export const parseProcessStat = (text: string): ProcessStat | undefined => {
  const open = text.indexOf(" (")
  const close = text.lastIndexOf(") ")
  if (open < 1 || close < open) return undefined
  const pid = Number(text.slice(0, open))
  const fields = text.slice(close + 2).trimEnd().split(" ", 20)
  const state = fields[0]
  const startTime = Number(fields[19])
  return Number.isSafeInteger(pid) && pid > 0 && state !== undefined && state.length === 1 &&
      fields[19] !== undefined && Number.isSafeInteger(startTime)
    ? { pid, startTime, state }
    : undefined
}

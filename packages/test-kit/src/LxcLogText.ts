/**
 * LXC's log on a simulated host, line by line as LXC 5.0.2 writes it.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import { write } from "./FileTree.ts"
import type { SimulatedState } from "./SimulatedState.ts"

/** `20261103040506.007`. */
const stamp = (now: number): string => DateTime.formatIso(DateTime.makeUnsafe(now)).replace(/[-:TZ]/g, "")

/**
 * A message, with its level and the place in LXC's sources that says it.
 *
 * @since 0.1.0
 * @category models
 */
export interface LogMessage {
  readonly level: "ERROR" | "WARN" | "NOTICE" | "INFO"
  /** `start.c:start:2197`. */
  readonly source: string
  readonly text: string
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const errorLine = (source: string, text: string): LogMessage => ({ level: "ERROR", source, text })

/** Where a file is in LXC's sources. */
const directories: ReadonlyMap<string | undefined, string> = new Map([["lxc_start.c", "tools/"], ["lxc_stop.c", "tools/"], ["cgfsng.c", "cgroups/"]])

const placeOf = (source: string): string => `../src/lxc/${directories.get(source.split(":")[0]) ?? ""}${source}`

/**
 * What a tool prints on stderr: the same messages, without time and level.
 *
 * @since 0.1.0
 * @category rendering
 */
export const stderrOf = (tool: string, name: string, messages: ReadonlyArray<LogMessage>): string =>
  messages.map(({ source, text }) => `${tool}: ${name}: ${placeOf(source).replaceAll(":", ": ")} ${text}\n`).join("")

const line = (at: string, name: string, { level, source, text }: LogMessage): string =>
  `lxc-start ${name} ${at} ${level.padEnd(8)} ${source.replace(/\..*/, "")} - ${placeOf(source)} - ${text}\n`

/**
 * Appends to a log. Its directory is made where it is missing, as LXC does.
 *
 * @since 0.1.0
 * @category transitions
 */
export const appendLog = (
  state: SimulatedState,
  file: string,
  name: string,
  messages: ReadonlyArray<LogMessage>
): SimulatedState => {
  const before = state.files[file]?.text ?? ""
  const at = messages.length === 0 ? "" : stamp(state.now)
  return write(state, file, "0640", before + messages.map((each) => line(at, name, each)).join(""))
}

/**
 * What was appended to a log since lxc-start was last called with it.
 *
 * @since 0.1.0
 * @category queries
 */
export const logOfRun = (state: SimulatedState, file: string): string =>
  (state.files[file]?.text ?? "").slice(state.logMarks[file])

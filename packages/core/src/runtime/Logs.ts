/**
 * The logs of an instance, which stay when it is gone.
 *
 * @since 0.1.0
 */
import type * as Stream from "effect/Stream"
import type { Directories } from "../host/Directories.ts"
import type { InstanceName } from "../model/InstanceName.ts"
import { HostError } from "./Host.ts"
import type { Sessions } from "./Sessions.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface LogOptions {
  /** What the guest wrote to its console, instead of what LXC says. */
  readonly console?: boolean | undefined
  /** Only so many lines from the end; all where nothing is said. */
  readonly tail?: number | undefined
  /** Goes on with what is written from now on, also when the log is rotated, and does not end. */
  readonly follow?: boolean | undefined
}

/**
 * There is no log; `others` says whether the container has another one. LXC's own comes with the first start, the
 * console's only where the spec keeps it.
 *
 * @since 0.1.0
 * @category errors
 */
export const noLog = (file: string, others: boolean): HostError =>
  new HostError({
    problem: {
      _tag: "Conflict",
      found: `there is no log ${file}`,
      advice: others
        ? "the container has others: it was removed, or it is of a console that the spec does not keep (lxc.console: none)"
        : "the container was never started with this log directory, or its logs were removed"
    }
  })

/**
 * @since 0.1.0
 * @category constructors
 */
export const makeLogs = (sessions: Sessions["Service"], directories: Directories) => ({
  logs: (name: InstanceName, { console = false, follow = false, tail }: LogOptions = {}): Stream.Stream<Uint8Array, HostError> =>
    sessions.log(console ? directories.consoleLog(name) : directories.lxcLog(name), { follow, tail: tail ?? null })
})

/**
 * Guests that were asked to end by a process that died before they did.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Directories } from "../host/Directories.ts"
import { HostPath } from "../model/HostPath.ts"
import type { InstanceName } from "../model/InstanceName.ts"
import type { JournalEntry } from "../plan/JournalEntry.ts"
import type { Host } from "./Host.ts"

/** A recovery waits no longer than this, in milliseconds, however patient the stop was. */
const longest = 10_000
const lookEvery = 20

/** How long a stop would go on waiting for the guest that it asked to end; 0 where it asked none. */
const patienceLeft = (entries: ReadonlyArray<JournalEntry>, nowMs: number): number => {
  let left = 0
  let since = nowMs
  for (const entry of entries) {
    if (entry._tag === "Begun") since = Date.parse(entry.at)
    if (entry._tag !== "Intent") continue
    if (entry.step._tag === "SignalContainer") left = longest
    if (entry.step._tag === "AwaitStopped") left = Math.min(longest, since + entry.step.timeoutMs - nowMs)
  }
  return left > 0 ? left : 0
}

/**
 * Waits for a guest that was asked to end, as long as the operation that asked it would have, and 10 s at most: one that
 * ends when a recovery has found it running would leave all that it had.
 *
 * @since 0.1.0
 * @category running
 */
export const awaitAsked = Effect.fnUntraced(function*(
  host: Host["Service"],
  directories: Directories,
  name: InstanceName,
  entries: ReadonlyArray<JournalEntry>
) {
  const timeoutMs = patienceLeft(entries, yield* Clock.currentTimeMillis)
  const until = (yield* Clock.currentTimeMillis) + timeoutMs
  const ended = { _tag: "AwaitStopped", lxcPath: HostPath.make(directories.containers), name, timeoutMs, onTimeout: "continue" } as const
  while ((yield* Clock.currentTimeMillis) < until) {
    if ((yield* host.observe(ended, new Map())).done) return
    yield* Effect.sleep(lookEvery)
  }
})

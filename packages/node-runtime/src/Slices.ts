/**
 * Long synchronous work in slices, between which the event loop turns: whoever embeds the library goes on meanwhile.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { systemCall } from "./HostFiles.ts"

/** How long the event loop may stand still, in nanoseconds: half of what would be felt. */
const slice = 2_000_000n

/** So few are read in the turn that is; for more a new one begins, since what names them took its time, too. */
const few = 8

const nextTurn: Effect.Effect<void> = Effect.callback((resume) => {
  const turn = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(turn))
})

/**
 * Reads each of many small things, in order; `what` says in an error what was being read.
 *
 * @since 0.1.0
 * @category running
 */
export const inSlices = Effect.fnUntraced(function*<A, B>(what: string, items: ReadonlyArray<A>, read: (item: A) => B) {
  const results: Array<B> = []
  for (let next = 0; next < items.length;) {
    if (next > 0 || items.length > few) yield* nextTurn
    yield* systemCall("read", what, () => {
      const until = process.hrtime.bigint() + slice // Node makes `performance` when it is first asked for, in a millisecond
      do {
        const item = items[next++]
        if (item !== undefined) results.push(read(item))
      } while (next < items.length && process.hrtime.bigint() < until)
    })
  }
  return results
})

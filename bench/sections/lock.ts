import * as NodeLocks from "@effect-lxc/node-runtime/NodeLocks"
import { Locks } from "@effect-lxc/core/runtime/Locks"
import { Effect } from "effect"
import { alternately, timed } from "../Measure.ts"
import { atMost, row, type Section } from "../Section.ts"

export const lock: Section = {
  name: "lock",
  needs: "fleet",
  measure: async ({ lab }) => {
    const once = Effect.scoped(Effect.flatMap(Locks, (locks) => locks.acquire(lab.directories, `${lab.id}-lock`, "start", 0)))
    const found = await alternately(50, { lock: timed(() => Effect.runPromise(Effect.provide(once, NodeLocks.layer))) })
    return { rows: [row("lock: acquire and release", found.lock)], goals: [atMost("lock: at most 1 ms", found.lock.median, 1, " ms")] }
  }
}

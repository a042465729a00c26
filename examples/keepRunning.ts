/**
 * A small program: sees that a container runs, and starts it again where it does not. keepRunning.test.ts tests it.
 */
import { decodeInstance } from "@effect-lxc/core/model/Instance"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Effect } from "effect"

const wanted = Effect.fromResult(decodeInstance({ name: "web1", disks: [{ path: "/srv/web1.img" }] }))

/** One look: starts web1 where it does not run. Gives whether it had to. */
export const look = Effect.gen(function*() {
  const hypervisor = yield* Hypervisor
  const running = (yield* hypervisor.list()).some(({ name, state }) => name === "web1" && state === "RUNNING")
  if (!running) yield* hypervisor.start(yield* wanted)
  return !running
})

/** Looks every ten minutes, for ever. */
export const keepRunning = Effect.forever(Effect.andThen(look, Effect.sleep("10 minutes")))

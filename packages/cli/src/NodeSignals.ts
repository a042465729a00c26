/**
 * The signals of this process.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { ForwardedSignal } from "@effect-lxc/core/runtime/Sessions"
import { Signals } from "./Signals.ts"

/** So many signals, each so soon after the one before, are from somebody who wants an end. */
const patience = 3
const soonMs = 2_000

/**
 * Listens from now on. A signal goes to those who pass it on; where nobody does, and where the sender insists, it goes to
 * `interrupt`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeSignals = () => {
  const receivers = new Set<(signal: ForwardedSignal) => void>()
  let count = 0
  let before = 0
  const insists = (): boolean => {
    const now = performance.now()
    count = now - before <= soonMs ? count + 1 : 1
    before = now
    return count >= patience
  }
  return {
    layer: Layer.succeed(Signals, {
      forward: (to) =>
        Effect.asVoid(Effect.acquireRelease(
          Effect.sync(() => receivers.add(to)),
          () => Effect.sync(() => receivers.delete(to))
        ))
    }),
    listen: (interrupt: (signal: ForwardedSignal) => void): void => {
      const receive = (signal: ForwardedSignal): void => {
        if (insists() || receivers.size === 0) return interrupt(signal)
        for (const to of receivers) to(signal)
      }
      for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) process.on(signal, () => receive(signal))
    }
  }
}

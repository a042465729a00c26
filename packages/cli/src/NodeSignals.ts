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
/** One Ctrl-C may come twice, from the terminal and from npm; a service manager sends SIGTERM and SIGHUP. */
const sameMs = 300

const kept = <A>(all: Set<A>, one: A) =>
  Effect.asVoid(Effect.acquireRelease(
    Effect.sync(() => all.add(one)),
    () => Effect.sync(() => all.delete(one))
  ))

/** Whether the sender of signals, by their times, does not want to wait any more. */
const insistence = () => {
  let count = 0
  let before = 0
  return (now: number): boolean => {
    count = now - before <= soonMs ? count + 1 : 1
    before = now
    return count >= patience
  }
}

/**
 * Listens from now on. A signal goes to those who pass it on; where nobody does, and where the sender insists, it goes to
 * `interrupt`, and one that comes after that to `leave`, with what there is to say.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeSignals = () => {
  const receivers = new Set<(signal: ForwardedSignal) => void>()
  const farewells = new Set<() => string>()
  const insists = insistence()
  return {
    layer: Layer.succeed(Signals, { forward: (to) => kept(receivers, to), atOnce: (words) => kept(farewells, words) }),
    listen: (interrupt: (signal: ForwardedSignal) => void, leave: (signal: ForwardedSignal, words: string) => void): void => {
      let interruptedAt: number | undefined
      const receive = (signal: ForwardedSignal): void => {
        const now = performance.now()
        if (interruptedAt !== undefined) {
          if (now - interruptedAt > sameMs) leave(signal, [...farewells].map((words) => words()).join(""))
        } else if (insists(now) || receivers.size === 0) {
          interruptedAt = now
          interrupt(signal)
        } else {
          for (const to of receivers) to(signal)
        }
      }
      for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) process.on(signal, () => receive(signal))
    }
  }
}

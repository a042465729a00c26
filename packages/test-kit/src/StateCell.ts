/**
 * The state of a simulated host while it is at work: time passes whenever somebody looks, and whoever waits is woken by
 * changes.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { advance, nextEventAt, rebase } from "./Lifecycle.ts"
import type { SimulatedState } from "./SimulatedState.ts"

/**
 * The state that the port of a simulated host shares with its sessions.
 *
 * @since 0.1.0
 * @category models
 */
export interface StateCell {
  /** Changes the state as of now, and goes on as is said then; whoever waits is woken. */
  readonly modify: <A, E>(body: (state: SimulatedState) => readonly [Effect.Effect<A, E>, SimulatedState]) => Effect.Effect<A, E>
  /** What is concluded from the state as of now, with nothing between. */
  readonly look: <A, E>(body: (state: SimulatedState) => Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** Until an instant, or until something happens on the host before it. */
  readonly waitUntil: (until: number) => Effect.Effect<void>
  readonly read: Effect.Effect<SimulatedState>
}

/**
 * Changes the state as of now.
 *
 * @since 0.1.0
 * @category combinators
 */
export const update = ({ modify }: StateCell, change: (state: SimulatedState) => SimulatedState): Effect.Effect<void> =>
  modify((state) => [Effect.void, change(state)])

/**
 * @since 0.1.0
 * @category constructors
 */
export const makeCell = (initial: SimulatedState): Effect.Effect<StateCell> =>
  Effect.map(Clock.currentTimeMillis, (began) => {
    let state = rebase(initial, began)
    let sleepers = new Set<Fiber.Fiber<void>>()
    const take = <A>(now: number, body: (state: SimulatedState) => readonly [A, SimulatedState]): A => {
      const passed = advance(state, now)
      const [value, next] = body(passed)
      // Who waits knows the time: that alone wakes nobody. What happened by itself was on the agenda.
      const wakes = next !== passed || passed.agenda !== state.agenda
      state = next
      if (wakes) {
        const woken = sleepers
        sleepers = new Set()
        for (const sleeper of woken) sleeper.interruptUnsafe()
      }
      return value
    }
    const modify: StateCell["modify"] = (body) => Clock.clockWith((clock) => take(clock.currentTimeMillisUnsafe(), body))
    const look: StateCell["look"] = (body) => modify((current) => [body(current), current])
    // Whoever waits does so for the end of one fiber, which comes with the instant, or by who changes the state.
    const waitUntil = (until: number): Effect.Effect<void> =>
      Effect.withFiber(({ context }) =>
        Effect.callback((resume) => {
          const at = Math.min(until, nextEventAt(state) ?? until)
          const sleeper = Effect.runForkWith(context)(Effect.sleep(Math.max(1, at - state.now)))
          sleepers.add(sleeper)
          sleeper.addObserver(() => {
            sleepers.delete(sleeper)
            resume(Effect.void)
          })
          return Fiber.interrupt(sleeper)
        }))
    return { modify, look, waitUntil, read: look(Effect.succeed) }
  })

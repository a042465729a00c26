/**
 * The state of a simulated host while it is at work: time passes whenever somebody looks, and whoever waits is woken by
 * changes.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { advance, nextEventAt, rebase } from "./Lifecycle.ts"
import type { StateCell } from "./SimulatedSessions.ts"
import type { SimulatedState } from "./SimulatedState.ts"

/**
 * @since 0.1.0
 * @category constructors
 */
export const makeCell = (initial: SimulatedState): Effect.Effect<StateCell> =>
  Effect.map(Clock.currentTimeMillis, (began) => {
    let state = rebase(initial, began)
    let changed = Deferred.makeUnsafe<void>()
    const take = <A>(now: number, body: (state: SimulatedState) => readonly [A, SimulatedState]): A => {
      const passed = advance(state, now)
      const [value, next] = body(passed)
      // Who waits knows the time: that alone wakes nobody. What happened by itself was on the agenda.
      const wakes = next !== passed || passed.agenda !== state.agenda
      state = next
      if (wakes) {
        const waiting = changed
        changed = Deferred.makeUnsafe<void>()
        Deferred.doneUnsafe(waiting, Effect.void)
      }
      return value
    }
    const modify: StateCell["modify"] = (body) =>
      Clock.clockWith((clock) => Effect.succeed(take(clock.currentTimeMillisUnsafe(), body)))
    const look: StateCell["look"] = (body) =>
      Clock.clockWith((clock) => body(take(clock.currentTimeMillisUnsafe(), (current) => [current, current])))
    const waitUntil = (until: number): Effect.Effect<void> =>
      Effect.suspend(() => {
        const at = Math.min(until, nextEventAt(state) ?? until)
        return Effect.raceFirst(Effect.sleep(Math.max(1, at - state.now)), Deferred.await(changed))
      })
    return { modify, look, waitUntil, read: look(Effect.succeed) }
  })

/**
 * Running programs that wait, without waiting.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"

/**
 * How far the clock is moved, and how often. 24 hours of simulated time by default.
 *
 * @since 0.1.0
 * @category models
 */
export interface RunOptions {
  readonly step?: Duration.Input | undefined
  readonly steps?: number | undefined
}

/**
 * Moves the test clock until a fiber has ended, and gives what it gave. One move would not do: a fiber that has not begun
 * to sleep when the clock is moved misses it. A fiber that outlasts the bound is a defect, not a test that hangs.
 *
 * @since 0.1.0
 * @category running
 */
export const join = <A, E>(fiber: Fiber.Fiber<A, E>, options: RunOptions = {}): Effect.Effect<A, E> =>
  Effect.gen(function*() {
    const step = options.step ?? "1 minute"
    const steps = options.steps ?? 1_440
    for (let moved = 0; fiber.pollUnsafe() === undefined; moved += 1) {
      if (moved === steps) {
        return yield* Effect.die(
          new Error(`still running after ${steps} x ${Duration.format(Duration.fromInputUnsafe(step))} of simulated time`)
        )
      }
      yield* TestClock.adjust(step)
    }
    return yield* Fiber.join(fiber)
  })

/**
 * Runs an effect to its end while moving the test clock; every wait in it takes no time.
 *
 * @since 0.1.0
 * @category running
 */
export const runToEnd = <A, E, R>(effect: Effect.Effect<A, E, R>, options?: RunOptions): Effect.Effect<A, E, R> =>
  Effect.scoped(Effect.flatMap(Effect.forkScoped(effect), (fiber) => join(fiber, options)))

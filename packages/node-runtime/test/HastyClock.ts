import { Clock, Duration, Effect } from "effect"

/** Time in a body that goes so many times as fast as the real one. */
export const inHaste = <A, E, R>(times: number, body: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.flatMap(Clock.clockWith(Effect.succeed), (real) => {
    const began = real.currentTimeMillisUnsafe()
    const millis = (): number => began + (real.currentTimeMillisUnsafe() - began) * times
    const nanos = (): bigint => BigInt(Math.round(millis())) * 1_000_000n
    const hasty: Clock.Clock = {
      currentTimeMillisUnsafe: millis,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos),
      monotonicTimeNanosUnsafe: nanos,
      monotonicTimeNanos: Effect.sync(nanos),
      sleep: (duration) => real.sleep(Duration.millis(Duration.toMillis(duration) / times))
    }
    return Effect.provideService(body, Clock.Clock, hasty)
  })

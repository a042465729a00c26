/**
 * Runs an effect in virtual time, with a scheduler that draws from a seed which ready fiber goes on: every interleaving can
 * be had again, and no time passes.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as References from "effect/References"
import * as Scheduler from "effect/Scheduler"
import { type Dice, makeDice } from "./Dice.ts"

/**
 * How a run ended: `stuck` is one in which every fiber waits for something that will never come, `endless` one that goes on
 * when its time is over.
 *
 * @since 0.1.0
 * @category models
 */
export type Simulated<A, E> = Exit.Exit<A, E> | "stuck" | "endless"

/**
 * @since 0.1.0
 * @category models
 */
export interface SimulationOptions {
  readonly seed: number
  /** Most operations that a fiber does before another one may be drawn: 1 to this many; 60 by default. */
  readonly stride?: number | undefined
  /** Virtual time after which a run is endless, in milliseconds; a day by default. */
  readonly limitMs?: number | undefined
}

const aDay = 86_400_000

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

/** Ready tasks and sleepers: all that can happen next. */
const makeAgenda = (dice: Dice) => {
  const ready: Array<() => void> = []
  let sleepers: ReadonlyArray<Sleeper> = []
  let now = 0
  return {
    now: () => now,
    add: (task: () => void): void => {
      ready.push(task)
    },
    sleep: (ms: number, wake: () => void): () => void => {
      const sleeper = { at: now + Math.max(0, Math.ceil(ms)), wake }
      sleepers = [...sleepers, sleeper]
      return () => {
        sleepers = sleepers.filter((each) => each !== sleeper)
      }
    },
    /** Whether there was anything to do. */
    turn: (): boolean => {
      if (ready.length === 0) {
        if (sleepers.length === 0) return false
        now = sleepers.reduce((first, { at }) => Math.min(first, at), Infinity)
        for (const { at, wake } of sleepers) if (at <= now) ready.push(wake)
        sleepers = sleepers.filter(({ at }) => at > now)
      }
      const [task] = ready.splice(dice.below(ready.length), 1)
      task?.()
      return true
    }
  }
}

type Agenda = ReturnType<typeof makeAgenda>

const makeScheduler = (agenda: Agenda, dice: Dice, stride: number): Scheduler.Scheduler => {
  let left = 1 + dice.below(stride)
  return {
    executionMode: "async",
    shouldYield: () => {
      left -= 1
      if (left > 0) return false
      left = 1 + dice.below(stride)
      return true
    },
    makeDispatcher: () => ({ scheduleTask: agenda.add, flush: () => undefined })
  }
}

const makeClock = (agenda: Agenda): Clock.Clock => {
  const millis = Effect.sync(agenda.now)
  const nanos = () => BigInt(agenda.now()) * 1_000_000n
  return {
    currentTimeMillisUnsafe: agenda.now,
    currentTimeMillis: millis,
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: nanos,
    monotonicTimeNanos: Effect.sync(nanos),
    sleep: (duration) => {
      const ms = Duration.toMillis(duration)
      return Number.isFinite(ms)
        ? Effect.callback((resume) => {
          const cancel = agenda.sleep(ms, () => resume(Effect.void))
          return Effect.sync(cancel)
        })
        : Effect.never
    }
  }
}

/**
 * Runs an effect to its end, now. It starts at the epoch; what it needs from outside of the simulation it never gets.
 *
 * @since 0.1.0
 * @category running
 */
export const simulate = <A, E>(
  effect: Effect.Effect<A, E>,
  { limitMs = aDay, seed, stride = 60 }: SimulationOptions
): Simulated<A, E> => {
  const dice = makeDice(seed)
  const agenda = makeAgenda(dice)
  const context = Context.make(Clock.Clock, makeClock(agenda)).pipe(
    Context.add(Scheduler.Scheduler, makeScheduler(agenda, dice, stride)),
    Context.add(References.TracerEnabled, false)
  )
  const fiber = Effect.runForkWith(context)(effect)
  while (true) {
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) return exit
    if (agenda.now() > limitMs) return "endless"
    if (!agenda.turn()) return "stuck"
  }
}

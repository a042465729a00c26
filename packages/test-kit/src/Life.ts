/**
 * The life of a process of the library: it can end at any instant, as by `kill -9`.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"

/**
 * @since 0.1.0
 * @category models
 */
export interface Life {
  readonly pid: number
  readonly isDead: () => boolean
  /** Until it dies. */
  readonly died: Effect.Effect<void>
  /** Ends it: whoever asks for it in the process itself does not return. */
  readonly die: Effect.Effect<never>
  /** As {@link die}, from outside. */
  readonly kill: Effect.Effect<void>
  /** The power fails: it is dead at this very instant, without its tools and its locks; {@link kill} then tells who waits for it. */
  readonly cut: () => void
  /** Whether the power failed: then no tool of it goes on. */
  readonly isCut: () => boolean
  /** A call of the process: in a dead one it neither begins nor returns. `ended` is told how and when it returns. */
  readonly bound: <A, E, R>(call: Effect.Effect<A, E, R>, ended?: (exit: Exit.Exit<A, E>, at: number) => void) => Effect.Effect<A, E, R>
  /** Runs a tool, which holds the locks of the process, alive or dead, until it ends. */
  readonly withTool: <A, E, R>(tool: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/**
 * A new process. `onEnd` is called once: when it is dead and no tool of it is at work any more, for that is when the
 * kernel lets its locks go.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeLife = (pid: number, onEnd: () => void = () => undefined): Life => {
  const death = Deferred.makeUnsafe<void>()
  let dead = false
  let cut = false
  let ended = false
  let tools = 0
  const endIfOver = (): void => {
    if (ended || !dead || (tools > 0 && !cut)) return
    ended = true
    onEnd()
  }
  const endTool = (): undefined => {
    tools -= 1
    endIfOver()
  }
  const kill = Effect.sync(() => {
    dead = true
    endIfOver()
    Deferred.doneUnsafe(death, Effect.void)
  })
  return {
    pid,
    isDead: () => dead,
    died: Deferred.await(death),
    die: Effect.andThen(kill, Effect.never),
    kill,
    cut: () => {
      cut = true
      dead = true
      endIfOver()
    },
    isCut: () => cut,
    bound: (call, ended) =>
      Clock.clockWith((clock) =>
        dead ? Effect.never : Effect.onExitPrimitive(call, (exit) => {
          if (dead) return Effect.never
          ended?.(exit, clock.currentTimeMillisUnsafe())
          return undefined
        })),
    withTool: (tool) =>
      Effect.suspend(() => {
        tools += 1
        return Effect.onExitPrimitive(tool, endTool)
      })
  }
}

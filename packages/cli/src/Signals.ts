/**
 * Signals that this process gets.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ForwardedSignal } from "@effect-lxc/core/runtime/Sessions"

/**
 * A signal ends what a command does, in order; a second one ends the process at once. A program that is run as a function
 * gets none.
 *
 * @since 0.1.0
 * @category services
 */
export const Signals = Context.Reference<{
  /** Passes signals on for as long as a scope is open, instead of ending by them. */
  readonly forward: (to: (signal: ForwardedSignal) => void) => Effect.Effect<void, never, Scope.Scope>
  /** What is said where the process ends at once while the scope is open. */
  readonly atOnce: (words: () => string) => Effect.Effect<void, never, Scope.Scope>
}>("effect-lxc/Signals", { defaultValue: () => ({ forward: () => Effect.void, atOnce: () => Effect.void }) })

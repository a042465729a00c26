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
 * Signals end what a command does, unless it passes them on for as long as a scope is open. A program that is run as a
 * function gets none.
 *
 * @since 0.1.0
 * @category services
 */
export const Signals = Context.Reference<{
  readonly forward: (to: (signal: ForwardedSignal) => void) => Effect.Effect<void, never, Scope.Scope>
}>("effect-lxc/Signals", { defaultValue: () => ({ forward: () => Effect.void }) })

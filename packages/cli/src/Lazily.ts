/**
 * Code that is loaded when it is needed: what a command does not use costs it no time.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"

/**
 * The handler of a command, loaded when the command runs.
 *
 * @since 0.1.0
 * @category constructors
 */
export const lazily = <Input, E, R>(load: () => Promise<(input: Input) => Effect.Effect<void, E, R>>) =>
(input: Input): Effect.Effect<void, E, R> => Effect.flatMap(Effect.promise(load), (action) => action(input))

/**
 * One instance, or all of a directory.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { UsageError } from "../UsageError.ts"

/**
 * @since 0.1.0
 * @category models
 */
export type OneOrAll<A> =
  | { readonly _tag: "One"; readonly one: A }
  | { readonly _tag: "All"; readonly directory: string }

/**
 * What is meant; fails where neither is given or both are, and where --parallel is given for one. `what` is the word for
 * the argument.
 *
 * @since 0.1.0
 * @category checks
 */
export const oneOrAll = <A>(
  command: string,
  what: string,
  one: Option.Option<A>,
  { all, parallel }: { readonly all: Option.Option<string>; readonly parallel: Option.Option<number> }
): Effect.Effect<OneOrAll<A>, UsageError> => {
  const refuse = (problem: string) => Effect.fail(new UsageError({ problems: [problem], command }))
  if (Option.isSome(one) && Option.isSome(all)) return refuse(`give either a ${what} or --all DIR`)
  if (Option.isSome(all)) return Effect.succeed({ _tag: "All", directory: all.value })
  if (Option.isNone(one)) return refuse(`${what} is missing, or --all DIR`)
  return Option.isSome(parallel) ? refuse("--parallel goes with --all") : Effect.succeed({ _tag: "One", one: one.value })
}

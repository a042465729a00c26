/**
 * Flags that go with each other.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { PlanFormat } from "../PlanText.ts"
import { UsageError } from "../UsageError.ts"

/**
 * Fails where a format was given and no plan is printed.
 *
 * @since 0.1.0
 * @category checks
 */
export const checkFormat = (
  command: string,
  input: { readonly dryRun: boolean; readonly format: Option.Option<PlanFormat> }
): Effect.Effect<void, UsageError> =>
  Option.isSome(input.format) && !input.dryRun
    ? Effect.fail(new UsageError({ problems: ["--format goes with --dry-run"], command }))
    : Effect.void

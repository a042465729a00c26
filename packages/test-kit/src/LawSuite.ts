/**
 * The laws of planners as tests of vitest, which whoever imports this module must have.
 *
 * @since 0.1.0
 */
import type * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import { describe, it } from "vitest"
import { check, type CheckOptions, isTokenOf, type Law, laws, type Planner, type Trial } from "./Laws.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface SuiteOptions<in Input = unknown> extends CheckOptions {
  /** Laws instead of all that there are. */
  readonly laws?: ReadonlyArray<Law<Input>> | undefined
  /** Names of laws that this planner need not keep, each with the reason. */
  readonly except?: Readonly<Record<string, string>> | undefined
}

/**
 * A test for each law; those that are excepted are skipped, and say why.
 *
 * @since 0.1.0
 * @category suites
 */
export const suite = <Input>(
  planner: Planner<Input>,
  trials: Arbitrary.Arbitrary<Trial<Input>>,
  options: SuiteOptions<Input> = {}
): void => {
  const tried: ReadonlyArray<Law<Input>> = options.laws ?? laws
  const { replay } = options
  if (replay !== undefined && !tried.some((law) => isTokenOf(law, replay))) {
    throw new Error(`replay: ${JSON.stringify(replay)} is the token of none of these laws: ${tried.map(({ name }) => name).join(", ")}`)
  }
  describe(`the planner ${planner.name} keeps the law`, () => {
    for (const law of tried) {
      it(`"${law.name}": ${law.promise}`, async (test) => {
        const reason = options.except?.[law.name]
        if (reason !== undefined) test.skip(reason)
        await Effect.runPromise(check(law, planner, trials, options))
      })
    }
  })
}

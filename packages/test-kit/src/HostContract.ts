/**
 * The contract of the port `Host` as a suite of vitest, which whoever imports this module must have.
 *
 * @since 0.1.0
 */
import type { Host } from "@effect-lxc/core/runtime/Host"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { describe, it } from "vitest"
import * as Contract from "./contract/Contract.ts"
import type { ContractCase } from "./contract/ContractCase.ts"
import type { Stage } from "./contract/Stage.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface SuiteOptions {
  /** All of the contract by default. */
  readonly cases?: ReadonlyArray<ContractCase> | undefined
  /** What is known not to be shown by this host: no test is made of it. */
  readonly lacks?: Stage["Service"]["lacks"] | undefined
}

/**
 * A test for each case; the layer is built anew for every one. A case that the host cannot show is skipped, and says why.
 *
 * @since 0.1.0
 * @category suites
 */
export const suite = <E>(name: string, layer: Layer.Layer<Host | Stage, E>, options: SuiteOptions = {}): void => {
  describe(`contract of Host, ${name}`, () => {
    const cases = (options.cases ?? Contract.cases).filter((each) => Contract.notHere(options.lacks ?? {}, each) === undefined)
    for (const each of cases) {
      it(`${each.step} ${each.title} [${each.kind}]`, async (test) => {
        const reason = await Effect.runPromise(Contract.runCase(each, layer))
        if (reason !== undefined) test.skip(reason)
      })
    }
  })
}

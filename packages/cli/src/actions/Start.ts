/**
 * What `effect-lxc start` does.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { withHypervisor } from "../Hypervisors.ts"
import { viewed } from "../OperationView.ts"
import { type PlanFormat, printPlan } from "../PlanText.ts"
import { printReport } from "../Report.ts"
import { readSpec } from "../SpecFile.ts"
import { checkFormat } from "./DryRun.ts"
import { oneOrAll } from "./OneOrAll.ts"

/**
 * Starts an instance, or all that a directory has a spec of, or prints how it would.
 *
 * @since 0.1.0
 * @category actions
 */
export const start = Effect.fnUntraced(function*(input: {
  readonly spec: Option.Option<string>
  readonly all: Option.Option<string>
  readonly parallel: Option.Option<number>
  readonly timeout: Option.Option<number>
  readonly dryRun: boolean
  readonly format: Option.Option<PlanFormat>
}) {
  const given = yield* oneOrAll("effect-lxc start", "SPEC", input.spec, input)
  if (given._tag === "All") {
    const { startAll } = yield* Effect.promise(() => import("./Fleet.ts"))
    return yield* startAll({ ...input, all: given.directory })
  }
  yield* checkFormat("effect-lxc start", input)
  const instance = yield* readSpec(given.one)
  const options = { timeoutMs: Option.getOrUndefined(input.timeout) }
  yield* withHypervisor(Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    if (input.dryRun) return yield* printPlan(yield* hypervisor.plan.start(instance, options), input.format)
    yield* printReport(yield* viewed(hypervisor.start(instance, options)))
  }), { instances: [instance] })
})

/**
 * What `effect-lxc stop` does.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { withHypervisor } from "../Hypervisors.ts"
import { viewed } from "../OperationView.ts"
import { type PlanFormat, printPlan } from "../PlanText.ts"
import { printReport } from "../Report.ts"
import { checkFormat } from "./DryRun.ts"

/**
 * Stops an instance, or prints how it would.
 *
 * @since 0.1.0
 * @category actions
 */
export const stop = Effect.fnUntraced(function*(input: {
  readonly name: InstanceName
  readonly timeout: Option.Option<number>
  readonly force: boolean
  readonly dryRun: boolean
  readonly format: Option.Option<PlanFormat>
}) {
  yield* checkFormat("effect-lxc stop", input)
  const options = { timeoutMs: Option.getOrUndefined(input.timeout), force: input.force }
  yield* withHypervisor(Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    if (input.dryRun) return yield* printPlan(yield* hypervisor.plan.stop(input.name, options), input.format)
    yield* printReport(yield* viewed(hypervisor.stop(input.name, options)))
  }))
})

/**
 * What `effect-lxc powercycle` does.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { withHypervisor } from "../Hypervisors.ts"
import { viewed } from "../OperationView.ts"
import { type PlanFormat, printPlan } from "../PlanText.ts"
import { printReport } from "../Report.ts"
import { UsageError } from "../UsageError.ts"
import { checkFormat } from "./DryRun.ts"

/**
 * Restarts the host, or prints how it would; without the flag that says so it is refused before anything is looked at.
 *
 * @since 0.1.0
 * @category actions
 */
export const powercycle = Effect.fnUntraced(function*(input: {
  readonly sure: boolean
  readonly dryRun: boolean
  readonly format: Option.Option<PlanFormat>
}) {
  yield* checkFormat("effect-lxc powercycle", input)
  if (!input.sure && !input.dryRun) {
    const problems = ["this restarts the host at once, with all that runs on it; if you mean that, say --yes-i-mean-this-host"]
    return yield* new UsageError({ problems, command: "effect-lxc powercycle" })
  }
  yield* withHypervisor(Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    if (input.dryRun) return yield* printPlan(yield* hypervisor.plan.powercycle, input.format)
    yield* printReport(yield* viewed(hypervisor.powercycle))
  }))
})

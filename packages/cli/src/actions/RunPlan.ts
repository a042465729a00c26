/**
 * What `effect-lxc run` does.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { decodePlan } from "@effect-lxc/core/plan/Plan"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { withHypervisor } from "../Hypervisors.ts"
import { readJson } from "../JsonFile.ts"
import { viewed } from "../OperationView.ts"
import { printReport } from "../Report.ts"
import { UsageError } from "../UsageError.ts"

/**
 * Carries a stored plan out, in the directories of the flags. One that was made for others is stale: whoever wrote the file
 * does not choose where this library takes files for its own.
 *
 * @since 0.1.0
 * @category actions
 */
export const runPlan = Effect.fnUntraced(function*(input: { readonly plan: string }) {
  const plan = yield* readJson(input.plan, decodePlan, "plans to run are printed by effect-lxc plan with --format json")
  if (plan.operation === "powercycle") {
    const problems = ["a restart of the host is not carried out from a file: effect-lxc powercycle --yes-i-mean-this-host"]
    return yield* new UsageError({ problems, command: "effect-lxc run" })
  }
  const carriedOut = viewed(Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.run(plan)))
  yield* printReport(yield* withHypervisor(carriedOut))
})

/**
 * What `effect-lxc run` does.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { decodePlan } from "@effect-lxc/core/plan/Plan"
import { readJson } from "../JsonFile.ts"
import { UsageError } from "../UsageError.ts"
import { carryOut, type DryRun } from "./Change.ts"

/**
 * Carries a stored plan out, in the directories of the flags. One that was made for others is stale: whoever wrote the file
 * does not choose where this library takes files for its own. With `--dry-run` it is printed, if it could be carried out.
 *
 * @since 0.1.0
 * @category actions
 */
export const runPlan = Effect.fnUntraced(function*(input: DryRun & { readonly plan: string }) {
  const plan = yield* readJson(input.plan, decodePlan, { noun: "a plan", advice: "plans to run are printed by effect-lxc plan with --format json" })
  if (plan.operation === "powercycle") {
    const problems = ["a restart of the host is not carried out from a file: effect-lxc powercycle --yes-i-mean-this-host"]
    return yield* new UsageError({ problems, command: "effect-lxc run" })
  }
  yield* carryOut("run", input, (hypervisor) => ({ plan: hypervisor.plan.stored(plan), change: hypervisor.run(plan) }), true)
})

/**
 * Whether a stored plan may still be carried out.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { Directories } from "../host/Directories.ts"
import type { HostFacts } from "../host/HostFacts.ts"
import { basisOf, type Named } from "./Basis.ts"
import { differences } from "./BasisDifferences.ts"
import type { Plan } from "./Plan.ts"
import { PlanStale } from "./PlanRejected.ts"

/** The directories of one that are others in the other. */
const differing = (one: Directories, other: Directories): ReadonlyArray<string> =>
  (["run", "log", "state"] as const).filter((each) => one[each] !== other[each]).map((each) => one[each])

/**
 * What the plan's basis names; facts to compare with must have been asked for these paths.
 *
 * @since 0.1.0
 * @category queries
 */
export const namedIn = ({ basis }: Plan): Named => ({
  paths: basis.paths.map((each) => each.path),
  links: basis.interfaces.map((each) => each.name),
  macs: basis.macs,
  limits: basis.container?.limits !== undefined
})

/**
 * The plan, if what it was made for still holds; else every difference.
 *
 * @since 0.1.0
 * @category comparisons
 */
export const stillHolds = (plan: Plan, directories: Directories, facts: HostFacts): Result.Result<Plan, PlanStale> => {
  const elsewhere = differing(plan.directories, directories)
  const changed = [
    ...differences(plan.basis, basisOf(directories, plan.instance, namedIn(plan), facts)),
    ...(elsewhere.length === 0
      ? []
      : [`directories: planned for ${elsewhere.join(" ")}, this is ${differing(directories, plan.directories).join(" ")}`])
  ]
  return changed.length === 0
    ? Result.succeed(plan)
    : Result.fail(new PlanStale({ operation: plan.operation, instance: plan.instance, differences: changed }))
}

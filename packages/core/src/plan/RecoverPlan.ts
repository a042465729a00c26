/**
 * The plan that deals with an operation that did not end: its process died, or it could not go on.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { type ContainerStatus, isActive, statusOf } from "../host/ContainerStatus.ts"
import type { Directories } from "../host/Directories.ts"
import type { ContainerFacts, HostFacts } from "../host/HostFacts.ts"
import { remainsOf } from "../host/Remains.ts"
import type { InstanceName } from "../model/InstanceName.ts"
import { basisOf } from "./Basis.ts"
import type { JournalEntry } from "./JournalEntry.ts"
import { type Plan, planFrom } from "./Plan.ts"
import type { PlanRejected } from "./PlanRejected.ts"
import { forgets } from "./Residue.ts"
import { resolved, rollbackOf } from "./Rollback.ts"
import type { Step } from "./Step.ts"
import { planCleanup } from "./StopPlan.ts"

const kills = (entry: JournalEntry): boolean =>
  entry._tag === "Intent" && (entry.step._tag === "ForbidForks" || entry.step._tag === "KillContainer")

/**
 * Whether a step can still be taken: where the first process has ended there is no limit to put back, though a stopped monitor
 * may keep the name; in a container that has ended nothing is frozen, and one that is not in order cannot be frozen by its monitor.
 */
const isPossible = (status: ContainerStatus | undefined) => (step: Step): boolean => {
  switch (step._tag) {
    case "SetLimit":
      return status !== undefined && status.initPid !== null
    case "Thaw":
      return status !== undefined && isActive(status)
    case "Freeze":
      return status !== undefined && isActive(status) && status.problem === null
    default:
      return true
  }
}

/** Steps that do what they do by the name, in whatever run directory it is. */
const byName: ReadonlySet<Step["_tag"]> = new Set(["KillContainer", "AwaitStopped", "DeleteInterface", "RemoveCgroups"])

/** What was frozen and is not any more, where nobody can freeze it again. */
const staysThawed = (omitted: ReadonlyArray<Step>, container: ContainerFacts | undefined): ReadonlyArray<string> => {
  if (container === undefined || container.freezer === "frozen" || omitted.every(({ _tag }) => _tag !== "Freeze")) return []
  const { problem, state } = statusOf(container)
  return state === "STOPPED" ? [] : [`${container.name} was frozen, and stays thawed: its monitor cannot freeze it again (${problem})`]
}

/**
 * What was to be undone is undone, the last first, as far as what it was done to is there; an operation that took away is
 * completed as far as nothing that runs in order is touched, nor one of the name that runs elsewhere by now. Who was being killed
 * is killed; who was stopped for an export that did not come to be is meant to run still.
 *
 * @since 0.1.0
 * @category planners
 */
export const planRecover = (
  name: InstanceName,
  entries: ReadonlyArray<JournalEntry>,
  directories: Directories,
  facts: HostFacts
): Result.Result<Plan, PlanRejected> => {
  const begun = entries.flatMap((entry) => entry._tag === "Intent" && entry.undo ? [entry.step] : [])
  if (begun.length === 0) {
    const remembered = entries.some((entry) => entry._tag === "Begun" && entry.operation === "export")
    return planCleanup(name, directories, facts, { operation: "recover", doomed: entries.some(kills), remembered })
  }
  const results = new Map(entries.flatMap((entry) =>
    entry._tag === "Done" && entry.name !== null && entry.result !== null ? [[entry.name, entry.result] as const] : []
  ))
  const { container, elsewhere } = remainsOf(directories, name, facts)
  const isStillPossible = isPossible(container === undefined ? undefined : statusOf(container))
  const isOfOther = (step: Step): boolean => elsewhere !== undefined && (byName.has(step._tag) || forgets(directories, name, step))
  const isLeft = (step: Step): boolean => isStillPossible(step) && !isOfOther(step)
  const undoing = rollbackOf(begun, directories).map((step) => resolved(step, results))
  const steps = undoing.filter(isLeft)
  return Result.succeed(
    planFrom({
      operation: "recover",
      instance: name,
      directories,
      basis: basisOf(directories, name, { paths: [], links: [] }, facts),
      steps,
      undoFrom: steps.length,
      warnings: staysThawed(undoing.filter((step) => !isLeft(step)), container)
    })
  )
}

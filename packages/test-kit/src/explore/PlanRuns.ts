/**
 * The plans that were carried out in a story, each from its first step to the end of its rollback.
 *
 * @since 0.1.0
 */
import type { Operation } from "@effect-lxc/core/plan/Operation"
import type { Step } from "@effect-lxc/core/plan/Step"
import type { StepProblem } from "@effect-lxc/core/runtime/StepProblem"
import type { SimulatedState } from "../SimulatedState.ts"
import type { Story } from "./Story.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface PlanRun {
  readonly pid: number
  readonly operation: Operation
  readonly instance: string
  readonly before: SimulatedState
  /** What the host said when a step of the plan, not of its rollback, failed for the first time. */
  refused: StepProblem | undefined
  /** What was reported as the failure. */
  failed: { readonly step: Step; readonly problem: StepProblem } | undefined
  interrupted: boolean
  rollingBack: boolean
  /** Undefined where nothing was rolled back, or not to the end. */
  rolledBack: { readonly residue: ReadonlyArray<Step>; readonly after: SimulatedState } | undefined
}

/**
 * @since 0.1.0
 * @category queries
 */
export const planRunsOf = ({ events }: Story): ReadonlyArray<PlanRun> => {
  const runs: Array<PlanRun> = []
  const current = new Map<number, PlanRun>()
  for (const { event } of events) {
    // What fails before the plan begins is not of the plan before.
    if (event._tag === "JournalOpened") current.delete(event.pid)
    if (event._tag === "CallEnded") {
      const run = current.get(event.pid)
      if (run !== undefined && !run.rollingBack && event.end._tag === "Refused" && event.instance === run.instance) {
        run.refused ??= event.end.problem
      }
    }
    if (event._tag !== "Progressed") continue
    const { event: progress, pid, state } = event
    const run = current.get(pid)
    if (progress._tag === "PlanBegun") {
      const { instance, operation } = progress
      const begun: PlanRun = {
        pid,
        operation,
        instance,
        before: state,
        refused: undefined,
        failed: undefined,
        interrupted: false,
        rollingBack: false,
        rolledBack: undefined
      }
      runs.push(begun)
      current.set(pid, begun)
    }
    if (run === undefined) continue
    if (progress._tag === "StepFailed") run.failed = { step: progress.step, problem: progress.problem }
    if (progress._tag === "Interrupted") run.interrupted = true
    if (progress._tag === "RollbackBegun") run.rollingBack = true
    if (progress._tag === "RollbackDone") run.rolledBack = { residue: progress.residue.map(({ step }) => step), after: state }
  }
  return runs
}

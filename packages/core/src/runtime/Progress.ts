/**
 * What an operation is doing, for whoever wants to show it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Operation } from "../plan/Operation.ts"
import type { Step } from "../plan/Step.ts"
import type { Residue } from "./OperationFailed.ts"
import type { StepProblem } from "./StepProblem.ts"

/**
 * @since 0.1.0
 * @category models
 */
export type ProgressEvent =
  /** Somebody else holds a lock; they are waited for, `waitMs` at most. `holder` is what they say of themselves. */
  | {
    readonly _tag: "Waiting"
    readonly operation: Operation
    readonly instance: string
    readonly holder: string | null
    readonly waitMs: number
  }
  /** An earlier operation on the instance did not end; it is dealt with first. */
  | { readonly _tag: "Recovering"; readonly operation: Operation; readonly instance: string; readonly since: string }
  | { readonly _tag: "PlanBegun"; readonly operation: Operation; readonly instance: string; readonly steps: number }
  | { readonly _tag: "StepBegun"; readonly index: number; readonly step: Step }
  | {
    readonly _tag: "StepDone"
    readonly index: number
    readonly step: Step
    readonly alreadyDone: boolean
    readonly elapsedMs: number
  }
  | { readonly _tag: "StepFailed"; readonly index: number; readonly step: Step; readonly problem: StepProblem }
  | { readonly _tag: "Interrupted"; readonly operation: Operation; readonly instance: string }
  /** Each step of `undo` is tried; an Undone follows for each that is done. */
  | { readonly _tag: "RollbackBegun"; readonly undo: ReadonlyArray<Step> }
  | { readonly _tag: "Undone"; readonly step: Step }
  | { readonly _tag: "RollbackDone"; readonly residue: ReadonlyArray<Residue> }

/**
 * Called with each event, in order, within the operation: what it does takes the operation's time.
 *
 * @since 0.1.0
 * @category references
 */
export const Progress = Context.Reference<(event: ProgressEvent) => Effect.Effect<void>>("@effect-lxc/core/Progress", {
  defaultValue: () => () => Effect.void
})

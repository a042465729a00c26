/**
 * The failure of an operation that had begun.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { describe } from "../plan/Describe.ts"
import { Operation } from "../plan/Operation.ts"
import { Step } from "../plan/Step.ts"
import { explain, StepProblem } from "./StepProblem.ts"

/**
 * What a rollback could not undo, and why.
 *
 * @since 0.1.0
 * @category models
 */
export const Residue = Schema.Struct({ step: Step, problem: StepProblem })

/**
 * @since 0.1.0
 * @category models
 */
export type Residue = typeof Residue.Type

/**
 * A step failed. What was done was undone, and `residue` is what could not be; or, where the step takes away, it stopped
 * there and the same command goes on.
 *
 * @since 0.1.0
 * @category errors
 */
export class OperationFailed extends Schema.TaggedError<OperationFailed>()("OperationFailed", {
  operation: Operation,
  instance: Schema.String,
  /** Counted from 0. */
  index: Schema.Int,
  steps: Schema.Int,
  step: Step,
  problem: StepProblem,
  /** Whether what was done was undone, but for the residue; else it stopped there. */
  undone: Schema.Boolean,
  residue: Schema.Array(Residue)
}) {
  override get message(): string {
    const indent = (line: string): string => `  ${line}`
    return [
      `${this.operation} ${this.instance} failed at step ${this.index + 1} of ${this.steps}: ${describe(this.step)}`,
      ...explain(this.problem).map(indent),
      ...this.outcome()
    ].join("\n")
  }

  private outcome(): ReadonlyArray<string> {
    if (!this.undone) return ["it stopped there; the same command goes on"]
    if (this.residue.length === 0 && this.operation === "export") {
      return [`what was written of the export was removed; if ${this.instance} was stopped for it, it stays stopped`]
    }
    if (this.residue.length === 0) {
      return [
        this.operation === "reboot"
          ? `${this.instance} was stopped, and its start was undone`
          : "everything was undone; the host is as before"
      ]
    }
    return [
      "what was done was undone, but for:",
      ...this.residue.flatMap(({ problem, step }) => [
        `  ${describe(step)}`,
        ...explain(problem).map((line) => `    ${line}`)
      ]),
      `finish it with: effect-lxc stop --force ${this.instance}`
    ]
  }
}

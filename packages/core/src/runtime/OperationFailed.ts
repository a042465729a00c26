/**
 * The failure of an operation that had begun.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type { Directories } from "../host/Directories.ts"
import { byHand } from "../plan/ByHand.ts"
import { commandLine, pasted } from "../plan/CommandLine.ts"
import { describe } from "../plan/Describe.ts"
import { Operation } from "../plan/Operation.ts"
import type { Plan } from "../plan/Plan.ts"
import { Step } from "../plan/Step.ts"
import { inTheSpec } from "./InTheSpec.ts"
import { explain, StepProblem } from "./StepProblem.ts"

/**
 * What a rollback could not undo, why, and the commands that would: argument lists, empty where no single command does.
 *
 * @since 0.1.0
 * @category models
 */
export const Residue = Schema.Struct({
  step: Step,
  problem: StepProblem,
  commands: Schema.Array(Schema.Array(Schema.String))
})

/**
 * @since 0.1.0
 * @category models
 */
export type Residue = typeof Residue.Type

/**
 * @since 0.1.0
 * @category constructors
 */
export const residueOf = (step: Step, problem: StepProblem): Residue => ({ step, problem, commands: byHand(step) })

/**
 * What is left and how to be rid of it, for people.
 *
 * @since 0.1.0
 * @category rendering
 */
export const explainResidue = (
  residue: ReadonlyArray<Residue>,
  next: ReadonlyArray<string> | null
): ReadonlyArray<string> => [
  ...residue.flatMap(({ commands, problem, step }) => [
    `  ${describe(step)}`,
    ...explain(problem).map((line) => `    ${line}`),
    ...commands.map((argv) => `    by hand: ${pasted(argv)}`)
  ]),
  ...(next === null ? [] : [`finish it with: ${pasted(next)}`])
]

/**
 * How the host is when all of an operation was undone that can be, for people.
 *
 * @since 0.1.0
 * @category rendering
 */
export const explainUndone = (operation: Operation, instance: string): string => {
  switch (operation) {
    case "export":
      return `what was written of the export was removed, unless it had replaced an older file; if ${instance} was stopped for it, it stays stopped`
    case "reboot":
      return `${instance} was stopped, and its start was undone`
    default:
      return "everything was undone; the host is as before"
  }
}

/**
 * The same of a stored plan: where its undoing begins, only the plan says.
 *
 * @since 0.1.0
 * @category rendering
 */
export const storedUndone = "what the plan undoes on failure was undone"

/**
 * The command that goes on where an operation ended; null where there is nothing left to do.
 *
 * @since 0.1.0
 * @category conclusions
 */
export const nextCommand = (
  plan: { readonly operation: Operation; readonly instance: string; readonly directories: Directories },
  ended: { readonly undone: boolean; readonly residue: ReadonlyArray<Residue>; readonly stillRunning: boolean }
): ReadonlyArray<string> | null => {
  const { directories, instance, operation } = plan
  if (ended.undone ? ended.residue.length === 0 : operation === "powercycle") return null
  if (ended.stillRunning) return commandLine(directories, "stop", "--force", instance)
  return !ended.undone && (operation === "stop" || operation === "kill" || operation === "cleanup")
    ? commandLine(directories, operation, instance)
    : commandLine(directories, "recover", instance)
}

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
  /** The fields of the spec that it is about, each with what to do. */
  inSpec: Schema.Array(Schema.String),
  /** Whether what was done was undone, but for the residue; else it stopped there. */
  undone: Schema.Boolean,
  residue: Schema.Array(Residue),
  /** The command that goes on from here, as an argument list; null where nothing is left to do. */
  next: Schema.NullOr(Schema.Array(Schema.String))
}) {
  override get message(): string {
    const indent = (line: string): string => `  ${line}`
    return [
      `${this.operation} ${this.instance} failed at step ${this.index + 1} of ${this.steps}: ${describe(this.step)}`,
      ...explain(this.problem).map(indent),
      ...this.inSpec.map(indent),
      ...this.outcome()
    ].join("\n")
  }

  /** How things are left. */
  protected outcome(): ReadonlyArray<string> {
    if (!this.undone) {
      const other = this.next !== null && !this.next.includes(this.operation)
      return [`it stopped there; the same command goes on${other ? `, or: ${pasted(this.next)}` : ""}`]
    }
    if (this.residue.length === 0) return [explainUndone(this.operation, this.instance)]
    return ["what was done was undone, but for:", ...explainResidue(this.residue, this.next)]
  }
}

/**
 * The failure of a plan that was kept. Having been begun it is stale: what goes on is a command. And since anybody may have
 * edited it, nothing is said of the host that only what it is called, or where it begins to be undone, would prove.
 *
 * @since 0.1.0
 * @category errors
 */
export class StoredPlanFailed extends OperationFailed {
  protected override outcome(): ReadonlyArray<string> {
    if (!this.undone) return [`it stopped there${this.next === null ? "" : `; finish it with: ${pasted(this.next)}`}`]
    return this.residue.length === 0 ? [storedUndone] : [`${storedUndone}, but for:`, ...explainResidue(this.residue, this.next)]
  }
}

/**
 * What is told of a plan that ended.
 *
 * @since 0.1.0
 * @category models
 */
export type Ended = Pick<Plan, "operation" | "instance" | "directories" | "steps">

/**
 * How a plan ended at one of its steps.
 *
 * @since 0.1.0
 * @category constructors
 */
export const failureOf = (
  plan: Ended,
  ended: Pick<OperationFailed, "index" | "step" | "problem" | "undone" | "residue">
): OperationFailed =>
  new OperationFailed({
    ...ended,
    operation: plan.operation,
    instance: plan.instance,
    steps: plan.steps.length,
    inSpec: inTheSpec(plan, ended.step, ended.problem),
    next: nextCommand(plan, { ...ended, stillRunning: ended.problem._tag === "StillRunning" })
  })

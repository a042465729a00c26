/**
 * Progress as plain lines, for logs and pipes.
 *
 * @since 0.1.0
 */
import { counted } from "@effect-lxc/core/model/AmountText"
import { describe } from "@effect-lxc/core/plan/Describe"
import type { Step } from "@effect-lxc/core/plan/Step"
import type { ProgressEvent } from "@effect-lxc/core/runtime/Progress"
import { harmless } from "./Output.ts"

/** These may take so long that a reader wants to know what is waited for. */
const waits = (step: Step): boolean => step._tag === "StartContainer" || step._tag === "AwaitStopped"

/**
 * Whom an operation waits for, and for how long.
 *
 * @since 0.1.0
 * @category rendering
 */
export const waitingText = (event: Extract<ProgressEvent, { readonly _tag: "Waiting" }>): string =>
  `${event.operation} ${event.instance} waits for ${harmless(event.holder ?? "another process")}, ${event.waitMs} ms at most\n`

/**
 * Gives the text for each event of one operation, in their order.
 *
 * @since 0.1.0
 * @category rendering
 */
export const linesOf = (): (event: ProgressEvent) => string => {
  let total = 0
  const line = (index: number, text: string): string =>
    `[${String(index + 1).padStart(String(total).length)}/${total}] ${text}\n`
  return (event) => {
    switch (event._tag) {
      case "Waiting":
        return waitingText(event)
      case "Recovering":
        return `an earlier ${event.operation} of ${event.instance}, begun ${event.since}, did not end: dealing with it first\n`
      case "PlanBegun":
        total = event.steps
        return `${event.operation} ${event.instance}: ${counted(total, "step")}\n`
      case "StepBegun":
        return waits(event.step) ? line(event.index, `${describe(event.step)} ...`) : ""
      case "StepDone":
        return line(event.index, `${event.alreadyDone ? "held already: " : ""}${describe(event.step)} (${event.elapsedMs} ms)`)
      case "StepFailed":
        return line(event.index, `failed: ${describe(event.step)}`)
      case "Interrupted":
        return `interrupted: ${event.operation} ${event.instance}\n`
      case "RollbackBegun":
        return `rolling back: ${counted(event.undo.length, "step")}\n`
      case "Undone":
        return `  ${describe(event.step)}\n`
      case "RollbackDone":
        return event.residue.length === 0
          ? "rolled back\n"
          : event.residue.map(({ step }) => `  not undone: ${describe(step)}\n`).join("")
    }
  }
}

/**
 * Progress on a terminal: a mark for each step, the current one redrawn in place.
 *
 * @since 0.1.0
 */
import { describe } from "@effect-lxc/core/plan/Describe"
import type { ProgressEvent } from "@effect-lxc/core/runtime/Progress"
import type { Terminal } from "./Output.ts"
import { waitingText } from "./ProgressLines.ts"

type Kind = "busy" | "done" | "held" | "failed" | "undone"

const symbols: Readonly<Record<Kind, readonly [unicode: string, ascii: string, color: number]>> = {
  busy: ["…", ".", 36],
  done: ["✓", "+", 32],
  held: ["=", "=", 2],
  failed: ["✗", "x", 31],
  undone: ["↩", "<", 33]
}

/** To the start of the line, and clear it. */
const clear = "\r\u001b[2K"

/** Shorter times are no news. */
const noticeableMs = 100

const elapsed = (ms: number): string => ms < noticeableMs ? "" : ` (${(ms / 1000).toFixed(1)} s)`

/**
 * Gives the text for each event of one operation, in their order.
 *
 * @since 0.1.0
 * @category rendering
 */
export const paintingOf = ({ color, columns, unicode }: Terminal): (event: ProgressEvent) => string => {
  let total = 0
  const mark = (kind: Kind): string => {
    const [pretty, plain, code] = symbols[kind]
    const symbol = unicode ? pretty : plain
    return color ? `\u001b[${code}m${symbol}\u001b[0m` : symbol
  }
  const place = (index: number): string => `${String(index + 1).padStart(String(total).length)}/${total} `
  const line = (kind: Kind, text: string): string => `${clear}  ${mark(kind)} ${text}\n`
  // A line that wraps could not be redrawn.
  const busy = (text: string): string => `${clear}  ${mark("busy")} ${text.slice(0, Math.max(0, columns - 5))}`
  return (event) => {
    switch (event._tag) {
      case "Waiting":
        return waitingText(event)
      case "Recovering":
        return `an earlier ${event.operation} of ${event.instance}, begun ${event.since}, did not end: dealing with it first\n`
      case "PlanBegun":
        total = event.steps
        return `${event.operation} ${event.instance}\n`
      case "StepBegun":
        return busy(`${place(event.index)}${describe(event.step)}`)
      case "StepDone":
        return line(
          event.alreadyDone ? "held" : "done",
          `${place(event.index)}${describe(event.step)}${elapsed(event.elapsedMs)}`
        )
      case "StepFailed":
        return line("failed", `${place(event.index)}${describe(event.step)}`)
      case "Interrupted":
        return `${clear}interrupted\n`
      case "RollbackBegun":
        return "rolling back\n"
      case "Undone":
        return line("undone", describe(event.step))
      case "RollbackDone":
        return event.residue.map(({ step }) => line("failed", `not undone: ${describe(step)}`)).join("")
    }
  }
}

/**
 * A story for people: what was asked, done, struck and changed, one line after the other.
 *
 * @since 0.1.0
 */
import { describe } from "@effect-lxc/core/plan/Describe"
import { explain } from "@effect-lxc/core/runtime/StepProblem"
import { changesBetween } from "./HostChanges.ts"
import type { Story, StoryEvent } from "./Story.ts"
import { askText, faultText, startingText, tagged } from "./Wording.ts"

const linesOf = (event: StoryEvent): ReadonlyArray<string> => {
  switch (event._tag) {
    case "Asked":
      return [`operator ${event.operator} in process ${event.pid} asks: ${askText(event.ask)}`]
    case "Answered":
      return [`operator ${event.operator} is answered: ${tagged(event.ending)}`]
    case "Locked":
    case "Unlocked":
      return [`process ${event.pid} ${event._tag === "Locked" ? "takes" : "lets go of"} the lock of ${event.instance} (${event.operation})`]
    case "JournalOpened":
    case "JournalRemoved":
      return [`process ${event.pid}: journal of ${event.instance} ${event._tag === "JournalOpened" ? "opened" : "removed"}`]
    case "JournalAppended":
      return [`process ${event.pid}: journal of ${event.instance}: ${event.entry._tag}`]
    case "CallBegun":
      return event.call === "apply" ? [`process ${event.pid}: ${describe(event.step)}`] : []
    case "CallEnded":
      return event.end._tag === "Refused"
        ? [`process ${event.pid}: ${event.call} ${event.step._tag} fails: ${explain(event.end.problem).join("; ")}`]
        : event.end._tag === "Broken" ? [`process ${event.pid}: ${event.call} ${event.step._tag} is cut off`] : []
    case "HostChanged":
      return changesBetween(event.before, event.after).map(({ line, sign }) => `    ${sign} ${line}`)
    case "Struck":
      return [`  FAULT in process ${event.pid}: ${faultText(event.fault)}`]
    case "Progressed":
      return event.event._tag === "RollbackDone"
        ? [`process ${event.pid}: rolled back, residue: ${event.event.residue.map(({ step }) => describe(step)).join(", ") || "none"}`]
        : event.event._tag === "PlanBegun"
        ? [`process ${event.pid}: plan ${event.event.operation} ${event.event.instance}`]
        : []
    case "Healed":
      return ["nothing goes wrong any more: recover, cleanup and stop of everything"]
  }
}

/**
 * @since 0.1.0
 * @category rendering
 */
export const timelineOf = ({ events, subject }: Story): ReadonlyArray<string> => [
  `${subject.scenario.name}, LXC ${subject.scenario.lxc} on cgroup ${subject.scenario.layout}, starting ${startingText(subject.starting)}`,
  ...events.flatMap(({ at, event }) => linesOf(event).map((line) => `${String(at).padStart(8)} ms  ${line}`))
]

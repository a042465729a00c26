/**
 * What happened in a story as a table of HTML: a column for each operator, a row for each event.
 *
 * @since 0.1.0
 */
import { describe } from "@effect-lxc/core/plan/Describe"
import { explain } from "@effect-lxc/core/runtime/StepProblem"
import { diff } from "../Diff.ts"
import { type Html, html, nothing } from "./Html.ts"
import type { StoryEvent, Told } from "./Story.ts"
import { askText, faultText, inWords } from "./Wording.ts"

/** How an event looks, by a class of the style; `journal` and `held` are shown when asked for. */
interface Shown {
  readonly look: "asked" | "good" | "bad" | "fault" | "step" | "quiet" | "journal" | "held" | "change"
  readonly body: Html
}

/** More lines of a change than this are shown when asked for. */
const short = 8

const signs: Readonly<Record<string, string>> = { "+": "came", "-": "went", "~": "changed" }

const diffLine = (line: string): Html => html`<span class="${signs[line.trimStart().slice(0, 1)] ?? "same"}">${line}</span>\n`

/**
 * A difference of two hosts, as lines of a patch.
 *
 * @since 0.1.0
 * @category rendering
 */
export const patch = (text: string): Html => {
  const lines = text.split("\n").filter((line) => line !== "")
  const whole = html`<pre>${lines.map(diffLine)}</pre>`
  if (lines.length <= short) return whole
  const count = (sign: string): number => lines.filter((line) => line.startsWith(sign)).length
  return html`<details><summary>${count("+")} came, ${count("-")} went, ${count("~")} changed</summary>${whole}</details>`
}

const shown = (look: Shown["look"], text: string): Shown => ({ look, body: html`${text}` })

const answered = ({ _tag, ...rest }: Extract<StoryEvent, { _tag: "Answered" }>["ending"]): Shown => ({
  look: _tag === "Done" || _tag === "Recovered" ? "good" : "bad",
  body: html`<b>${_tag}</b> ${inWords(rest)}`
})

const ended = ({ call, end, step }: Extract<StoryEvent, { _tag: "CallEnded" }>): Shown | undefined => {
  switch (end._tag) {
    case "Refused":
      return shown("bad", `${call} ${step._tag} fails: ${explain(end.problem).join("; ")}`)
    case "Broken":
      return shown("bad", `${call} ${step._tag} is cut off`)
    case "Seen":
      return end.done ? shown("held", `holds already: ${describe(step)}`) : undefined
    case "Acted":
      return undefined
  }
}

const progressed = ({ event }: Extract<StoryEvent, { _tag: "Progressed" }>): Shown | undefined => {
  if (event._tag === "PlanBegun") return shown("quiet", `plan: ${event.operation} ${event.instance}`)
  if (event._tag !== "RollbackDone") return undefined
  const residue = event.residue.map(({ step }) => describe(step))
  return shown(residue.length === 0 ? "quiet" : "bad", `rolled back, residue: ${inWords(residue)}`)
}

const shownOf = (event: StoryEvent): Shown | undefined => {
  switch (event._tag) {
    case "Asked":
      return { look: "asked", body: html`<b>${askText(event.ask)}</b> in process ${event.pid}` }
    case "Answered":
      return answered(event.ending)
    case "Locked":
      return shown("quiet", `takes the lock of ${event.instance}`)
    case "Unlocked":
      return shown("quiet", `lets go of the lock of ${event.instance}`)
    case "JournalOpened":
      return shown("journal", `journal of ${event.instance}: opened`)
    case "JournalRemoved":
      return shown("journal", `journal of ${event.instance}: removed`)
    case "JournalAppended":
      return shown("journal", `journal of ${event.instance}: ${event.entry._tag}`)
    case "CallBegun":
      return event.call === "apply" ? shown("step", describe(event.step)) : undefined
    case "CallEnded":
      return ended(event)
    case "HostChanged": {
      const text = diff(event.before, event.after)
      return text === "" ? undefined : { look: "change", body: patch(text) }
    }
    case "Struck":
      return { look: "fault", body: html`<b>fault</b> ${faultText(event.fault)}` }
    case "Progressed":
      return progressed(event)
    case "Healed":
      return undefined
  }
}

/** Operators by the processes that they ask in. */
const lanesOf = (events: ReadonlyArray<Told>): ReadonlyMap<number, number> =>
  new Map(events.flatMap(({ event }) => event._tag === "Asked" ? [[event.pid, event.operator] as const] : []))

const laneOf = (event: StoryEvent, lanes: ReadonlyMap<number, number>): number | undefined =>
  "pid" in event && event.pid !== null ? lanes.get(event.pid) : undefined

const cells = (columns: number, lane: number | undefined, { body, look }: Shown): Html =>
  lane === undefined
    ? html`<td class="${look}" colspan="${columns}">${body}</td>`
    : html`${Array.from({ length: columns }, (_, index) => index === lane ? html`<td class="${look}">${body}</td>` : html`<td></td>`)}`

/**
 * A row for each event, under the names of the columns. What is of no operator, such as what befalls the host from outside,
 * takes all columns.
 *
 * @since 0.1.0
 * @category rendering
 */
export const timelineTable = (events: ReadonlyArray<Told>, columns: ReadonlyArray<string>): Html => {
  const lanes = lanesOf(events)
  const rows = events.flatMap(({ at, event }) => {
    const seen = shownOf(event)
    return seen === undefined ? [] : [html`<tr class="of-${seen.look}"><th>${at}</th>${cells(columns.length, laneOf(event, lanes), seen)}</tr>\n`]
  })
  const heads = columns.map((name) => html`<th>${name}</th>`)
  return rows.length === 0 ? nothing : html`<table class="timeline"><thead><tr><th>ms</th>${heads}</tr></thead><tbody>
${rows}</tbody></table>`
}

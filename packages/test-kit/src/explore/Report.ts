/**
 * A story as a page of HTML: one file that needs no other, no network and no script.
 *
 * @since 0.1.0
 */
import { diff } from "../Diff.ts"
import type { Scenario } from "../Scenario.ts"
import { type Operator, tokenOf } from "./Case.ts"
import { Html, html, nothing } from "./Html.ts"
import { invariants } from "./Invariants.ts"
import { patch, timelineTable } from "./ReportTimeline.ts"
import { style } from "./ReportStyle.ts"
import type { Aftermath, Story } from "./Story.ts"
import { askText, faultText, inWords, requestText, startingText } from "./Wording.ts"

interface Verdict {
  readonly name: string
  readonly messages: ReadonlyArray<string>
}

const items = (texts: ReadonlyArray<string>): Html => html`<ul>${texts.map((text) => html`<li>${text}</li>`)}</ul>`

const section = (title: string, body: Html): Html => html`<section><h2>${title}</h2>\n${body}</section>\n`

const verdictLine = (verdicts: ReadonlyArray<Verdict>, story: Story): Html => {
  const broken = verdicts.filter(({ messages }) => messages.length > 0).map(({ name }) => name)
  const hang = story.hang === undefined ? nothing : html`<p>It came to no end: ${story.hang}</p>`
  return broken.length === 0
    ? html`<div class="verdict good"><b>Every promise holds.</b>${hang}</div>`
    : html`<div class="verdict bad"><b>Broken: ${broken.join(", ")}</b>${hang}</div>`
}

const promises = (verdicts: ReadonlyArray<Verdict>): Html => {
  const broken = verdicts.filter(({ messages }) => messages.length > 0)
  const kept = verdicts.filter(({ messages }) => messages.length === 0)
  return html`${broken.map(({ messages, name }) => html`<div class="panel"><b class="bad">✗ ${name}</b>${items(messages)}</div>`)}
<ul class="promises">${kept.map(({ name }) => html`<li><span class="good">✓</span> ${name}</li>`)}</ul>`
}

const rowsOf = (data: Readonly<Record<string, unknown>>): Html =>
  html`<table class="facts">${Object.entries(data).map(([name, value]) => html`<tr><th>${name}</th><td>${inWords(value)}</td></tr>`)}</table>`

const facts = (scenario: Scenario): Html => {
  const given = Object.entries(scenario).filter(([, value]) => value !== null && value !== false && inWords(value) !== "none")
  return rowsOf(Object.fromEntries(given))
}

const faultsOf = (title: string, faults: Operator["faults"]): Html =>
  faults.length === 0 ? nothing : html`<p class="fault">${title}</p><div class="fault">${items(faults.map(faultText))}</div>`

const request = (ask: Operator["asks"][number]): Html => {
  const { _tag, ...options } = ask.request
  const rest = Object.keys(options).every((key) => key === "name")
    ? nothing
    : html`<details><summary>as it is asked</summary><pre>${JSON.stringify(options, undefined, 2)}</pre></details>`
  return html`<li>${ask.afterMs === 0 ? "" : `${ask.afterMs} ms later: `}<b class="asked">${askText(ask)}</b>${rest}</li>`
}

const operator = ({ afterCrash, asks, faults }: Operator, index: number): Html =>
  html`<div class="panel"><h3>Operator ${index}</h3><ol>${asks.map(request)}</ol>${faultsOf("Faults of the process:", faults)}${
    faultsOf("Faults of the process after a crash:", afterCrash)
  }</div>\n`

const caseOf = ({ subject }: Story): Html =>
  html`<div class="panels"><div class="panel"><h3>Host and instance</h3>${facts(subject.scenario)}<p>In the beginning: ${
    startingText(subject.starting)
  }${subject.neighbour ? ", and another instance runs beside it" : ""}</p><p class="dim">schedule ${subject.schedule}</p></div>
${subject.operators.map(operator)}</div>`

const leftOf = (before: Story["before"], { failures, holders, journals, journalsAfterRecover, state }: Aftermath): Html => {
  const difference = diff(before, state)
  return html`${rowsOf({ failures, "journals after recover": journalsAfterRecover, journals, "locks held": holders })}
<p>The host then, compared with the beginning:</p>${difference === "" ? html`<p class="dim">no difference</p>` : patch(difference)}`
}

const choices = html`<p class="choices">Also shown:
<label><input type="checkbox" id="change" checked> changes of the host</label>
<label><input type="checkbox" id="held"> steps whose result holds already</label>
<label><input type="checkbox" id="journal"> the journal</label></p>`

const timeline = ({ events, subject }: Story): Html => {
  const healed = events.findIndex(({ event }) => event._tag === "Healed")
  const end = healed < 0 ? events.length : healed
  const afterwards = timelineTable(events.slice(end), ["recover, cleanup and stop of everything, without faults"])
  return html`${choices}${timelineTable(events.slice(0, end), subject.operators.map((_, index) => `Operator ${index}`))}
<p class="dim">What passes by itself with time, such as a guest that halts, is in no row.</p>${
    healed < 0 ? nothing : section("Afterwards", afterwards)
  }`
}

/**
 * The case, whether each promise holds, what happened, and what was left. Whatever a text in it says is escaped.
 *
 * @since 0.1.0
 * @category rendering
 */
export const reportOf = (story: Story, asked = invariants): string => {
  const { scenario } = story.subject
  const verdicts = asked.map(({ check, name }) => ({ name, messages: check(story) }))
  const title = `${scenario.name}: ${story.subject.operators.flatMap(({ asks }) => asks.map(requestText)).join("; ")}`
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
<h1>${title}</h1>
<p class="dim">LXC ${scenario.lxc} on cgroup ${scenario.layout}</p>
${verdictLine(verdicts, story)}
${section("The case", caseOf(story))}
${section("The promises", promises(verdicts))}
${section("What happened", timeline(story))}
${story.aftermath === undefined ? nothing : section("What was left", leftOf(story.before, story.aftermath))}
${section("Again", html`<pre>npm run explore -- --replay '${tokenOf(story.subject)}'</pre>`)}
</body>
</html>
`.text
}

import { execFileSync } from "node:child_process"
import { cpus, release, totalmem } from "node:os"
import type { Found, Row } from "./Section.ts"

/** What was found, section by section, and on what. */
export interface Report {
  readonly machine: Readonly<Record<string, string>>
  readonly sections: ReadonlyArray<Found & { readonly name: string }>
}

const lxcVersion = (): string => {
  try {
    return execFileSync("lxc-start", ["--version"], { encoding: "utf8", timeout: 10_000 }).trim()
  } catch {
    return "none"
  }
}

export const machine = (containers: number): Report["machine"] => ({
  date: new Date().toISOString().slice(0, 10),
  processors: `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}`,
  memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  kernel: release(),
  lxc: lxcVersion(),
  node: process.versions.node,
  containers: String(containers)
})

const number = (value: number): string => value >= 100 ? value.toFixed(0) : value.toPrecision(3)

const lineOf = ({ spread: { median, p10, p90, samples }, unit, what }: Row): ReadonlyArray<string> =>
  [what, `${number(median)} ${unit}`, `${number(p10)} to ${number(p90)}`, String(samples)]

const table = (head: ReadonlyArray<string>, lines: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n")

/** Markdown: the rows, then the goals. */
export const render = ({ machine: on, sections }: Report): string => {
  const notes = sections.flatMap((each) => each.notes ?? []).map((note) => `- ${note}`)
  return [
    Object.entries(on).map(([what, value]) => `${what} ${value}`).join(", "),
    table(["work", "median", "p10 to p90", "samples"], sections.flatMap((each) => each.rows.map(lineOf))),
    table(["goal", "found", "holds"], sections.flatMap((each) => each.goals.map(({ found, goal, holds }) => [goal, found, holds ? "yes" : "**no**"]))),
    ...(notes.length === 0 ? [] : [notes.join("\n")])
  ].join("\n\n")
}

/**
 * The catalogue as a document.
 *
 * @since 0.1.0
 */
import type { CatalogueLine } from "./CatalogueLine.ts"

const sections: Readonly<Record<string, string>> = {
  A: "Starts",
  B: "Stops, and what is busy",
  C: "Monitors and first processes that are killed",
  D: "Lists",
  E: "What can be read",
  F: "The rest of a life: reboots, freezing, limits, programs"
}

const cell = (text: string): string => text.replaceAll("|", "\\|")

const layoutsOf = ({ layouts }: CatalogueLine): string => layouts === undefined ? "" : `, cgroups ${layouts.join(" or ")}`

const shownBy = (line: CatalogueLine): string =>
  line.simulatedOnly === undefined ? `simulated, real${layoutsOf(line)}` : `simulated only${layoutsOf(line)}: ${line.simulatedOnly}`

const row = (line: CatalogueLine): string =>
  `| ${cell(line.line.slice("A: ".length))} | ${cell(line.title)} | ${cell(shownBy(line))} |`

/**
 * A table for each section, in Markdown.
 *
 * @since 0.1.0
 * @category rendering
 */
export const markdown = (lines: ReadonlyArray<CatalogueLine>): string => {
  const tables = Object.entries(sections).map(([letter, title]) =>
    [
      `## ${letter}. ${title}`,
      "",
      "| what | how it behaves | shown on |",
      "| --- | --- | --- |",
      ...lines.filter(({ line }) => line.startsWith(`${letter}: `)).map(row),
      ""
    ].join("\n")
  )
  return [
    "# How LXC and Linux behave",
    "",
    "Measured with LXC 5.0.2 on kernel 6.18, with the cgroup trees of v1 and a unified one. Each line is a case: the simulated",
    "host is held to all of them, and a real one to those that it can show. This file is written by",
    "`npm run --silent contract -- --catalogue --markdown > packages/test-kit/CATALOGUE.md`.",
    "",
    ...tables
  ].join("\n")
}

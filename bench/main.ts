import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { commandLine, refuse, wholeNumber } from "../tools/commandLine.ts"
import { realHost } from "../tools/realHost.ts"
import { Lab } from "./Lab.ts"
import { machine, render, type Report } from "./Report.ts"
import type { Fleet, Found, Section } from "./Section.ts"
import { cli } from "./sections/cli.ts"
import { facts } from "./sections/facts.ts"
import { info } from "./sections/info.ts"
import { lives } from "./sections/lives.ts"
import { lock } from "./sections/lock.ts"
import { memory } from "./sections/memory.ts"
import { names } from "./sections/names.ts"
import { overhead } from "./sections/overhead.ts"
import { parallel } from "./sections/parallel.ts"
import { planning } from "./sections/planning.ts"
import { startStop } from "./sections/startStop.ts"

const usage = `usage: npm run bench [-- OPTIONS]

  --containers N  how many run while it is measured; 50
  --rounds N      rounds of list and info over which the heap is watched; 2000
  --only NAME     a section alone; several may be given
  --json FILE     where the numbers go; bench/results/DATE.json
  --record        put the table into bench/README.md
`

const { values } = commandLine(usage, {
  containers: { type: "string", default: "50" },
  rounds: { type: "string", default: "2000" },
  only: { type: "string", multiple: true, default: [] },
  json: { type: "string" },
  record: { type: "boolean", default: false }
})

const sections: ReadonlyArray<Section> =
  [planning, lives, names, info, facts, lock, overhead, cli, startStop, parallel, memory(wholeNumber("rounds", values.rounds))]

const say = (text: string): void => void process.stderr.write(`${text}\n`)

const withFleet = async (count: number, body: (fleet: Fleet) => Promise<void>): Promise<void> => {
  const lab = new Lab()
  lab.open()
  try {
    say(`starting ${count} containers`)
    const running = await lab.startFleet(count)
    await body({ lab, running, hypervisor: await lab.run(Hypervisor) })
  } finally {
    say("removing them")
    lab.close()
  }
}

const measured = async (count: number, wanted: ReadonlyArray<Section>): Promise<Report["sections"]> => {
  const found: Array<Found & { readonly name: string }> = []
  const take = async (name: string, measure: () => Promise<Found>): Promise<void> => {
    say(`measuring ${name}`)
    found.push({ name, ...await measure() })
  }
  for (const section of wanted) if (section.needs === "nothing") await take(section.name, section.measure)
  const onHost = wanted.filter((section) => section.needs === "fleet")
  if (!realHost.available) {
    const notes = onHost.map(({ name }) => `${name} was not measured: ${realHost.reason}`)
    return [...found, { name: "real host", rows: [], goals: [], notes }]
  }
  if (onHost.length > 0) {
    await withFleet(count, async (fleet) => {
      for (const section of onHost) await take(section.name, () => section.measure(fleet))
    })
  }
  return found
}

const record = (text: string): void => {
  const file = join(import.meta.dirname, "README.md")
  const mark = "<!-- the record -->\n"
  const [head = ""] = readFileSync(file, "utf8").split(mark)
  writeFileSync(file, `${head}${mark}\n${text}\n`)
}

const main = async (): Promise<void> => {
  const count = wholeNumber("containers", values.containers)
  const unknown = values.only.filter((name) => !sections.some((section) => section.name === name))
  if (unknown.length > 0) refuse(`--only: there is no section ${unknown.join(", ")}, but ${sections.map(({ name }) => name).join(", ")}`)
  const wanted = sections.filter(({ name }) => values.only.length === 0 || values.only.includes(name))
  const report: Report = { machine: machine(count), sections: await measured(count, wanted) }
  const file = values.json ?? join(import.meta.dirname, "results", `${report.machine.date ?? "run"}.json`)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`)
  process.stdout.write(`${render(report)}\n`)
  if (values.record) record(render(report))
  process.exit(0)
}

await main()

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { commandLine, refuse, wholeNumber } from "../tools/commandLine.ts"
import { realHost } from "../tools/realHost.ts"
import { bundle } from "./Bundle.ts"
import { fleetOf, type Job, measureIn } from "./Job.ts"
import { Lab } from "./Lab.ts"
import { machine, render, type Report } from "./Report.ts"
import type { Found, Section } from "./Section.ts"
import { sectionNamed, sectionNames } from "./sections/index.ts"

const usage = `usage: npm run bench [-- OPTIONS]

  --containers N  how many run while it is measured; 50
  --rounds N      rounds of list and info over which the heap is watched; 2000
  --only NAME     a section alone; several may be given
  --json FILE     where the numbers go; bench/results/DATE.json
  --record        put the table into bench/README.md

Without --only it takes some minutes. As root with LXC it starts that many containers on this host, on loop devices of its own, and
removes them.
`

const { values } = commandLine(usage, {
  containers: { type: "string", default: "50" },
  rounds: { type: "string", default: "2000" },
  only: { type: "string", multiple: true, default: [] },
  json: { type: "string" },
  record: { type: "boolean", default: false }
})

const say = (text: string): void => void process.stderr.write(`${text}\n`)

const withFleet = async (count: number, body: (fleet: Job["fleet"]) => Promise<void>): Promise<void> => {
  const lab = new Lab()
  lab.open()
  try {
    say(`starting ${count} containers`)
    await body(fleetOf(lab, await lab.startFleet(count)))
  } finally {
    say("removing them")
    lab.close()
  }
}

const measured = async (file: string, count: number, rounds: number, wanted: ReadonlyArray<Section>): Promise<Report["sections"]> => {
  const found: Array<Found & { readonly name: string }> = []
  const take = async ({ name, nodeOptions }: Section, fleet: Job["fleet"]): Promise<void> => {
    say(`measuring ${name}`)
    const job = { section: name, rounds, fleet, repository: join(import.meta.dirname, "..") }
    found.push({ name, ...await measureIn(file, job, nodeOptions) })
  }
  for (const section of wanted) if (section.needs === "nothing") await take(section, null)
  const onHost = wanted.filter((section) => section.needs === "fleet")
  if (!realHost.available) {
    const notes = onHost.map(({ name }) => `${name} was not measured: ${realHost.reason}`)
    return [...found, { name: "real host", rows: [], goals: [], notes }]
  }
  if (onHost.length > 0) {
    await withFleet(count, async (fleet) => {
      for (const section of onHost) await take(section, fleet)
    })
  }
  return found
}

const inBundle = async <A>(body: (file: string) => Promise<A>): Promise<A> => {
  const directory = mkdtempSync(join(tmpdir(), "effect-lxc-bench-"))
  try {
    return await body(await bundle(directory))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

const record = (text: string): void => {
  const file = join(import.meta.dirname, "README.md")
  const mark = "<!-- the record -->\n"
  const [head = ""] = readFileSync(file, "utf8").split(mark)
  writeFileSync(file, `${head}${mark}\n${text}\n`)
}

const main = async (): Promise<void> => {
  const count = wholeNumber("containers", values.containers)
  const unknown = values.only.filter((name) => !sectionNames.includes(name))
  if (unknown.length > 0) refuse(`--only: there is no section ${unknown.join(", ")}, but ${sectionNames.join(", ")}`)
  const wanted = await Promise.all(sectionNames.filter((name) => values.only.length === 0 || values.only.includes(name)).map(sectionNamed))
  const rounds = wholeNumber("rounds", values.rounds)
  const report: Report = { machine: machine(count), sections: await inBundle((file) => measured(file, count, rounds, wanted)) }
  const file = values.json ?? join(import.meta.dirname, "results", `${report.machine.date ?? "run"}.json`)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`)
  process.stdout.write(`${render(report)}\n`)
  if (values.record) record(render(report))
  process.exit(0)
}

await main()

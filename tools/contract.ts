import { judgeCatalogue } from "./catalogue.ts"
import { commandLine } from "./commandLine.ts"
import { realHost } from "./realHost.ts"
import * as FakeToolsStage from "../packages/node-runtime/test/FakeToolsStage.ts"
import { RealLab } from "../packages/node-runtime/test/RealLab.ts"
import * as RealStage from "../packages/node-runtime/test/RealStage.ts"
import { Catalogue, Contract, type ContractCase, SimulatedStage, type Stage } from "@effect-lxc/test-kit"
import type { Host } from "@effect-lxc/core/runtime/Host"
import { Effect, type Layer } from "effect"

/** Holds every host to the contract: a line for each promise, a column for each host. */
interface Column {
  readonly name: string
  readonly judge: (cases: ReadonlyArray<ContractCase>) => Promise<ReadonlyArray<Contract.Judged>>
}

const judgedOn = (layer: Layer.Layer<Host | Stage>): Column["judge"] => (cases) => Effect.runPromise(Contract.run(cases, layer))

/** A lab whose clean-up also comes after Ctrl-C: then by the next run, which sweeps what an aborted one left. */
const judgedInLab: Column["judge"] = async (cases) => {
  if (!realHost.available) return cases.map((each) => ({ case: each, verdict: "not here", why: realHost.reason }))
  const lab = new RealLab()
  lab.open()
  try {
    return await judgedOn(RealStage.layerIn(lab))(cases)
  } finally {
    lab.close()
  }
}

const columns: ReadonlyArray<Column> = [
  { name: "simulated", judge: judgedOn(SimulatedStage.layer()) },
  { name: "fake tools", judge: judgedOn(FakeToolsStage.layer) },
  { name: "real", judge: judgedInLab }
]

const width = 11
const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
const cells = (texts: ReadonlyArray<string>): string => texts.map((text) => text.padEnd(width)).join("")

/** The reasons of a host, each with the number of cases that it explains. */
const reasons = (judged: ReadonlyArray<Contract.Judged>): ReadonlyArray<string> => {
  const counted = new Map<string, number>()
  for (const { verdict, why } of judged) if (verdict === "not here") counted.set(why, (counted.get(why) ?? 0) + 1)
  return [...counted].map(([why, count]) => `  ${count} not here: ${why}`)
}

const count = (judged: ReadonlyArray<Contract.Judged>, verdict: Contract.Judged["verdict"]): number =>
  judged.filter((each) => each.verdict === verdict).length

/** Gives whether none is red. */
const judgeContract = async (): Promise<boolean> => {
  const judgedByHost = await columns.reduce<Promise<ReadonlyArray<ReadonlyArray<Contract.Judged>>>>(
    async (before, column) => [...await before, await column.judge(Contract.cases)],
    Promise.resolve([])
  )

  say(cells(columns.map(({ name }) => name)) + "promise")
  let step = ""
  for (const [index, each] of Contract.cases.entries()) {
    if (each.step !== step) say(`\n${each.step}`)
    step = each.step
    say(`${cells(judgedByHost.map((judged) => judged[index]?.verdict ?? ""))}${each.kind}: ${each.title}`)
  }
  say("")
  for (const [index, { name }] of columns.entries()) {
    const judged = judgedByHost[index] ?? []
    say(`${name}: ${count(judged, "green")} green, ${count(judged, "red")} red, ${count(judged, "not here")} not here`)
    for (const line of reasons(judged)) say(line)
    for (const { case: { step: tag, title }, verdict, why } of judged) if (verdict === "red") say(`  RED ${tag} ${title}: ${why}`)
  }
  return judgedByHost.flat().every(({ verdict }) => verdict !== "red")
}

const usage = `usage: npm run contract [-- OPTIONS]

  --catalogue  holds the simulated and the real host to the catalogue of how LXC and Linux behave
  --markdown   prints that catalogue

Without an option: what every implementation of Host promises, a line for each promise, and which of them keeps it. As root with LXC
it makes containers, mounts and loop devices of its own on this host, and removes them; that takes about a minute.
Exit code 1 if a promise is broken.`

const { values } = commandLine(usage, { catalogue: { type: "boolean" }, markdown: { type: "boolean" } })
if (values.markdown === true) process.stdout.write(Catalogue.markdown)
else process.exitCode = await (values.catalogue === true ? judgeCatalogue() : judgeContract()) ? 0 : 1

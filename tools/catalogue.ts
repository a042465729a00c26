import { realHost } from "./realHost.ts"
import { RealLab } from "../packages/node-runtime/test/RealLab.ts"
import * as RealStage from "../packages/node-runtime/test/RealStage.ts"
import * as NodeSessions from "@effect-lxc/node-runtime/NodeSessions"
import { Catalogue } from "@effect-lxc/test-kit"
import { Effect, Layer } from "effect"

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

const judgeReal = async (): Promise<ReadonlyArray<Catalogue.JudgedLine>> => {
  if (!realHost.available) return Catalogue.lines.map((line) => ({ line, verdict: "not here", why: realHost.reason }))
  const lab = new RealLab()
  lab.open()
  try {
    return await Effect.runPromise(Catalogue.judgeReal(Layer.merge(RealStage.layerIn(lab), NodeSessions.layer)))
  } finally {
    lab.close()
  }
}

const count = (judged: ReadonlyArray<Catalogue.JudgedLine>, verdict: Catalogue.JudgedLine["verdict"]): number =>
  judged.filter((each) => each.verdict === verdict).length

/** Holds the simulated and the real host to each line of the catalogue; gives whether none is red. */
export const judgeCatalogue = async (): Promise<boolean> => {
  const simulated = await Effect.runPromise(Catalogue.judgeSimulated)
  const real = await judgeReal()
  say("simulated  real       line")
  for (const [index, { line, verdict }] of simulated.entries()) {
    say(`${verdict.padEnd(11)}${(real[index]?.verdict ?? "").padEnd(11)}${line.line}: ${line.title}`)
  }
  for (const [name, judged] of [["simulated", simulated], ["real", real]] as const) {
    say(`${name}: ${count(judged, "green")} green, ${count(judged, "red")} red, ${count(judged, "not here")} not here`)
    for (const { line, verdict, why } of judged) if (verdict === "red") say(`  RED ${line.line}: ${why}`)
  }
  return [...simulated, ...real].every(({ verdict }) => verdict !== "red")
}

/**
 * How LXC and Linux behave, line by line: what was measured, and every host held to it.
 *
 * @since 0.1.0
 */
import type { Host } from "@effect-lxc/core/runtime/Host"
import type { Sessions } from "@effect-lxc/core/runtime/Sessions"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type { HostOptions } from "../../HostBuilder.ts"
import * as SimulatedStage from "../SimulatedStage.ts"
import { Stage } from "../Stage.ts"
import { allFacts, type CatalogueLine } from "./CatalogueLine.ts"
import { markdown as table } from "./CatalogueTable.ts"
import { deaths } from "./Deaths.ts"
import { lifeCycle } from "./LifeCycle.ts"
import { observations } from "./Observations.ts"
import { refusals } from "./Refusals.ts"
import { starts } from "./Starts.ts"
import { stops } from "./Stops.ts"

/**
 * Every line.
 *
 * @since 0.1.0
 * @category constants
 */
export const lines: ReadonlyArray<CatalogueLine> = [...refusals, ...starts, ...stops, ...deaths, ...observations, ...lifeCycle]

/**
 * The catalogue as a document, in Markdown.
 *
 * @since 0.1.0
 * @category rendering
 */
export const markdown: string = table(lines)

/**
 * The machine on which the lines were measured: LXC 5.0.2 on kernel 6.18, with the trees of v1 and a unified one.
 *
 * @since 0.1.0
 * @category constants
 */
export const measuredOn: HostOptions = { layout: "hybrid", kernel: "6.18.44" }

/**
 * Why a stage does not show a line; undefined where it does.
 *
 * @since 0.1.0
 * @category queries
 */
export const notHere = Effect.fnUntraced(function*({ layouts, needs = [] }: CatalogueLine) {
  const { lacks } = yield* Stage
  const lack = needs.map((ability) => lacks[ability]).find((why) => why !== undefined)
  if (lack !== undefined || layouts === undefined) return lack
  const { cgroups: { layout } } = yield* allFacts
  return layouts.includes(layout) ? undefined : `the layout of the cgroups is ${layout} here`
})

/**
 * What came of a line: `why` is empty where it was seen to be so.
 *
 * @since 0.1.0
 * @category models
 */
export interface JudgedLine {
  readonly line: CatalogueLine
  readonly verdict: "green" | "red" | "not here"
  readonly why: string
}

/**
 * Holds a host to a line; gives why the host does not show it, if so.
 *
 * @since 0.1.0
 * @category running
 */
export const runLine = <E>(line: CatalogueLine, layer: Layer.Layer<Host | Sessions | Stage, E>) =>
  Effect.gen(function*() {
    const reason = yield* notHere(line)
    const { inTime } = yield* Stage
    if (reason === undefined) yield* inTime(line.run)
    return reason
  }).pipe(Effect.provide(Layer.fresh(layer)))

/**
 * Holds a simulated host to a line: one that has what the line needs.
 *
 * @since 0.1.0
 * @category running
 */
export const runSimulated = (line: CatalogueLine) => runLine(line, SimulatedStage.layer({ ...measuredOn, ...line.host }))

const judged = <E>(line: CatalogueLine, run: Effect.Effect<string | undefined, E>): Effect.Effect<JudgedLine> =>
  Effect.map(Effect.exit(run), (exit) => {
    if (Exit.isFailure(exit)) return { line, verdict: "red", why: Cause.pretty(exit.cause) }
    return exit.value === undefined ? { line, verdict: "green", why: "" } : { line, verdict: "not here", why: exit.value }
  })

/**
 * What a simulated host shows, line by line.
 *
 * @since 0.1.0
 * @category running
 */
export const judgeSimulated: Effect.Effect<ReadonlyArray<JudgedLine>> = Effect.forEach(lines, (line) => judged(line, runSimulated(line)))

/**
 * What a real host shows, line by line; what is simulated only is not tried on it.
 *
 * @since 0.1.0
 * @category running
 */
export const judgeReal = <E>(layer: Layer.Layer<Host | Sessions | Stage, E>): Effect.Effect<ReadonlyArray<JudgedLine>> =>
  Effect.forEach(lines, (line): Effect.Effect<JudgedLine> =>
    line.simulatedOnly === undefined
      ? judged(line, runLine(line, layer))
      : Effect.succeed({ line, verdict: "not here", why: line.simulatedOnly }))

/**
 * The port `Host` of one process on a simulated host.
 *
 * @since 0.1.0
 */
import { withOnly } from "@effect-lxc/core/host/ContainerUsage"
import { factsFor } from "@effect-lxc/core/host/FactsFor"
import type { ContainerFacts } from "@effect-lxc/core/host/HostFacts"
import { Host, HostError } from "@effect-lxc/core/runtime/Host"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { containersOf, factsOf, pathFacts, runningNames, surveyOf, usageOf } from "./Facts.ts"
import type { Life } from "./Life.ts"
import type { Call, Outcome } from "./Outcome.ts"
import { type StateCell, update } from "./StateCell.ts"
import { toolOf } from "./StepTool.ts"
import { headOf } from "./transition/Exports.ts"
import { isProblem } from "./transition/Seen.ts"
import { abandon, observe, transition } from "./Transition.ts"

const applyOn = (cell: StateCell, life: Life): Host["Service"]["apply"] => (step, results) =>
  Effect.suspend(() => {
    let call: Call | undefined
    const isTool = toolOf(step) !== undefined
    // A tool outlives the process that called it, but not the power; what the process does itself ends with it.
    const isOver = isTool ? life.isCut : life.isDead
    if (isOver()) return Effect.never
    const attempt: Effect.Effect<string | undefined, HostError> = cell.modify((state) => {
      call ??= { since: state.now, phase: "" }
      const outcome = transition(state, step, results, call)
      return [after(outcome, call), outcome.state]
    })
    const after = (outcome: Outcome, { since }: Call) => {
      if (outcome._tag === "Failed") return Effect.fail(new HostError({ problem: outcome.problem }))
      if (outcome._tag === "Done") return Effect.succeed(outcome.result)
      call = { since, phase: outcome.phase }
      return Effect.flatMap(cell.waitUntil(outcome.until), () => isOver() ? Effect.never : attempt)
    }
    return isTool
      ? life.withTool(Effect.onInterrupt(attempt, () => update(cell, (state) => call === undefined ? state : abandon(state, step, call))))
      : attempt
  })

/** What a list is made of: what limits the container is not read, its run directory only where it is asked for. */
const listed = ({ limits: _, memoryUsage: __, pids: ___, ...container }: ContainerFacts, records: boolean): ContainerFacts =>
  records ? container : { ...container, files: [], record: null }

/**
 * What a process does to the host, and sees of it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makePort = (cell: StateCell, life: Life): Host["Service"] => {
  const { look, read } = cell
  const apply = applyOn(cell, life)
  return Host.of({
    facts: ({ alone, directories, instance, links, paths }) =>
      Effect.map(read, (state) => {
        const everything = factsOf(state, directories, paths)
        return instance === undefined ? everything : factsFor({ alone, directories, instance, links, paths }, everything)
      }),
    containers: ({ all, directories, name, records }) =>
      Effect.map(read, (state) => {
        const found = containersOf(state, directories, all ?? false).filter((each) => name === undefined || each.name === name)
        return found.map((each) => listed(each, records === true))
      }),
    names: ({ directories }) => Effect.map(read, (state) => runningNames(state, directories)),
    usage: ({ containers, fields }) =>
      Effect.map(read, (state) =>
        containers.map((container) => {
          const usage = usageOf(state, container)
          return Result.succeed(usage === undefined ? undefined : withOnly(usage, fields))
        })),
    paths: (paths) =>
      Effect.map(read, (state) => paths.map((path) => {
        const { partitions: _, ...found } = pathFacts(state, path)
        return found
      })),
    exportHead: (archive) =>
      Effect.flatMap(read, (state) => {
        const head = headOf(state, archive)
        return "_tag" in head ? Effect.fail(new HostError({ problem: head })) : Effect.succeed(head)
      }),
    survey: ({ directories }) => Effect.map(read, (state) => surveyOf(state, directories)),
    observe: (step, results) =>
      look((state) => {
        const seen = observe(state, step, results)
        return isProblem(seen) ? Effect.fail(new HostError({ problem: seen })) : Effect.succeed(seen)
      }),
    apply
  })
}

/**
 * Laws about plans in the hands of the interpreter.
 *
 * @since 0.1.0
 */
import { describe } from "@effect-lxc/core/plan/Describe"
import type { Plan } from "@effect-lxc/core/plan/Plan"
import { undo } from "@effect-lxc/core/plan/Rollback"
import { isCheck } from "@effect-lxc/core/plan/Step"
import { execute } from "@effect-lxc/core/runtime/Interpreter"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { carryOut } from "../CarryOut.ts"
import { traces } from "../Diff.ts"
import { atIndex, type Fault, type FaultKind } from "../Faults.ts"
import { MemoryJournal } from "../MemoryJournal.ts"
import { SimulatedHost } from "../SimulatedHost.ts"
import type { SimulatedState } from "../SimulatedState.ts"
import { runToEnd } from "../TestKit.ts"
import { ofPlans, type PlanLaw } from "./Law.ts"

/** A plan carried out by the interpreter on a host of its own, with a clock of its own. */
const run = (plan: Plan, host: SimulatedState, faults: ReadonlyArray<Fault> = []) =>
  runToEnd(Effect.gen(function*() {
    const simulated = yield* SimulatedHost
    const exit = yield* Effect.exit(execute(plan))
    return { exit, record: yield* simulated.record, state: yield* simulated.state }
  }).pipe(Effect.provide(Layer.mergeAll(SimulatedHost.layer({ host, faults }), MemoryJournal.layer)))).pipe(
    Effect.provide(TestClock.layer())
  )

/**
 * The interpreter takes the steps of the plan, each once and in their order, and nothing else; and the host ends up as the
 * plan says.
 *
 * @since 0.1.0
 * @category laws
 */
export const asPlanned: PlanLaw = ofPlans("as planned", "what the dry run shows is what is done", (plan, host) =>
  Effect.map(run(plan, host), ({ exit, record, state }) => {
    if (Exit.isFailure(exit)) return Cause.pretty(exit.cause)
    const taken = record.filter(({ call }) => call === "observe").map(({ step }) => describe(step))
    const planned = plan.steps.map(describe)
    const at = [...planned, ""].findIndex((words, index) => words !== (taken[index] ?? ""))
    if (at >= 0 || taken.length > planned.length) {
      return `step ${at + 1} is planned as: ${planned[at] ?? "nothing"}; done was: ${taken[at] ?? "nothing"}`
    }
    const different = traces(carryOut(plan.steps, host).state, state, plan.directories)
    return different === "" ? undefined : `the host is not as planned:\n${different}`
  }))

const kinds: ReadonlyArray<FaultKind> = ["refuse", "act-then-refuse"]

/** What the host is to be after a step failed: what is not to be undone was done up to there, and of the rest nothing. */
const expected = (plan: Plan, host: SimulatedState, begun: number): SimulatedState =>
  carryOut(
    plan.steps.slice(0, begun).filter((step, at) => at < plan.undoFrom || (!isCheck(step) && undo(step).length === 0)),
    host
  ).state

/** Files that an earlier run of the instance had left are overwritten, and go with what is undone. */
const isLeftover = ({ directories, instance }: Plan, line: string): boolean =>
  line.startsWith("- ") && line.includes(` ${directories.container(instance)}/`)

const brokenAt = (plan: Plan, host: SimulatedState, index: number, kind: FaultKind) =>
  Effect.map(run(plan, host, [atIndex(index, kind)]), ({ exit, record, state }) => {
    const struck = record.some(({ call, outcome, step }) => call === "apply" && step === plan.steps[index] && outcome !== "acted")
    if (!struck) return undefined
    const where = (why: string) => `where step ${index + 1} fails (${kind}): ${why}`
    if (Exit.isSuccess(exit)) return where("the operation is called a success")
    const wanted = expected(plan, host, kind === "act-then-refuse" ? index + 1 : index)
    const left = traces(wanted, state, plan.directories).split("\n").filter((line) => line !== "" && !isLeftover(plan, line))
    return left.length === 0 ? undefined : where(`the host is not as it should be then:\n${left.join("\n")}`)
  })

/**
 * Whichever step fails of those that can be undone, before it acted or after: the host is as before,
 * but for what was taken away first and what an earlier run of the instance had left.
 *
 * @since 0.1.0
 * @category laws
 */
export const undone: PlanLaw = ofPlans("undone", "whichever step fails, the host is as before", (plan, host) =>
  Effect.gen(function*() {
    for (let index = plan.undoFrom; index < plan.steps.length; index++) {
      for (const kind of kinds) {
        const why = yield* brokenAt(plan, host, index, kind)
        if (why !== undefined) return why
      }
    }
    return undefined
  }))

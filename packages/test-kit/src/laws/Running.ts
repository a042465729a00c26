/**
 * Plans in the hands of the interpreter.
 *
 * @since 0.1.0
 */
import { describe } from "@effect-lxc/core/plan/Describe"
import type { Plan } from "@effect-lxc/core/plan/Plan"
import { execute } from "@effect-lxc/core/runtime/Interpreter"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { carryOut } from "../CarryOut.ts"
import { traces } from "../Diff.ts"
import type { Fault } from "../Faults.ts"
import { MemoryJournal } from "../MemoryJournal.ts"
import { SimulatedHost } from "../SimulatedHost.ts"
import type { SimulatedState } from "../SimulatedState.ts"
import { runToEnd } from "../TestKit.ts"
import { ofPlans, type PlanLaw } from "./Law.ts"

/**
 * A plan carried out by the interpreter on a host of its own, with a clock of its own.
 *
 * @since 0.1.0
 * @category running
 */
export const run = (plan: Plan, host: SimulatedState, faults: ReadonlyArray<Fault> = []) =>
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

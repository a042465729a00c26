/**
 * Facts, steps and plans.
 *
 * @since 0.1.0
 */
import { defaultDirectories } from "@effect-lxc/core/host/Directories"
import { HostFacts } from "@effect-lxc/core/host/HostFacts"
import type { Plan } from "@effect-lxc/core/plan/Plan"
import { namedBy, planStart } from "@effect-lxc/core/plan/StartPlan"
import { planStop } from "@effect-lxc/core/plan/StopPlan"
import { Step } from "@effect-lxc/core/plan/Step"
import * as Arbitrary from "effect/Arbitrary"
import * as Result from "effect/Result"
import { factsOf } from "../Facts.ts"
import { instanceOf } from "../Scenario.ts"
import { hostOf, type Situation } from "../Situation.ts"

/**
 * Whatever the type of facts allows, however unlikely: for what must not throw.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const anyFacts: Arbitrary.Arbitrary<HostFacts> = Arbitrary.schema(HostFacts)

/**
 * Whatever the type of a step allows.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const anyStep: Arbitrary.Arbitrary<Step> = Arbitrary.schema(Step)

/**
 * What is observed in situations.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const factsIn = (situation: Arbitrary.Arbitrary<Situation>): Arbitrary.Arbitrary<HostFacts> =>
  Arbitrary.map(situation, (each) =>
    factsOf(hostOf(each), defaultDirectories, namedBy(instanceOf(each.scenario)).paths))

/**
 * The plan that starts or ends the instance of a situation: whichever it is time for.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const planIn = (situation: Arbitrary.Arbitrary<Situation>): Arbitrary.Arbitrary<Plan> =>
  Arbitrary.map(situation, (each) => {
    const wanted = instanceOf(each.scenario)
    const facts = factsOf(hostOf(each), defaultDirectories, namedBy(wanted).paths)
    const start = planStart(wanted, defaultDirectories, facts)
    return Result.isSuccess(start)
      ? start.success
      : Result.getOrThrow(planStop(wanted.name, defaultDirectories, facts, { force: true }))
  })

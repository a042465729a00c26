import { encodeHostFacts, decodeHostFacts } from "@effect-lxc/core/host/HostFacts"
import { planStop } from "@effect-lxc/core/plan/StopPlan"
import { namedBy } from "@effect-lxc/core/plan/StartPlan"
import { encodePlan } from "@effect-lxc/core/plan/Plan"
import { Arbitraries, Facts, Guest, Scenario, SimulatedHost, Situation, carryOut } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { directories } from "./steps.ts"

const observed = (situation: Situation.Situation) => {
  const instance = Scenario.instanceOf(situation.scenario)
  const { paths } = namedBy(instance)
  return { instance, paths, facts: Facts.factsOf(Situation.hostOf(situation), directories, paths) }
}

describe("a host from captured facts", () => {
  it.prop("looks the same, however the instance fares", [Arbitraries.situation], ([situation]) => {
    const { facts, paths } = observed(situation)
    const read = Result.getOrThrow(decodeHostFacts(JSON.parse(JSON.stringify(encodeHostFacts(facts))), "host.json"))
    assert.deepStrictEqual(Facts.factsOf(SimulatedHost.fromFacts(read), directories, paths), facts)
  })

  it.prop("is planned for as the one that was captured, and the plan succeeds on it", [Arbitraries.situation], ([situation]) => {
    const { facts, instance } = observed(situation)
    const host = SimulatedHost.fromFacts(facts)
    const plan = Result.getOrThrow(planStop(instance.name, directories, facts, { force: true }))
    const again = Result.getOrThrow(planStop(instance.name, directories, Facts.factsOf(host, directories), { force: true }))
    assert.deepStrictEqual(encodePlan(again), encodePlan(plan))
    const ended = carryOut(plan.steps, host)
    assert.isUndefined(ended.failed, JSON.stringify(ended.failed))
    const left = Facts.factsOf(ended.state, directories)
    assert.deepStrictEqual([left.containers, left.loops], [[], []])
  }, { arbitrary: { runs: 50 } })

  it("has the guests that the caller gives it", () => {
    const { facts } = observed(Situation.simplest)
    const host = SimulatedHost.fromFacts(facts, { guests: () => Guest.deaf() })
    assert.isNull(host.containers[0]?.guest.haltAfterMs)
  })
})

/** A planner of one's own, held to the laws of this library's. */
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Plan } from "@effect-lxc/core/plan/Plan"
import { namedBy, planStart } from "@effect-lxc/core/plan/StartPlan"
import { Instance } from "@effect-lxc/core/model/Instance"
import { Arbitraries, Laws, Scenario } from "@effect-lxc/test-kit"
import { suite } from "@effect-lxc/test-kit/LawSuite"
import { assert, it } from "@effect/vitest"
import { Arbitrary, Effect, Result } from "effect"

/** At this site nothing runs without a limit of memory: who asks for none gets one. */
const limited = (instance: Instance): Instance =>
  new Instance(Object.assign({}, instance, { resources: { memory: 128 * 1024 * 1024, ...instance.resources } }))

const startLimited: Laws.Planner<Instance> = {
  name: "startLimited",
  paths: (instance) => namedBy(instance).paths,
  plan: (instance, directories, facts) => planStart(limited(instance), directories, facts)
}

/** What it is asked for, and on which hosts: anything that can be started. */
const trials = Arbitrary.map(Arbitraries.scenario, (scenario) => ({
  input: Scenario.instanceOf(scenario),
  host: Scenario.hostOf(scenario),
  from: scenario
}))

suite(startLimited, trials, { runs: 10 })

/** The same, with a note for the administrator: where such a note must not be. */
const startNoted: Laws.Planner<Instance> = {
  ...startLimited,
  name: "startNoted",
  plan: (instance, directories, facts) =>
    Result.map(startLimited.plan(instance, directories, facts), (plan) => {
      const note = { _tag: "WriteFile", path: HostPath.make("/etc/motd"), mode: "0644", text: "hi\n", previous: null } as const
      return new Plan(Object.assign({}, plan, { steps: [...plan.steps, note] }))
    })
}

it.effect("a step that is not the instance's own breaks a law, and the simplest case of it is shown", () =>
  Effect.gen(function*() {
    const broken = yield* Effect.flip(Laws.check(Laws.confined, startNoted, trials))
    assert.include(broken.message, "write /etc/motd (0644, 3 characters): that is not web1's")
    assert.deepStrictEqual(JSON.parse(broken.input), Scenario.simplest)
  }))

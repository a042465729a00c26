/** A planner of one's own, held to the laws of this library's. */
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Plan } from "@effect-lxc/core/plan/Plan"
import { namedBy, planStart } from "@effect-lxc/core/plan/StartPlan"
import type { Instance } from "@effect-lxc/core/model/Instance"
import { Arbitraries, Laws, Scenario } from "@effect-lxc/test-kit"
import { suite } from "@effect-lxc/test-kit/LawSuite"
import { assert, it } from "@effect/vitest"
import { Arbitrary, Effect, Result } from "effect"

/** A start that leaves a note of who owns the instance, as `path` has it. */
const startWithNote = (path: (of: Plan) => string): Laws.Planner<Instance> => ({
  name: "startWithNote",
  paths: (instance) => namedBy(instance).paths,
  plan: (instance, directories, facts) =>
    Result.map(planStart(instance, directories, facts), (plan) => {
      const note = { _tag: "WriteFile", path: HostPath.make(path(plan)), mode: "0644", text: "ops\n", previous: null } as const
      return new Plan({ ...plan, steps: [...plan.steps, note] })
    })
})

/** What it is asked for, and on which hosts: anything that can be started. */
const trials = Arbitrary.map(Arbitraries.scenario, (scenario) => ({
  input: Scenario.instanceOf(scenario),
  host: Scenario.hostOf(scenario),
  from: scenario
}))

const planner = startWithNote(({ directories, instance }) => `${directories.container(instance)}/owner`)

suite(planner, trials, { runs: 10 })

it.effect("a note outside of the instance's own directory breaks a law, and the simplest case says so", () =>
  Effect.gen(function*() {
    const broken = yield* Effect.flip(Laws.check(Laws.confined, startWithNote(() => "/etc/owner"), trials))
    assert.include(broken.message, "write /etc/owner (0644, 4 characters): that is not web1's")
  }))

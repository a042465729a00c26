import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Arbitraries, Diff, Scenario, SimulatedHost } from "@effect-lxc/test-kit"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { directories, onHost } from "./fixtures.ts"

it.effect.prop("start then stop leaves the host as before, but for what an earlier run had left", { scenario: Arbitraries.scenario }, ({ scenario }) =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const simulated = yield* SimulatedHost
    const instance = Scenario.instanceOf(scenario)
    yield* hypervisor.start(instance)
    assert.deepStrictEqual((yield* hypervisor.list()).map(({ name, problem, state }) => [name, state, problem]), [[
      instance.name,
      "RUNNING",
      null
    ]])
    yield* hypervisor.stop(instance.name)
    assert.strictEqual(Diff.traces(Scenario.cleanHostOf(scenario), yield* simulated.state, directories), "")
    assert.deepStrictEqual(yield* hypervisor.list(), [])
  }).pipe(onHost({ host: Scenario.hostOf(scenario) })), { arbitrary: { runs: 300 } })

/** Properties of hosts that are drawn at random, and a host that went through a file. */
import { defaultDirectories } from "@effect-lxc/core/host/Directories"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Arbitraries, Diff, Guest, Scenario, SimulatedHost, SimulatedStateFromJson, TestHypervisor, TestKit } from "@effect-lxc/test-kit"
import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { look } from "./keepRunning.ts"

it.effect.prop("whatever is started and stopped leaves nothing behind", { scenario: Arbitraries.scenario }, ({ scenario }) => {
  const before = Scenario.cleanHostOf(scenario)
  return Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    yield* hypervisor.start(Scenario.instanceOf(scenario))
    yield* hypervisor.stop(InstanceName.make(scenario.name))
    const { state } = yield* SimulatedHost
    assert.strictEqual(Diff.traces(before, yield* state, defaultDirectories), "")
  }).pipe(Effect.provide(TestHypervisor.layer({ host: before })), TestKit.runToEnd)
}, { arbitrary: { runs: 20 } })

const text = Schema.encodeSync(SimulatedStateFromJson)(SimulatedHost.state({ images: { "/srv/web1.img": Guest.obedient() } }))
const host = Schema.decodeSync(SimulatedStateFromJson)(text)

it.live("a host that was stored as text can be started on, by the clock of the machine, too", () =>
  Effect.gen(function*() {
    assert.isTrue(yield* look)
    assert.deepStrictEqual((yield* (yield* SimulatedHost).state).containers.map(({ name }) => name), ["web1"])
  }).pipe(Effect.provide(TestHypervisor.layer({ host }))))

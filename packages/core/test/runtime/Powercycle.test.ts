import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Faults, MemoryJournal, SimulatedHost } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { host, instance, onHost, problemOf } from "./fixtures.ts"

const web1 = instance()

describe("powercycle", () => {
  it.effect("restarts the host at once and names what it cuts off", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const simulated = yield* SimulatedHost
      yield* hypervisor.start(web1)
      const before = yield* simulated.state
      const report = yield* hypervisor.powercycle
      assert.deepStrictEqual(report.warnings, [
        "web1 under /run/effect-lxc/containers is RUNNING and is cut off without being stopped"
      ])
      const after = yield* simulated.state
      assert.notStrictEqual(after.bootId, before.bootId)
      assert.deepStrictEqual(after.containers, [])
      assert.deepStrictEqual((yield* simulated.acted).at(-1), { _tag: "PowerCycle" })
    }).pipe(onHost({ host: host() })))

  it.effect("that fails says so and undoes nothing, for nothing can be undone", () =>
    Effect.gen(function*() {
      const error = yield* problemOf((yield* Hypervisor).powercycle)
      assert.deepStrictEqual([error.undone, error.residue, error.step], [false, [], { _tag: "PowerCycle" }])
      assert.deepStrictEqual((yield* (yield* MemoryJournal).open).length, 1)
    }).pipe(onHost({ host: host(), faults: [Faults.atTag("PowerCycle", "refuse")] })))
})

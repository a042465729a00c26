import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Facts, Faults, Guest, SimulatedHost } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { directories, host, instance, onHost, problemOf } from "./fixtures.ts"

const MiB = 1024 * 1024
const name = InstanceName.make("web1")
const resources = { memory: "64MiB", swap: "0", pids: 50 }

/** What the host holds of the instance: limits, record and all other files. */
const seen = Effect.map(Effect.flatMap(SimulatedHost, ({ state }) => state), (state) => ({
  files: state.files,
  limits: Facts.factsOf(state, directories).containers[0]?.limits
}))

describe("resize", () => {
  it.effect("puts limits in force, and a reboot keeps them", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(instance({ resources }))
      yield* hypervisor.resize(name, { memory: 128 * MiB, vcpus: 2 })
      const now = yield* hypervisor.info(name)
      assert.deepStrictEqual([now.memory.limitBytes, now.cpu.quota, now.pids.limit], [128 * MiB, 2, 50])
      yield* hypervisor.reboot(name)
      const later = yield* hypervisor.info(name)
      assert.deepStrictEqual([later.memory.limitBytes, later.cpu.quota, later.pids.limit], [128 * MiB, 2, 50])
    }).pipe(onHost({ host: host({ layout: "hybrid" }) })))

  it.effect("is done twice as well as once", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(instance({ resources }))
      yield* hypervisor.resize(name, { pids: 70 })
      assert.strictEqual((yield* hypervisor.resize(name, { pids: 70 })).acted, 0)
    }).pipe(onHost({ host: host() })))

  for (const layout of ["hybrid", "v2"] as const) {
    for (const kind of ["refuse", "act-then-refuse", "act-then-hang"] as const) {
      it.effect(`is all or nothing on ${layout}, whichever step fails (${kind})`, () =>
        Effect.gen(function*() {
          const wanted = { memory: 128 * MiB, swap: 64 * MiB, vcpus: 1, cpuWeight: 50, pids: 70 }
          const run = (faults: ReadonlyArray<Faults.Fault>) =>
            Effect.gen(function*() {
              const hypervisor = yield* Hypervisor
              yield* hypervisor.start(instance({ resources }))
              const before = yield* seen
              const { steps } = yield* hypervisor.plan.resize(name, wanted)
              if (faults.length === 0) return steps.map((step) => step._tag)
              const error = yield* problemOf(hypervisor.resize(name, wanted))
              assert.deepStrictEqual(error.residue, [])
              assert.deepStrictEqual(yield* seen, before)
              return []
            }).pipe(onHost({ host: host({ layout }), faults }))
          const tags = yield* run([])
          const setLimits = tags.filter((tag) => tag === "SetLimit").length
          assert.isAbove(setLimits, 4)
          for (let nth = 0; nth < setLimits; nth++) yield* run([Faults.atTag("SetLimit", kind, { nth })])
          // of the files three were written by the start
          const started = 3
          for (let nth = started; nth < started + 3; nth++) yield* run([Faults.atTag("WriteFile", kind, { nth })])
        }))
    }
  }

  it.effect("below what v1 can reclaim is the kernel's refusal, and everything is as it was", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(instance({ resources }))
      const before = yield* seen
      const error = yield* problemOf(hypervisor.resize(name, { pids: 10, memory: 8 * MiB }))
      assert.include(error.message, "EBUSY")
      assert.deepStrictEqual(yield* seen, before)
    }).pipe(onHost({
      host: host({ layout: "hybrid", images: { "/srv/web1.img": Guest.obedient({ usesBytes: 16 * MiB }) } })
    })))

  it.effect("forced below use on v2 is a failure that says so where the guest did not survive", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(instance({ resources }))
      const error = yield* problemOf(hypervisor.resize(name, { memory: 8 * MiB }, { force: true }))
      assert.strictEqual(error.problem._tag, "InitEnded")
    }).pipe(onHost({ host: host({ images: { "/srv/web1.img": Guest.obedient({ usesBytes: 16 * MiB }) } }) })))
})

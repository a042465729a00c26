import { HostPath } from "@effect-lxc/core/model/HostPath"
import type { PlanRejected } from "@effect-lxc/core/plan/PlanRejected"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Diff, Faults, Incidents, SimulatedHost } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { directories, failureOf, host, instance, onHost, problemOf } from "./fixtures.ts"

const web1 = instance({ lxc: { ttys: 0, console: "none" } })
const kept = HostPath.make("/srv/kept")

const codesOf = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(failureOf(effect), (error) => {
    assert.strictEqual(error._tag, "PlanRejected")
    return (error as unknown as PlanRejected).rejections.map(({ code }) => code) // its tag was just seen
  })

const started = Effect.gen(function*() {
  const hypervisor = yield* Hypervisor
  yield* hypervisor.start(web1)
  return { hypervisor, before: yield* (yield* SimulatedHost).state, simulated: yield* SimulatedHost }
})

describe("checkpoint", () => {
  it.effect("leaves the container running, and is a spec and images in its directory", () =>
    Effect.gen(function*() {
      const { before, hypervisor, simulated } = yield* started
      yield* hypervisor.checkpoint(web1.name, kept)
      const lines = Diff.traces(before, yield* simulated.state, directories).trimEnd().split("\n")
      assert.deepStrictEqual(lines.map((line) => line.split(" ").slice(0, 3).join(" ")), [
        "+ directory /srv/kept",
        "+ directory /srv/kept/criu.images",
        "+ file /srv/kept/criu.images/inventory.img",
        "+ file /srv/kept/instance.json"
      ])
      assert.strictEqual((yield* hypervisor.info("web1")).state, "RUNNING")
      assert.deepStrictEqual(yield* codesOf(hypervisor.checkpoint(web1.name, kept)), ["directory-used"])
    }).pipe(onHost({ host: host() })))

  it.effect("with stop ends it, and restore brings it back by its record", () =>
    Effect.gen(function*() {
      const { hypervisor } = yield* started
      yield* hypervisor.checkpoint(web1.name, kept, { stop: true })
      yield* Effect.sleep(100)
      assert.deepInclude(yield* hypervisor.info("web1"), { state: "STOPPED", problem: "leftovers" })
      yield* hypervisor.restore(web1, kept)
      assert.deepInclude(yield* hypervisor.info("web1"), { state: "RUNNING", problem: null })
      yield* hypervisor.stop(web1.name)
    }).pipe(onHost({ host: host() })))

  it.effect("where CRIU is not installed is refused with every other reason, and with what verify says; so is a restore", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(instance())
      const { message } = yield* failureOf(hypervisor.checkpoint(web1.name, kept))
      assert.deepStrictEqual(yield* codesOf(hypervisor.checkpoint(web1.name, kept)), ["criu-missing", "has-terminals"])
      const { findings } = yield* hypervisor.verify
      assert.include(message, findings.find((each) => each.message.startsWith("criu"))?.advice ?? "no advice")
      yield* hypervisor.stop(web1.name)
      assert.deepStrictEqual(yield* codesOf(hypervisor.restore(web1, kept)), ["criu-missing", "checkpoint-missing"])
    }).pipe(onHost({ host: host({ criu: null }) })))

  for (const [why, options] of [["CRIU 3.17.1 does not work here", { criu: "3.17.1", kernel: "6.18.0" }]] as const) {
    it.effect(`where ${why} says so; the container goes on running and nothing is left`, () =>
      Effect.gen(function*() {
        const { before, hypervisor, simulated } = yield* started
        for (const stop of [false, true]) {
          const error = yield* problemOf(hypervisor.checkpoint(web1.name, kept, { stop }))
          assert.include(error.message, why)
          assert.include(error.message, "goes on running")
          assert.strictEqual((yield* hypervisor.info("web1")).state, "RUNNING")
        }
        yield* hypervisor.recover(web1.name)
        const left = Diff.traces(before, yield* simulated.state, directories)
        assert.notInclude(left, "criu.images")
        assert.strictEqual((yield* hypervisor.info("web1")).state, "RUNNING")
      }).pipe(onHost({ host: host(options) })))
  }

  it.effect("leaves a file of somebody's in its directory that has the name of its spec", () =>
    Effect.gen(function*() {
      const { hypervisor, simulated } = yield* started
      yield* simulated.update(Incidents.putFile(`${kept}/instance.json`, "somebody's"))
      const { message, residue } = yield* problemOf(hypervisor.checkpoint(web1.name, kept))
      assert.include(message, `${kept}/instance.json holds another text`)
      assert.deepStrictEqual(residue, [])
      assert.strictEqual((yield* simulated.state).files[`${kept}/instance.json`]?.text, "somebody's")
      assert.strictEqual((yield* hypervisor.info("web1")).state, "RUNNING")
    }).pipe(onHost({ host: host() })))

  it.effect("that fails after the dump removes what was dumped", () =>
    Effect.gen(function*() {
      const { before, hypervisor, simulated } = yield* started
      yield* problemOf(hypervisor.checkpoint(web1.name, kept))
      assert.strictEqual(Diff.traces(before, yield* simulated.state, directories), "")
    }).pipe(onHost({ host: host(), faults: [Faults.atTag("Checkpoint", "act-then-refuse")] })))

  it.effect("of one with terminals, of a frozen one and of none is refused with what to do", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      assert.deepStrictEqual(yield* codesOf(hypervisor.checkpoint(web1.name, kept)), ["not-running"])
      yield* hypervisor.start(instance())
      yield* hypervisor.freeze(web1.name)
      assert.deepStrictEqual(yield* codesOf(hypervisor.checkpoint(web1.name, kept)), ["has-terminals", "frozen"])
    }).pipe(onHost({ host: host() })))

  it.effect("by an LXC that knows nothing of CRIU is refused, and so is a restore", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(web1)
      assert.deepStrictEqual(yield* codesOf(hypervisor.checkpoint(web1.name, kept)), ["lxc-too-old"])
      yield* hypervisor.stop(web1.name)
      assert.deepStrictEqual(yield* codesOf(hypervisor.restore(web1, kept)), ["lxc-too-old", "checkpoint-missing"])
    }).pipe(onHost({ host: host({ lxcVersion: "1.0.6", layout: "v1" }) })))

  it.effect("that is no checkpoint is not restored", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* codesOf((yield* Hypervisor).restore(web1, kept)), ["checkpoint-missing"])
    }).pipe(onHost({ host: host() })))

  it.effect("stays where a restore of it fails, which leaves nothing else", () =>
    Effect.gen(function*() {
      const { hypervisor, simulated } = yield* started
      yield* hypervisor.checkpoint(web1.name, kept, { stop: true })
      yield* Effect.sleep(100)
      yield* hypervisor.cleanup(web1.name)
      const before = yield* simulated.state
      yield* problemOf(hypervisor.restore(web1, kept))
      assert.strictEqual(Diff.traces(before, yield* simulated.state, directories), "")
    }).pipe(onHost({ host: host(), faults: [Faults.atTag("Restore", "act-then-refuse")] })))
})

import { HostPath } from "@effect-lxc/core/model/HostPath"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { vethName } from "@effect-lxc/core/model/VethName"
import { Diff, emptyHost, Faults, Guest, Happening, Request, SimulatedHost, TestHypervisor, TestKit, World } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"

const name = InstanceName.make("web1")
const host = emptyHost({ bridges: ["br0"], images: { "/srv/web1.img": Guest.obedient(), "/srv/bad.img": Guest.withoutInit() } })
const spec = (path: string): Request.WrittenSpec => ({ name, disks: [{ path }], nics: [{ link: "br0" }] })

const asked = (...requests: ReadonlyArray<Request.Request>) =>
  Effect.forEach(requests, (request) => TestKit.runToEnd(Request.ask(request)))

const tags = (answers: ReadonlyArray<Request.Answer>) => answers.map((each) => each._tag)

describe("a request", () => {
  it.effect("has an answer for each way in which it can end", () =>
    Effect.gen(function*() {
      const answers = yield* asked(
        { _tag: "Start", spec: { name, disk: "/srv/web1.img" } },
        { _tag: "Start", spec: spec("/srv/none.img") },
        { _tag: "Start", spec: spec("/srv/bad.img") },
        { _tag: "Start", spec: spec("/srv/web1.img") },
        { _tag: "Resize", name, wanted: { pids: 100 } },
        { _tag: "Freeze", name },
        { _tag: "Thaw", name },
        { _tag: "Reboot", name },
        { _tag: "RebootInPlace", name },
        { _tag: "Recover" },
        { _tag: "CleanupAll" },
        { _tag: "Stop", name, timeoutMs: 10_000 },
        { _tag: "Kill", name }
      )
      assert.deepStrictEqual(tags(answers), [
        "Invalid", "Rejected", "Failed", "Done", "Done", "Done", "Done", "Done", "Rejected", "Recovered", "Done", "Done", "Done"
      ])
      assert.deepStrictEqual(answers.slice(0, 2), [
        { _tag: "Invalid", fields: ["disk"] },
        { _tag: "Rejected", reasons: [{ code: "disk-missing", field: "disks[0].path" }] }
      ])
      assert.deepInclude(answers[2], { step: "StartContainer", undone: true, residue: [] })
      assert.deepStrictEqual(answers.at(-1), { _tag: "Done", acted: 0, alreadyDone: 0, warnings: [] })
    }).pipe(Effect.provide(TestHypervisor.layer({ host }))))

  it.effect("is told of a lock that cannot be asked for as what it is, not as a bug", () =>
    Effect.gen(function*() {
      const process = yield* (yield* World).process({ faults: [Faults.at({ _tag: "Lock", nth: 0 }, "refuse")] })
      const answer = yield* process.run(Request.ask({ _tag: "Start", spec: spec("/srv/web1.img") }))
      assert.deepStrictEqual(answer, { _tag: "Unlockable", path: "/run/effect-lxc/locks/web1.lock", code: "EIO" })
    }).pipe(Effect.provide(World.layer({ host }))))

  it.effect("keeps the processes of a container in a directory, and brings them back", () =>
    Effect.gen(function*() {
      const quiet = { ...spec("/srv/web1.img"), lxc: { ttys: 0, console: "none" } }
      const directory = HostPath.make("/srv/kept")
      const answers = yield* asked(
        { _tag: "Start", spec: quiet },
        { _tag: "Checkpoint", name, directory, stop: true },
        { _tag: "Cleanup", name },
        { _tag: "Restore", spec: quiet, directory },
        { _tag: "Stop", name, timeoutMs: 10_000 }
      )
      assert.deepStrictEqual(tags(answers), ["Done", "Done", "Done", "Done", "Done"])
    }).pipe(Effect.provide(TestHypervisor.layer({ host }))))

  it("is itself again after it was stored as JSON", () => {
    const json = Schema.fromJsonString(Schema.toCodecJson(Request.Request))
    const request: Request.Request = { _tag: "Reboot", name, spec: spec("/srv/web1.img"), timeoutMs: 10 }
    assert.deepEqual(Schema.decodeSync(json)(Schema.encodeSync(json)(request)), request)
  })
})

describe("a happening", () => {
  const befall = (happening: Happening.Happening) =>
    Effect.flatMap(SimulatedHost, (simulated) => simulated.update(Happening.befall(happening)))

  it.effect("of a container is seen in its state", () =>
    Effect.gen(function*() {
      yield* asked({ _tag: "Start", spec: spec("/srv/web1.img") })
      yield* befall({ _tag: "FreezeContainer", name })
      const frozen = yield* asked({ _tag: "Reboot", name, timeoutMs: 5_000 })
      yield* befall({ _tag: "StopMonitor", name })
      const silent = yield* asked({ _tag: "Freeze", name })
      yield* befall({ _tag: "ContinueMonitor", name })
      yield* befall({ _tag: "ExitInit", name, code: 3 })
      const ended = yield* asked({ _tag: "Freeze", name }, { _tag: "CleanupAll" }, { _tag: "CleanupAll" })
      assert.deepStrictEqual(tags([...frozen, ...silent, ...ended]), ["Done", "Rejected", "Rejected", "Done", "Done"])
      assert.strictEqual(ended[2]?._tag === "Done" ? ended[2].acted : undefined, 0)
    }).pipe(Effect.provide(TestHypervisor.layer({ host }))))

  it.effect("at a path is undone by its counterpart", () =>
    Effect.gen(function*() {
      const simulated = yield* SimulatedHost
      const path = HostPath.make("/srv/there")
      const before = yield* simulated.state
      yield* befall({ _tag: "PutDirectory", path })
      yield* befall({ _tag: "MountTmpfs", path })
      yield* befall({ _tag: "Occupy", path })
      const { mounts, processes } = yield* simulated.state
      assert.deepStrictEqual([mounts.length, processes.length], [before.mounts.length + 1, before.processes.length + 1])
      yield* befall({ _tag: "Release", path })
      yield* befall({ _tag: "UnmountPath", path })
      yield* befall({ _tag: "RemovePath", path })
      const after = yield* simulated.state
      assert.deepStrictEqual([after.mounts, after.processes, after.files], [before.mounts, before.processes, before.files])
    }).pipe(Effect.provide(TestHypervisor.layer({ host }))))

  it.effect("where there is nothing for it to befall changes nothing", () =>
    Effect.gen(function*() {
      const simulated = yield* SimulatedHost
      yield* asked({ _tag: "Start", spec: spec("/srv/web1.img") })
      const before = yield* simulated.state
      const root = HostPath.make("/run/effect-lxc/containers/web1/rootfs")
      yield* befall({ _tag: "UnmountPath", path: root })
      yield* befall({ _tag: "RemovePath", path: root })
      yield* befall({ _tag: "PutFile", path: root, text: "" })
      yield* befall({ _tag: "Occupy", path: HostPath.make("/srv/nothing") })
      yield* befall({ _tag: "MountTmpfs", path: HostPath.make("/srv/web1.img") })
      yield* befall({ _tag: "LeaveInterface", interface: vethName(name, 0) })
      yield* befall({ _tag: "LeaveCgroup", group: `lxc.payload.${name}` })
      yield* befall({ _tag: "StopMonitor", name })
      const stopped = yield* simulated.state
      yield* befall({ _tag: "FreezeContainer", name })
      assert.deepStrictEqual(Diff.diff(before, { ...stopped, processes: before.processes }), "")
      assert.deepStrictEqual(yield* simulated.state, stopped)
    }).pipe(Effect.provide(TestHypervisor.layer({ host }))))
})

describe("a bridge", () => {
  it.effect("has the least MTU of its ports, which the next port gets that asks for none", () =>
    Effect.gen(function*() {
      const { state } = yield* SimulatedHost
      const mtus = Effect.map(state, ({ interfaces }) => interfaces.slice(1).map(({ mtu }) => mtu))
      const nics = [{ link: "br0", mtu: 1_400 }, { link: "br0" }]
      yield* asked({ _tag: "Start", spec: { ...spec("/srv/web1.img"), nics } })
      assert.deepStrictEqual(yield* mtus, [1_400, 1_400, 1_400])
      yield* asked({ _tag: "Kill", name })
      assert.deepStrictEqual(yield* mtus, [1_500])
    }).pipe(Effect.provide(TestHypervisor.layer({ host }))))
})

describe("a reboot in place", () => {
  const lxc = { dropCapabilities: [] }

  it.effect("brings back the limits that the container was started with", () =>
    Effect.gen(function*() {
      const { state } = yield* SimulatedHost
      const limits = Effect.map(state, ({ trees }) => trees.map(({ groups }) => groups[`lxc.payload.${name}`]))
      yield* asked({ _tag: "Start", spec: { ...spec("/srv/web1.img"), lxc, resources: { pids: 100 } } })
      const started = yield* limits
      yield* asked({ _tag: "Resize", name, wanted: { pids: 40 } })
      assert.notDeepEqual(yield* limits, started)
      const answers = yield* asked({ _tag: "RebootInPlace", name, timeoutMs: 10_000 })
      assert.deepStrictEqual(tags(answers), ["Done"])
      assert.deepStrictEqual(yield* limits, started)
    }).pipe(Effect.provide(TestHypervisor.layer({ host }))))

  it.effect("is the end where something else is mounted on the root", () =>
    Effect.gen(function*() {
      const simulated = yield* SimulatedHost
      yield* asked({ _tag: "Start", spec: { ...spec("/srv/web1.img"), lxc } })
      const path = HostPath.make("/run/effect-lxc/containers/web1/rootfs")
      yield* simulated.update(Happening.befall({ _tag: "MountTmpfs", path }))
      const [answer] = yield* asked({ _tag: "RebootInPlace", name, timeoutMs: 10_000 })
      assert.deepInclude(answer, { _tag: "Failed", step: "RebootInPlace", undone: false })
    }).pipe(Effect.provide(TestHypervisor.layer({ host }))))
})

import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Diff, Faults, Guest, Incidents, MemoryJournal, SimulatedHost, withForeign } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { directories, failureOf, host, instance, onHost, problemOf } from "./fixtures.ts"

const web1 = instance()
const rebootable = instance({ lxc: { dropCapabilities: [] } })

const assertClean = Effect.gen(function*() {
  const { state } = yield* SimulatedHost
  yield* Effect.sleep(2_000) // until pid 1 has reaped a monitor that was killed
  assert.strictEqual(Diff.traces(host(), yield* state, directories), "")
})

const tags = Effect.map(Effect.flatMap(SimulatedHost, ({ acted }) => acted), (steps) => steps.map(({ _tag }) => _tag))

const stateOf = (name: string) =>
  Effect.map(Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.list()), (list) =>
    list.find((each) => each.name === name)?.state)

describe("kill", () => {
  it.effect("asks nothing of the guest: forks are forbidden, then all is killed, and it ends as a stop ends", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(web1)
      const before = (yield* tags).length
      yield* hypervisor.kill(web1.name)
      const acted = (yield* tags).slice(before)
      assert.deepStrictEqual(acted.slice(0, 2), ["ForbidForks", "KillContainer"])
      assert.notInclude(acted, "SignalContainer")
      yield* assertClean
    }).pipe(onHost({ host: host({ images: { "/srv/web1.img": Guest.deaf() } }) })))

  it.effect("ends what is frozen and what has lost its monitor", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const { update } = yield* SimulatedHost
      for (const incident of [Incidents.freeze("web1"), Incidents.orphan("web1"), Incidents.stopMonitor("web1")]) {
        yield* hypervisor.start(web1)
        yield* update(incident)
        yield* hypervisor.kill(web1.name)
        yield* assertClean
      }
    }).pipe(onHost({ host: host() })))
})

describe("a stop that waits for a deaf guest", () => {
  const overtaken = (force: (hypervisor: Hypervisor["Service"]) => Effect.Effect<unknown, { readonly message: string }>) =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(web1)
      const began = yield* Clock.currentTimeMillis
      const waiting = yield* Effect.forkChild(hypervisor.stop(web1.name, { timeoutMs: 20_000 }))
      yield* Effect.sleep(1_000)
      yield* force(hypervisor)
      yield* Fiber.join(waiting)
      assert.isBelow((yield* Clock.currentTimeMillis) - began, 5_000)
      yield* assertClean
    }).pipe(onHost({ host: host({ images: { "/srv/web1.img": Guest.deaf() } }) }, { step: "100 millis", steps: 10_000 }))

  it.effect("is overtaken by a stop with --force, and both end well", () =>
    overtaken((hypervisor) => hypervisor.stop(web1.name, { force: true, timeoutMs: 0 })))

  it.effect("is overtaken by a kill", () => overtaken((hypervisor) => hypervisor.kill(web1.name)))

  it.effect("is not overtaken by one that is as patient", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(web1)
      yield* Effect.forkChild(Effect.exit(hypervisor.stop(web1.name, { timeoutMs: 60_000 })))
      yield* Effect.sleep(1_000)
      assert.strictEqual((yield* failureOf(hypervisor.stop(web1.name)))._tag, "LockHeld")
    }).pipe(onHost({ host: host({ images: { "/srv/web1.img": Guest.deaf() } }) }, { step: "1 second" })))
})

describe("freeze and thaw", () => {
  it.effect("hold already when they are repeated", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(web1)
      assert.strictEqual((yield* hypervisor.freeze(web1.name)).acted, 1)
      assert.strictEqual(yield* stateOf("web1"), "FROZEN")
      assert.deepInclude(yield* hypervisor.freeze(web1.name), { acted: 0, alreadyDone: 1 })
      assert.strictEqual((yield* hypervisor.thaw(web1.name)).acted, 1)
      assert.strictEqual(yield* stateOf("web1"), "RUNNING")
      assert.deepInclude(yield* hypervisor.thaw(web1.name), { acted: 0, alreadyDone: 1 })
    }).pipe(onHost({ host: host() })))

  it.effect("leave nothing half frozen: a freeze that fails is thawed", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(web1)
      const failed = yield* problemOf(hypervisor.freeze(web1.name))
      assert.isTrue(failed.undone)
      assert.strictEqual(yield* stateOf("web1"), "RUNNING")
    }).pipe(onHost({ host: host(), faults: [Faults.atTag("Freeze", "act-then-refuse")] })))

  it.effect("are rejected where nothing runs", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      assert.strictEqual((yield* failureOf(hypervisor.freeze(web1.name)))._tag, "PlanRejected")
      assert.strictEqual((yield* failureOf(hypervisor.thaw(web1.name)))._tag, "PlanRejected")
    }).pipe(onHost({ host: host() })))
})

describe("reboot", () => {
  it.effect("gives a new first process, by the spec of the record or by another", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(web1)
      const before = yield* hypervisor.info("web1")
      yield* hypervisor.reboot(web1.name)
      const after = yield* hypervisor.info("web1")
      assert.notStrictEqual(after.initPid, before.initPid)
      yield* hypervisor.reboot(web1.name, { instance: instance({ resources: { memory: "64MiB" } }) })
      assert.strictEqual((yield* hypervisor.info("web1")).memory.limitBytes, 64 * 1024 * 1024)
      yield* hypervisor.stop(web1.name)
      yield* assertClean
    }).pipe(onHost({ host: host() })))

  it.effect("is rejected before anything is touched when the new start would be", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(web1)
      const other = instance({ nics: [{ link: "br9" }] })
      assert.strictEqual((yield* failureOf(hypervisor.reboot(web1.name, { instance: other })))._tag, "PlanRejected")
      const another = instance({ name: "web2" })
      assert.strictEqual((yield* failureOf(hypervisor.reboot(web1.name, { instance: another })))._tag, "PlanRejected")
      assert.strictEqual(yield* stateOf("web1"), "RUNNING")
    }).pipe(onHost({ host: host() })))

  it.effect("without a record asks for a spec", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const error = yield* failureOf(hypervisor.reboot(web1.name))
      assert.include(error.message, "--spec")
    }).pipe(onHost({ host: host() })))

  it.effect("in place keeps the monitor, and is refused without the capability sys_boot", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(web1)
      assert.include((yield* failureOf(hypervisor.reboot(web1.name, { inPlace: true }))).message, "sys_boot")
      yield* hypervisor.stop(web1.name)
      yield* hypervisor.start(rebootable)
      const before = yield* hypervisor.info("web1")
      yield* hypervisor.reboot(web1.name, { inPlace: true })
      assert.notStrictEqual((yield* hypervisor.info("web1")).initPid, before.initPid)
    }).pipe(onHost({ host: host() })))
})

describe("cleanup", () => {
  it.effect("leaves alone what runs in order, and says so", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(web1)
      const report = yield* hypervisor.cleanup(web1.name)
      assert.strictEqual(report.acted, 0)
      assert.match(report.warnings.join(), /left alone/)
      assert.strictEqual(yield* stateOf("web1"), "RUNNING")
    }).pipe(onHost({ host: host() })))

  it.effect("removes what a killed monitor, an orphan and a dead first process leave, and can be repeated", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const { update } = yield* SimulatedHost
      const initDead = (state: Parameters<ReturnType<typeof Incidents.killInit>>[0]) =>
        Incidents.killInit("web1")(Incidents.stopMonitor("web1")(state))
      for (const incident of [Incidents.killMonitor("web1"), Incidents.orphan("web1"), initDead]) {
        yield* hypervisor.start(web1)
        yield* update(incident)
        yield* hypervisor.cleanup(web1.name)
        yield* assertClean
        assert.deepInclude(yield* hypervisor.cleanup(web1.name), { acted: 0, alreadyDone: 0 })
      }
    }).pipe(onHost({ host: host() })))
})

it.effect("a stop that failed is dealt with before the next operation, which says so", () =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const { update } = yield* SimulatedHost
    yield* hypervisor.start(web1)
    yield* update(Incidents.occupy(directories.rootfs("web1")))
    yield* problemOf(hypervisor.stop(web1.name))
    assert.deepStrictEqual(yield* (yield* MemoryJournal).open, [directories.journal("web1")])
    yield* update(Incidents.release(directories.rootfs("web1")))
    const report = yield* hypervisor.recover()
    assert.deepStrictEqual(report.recovered.map(({ instance: name, operation }) => [name, operation]), [["web1", "stop"]])
    assert.deepStrictEqual(report.unfinished, [])
    assert.deepStrictEqual(yield* (yield* MemoryJournal).open, [])
    assert.deepStrictEqual(yield* hypervisor.list(), [])
  }).pipe(onHost({ host: host() })))

it.effect("a stop that its guest did not obey has ended: nothing is left to recover, unless more was begun before it", () =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const { open } = yield* MemoryJournal
    yield* hypervisor.start(web1)
    const { problem } = yield* problemOf(hypervisor.stop(web1.name, { timeoutMs: 10 }))
    assert.strictEqual(problem._tag, "StillRunning")
    yield* hypervisor.freeze(web1.name)
    yield* problemOf(hypervisor.stop(web1.name, { timeoutMs: 10 }))
    assert.deepStrictEqual([yield* open, yield* stateOf("web1")], [[], "FROZEN"])
    yield* problemOf(hypervisor.export(web1.name, HostPath.make("/srv/web1.export"), { stop: true, timeoutMs: 10 }))
    assert.deepStrictEqual(yield* open, [directories.journal("web1")])
  }).pipe(onHost({ host: host({ images: { "/srv/web1.img": Guest.deaf() } }) })))

it.effect("after a boot, what was meant to run still is when its start fails at the very end", () =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const { update } = yield* SimulatedHost
    yield* hypervisor.start(web1)
    yield* update(Incidents.reboot("00000000-0000-0000-0000-000000000002"))
    assert.deepStrictEqual((yield* problemOf(hypervisor.start(web1))).residue, [])
    assert.deepStrictEqual((yield* hypervisor.recover()).notRunning, ["web1"])
  }).pipe(onHost({ host: host(), faults: [Faults.atTag("WriteFile", "act-then-refuse", { nth: 5 })] })))

it.effect("what is meant to run and runs in another run directory with the same state directory is not reported", () =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const { update } = yield* SimulatedHost
    yield* hypervisor.start(web1)
    yield* update(Incidents.reboot("00000000-0000-0000-0000-000000000002"))
    yield* update((state) => withForeign(state, "/srv/other/containers", "web1"))
    assert.deepStrictEqual((yield* hypervisor.recover()).notRunning, [])
  }).pipe(onHost({ host: host() })))

it.effect("after a boot, what was meant to run is reported", () =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const { update } = yield* SimulatedHost
    yield* hypervisor.start(web1)
    yield* update(Incidents.reboot("00000000-0000-0000-0000-000000000002"))
    assert.deepStrictEqual((yield* hypervisor.recover()).notRunning, ["web1"])
    yield* hypervisor.cleanup(web1.name)
    assert.deepStrictEqual((yield* hypervisor.recover()).notRunning, [])
  }).pipe(onHost({ host: host() })))

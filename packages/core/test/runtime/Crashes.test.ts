import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Diff, Faults, Guest, Incidents, MemoryJournal, TestKit, World } from "@effect-lxc/test-kit"
import { assert, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { directories, host, instance, onHost, problemOf } from "./fixtures.ts"

const web1 = instance()
const hypervise = <A, E>(body: (hypervisor: Hypervisor["Service"]) => Effect.Effect<A, E>) => Effect.flatMap(Hypervisor, body)

const inWorld = <A, E>(body: Effect.Effect<A, E, World | MemoryJournal>, on = host()) =>
  TestKit.runToEnd(Effect.provide(body, World.layer({ host: on })))

const removing = {
  recover: (hypervisor: Hypervisor["Service"]) => Effect.asVoid(hypervisor.recover(web1.name)),
  cleanup: (hypervisor: Hypervisor["Service"]) => Effect.asVoid(hypervisor.cleanup(web1.name)),
  stop: (hypervisor: Hypervisor["Service"]) => Effect.asVoid(hypervisor.stop(web1.name))
}

for (const [what, ask] of Object.entries(removing)) {
  it.effect(`a journal whose process died before it wrote a word is removed by ${what}`, () =>
    inWorld(Effect.gen(function*() {
      const world = yield* World
      const dying = yield* world.process({ faults: [Faults.atJournal("append", "crash")] })
      yield* Effect.exit(dying.run(hypervise((hypervisor) => hypervisor.start(web1))))
      assert.deepStrictEqual(yield* (yield* MemoryJournal).open, [directories.journal("web1")])
      yield* (yield* world.process()).run(hypervise((hypervisor) => ask(hypervisor)))
      assert.deepStrictEqual(yield* (yield* MemoryJournal).open, [])
      assert.strictEqual(Diff.traces(host(), yield* world.state, directories), "")
    })))
}

it.effect("a step of a rollback that fails and is done all the same is not residue", () =>
  Effect.gen(function*() {
    const error = yield* problemOf((yield* Hypervisor).start(web1))
    assert.deepStrictEqual(error.residue, [])
    assert.deepStrictEqual(yield* (yield* MemoryJournal).open, [])
  }).pipe(onHost({ host: host(), faults: [Faults.atTag("StartContainer", "refuse"), Faults.atTag("Unmount", "act-then-refuse")] })))

it.effect("a start whose journal cannot be removed has failed, and is undone: else a recovery would undo it later", () =>
  Effect.gen(function*() {
    const error = yield* problemOf((yield* Hypervisor).start(web1))
    assert.isTrue(error.undone)
    assert.strictEqual(error.problem._tag, "SystemCallFailed")
    assert.strictEqual(Diff.traces(host(), yield* (yield* World).state, directories), "")
  }).pipe(onHost({ host: host(), faults: [Faults.atJournal("remove", "refuse", { nth: 1 })] })))

it.effect("a guest that was asked to end when the process died is waited for: it does not end behind the recovery's back", () =>
  inWorld(Effect.gen(function*() {
    const world = yield* World
    const process = yield* world.process()
    yield* process.run(hypervise((hypervisor) => hypervisor.start(web1)))
    const dying = yield* world.process({ faults: [Faults.atTag("AwaitStopped", "crash")] })
    yield* Effect.exit(dying.run(hypervise((hypervisor) => hypervisor.stop(web1.name))))
    yield* process.run(hypervise((hypervisor) => hypervisor.recover(web1.name)))
    yield* Effect.sleep("10 seconds")
    assert.strictEqual(Diff.traces(host(), yield* world.state, directories), "")
  })))

it.effect("a guest that did not obey is not waited for again: its stop has waited as long as it would", () =>
  inWorld(Effect.gen(function*() {
    const world = yield* World
    const process = yield* world.process()
    yield* process.run(hypervise((hypervisor) => hypervisor.start(instance({ disks: [{ path: "/srv/deaf.img" }] }))))
    yield* Effect.exit(process.run(hypervise((hypervisor) => hypervisor.stop(web1.name, { timeoutMs: 3_000 }))))
    const began = yield* Clock.currentTimeMillis
    yield* process.run(hypervise((hypervisor) => hypervisor.recover(web1.name)))
    assert.isBelow((yield* Clock.currentTimeMillis) - began, 1_000)
  }), host({ images: { "/srv/web1.img": Guest.obedient(), "/srv/deaf.img": Guest.deaf() } })))

const changing = {
  resize: (hypervisor: Hypervisor["Service"]) => hypervisor.resize(web1.name, { pids: 50 }),
  freeze: (hypervisor: Hypervisor["Service"]) => hypervisor.freeze(web1.name),
  thaw: (hypervisor: Hypervisor["Service"]) => hypervisor.thaw(web1.name)
}

for (const [what, ask] of Object.entries(changing)) {
  it.effect(`a ${what} whose process died, and then its container, is dealt with: nothing of that keeps the name from being used`, () =>
    inWorld(Effect.gen(function*() {
      const world = yield* World
      const healthy = yield* world.process()
      yield* healthy.run(hypervise((hypervisor) => hypervisor.start(web1)))
      if (what === "thaw") yield* healthy.run(hypervise((hypervisor) => hypervisor.freeze(web1.name)))
      const dying = yield* world.process({ faults: [Faults.atJournal("append", "crash", { nth: 2 })] })
      yield* Effect.exit(dying.run(hypervise(ask)))
      assert.deepStrictEqual(yield* (yield* MemoryJournal).open, [directories.journal("web1")])
      yield* world.update(Incidents.killMonitor("web1"))
      yield* Effect.sleep(2_000)
      assert.deepStrictEqual((yield* healthy.run(hypervise((hypervisor) => hypervisor.recover()))).unfinished, [])
      yield* healthy.run(hypervise((hypervisor) => hypervisor.cleanup(web1.name)))
      assert.strictEqual(Diff.traces(host(), yield* world.state, directories), "")
    })))
}

it.effect("what was meant to run still is when its start crashed at the very end, and so did its recovery", () =>
  inWorld(Effect.gen(function*() {
    const world = yield* World
    const healthy = yield* world.process()
    yield* healthy.run(hypervise((hypervisor) => hypervisor.start(web1)))
    yield* world.update(Incidents.reboot("00000000-0000-0000-0000-000000000002"))
    const starting = yield* world.process({ faults: [Faults.atJournal("remove", "crash", { nth: 1 })] })
    yield* Effect.exit(starting.run(hypervise((hypervisor) => hypervisor.start(web1))))
    const recovering = yield* world.process({ faults: [Faults.atJournal("remove", "crash")] })
    yield* Effect.exit(recovering.run(hypervise((hypervisor) => hypervisor.recover())))
    const report = yield* healthy.run(hypervise((hypervisor) => hypervisor.recover()))
    assert.deepStrictEqual([report.unfinished, report.notRunning], [[], ["web1"]])
  })))

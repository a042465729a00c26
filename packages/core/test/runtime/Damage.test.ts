import { Directories } from "@effect-lxc/core/host/Directories"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { byHand } from "@effect-lxc/core/plan/ByHand"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Progress, type ProgressEvent } from "@effect-lxc/core/runtime/Progress"
import { Diff, Faults, MemoryJournal, SimulatedHost } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Effect, Exit, Fiber } from "effect"
import { directories, failureOf, host, instance, onHost, problemOf } from "./fixtures.ts"

const web1 = instance()
const elsewhere = new Directories({ run: HostPath.make("/run/else where"), log: directories.log, state: directories.state })
const busyRoot = [Faults.atTag("StartContainer", "refuse"), Faults.atTag("Unmount", "refuse")]

const told = () => {
  const events: Array<ProgressEvent> = []
  const progress = (event: ProgressEvent) => Effect.sync(() => void events.push(event))
  return { events, listening: <A, E, R>(body: Effect.Effect<A, E, R>) => Effect.provideService(body, Progress, progress) }
}

describe("what cannot be undone", () => {
  it.effect("comes with the commands that would do it, devices by their names, and the command that goes on", () =>
    Effect.gen(function*() {
      const { message, next, residue } = yield* problemOf((yield* Hypervisor).start(web1))
      const target = elsewhere.rootfs("web1")
      assert.deepStrictEqual(residue.map(({ commands, step }) => [step._tag, commands]), [
        ["Unmount", [["umount", "--no-canonicalize", "--", target]]],
        ["DetachLoop", [["losetup", "--detach", "/dev/loop0"]]],
        ["RemoveDirectory", [["rmdir", "--ignore-fail-on-non-empty", "--", target]]]
      ])
      assert.deepStrictEqual(next, ["effect-lxc", "--run-dir", "/run/else where", "recover", "web1"])
      assert.include(message, `by hand: umount --no-canonicalize -- '${target}'`)
      assert.match(message, /\nfinish it with: effect-lxc --run-dir '\/run\/else where' recover web1$/)
    }).pipe(onHost({ host: host(), directories: elsewhere, faults: busyRoot })))

  it.effect("is undone by the command that goes on", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* failureOf(hypervisor.start(web1))
      assert.deepStrictEqual((yield* hypervisor.recover(web1.name)).unfinished, [])
      assert.strictEqual(Diff.traces(host(), yield* (yield* SimulatedHost).state, directories), "")
    }).pipe(onHost({ host: host(), faults: busyRoot })))

  it("has no command where none does it: a device that never got its name", () => {
    assert.deepStrictEqual(byHand({ _tag: "DetachLoop", device: "$root", file: HostPath.make("/a.img") }), [])
  })
})

it.effect("nothing goes on where all was undone, and a guest that goes on running is named with the stop that kills it", () =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    assert.isNull((yield* problemOf(hypervisor.start(web1))).next)
    yield* hypervisor.start(web1)
    const refused = yield* problemOf(hypervisor.stop(web1.name, { timeoutMs: 0 }))
    assert.deepStrictEqual(refused.next, ["effect-lxc", "stop", "--force", "web1"])
  }).pipe(onHost({ host: host(), faults: [Faults.atTag("StartContainer", "refuse")] })))

describe("undoing takes no longer than its limit", () => {
  const stuck = [Faults.atTag("ConfirmAlive", "hang"), Faults.atTag("KillContainer", "hang")]
  const limited = { host: host(), faults: stuck, rollbackLimitMs: 2_000 }

  it.effect("when a step fails: what there was no time for is residue, and its journal stays", () =>
    Effect.gen(function*() {
      const began = yield* Clock.currentTimeMillis
      const { next, problem, residue } = yield* problemOf((yield* Hypervisor).start(web1))
      assert.strictEqual(problem._tag, "CommandTimedOut")
      assert.isBelow((yield* Clock.currentTimeMillis) - began, 2_000 + 5_000)
      assert.deepStrictEqual([...new Set(residue.map((each) => each.problem._tag))], ["NotUndone"])
      assert.strictEqual(residue[0]?.step._tag, "KillContainer")
      assert.deepStrictEqual(next, ["effect-lxc", "recover", "web1"])
      assert.deepStrictEqual(yield* (yield* MemoryJournal).open, [directories.journal("web1")])
    }).pipe(onHost(limited, { step: "100 millis" })))

  it.effect("and what was done when it was over is not residue, though it did not end", () =>
    Effect.gen(function*() {
      const { residue } = yield* problemOf((yield* Hypervisor).start(web1))
      assert.isFalse(residue.some(({ step }) => step._tag === "KillContainer"), "the container is dead")
      assert.isAbove(residue.length, 0)
    }).pipe(onHost({
      ...limited,
      faults: [Faults.atTag("ConfirmAlive", "hang"), Faults.atTag("KillContainer", "act-then-hang")]
    }, { step: "100 millis" })))

  it.effect("and what never came to be is not residue, though there was no time to try it", () =>
    Effect.gen(function*() {
      const { residue } = yield* problemOf((yield* Hypervisor).start(web1))
      const own = directories.container("web1")
      assert.deepStrictEqual(residue.map(({ problem, step }) => [problem._tag, "path" in step ? step.path : step._tag]), [["NotUndone", own]])
    }).pipe(onHost({ host: host(), faults: [Faults.atTag("WriteFile", "refuse")], rollbackLimitMs: 0 })))

  it.effect("when an embedding program interrupts it: the residue is told, and a recovery finishes it", () => {
    const { events, listening } = told()
    return Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const fiber = yield* Effect.forkChild(listening(hypervisor.start(web1)))
      while (!events.some((each) => each._tag === "StepBegun" && each.step._tag === "ConfirmAlive")) yield* Effect.sleep(10)
      const began = yield* Clock.currentTimeMillis
      yield* Fiber.interrupt(fiber)
      assert.isAtMost((yield* Clock.currentTimeMillis) - began, 2_100)
      const exit = yield* Fiber.await(fiber)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
      const done = events.find((each) => each._tag === "RollbackDone")
      assert.isAbove(done?.residue.length ?? 0, 0)
      assert.deepStrictEqual((yield* hypervisor.recover(web1.name)).unfinished, [])
      assert.strictEqual(Diff.traces(host(), yield* (yield* SimulatedHost).state, directories), "")
    }).pipe(onHost(limited, { step: "100 millis" }))
  })
})

describe("a wait for somebody else", () => {
  it.effect("is told when it begins, with whom it waits for, and is refused with the same words", () => {
    const { events, listening } = told()
    return Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* Effect.forkChild(hypervisor.start(web1))
      yield* Effect.sleep(10)
      const refused = yield* failureOf(listening(hypervisor.stop(web1.name)))
      const [waiting] = events
      assert.isTrue(waiting?._tag === "Waiting" && waiting.waitMs === 40 && waiting.operation === "stop")
      const holder = waiting?._tag === "Waiting" ? waiting.holder : null
      assert.match(holder ?? "", /^pid 1 \(start since .*\)$/)
      assert.isTrue(refused._tag === "LockHeld" && refused.holder === holder && refused.waitedMs === 40)
    }).pipe(onHost({ host: host(), lockWaitMs: 40 }, { step: "5 millis" }))
  })

  it.effect("says that it is a disk that another instance is taking", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* Effect.forkChild(hypervisor.start(web1))
      yield* Effect.sleep(10)
      const refused = yield* failureOf(hypervisor.start(instance({ name: "web2", nics: [] })))
      assert.match(refused.message, /^a disk of web2 is being taken by pid 1 \(start since /)
    }).pipe(onHost({ host: host(), faults: [Faults.atTag("MakeDirectory", "hang")], lockWaitMs: 40 }, { step: "5 millis" })))
})

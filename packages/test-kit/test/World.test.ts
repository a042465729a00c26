import { defaultDirectories as directories } from "@effect-lxc/core/host/Directories"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { decodeInstance } from "@effect-lxc/core/model/Instance"
import { begunBy } from "@effect-lxc/core/plan/JournalEntry"
import { Host } from "@effect-lxc/core/runtime/Host"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Journal } from "@effect-lxc/core/runtime/Journal"
import { Locks } from "@effect-lxc/core/runtime/Locks"
import { Diff, Faults, Guest, MemoryJournal, MemoryLocks, type ProcessOptions, SimulatedHost, TestHypervisor, TestKit, World } from "@effect-lxc/test-kit"
import type { LibraryProcess } from "@effect-lxc/test-kit/World"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Effect, Exit, Fiber, Result, type Scope } from "effect"

const web1 = Result.getOrThrow(decodeInstance({ name: "web1", disks: [{ path: "/srv/web1.img" }] }))
const host = SimulatedHost.state({ images: { "/srv/web1.img": Guest.obedient() } })
const start = Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.start(web1))
const recover = Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.recover())

/** Starts web1 in a process with faults, and gives how that ended. */
const startWith = Effect.fnUntraced(function*(...faults: ReadonlyArray<Faults.Fault>) {
  const { process } = yield* World
  return yield* Effect.result((yield* process({ faults })).run(start))
})

const inWorld = <A, E>(body: Effect.Effect<A, E, World | MemoryJournal | MemoryLocks>) =>
  TestKit.runToEnd(Effect.provide(body, World.layer({ host })))

const tagOf = <A>(result: Result.Result<A, { readonly _tag: string }>) => Result.isFailure(result) ? result.failure._tag : "done"

it.effect("a test that would crash itself is told where it can see a process crash", () =>
  Effect.gen(function*() {
    const layer = TestHypervisor.layer({ host, faults: [Faults.atTag("Mount", "crash")] })
    const exit = yield* Effect.exit(TestKit.runToEnd(Effect.provide(start, layer)))
    assert.isTrue(Exit.isFailure(exit) && Cause.pretty(exit.cause).includes("in a process of a World"))
  }))

describe("a process that crashes", () => {
  it.effect("rolls nothing back, lets its locks go and leaves its journal; another process recovers", () =>
    inWorld(Effect.gen(function*() {
      const world = yield* World
      assert.strictEqual(tagOf(yield* startWith(Faults.atTag("Mount", "crash"))), "ProcessDied")
      assert.include(Diff.traces(host, yield* world.state, directories), "+ loop /dev/loop0")
      assert.strictEqual((yield* (yield* MemoryLocks).holders).size, 0)
      const left = yield* (yield* MemoryJournal).entries(directories, "web1")
      assert.strictEqual(begunBy(left)?.operation, "start")
      const report = yield* (yield* world.process()).run(recover)
      assert.deepStrictEqual(report.recovered.map(({ instance }) => instance), ["web1"])
      assert.strictEqual(Diff.traces(host, yield* world.state, directories), "")
      assert.deepStrictEqual(yield* (yield* MemoryJournal).open, [])
    })))

  it.effect("at an instant dies in the middle of a step; the tool that is at work goes on and holds the lock", () =>
    inWorld(Effect.gen(function*() {
      const world = yield* World
      const first = yield* world.process({ faults: [Faults.atInstant(10, "crash")] })
      assert.strictEqual(tagOf(yield* Effect.result(first.run(start))), "ProcessDied")
      assert.strictEqual((yield* world.state).containers[0]?.phase, "starting")
      assert.isAbove((yield* (yield* MemoryLocks).holders).size, 0)
      yield* Effect.sleep(30)
      assert.strictEqual((yield* world.state).containers[0]?.phase, "running")
      assert.strictEqual((yield* (yield* MemoryLocks).holders).size, 0)
    })))

  it.effect("while a slow tool of it is at work leaves the locks to that; what it was about to do itself is never done", () =>
    inWorld(Effect.gen(function*() {
      const world = yield* World
      const dying = (tag: "AttachLoop" | "MakeDirectory") =>
        Effect.flatMap(world.process({ faults: [Faults.atTag(tag, "slow", { ms: 1_000 }), Faults.atInstant(500, "crash")] }), ({ run }) =>
          Effect.result(run(start)))
      assert.strictEqual(tagOf(yield* dying("AttachLoop")), "ProcessDied")
      assert.isAbove((yield* (yield* MemoryLocks).holders).size, 0)
      yield* Effect.sleep(600)
      assert.strictEqual((yield* world.state).loops.length, 1)
      assert.strictEqual((yield* (yield* MemoryLocks).holders).size, 0)
      yield* (yield* world.process()).run(recover)
      assert.strictEqual(tagOf(yield* dying("MakeDirectory")), "ProcessDied")
      yield* Effect.sleep(2_000)
      assert.strictEqual(Diff.traces(host, yield* world.state, directories), "")
    })))

  it.effect("while it waits for a lock does not take it along", () =>
    inWorld(Effect.gen(function*() {
      const world = yield* World
      const slow = yield* world.process({ faults: [Faults.atTag("Mount", "slow", { ms: 5_000 })] })
      const first = yield* Effect.forkChild(slow.run(start))
      yield* Effect.sleep(100)
      const second = yield* world.process({ faults: [Faults.atInstant(1_000, "crash")] })
      assert.strictEqual(tagOf(yield* Effect.result(second.run(start))), "ProcessDied")
      yield* Fiber.join(first)
      const third = yield* world.process()
      const stop = Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.stop(web1.name))
      assert.isAbove((yield* third.run(stop)).acted, 0)
    })))
})

it.effect("a power failure ends every process with its tools and locks, and takes along what is in /run", () =>
  inWorld(Effect.gen(function*() {
    const world = yield* World
    const boot = Faults.atInstant(10, "befall", { happening: { _tag: "Boot", bootId: "5a1d1b2e-0000-4000-8000-000000000009" } })
    const starting = yield* world.process({ faults: [Faults.atTag("AttachLoop", "slow", { ms: 50 }), boot] })
    const waiting = yield* world.process({ lockWaitMs: 20_000 })
    const ends = yield* Effect.all([starting.run(start), waiting.run(start)].map(Effect.result), { concurrency: 2 })
    assert.deepStrictEqual(ends.map(tagOf), ["ProcessDied", "ProcessDied"])
    assert.deepStrictEqual([(yield* (yield* MemoryLocks).holders).size, yield* (yield* MemoryJournal).open], [0, []])
    yield* Effect.sleep(1_000)
    assert.strictEqual(Diff.traces(host, yield* world.state, directories), "")
    assert.strictEqual(tagOf(yield* startWith()), "done")
  })))

/** Everything that a process can ask of the host, its journals and its locks, by what it is called. */
const callsOf = ({ services }: LibraryProcess): ReadonlyArray<readonly [string, Effect.Effect<unknown, unknown, Scope.Scope>]> => {
  const [port, journals, locks] = [Context.get(services, Host), Context.get(services, Journal), Context.get(services, Locks)]
  const make = { _tag: "MakeDirectory", path: HostPath.make("/run/made"), mode: "0755", keep: false } as const
  return [
    ["facts", port.facts({ directories })],
    ["containers", port.containers({ directories })],
    ["names", port.names({ directories })],
    ["usage", port.usage({ containers: [], fields: [] })],
    ["paths", port.paths(["/srv/web1.img"])],
    ["exportHead", port.exportHead("/srv/web1.tar")],
    ["survey", port.survey({ directories })],
    ["observe", port.observe(make, new Map())],
    ["apply", port.apply(make, new Map())],
    ["open", journals.open(directories, "web2")],
    ["read", journals.read(directories, "web2")],
    ["discard", journals.discard(directories, "web1")],
    ["list", journals.list(directories)],
    ["acquire", locks.acquire(directories, "web1", "start", 0)],
    ["holder", locks.holder(directories, "web1")]
  ]
}

describe("a dead process", () => {
  const waiting = [
    Faults.atTag("MakeDirectory", "refuse"), Faults.atJournal("append"), Faults.atJournal("remove"), Faults.at({ _tag: "Lock", nth: 0 }, "refuse")
  ]
  for (const [what, faults] of [["", []], [", and no fault strikes it", waiting]] as const) {
    it.effect(`gets no answer and does nothing any more${what}`, () =>
      inWorld(Effect.gen(function*() {
        const world = yield* World
        const process = yield* world.process({ faults })
        const journal = yield* Effect.scoped(Context.get(process.services, Journal).open(directories, "web1"))
        const begun = { _tag: "Begun", operation: "start", instance: "web1", at: "2026-01-01T00:00:00.000Z", bootId: host.bootId } as const
        const calls = [...callsOf(process), ["append", journal.append(begun)], ["remove", journal.remove]] as const
        yield* process.kill
        const before = yield* world.state
        const fibers = yield* Effect.forEach(calls, ([, call]) => Effect.forkDetach(Effect.scoped(call), { startImmediately: true }))
        yield* Effect.sleep("1 hour")
        assert.deepStrictEqual(calls.flatMap(([name], index) => fibers[index]?.pollUnsafe() === undefined ? [] : [name]), [])
        assert.strictEqual(Diff.diff(before, yield* world.state), "")
        assert.deepStrictEqual([...world.journals.values()], [[]])
        assert.strictEqual(world.locks.holders().size, 0)
      })))
  }
})

describe("a fault", () => {
  it.effect("at the n-th call of a tool strikes there and nowhere else", () =>
    inWorld(Effect.gen(function*() {
      const result = yield* startWith(Faults.atTool("lxc-start", "refuse"))
      assert.isTrue(Result.isFailure(result) && result.failure._tag === "OperationFailed" && result.failure.step._tag === "StartContainer")
      assert.strictEqual(tagOf(yield* startWith(Faults.atTool("lxc-start", "refuse", { nth: 1 }))), "done")
    })))

  it.effect("at an instant strikes at what is done next", () =>
    inWorld(Effect.gen(function*() {
      const result = yield* startWith(Faults.atInstant(4, "refuse"))
      assert.isTrue(Result.isFailure(result) && result.failure._tag === "OperationFailed" && result.failure.step._tag === "StartContainer")
    })))

  it.effect("at the n-th application of a step is counted in what is applied, and near another one from where that struck", () =>
    inWorld(Effect.gen(function*() {
      const failing = (place: Faults.FaultPlace) => startWith(Faults.atTag("Mount", "refuse"), Faults.at(place, "refuse"))
      const failure = (result: Effect.Success<ReturnType<typeof startWith>>) =>
        Result.isFailure(result) && result.failure._tag === "OperationFailed" ? result.failure : assert.fail("it should have failed")
      assert.strictEqual(failure(yield* startWith(Faults.at({ _tag: "Call", nth: 0 }, "refuse"))).step._tag, "MakeDirectory")
      // The first step of the rollback is the last one that was done.
      const residue = failure(yield* failing({ _tag: "Next", nth: 0 })).residue
      assert.deepStrictEqual(residue.map(({ step }) => step._tag).slice(0, 1), ["DetachLoop"])
      yield* (yield* (yield* World).process()).run(recover)
      assert.deepStrictEqual(failure(yield* failing({ _tag: "Next", nth: 100 })).residue, [])
    })))

  it.effect("so long after another one comes by itself, or to what is done next", () =>
    inWorld(Effect.gen(function*() {
      const world = yield* World
      const slow = Faults.atTag("Mount", "slow", { ms: 700 })
      const before = (yield* world.state).now
      const died = yield* startWith(slow, Faults.at({ _tag: "After", ms: 300 }, "crash"))
      assert.deepStrictEqual([tagOf(died), (yield* world.state).now - before], ["ProcessDied", 302])
      yield* Effect.sleep(1_000)
      yield* (yield* world.process()).run(recover)
      const refused = yield* startWith(slow, Faults.at({ _tag: "After", ms: 300 }, "refuse"))
      assert.isTrue(Result.isFailure(refused) && refused.failure._tag === "OperationFailed" && refused.failure.step._tag === "StartContainer")
      assert.strictEqual(tagOf(yield* startWith(slow, Faults.at({ _tag: "After", ms: 60_000 }, "crash"))), "done")
    })))

  it.effect("that is slow takes so much longer, and nothing else", () =>
    inWorld(Effect.gen(function*() {
      const world = yield* World
      const before = (yield* world.state).now
      assert.strictEqual(tagOf(yield* startWith()), "done")
      const took = (yield* world.state).now - before
      yield* (yield* world.process()).run(Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.kill(web1.name)))
      const again = (yield* world.state).now
      assert.strictEqual(tagOf(yield* startWith(Faults.atTag("Mount", "slow", { ms: 700 }))), "done")
      assert.strictEqual((yield* world.state).now - again, took + 700)
    })))

  it.effect("of a full disk lasts, and is felt by the journal as well", () =>
    inWorld(Effect.gen(function*() {
      const world = yield* World
      const faults = [Faults.atTag("WriteFile", "full-disk", { path: "/run/effect-lxc/containers" })]
      const result = yield* startWith(...faults)
      assert.isTrue(
        Result.isFailure(result) && result.failure._tag === "OperationFailed" &&
          result.failure.problem._tag === "SystemCallFailed" && result.failure.problem.code === "ENOSPC"
      )
      yield* world.update((state) => ({ ...state, full: ["/run"] }))
      assert.strictEqual(tagOf(yield* startWith()), "HostError")
    })))

  it.effect("befalls the host between two steps, or in the middle of one, and is none of what the step does", () =>
    inWorld(Effect.gen(function*() {
      const happening = { _tag: "KillInit", name: web1.name } as const
      const between = yield* startWith(Faults.atTag("ConfirmAlive", "befall", { call: "observe", happening }))
      const within = yield* startWith(Faults.atInstant(100, "befall", { happening }))
      for (const result of [between, within]) {
        assert.isTrue(Result.isFailure(result) && result.failure._tag === "OperationFailed" && result.failure.step._tag === "ConfirmAlive")
      }
      const elsewhere = Faults.atTag("Mount", "befall", { happening: { _tag: "MountTmpfs", path: HostPath.make("/srv") } })
      assert.strictEqual(tagOf(yield* startWith(elsewhere)), "done")
      assert.isTrue((yield* (yield* World).state).mounts.some(({ target }) => target === "/srv"))
    })))

  for (const act of ["open", "append", "remove"] as const) {
    it.effect(`of the journal when it is ${act === "remove" ? "removed" : `${act}ed`} fails the operation`, () =>
      inWorld(Effect.gen(function*() {
        assert.notStrictEqual(tagOf(yield* startWith(Faults.atJournal(act))), "done")
      })))
  }

  it.effect("of a lock is an error, and nothing is done", () =>
    inWorld(Effect.gen(function*() {
      assert.strictEqual(tagOf(yield* startWith(Faults.at({ _tag: "Lock", nth: 0 }, "refuse"))), "LockError")
      assert.strictEqual(Diff.diff(host, yield* (yield* World).state), "")
    })))
})

it.effect("two processes wait for each other's lock, and are told who holds it", () =>
  inWorld(Effect.gen(function*() {
    const world = yield* World
    const options: ProcessOptions = { lockWaitMs: 50 }
    const slow = yield* world.process({ ...options, faults: [Faults.atTag("Mount", "slow", { ms: 1_000 })] })
    const first = yield* Effect.forkChild(slow.run(start))
    yield* Effect.sleep(10)
    const held = yield* Effect.flip((yield* world.process(options)).run(start))
    assert.isTrue(held._tag === "LockHeld" && held.holder?.startsWith("pid 1 (start since "))
    yield* Fiber.join(first)
  })))

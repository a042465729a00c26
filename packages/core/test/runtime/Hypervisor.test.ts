import { Directories } from "@effect-lxc/core/host/Directories"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { decodePlan, encodePlan } from "@effect-lxc/core/plan/Plan"
import { Host } from "@effect-lxc/core/runtime/Host"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Locks } from "@effect-lxc/core/runtime/Locks"
import { Progress, type ProgressEvent } from "@effect-lxc/core/runtime/Progress"
import { Diff, Guest, Incidents, MemoryJournal, MemoryLocks, SimulatedHost } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Result, Exit } from "effect"
import { directories, failureOf, host, instance, onHost, problemOf } from "./fixtures.ts"

const web1 = instance()

/** web1 as list shows it: its state and what is wrong with it. */
const seen = Effect.gen(function*() {
  const found = (yield* (yield* Hypervisor).list()).find(({ name }) => name === "web1")
  return found === undefined ? undefined : [found.state, found.problem, found.initPid !== null]
})

describe("list and info see", () => {
  const after = (incident: Incidents.Incident) =>
    Effect.gen(function*() {
      yield* (yield* Hypervisor).start(web1)
      yield* (yield* SimulatedHost).update(incident)
      return yield* seen
    })

  it.effect("a running container as RUNNING, with nothing wrong", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* after((state) => state), ["RUNNING", null, true])
    }).pipe(onHost({ host: host() })))

  it.effect("a frozen one as FROZEN", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* after(Incidents.freeze("web1")), ["FROZEN", null, true])
    }).pipe(onHost({ host: host() })))

  it.effect("one that lives on without its monitor as ORPHANED, monitor-dead", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* after(Incidents.orphan("web1")), ["ORPHANED", "monitor-dead", true])
    }).pipe(onHost({ host: host() })))

  it.effect("what a killed monitor left as STOPPED, leftovers", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* after(Incidents.killMonitor("web1")), ["STOPPED", "leftovers", false])
    }).pipe(onHost({ host: host() })))

  it.effect("a monitor that is stopped by a signal as monitor-silent", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* after(Incidents.stopMonitor("web1")), ["RUNNING", "monitor-silent", true])
    }).pipe(onHost({ host: host() })))

  it.effect("a monitor that does not clean up after a dead init as init-dead", () =>
    Effect.gen(function*() {
      const both: Incidents.Incident = (state) => Incidents.killInit("web1")(Incidents.stopMonitor("web1")(state))
      assert.deepStrictEqual(yield* after(both), ["STOPPED", "init-dead", false])
    }).pipe(onHost({ host: host() })))

  it.effect("what was meant to run when the power failed as STOPPED and meant to run", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* after(Incidents.reboot("another-boot")), ["STOPPED", "leftovers", false])
      const hypervisor = yield* Hypervisor
      assert.deepStrictEqual((yield* hypervisor.list()).map(({ meantToRun }) => meantToRun), [true])
      yield* hypervisor.stop(web1.name)
      assert.isUndefined(yield* seen)
      assert.strictEqual(Diff.traces(host(), yield* (yield* SimulatedHost).state, directories), "")
    }).pipe(onHost({ host: host() })))

  it.effect("containers of others only when asked for all, with their lxcpath, and not as managed", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      assert.deepStrictEqual(yield* hypervisor.list(), [])
      const all = yield* hypervisor.list({ all: true })
      assert.deepStrictEqual(
        all.map(({ lxcPath, managed, name, problem, state }) => ({ lxcPath, managed, name, problem, state })),
        [{ lxcPath: "/var/lib/lxc", managed: false, name: "web1", problem: null, state: "RUNNING" }]
      )
    }).pipe(onHost({ host: host({ foreign: [{ lxcPath: "/var/lib/lxc", name: "web1" }] }) })))

  it.effect("names in order", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      for (const name of ["c", "a", "b"]) {
        yield* hypervisor.start(instance({ name, nics: [], disks: [{ path: `/srv/${name}.img` }] }))
      }
      assert.deepStrictEqual((yield* hypervisor.list()).map(({ name }) => name), ["a", "b", "c"])
      assert.deepStrictEqual((yield* hypervisor.infoAll()).map(({ name }) => name), ["a", "b", "c"])
    }).pipe(onHost({
      host: host({ images: Object.fromEntries(["a", "b", "c"].map((name) => [`/srv/${name}.img`, Guest.obedient()])) })
    })))
})

describe("info", () => {
  it.effect("tells limits as they are in force, and null where there is none", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(instance({ resources: { memory: "64MiB", vcpus: 0.5 } }))
      const info = yield* hypervisor.info("web1")
      assert.strictEqual(info.memory.limitBytes, 64 * 1024 * 1024)
      assert.strictEqual(info.cpu.count, 0.5)
      assert.deepStrictEqual(info.pids, { current: 1, limit: null })
      assert.strictEqual(info.startedAt, "1970-01-01T00:00:00.020Z")
      assert.deepStrictEqual(info.logs, { lxc: directories.lxcLog("web1"), console: directories.consoleLog("web1") })
    }).pipe(onHost({ host: host({ layout: "hybrid" }) })))

  it.effect("of what lost its monitor says how much its cgroup still has, and not since when", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(web1)
      yield* (yield* SimulatedHost).update(Incidents.killMonitor("web1"))
      const info = yield* hypervisor.info("web1")
      assert.strictEqual(info.memory.usageBytes, 0)
      assert.isNull(info.startedAt)
    }).pipe(onHost({ host: host() })))

  it.effect("of an unknown name is an error with the name, also where another lxcpath has it", () =>
    Effect.gen(function*() {
      const error = yield* failureOf((yield* Hypervisor).info("web1"))
      assert.strictEqual(error._tag, "UnknownContainer")
      assert.include(error.message, "web1")
    }).pipe(onHost({ host: host({ foreign: [{ lxcPath: "/var/lib/lxc", name: "web1" }] }) })))
})

describe("a stored plan", () => {
  it.effect("is carried out if what it was made for still holds, also after a way through JSON", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const plan = yield* hypervisor.plan.start(web1)
      const stored = Result.getOrThrow(decodePlan(JSON.parse(JSON.stringify(encodePlan(plan))), "a test"))
      yield* hypervisor.run(stored)
      assert.deepStrictEqual(yield* seen, ["RUNNING", null, true])
      const stop = yield* hypervisor.plan.stop(web1.name)
      yield* hypervisor.run(stop)
      assert.isUndefined(yield* seen)
    }).pipe(onHost({ host: host() })))

  const changes: ReadonlyArray<readonly [string, string, Incidents.Incident]> = [
    ["another boot", "bootId", Incidents.reboot("another-boot")],
    ["another LXC", "lxcVersion", (state) => ({ ...state, lxcVersion: "6.0.4" })],
    ["its bridge gone", "interfaces", (state) => ({ ...state, interfaces: [] })],
    ["its image gone", "paths", (state) => ({ ...state, files: {}, images: {} })],
    ["leftovers come", "cgroups", Incidents.leaveCgroup("lxc.payload.web1")]
  ]
  for (const [what, field, change] of changes) {
    it.effect(`is refused as stale with ${what}: nothing is done, and the difference is named`, () =>
      Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const simulated = yield* SimulatedHost
        const plan = yield* hypervisor.plan.start(web1)
        yield* simulated.update(change)
        const error = yield* failureOf(hypervisor.run(plan))
        assert.isTrue(error._tag === "PlanStale")
        if (error._tag !== "PlanStale") return
        assert.isTrue(error.differences.some((each) => each.startsWith(`${field}:`)), error.message)
        assert.deepStrictEqual(yield* simulated.record, [])
      }).pipe(onHost({ host: host() })))
  }

  it.effect("is not stale because other instances came and went", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const plan = yield* hypervisor.plan.start(web1)
      yield* hypervisor.start(instance({ name: "web10", disks: [{ path: "/srv/web10.img" }], nics: [{ link: "br0" }] }))
      yield* hypervisor.run(plan)
    }).pipe(onHost({ host: host({ images: { "/srv/web10.img": Guest.obedient() } }) })))

  it.effect("of a start is refused when the instance was started meanwhile", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const plan = yield* hypervisor.plan.start(web1)
      yield* hypervisor.start(web1)
      assert.strictEqual((yield* failureOf(hypervisor.run(plan)))._tag, "PlanStale")
    }).pipe(onHost({ host: host() })))

  it.effect("for other directories is refused, naming both", () =>
    Effect.gen(function*() {
      const other = new Directories({ run: HostPath.make("/run/other"), log: directories.log, state: directories.state })
      const plan = yield* (yield* Hypervisor).plan.start(web1)
      const elsewhere = Hypervisor.layer({ directories: other })
      const error = yield* failureOf(Effect.flatMap(Hypervisor, ({ run }) => run(plan)).pipe(
        Effect.provide(elsewhere, { local: true })
      ))
      assert.strictEqual(error._tag, "PlanStale")
      assert.include(error.message, "/run/other")
    }).pipe(onHost({ host: host() })))
})

describe("one instance, one changing operation at a time", () => {
  it.effect("of two starts at once one wins, and the other sees it running", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const [one, other] = yield* Effect.all(
        [Effect.result(hypervisor.start(web1)), Effect.result(hypervisor.start(web1))],
        { concurrency: "unbounded" }
      )
      const failure = [one, other].find(Result.isFailure)
      assert.isTrue([one, other].some(Result.isSuccess))
      assert.strictEqual(failure?.failure._tag, "PlanRejected")
    }).pipe(onHost({ host: host() })))

  it.effect("different instances do not wait for each other", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const began = yield* Clock.currentTimeMillis
      const web2 = instance({ name: "web2", disks: [{ path: "/srv/web2.img" }], nics: [] })
      yield* Effect.all([hypervisor.start(web1), hypervisor.start(web2)], { concurrency: "unbounded" })
      assert.isBelow((yield* Clock.currentTimeMillis) - began, 600)
    }).pipe(onHost({ host: host({ images: { "/srv/web2.img": Guest.obedient() } }) })))

  it.effect("a lock that stays held is an error that names the holder, after the wait that was asked for", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const simulated = yield* SimulatedHost
      const holding = yield* Effect.forkScoped(Effect.scoped(
        Effect.andThen((yield* Locks).acquire(directories, "web1", "stop", 0), Effect.never)
      ))
      yield* Effect.sleep(1)
      const began = yield* Clock.currentTimeMillis
      const error = yield* failureOf(hypervisor.start(web1))
      assert.strictEqual((yield* Clock.currentTimeMillis) - began, 5_000)
      assert.isTrue(error._tag === "LockHeld" && error.waitedMs === 5_000)
      assert.include(error.message, "pid 1 (stop since")
      assert.deepStrictEqual(yield* simulated.record, [])
      yield* Fiber.interrupt(holding)
      yield* hypervisor.start(web1)
    }).pipe(Effect.scoped, onHost({ host: host(), lockWaitMs: 5_000 })))

  it.effect("two instances do not take one disk between them, however they begin together", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const both = [web1, instance({ name: "web2", nics: [] })]
      const ended = yield* Effect.forEach(both, (each) => Effect.exit(hypervisor.start(each)), { concurrency: "unbounded" })
      assert.strictEqual(ended.filter(Exit.isSuccess).length, 1)
      assert.lengthOf((yield* (yield* SimulatedHost).state).loops, 1)
    }).pipe(onHost({ host: host() })))

  it.effect("the lock is let go by success, failure and interruption alike; queries need none", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const { holders } = yield* MemoryLocks
      yield* failureOf(hypervisor.start(instance({ disks: [{ path: "/srv/none.img" }] })))
      assert.strictEqual((yield* holders).size, 0)
      const starting = yield* Effect.forkScoped(hypervisor.start(web1))
      yield* Effect.sleep(100)
      assert.strictEqual((yield* holders).size, 3, "the lock of the instance, of its disk and of its MAC")
      assert.deepStrictEqual(yield* seen, ["RUNNING", null, true])
      yield* Fiber.interrupt(starting)
      assert.strictEqual((yield* holders).size, 0)
      yield* hypervisor.start(web1)
      assert.strictEqual((yield* holders).size, 0)
    }).pipe(Effect.scoped, onHost({ host: host() })))
})

describe("the journal", () => {
  it.effect("has the intent of every step before the step acts, and is gone when the operation has ended", () =>
    Effect.gen(function*() {
      const journal = yield* MemoryJournal
      const port = yield* Host
      const checks: Array<string> = []
      const watching = Host.of({
        ...port,
        apply: (step, results) =>
          Effect.gen(function*() {
            const last = (yield* journal.entries(directories, "web1")).findLast(({ _tag }) => _tag === "Intent")
            const isCheck = step._tag === "ConfirmAlive" || step._tag === "ConfirmLimits"
            if (!isCheck && !(last?._tag === "Intent" && last.step === step)) checks.push(step._tag)
            return yield* port.apply(step, results)
          })
      })
      const hypervisor = Hypervisor.layer().pipe(Layer.provide(Layer.succeed(Host, watching)))
      yield* Effect.gen(function*() {
        yield* (yield* Hypervisor).start(web1)
        assert.deepStrictEqual(yield* journal.open, [])
        yield* (yield* Hypervisor).stop(web1.name)
      }).pipe(Effect.provide(hypervisor, { local: true }))
      assert.deepStrictEqual(checks, [])
      assert.deepStrictEqual(yield* journal.open, [])
    }).pipe(onHost({ host: host() })))

  it.effect("has one end for each intent that acted, and no word of what only looks", () =>
    Effect.gen(function*() {
      const starting = yield* Effect.forkScoped((yield* Hypervisor).start(instance({ resources: { memory: "64MiB" } })))
      yield* Effect.sleep(100)
      const entries = yield* (yield* MemoryJournal).entries(directories, "web1")
      const tags = entries.slice(1).map(({ _tag }) => _tag)
      assert.deepStrictEqual(tags, Array.from({ length: 9 }, () => ["Intent", "Done"]).flat())
      yield* Fiber.interrupt(starting)
    }).pipe(Effect.scoped, onHost({ host: host() })))

  it.effect("begins with the operation and its boot, and has what later steps may name", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const starting = yield* Effect.forkScoped(hypervisor.start(web1))
      yield* Effect.sleep(100)
      const entries = yield* (yield* MemoryJournal).entries(directories, "web1")
      assert.deepStrictEqual(entries[0], {
        _tag: "Begun",
        operation: "start",
        instance: "web1",
        at: "1970-01-01T00:00:00.000Z",
        bootId: host().bootId
      })
      assert.deepInclude(entries, { _tag: "Done", name: "root", result: "/dev/loop0" })
      yield* Fiber.interrupt(starting)
    }).pipe(Effect.scoped, onHost({ host: host() })))
})

describe("progress", () => {
  const watched = <A, E, R>(body: Effect.Effect<A, E, R>) => {
    const events: Array<ProgressEvent> = []
    return Effect.map(
      Effect.provideService(body, Progress, (event) => Effect.sync(() => void events.push(event))),
      (value) => ({ events, value })
    )
  }

  it.effect("tells of each step of a plan in order, with the time it took", () =>
    Effect.gen(function*() {
      const { events, value } = yield* watched((yield* Hypervisor).start(web1))
      const done = events.filter((event) => event._tag === "StepDone")
      assert.strictEqual(events[0]?._tag, "PlanBegun")
      assert.deepStrictEqual(done.map(({ index }) => index), done.map((_, index) => index))
      assert.strictEqual(done.length, value.acted + value.alreadyDone)
      assert.strictEqual(done.find(({ step }) => step._tag === "ConfirmAlive")?.elapsedMs, 500)
    }).pipe(onHost({ host: host() })))

  it.effect("tells of a failure, of what was undone, and of what was not", () =>
    Effect.gen(function*() {
      const { events, value } = yield* watched(problemOf((yield* Hypervisor).start(web1)))
      const tags = events.map(({ _tag }) => _tag)
      assert.isAbove(tags.indexOf("RollbackBegun"), tags.indexOf("StepFailed"))
      assert.include(tags, "Undone")
      const last = events.at(-1)
      assert.isTrue(last?._tag === "RollbackDone" && last.residue.length === value.residue.length)
    }).pipe(onHost({ host: host({ images: { "/srv/web1.img": Guest.withoutInit() } }) })))
})

import { Host, HostError } from "@effect-lxc/core/runtime/Host"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Locks } from "@effect-lxc/core/runtime/Locks"
import { decodeInstance } from "@effect-lxc/core/model/Instance"
import {
  Arbitraries, Diff, Facts, Faults, FaultyPorts, Guest, Incidents, MemoryLocks, Scenario, SimulatedHost, SimulatedStateFromJson,
  TestHypervisor, TestKit, Transition, World
} from "@effect-lxc/test-kit"
import { update } from "@effect-lxc/test-kit/StateCell"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Result, Schema } from "effect"
import { TestClock } from "effect/testing"
import { container, directories, prepared, running, start } from "./steps.ts"

const web1 = Result.getOrThrow(decodeInstance({ name: "web1", disks: [{ path: "/srv/web1.img" }] }))
const state = SimulatedHost.state({ images: { "/srv/web1.img": Guest.obedient() } })
const file = { _tag: "WriteFile", path: HostPath.make("/run/a"), mode: "0600", text: "a", previous: null } as const

describe("a state", () => {
  it.prop("is plain data: it survives JSON, running or not", { scenario: Arbitraries.scenario }, ({ scenario }) => {
    const encode = Schema.encodeSync(SimulatedStateFromJson)
    const decode = Schema.decodeSync(SimulatedStateFromJson)
    for (const each of [Scenario.hostOf(scenario), running()]) assert.deepStrictEqual(decode(encode(each)), each)
  })

  it("is never changed in place: a transition gives another", () => {
    const before = prepared()
    const text = JSON.stringify(before)
    Transition.complete(before, start())
    assert.strictEqual(JSON.stringify(before), text)
  })

  it("and the same step give the same end, every time", () => {
    assert.deepStrictEqual(Transition.complete(prepared(), start()), Transition.complete(prepared(), start()))
  })

  it("has the kinds of paths that a spec can name", () => {
    const host = SimulatedHost.state({
      images: { "/srv/a.img": Guest.obedient(), "/dev/b": Guest.obedient(), "/srv/c/": Guest.obedient() },
      links: { "/srv/link": "/dev/b" }
    })
    const facts = Facts.factsOf(host, directories, ["/srv/a.img", "/dev/b", "/srv/c", "/srv/link", "/none"])
    assert.deepStrictEqual(facts.paths, [
      { path: "/srv/a.img", kind: "file", realPath: "/srv/a.img" },
      { path: "/dev/b", kind: "block", realPath: "/dev/b", device: "8:0" },
      { path: "/srv/c", kind: "directory", realPath: "/srv/c" },
      { path: "/srv/link", kind: "block", realPath: "/dev/b", device: "8:0" },
      { path: "/none", kind: "missing", realPath: "/none" }
    ])
  })
})

describe("a diff", () => {
  it("is empty for equal hosts, whatever the time and the next pid", () => {
    assert.strictEqual(Diff.diff(state, { ...state, now: 99, nextPid: 7 }), "")
  })

  it("prints what came and what went as lines of a patch", () => {
    const after = Incidents.mountOn("/mnt")(Incidents.putFile("/run/a", "x")({ ...state, interfaces: [] }))
    assert.strictEqual(
      Diff.diff(state, after),
      "+ file /run/a (0644, 1 characters)\n- interface lo loopback mtu 65536\n+ mount tmpfs on /mnt (rw)\n"
    )
  })

  it("shows the lines of a text that changed, with one around them, and a mode", () => {
    const written = (text: string, mode?: string) => Incidents.putFile("/a", text, mode)(state)
    assert.strictEqual(
      Diff.diff(written("1\n2\n3\n4\n5\n6\n"), written("1\n2\n3\nfour\n5\n6\n")),
      ["~ file /a (0644, 12 characters) -> (0644, 15 characters)", "    …", "     3", "    -4", "    +four", "     5", "    …", ""].join("\n")
    )
    assert.strictEqual(
      Diff.diff(written("1\n"), written("1\n", "0600")),
      "~ file /a (0644, 2 characters) -> (0600, 2 characters)\n"
    )
  })

  it("shows the value of a cgroup's file before and after, where one that is not limited is none", () => {
    const limited = (files: Readonly<Record<string, string>>) => ({
      ...state,
      trees: state.trees.map((tree) => ({ ...tree, groups: { "lxc.payload.a": files } }))
    })
    assert.strictEqual(
      Diff.diff(limited({ "memory.max": "4096", "pids.max": "9" }), limited({ "memory.max": "8192", "cpu.weight": "100" })),
      "~ cgroup /sys/fs/cgroup/lxc.payload.a memory.max: 4096 -> 8192\n~ cgroup /sys/fs/cgroup/lxc.payload.a pids.max: 9 -> none\n"
    )
  })

  it("sees a mount that is there twice, and shows which mounts are in another order", () => {
    const once = Incidents.mountOn("/mnt")(state)
    assert.strictEqual(Diff.diff(once, Incidents.mountOn("/mnt")(once)), "+ mount tmpfs on /mnt (rw)\n")
    const [root, ...others] = once.mounts
    if (root === undefined) throw new Error("there is a root")
    assert.strictEqual(Diff.diff(once, { ...once, mounts: [...others, root] }), [
      "~ mounts are in another order",
      "    -mount /dev/vda1 on / (rw)",
      "     mount tmpfs on /run (rw)",
      "    …",
      "     mount tmpfs on /mnt (rw)",
      "    +mount /dev/vda1 on / (rw)",
      ""
    ].join("\n"))
  })

  it("sees a second process of a name, and none that is dead", () => {
    const spawned = Incidents.occupy("/srv")(Incidents.occupy("/srv")(state))
    assert.strictEqual(Diff.diff(Incidents.occupy("/srv")(state), spawned), "+ process -bash (S)\n")
    const dead = { ...spawned, processes: spawned.processes.map((each) => ({ ...each, state: "Z" })) }
    assert.strictEqual(Diff.diff({ ...state, processes: [] }, dead), "")
  })

  it("of traces leaves out what may stay for good, and nothing else", () => {
    const permanent = [
      Incidents.putFile(directories.lxcLog("web1")),
      Incidents.putFile(directories.lock("web1")),
      Incidents.leaveCgroup("lxc.pivot")
    ].reduce((before, incident) => incident(before), state)
    assert.strictEqual(Diff.traces(state, permanent, directories), "")
    for (const incident of [
      Incidents.putFile(directories.config("web1")),
      Incidents.putDirectory(directories.state),
      Incidents.leaveCgroup("lxc.payload.web1"),
      Incidents.leaveInterface("x")
    ]) assert.notStrictEqual(Diff.traces(state, incident(state), directories), "")
  })
})

describe("the host of a test", () => {
  it.effect("begins at the time of the clock, whenever that is", () =>
    Effect.gen(function*() {
      const host = yield* Effect.provide(Effect.flatMap(SimulatedHost, (each) => each.state), SimulatedHost.layer({ host: running() }))
      const now = yield* Clock.currentTimeMillis
      assert.strictEqual(host.now, now)
      assert.strictEqual(now - host.bootedAt, running().now - running().bootedAt)
    }))

  it.live("runs on the live clock as well", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const settled = Result.getOrThrow(decodeInstance({ name: "web1", disks: [{ path: "/srv/web1.img" }], lxc: { settle: "20ms" } }))
      const began = yield* Clock.currentTimeMillis
      yield* hypervisor.start(settled)
      const took = (yield* Clock.currentTimeMillis) - began
      assert.isAtLeast(took, 40)
      assert.strictEqual((yield* hypervisor.info("web1")).state, "RUNNING")
      yield* hypervisor.stop(web1.name, { force: true, timeoutMs: 0 })
      assert.strictEqual(Diff.traces(state, yield* (yield* SimulatedHost).state, directories), "")
    }).pipe(Effect.provide(TestHypervisor.layer({ host: state }))))

  it.effect("records every call with its time and its outcome", () =>
    Effect.gen(function*() {
      const host = yield* Host
      const simulated = yield* SimulatedHost
      yield* host.observe(file, new Map())
      yield* host.apply(file, new Map())
      yield* host.observe(file, new Map())
      yield* Effect.exit(host.apply({ ...file, path: HostPath.make("/none/a") }, new Map()))
      const wait = { _tag: "AwaitStopped", ...container, timeoutMs: 500, onTimeout: "fail" } as const
      const waiting = yield* Effect.forkChild(host.apply(wait, new Map()))
      yield* TestKit.runToEnd(Effect.sleep(5), { step: "5 millis" })
      yield* Fiber.interrupt(waiting)
      assert.deepStrictEqual(
        (yield* simulated.record).map(({ call, outcome, step }) => [call, step._tag, outcome]),
        [
          ["observe", "WriteFile", "open"],
          ["apply", "WriteFile", "acted"],
          ["observe", "WriteFile", "done"],
          ["apply", "WriteFile", "SystemCallFailed"],
          ["apply", "AwaitStopped", "interrupted"]
        ]
      )
      assert.deepStrictEqual(yield* simulated.acted, [file])
    }).pipe(Effect.provide(SimulatedHost.layer({ host: running({ guest: Guest.deaf() }) }))))

  it.effect("keeps the last calls, as many as it was told", () =>
    Effect.gen(function*() {
      const host = yield* Host
      const simulated = yield* SimulatedHost
      for (let at = 0; at < 10; at++) yield* host.observe({ ...file, path: HostPath.make(`/run/${at}`) }, new Map())
      assert.deepStrictEqual(
        (yield* simulated.record).map(({ step }) => step._tag === "WriteFile" ? step.path : ""),
        ["/run/7", "/run/8", "/run/9"]
      )
    }).pipe(Effect.provide(SimulatedHost.layer({ host: state, recordLimit: 3 }))))

  it.effect("wakes nobody by the time that passes while others look at it", () =>
    Effect.gen(function*() {
      const { cell } = yield* World
      const waiting = yield* Effect.forkChild(cell.waitUntil((yield* Clock.currentTimeMillis) + 1_000), { startImmediately: true })
      yield* TestClock.adjust(10)
      yield* cell.read
      yield* TestClock.adjust(10)
      assert.isUndefined(waiting.pollUnsafe())
      yield* update(cell, (before) => ({ ...before, full: ["/srv"] }))
      yield* Fiber.join(waiting)
    }).pipe(Effect.provide(World.layer({ host: state }))))

  it.effect("wakes whoever waits as soon as something happens on it", () =>
    Effect.gen(function*() {
      const host = yield* Host
      const simulated = yield* SimulatedHost
      const step = { _tag: "AwaitStopped", ...container, timeoutMs: 60_000, onTimeout: "fail" } as const
      const took = yield* TestKit.runToEnd(Effect.gen(function*() {
        const began = yield* Clock.currentTimeMillis
        const waiting = yield* Effect.forkChild(host.apply(step, new Map()))
        yield* Effect.sleep(1_000)
        yield* simulated.update(Incidents.killInit("web1"))
        yield* Fiber.join(waiting)
        return (yield* Clock.currentTimeMillis) - began
      }))
      assert.strictEqual(took, 1_030)
    }).pipe(Effect.provide(SimulatedHost.layer({ host: running({ guest: Guest.deaf() }) }))))
})

describe("faults", () => {
  const write = (name: string) => ({ ...file, path: HostPath.make(`/run/${name}`) })
  const outcomes = (faults: ReadonlyArray<Faults.Fault>, names: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const host = yield* Host
      for (const name of names) {
        yield* Effect.exit(Effect.andThen(host.observe(write(name), new Map()), host.apply(write(name), new Map())))
      }
      const simulated = yield* SimulatedHost
      const record = yield* simulated.record
      const written = Object.keys((yield* simulated.state).files).filter((path) => path.startsWith("/run/"))
      return { record: record.map(({ call, outcome }) => `${call} ${outcome}`), written }
    }).pipe(Effect.provide(SimulatedHost.layer({ faults })), TestKit.runToEnd)

  it.effect("strike at their step, once, before or after it acted", () =>
    Effect.gen(function*() {
      const refused = yield* outcomes([Faults.atIndex(1, "refuse")], ["a", "b", "c"])
      assert.deepStrictEqual(refused.written, ["/run/a", "/run/c"])
      assert.strictEqual(refused.record[3], "apply SystemCallFailed")
      const acted = yield* outcomes([Faults.atIndex(1, "act-then-refuse")], ["a", "b", "c"])
      assert.deepStrictEqual(acted.written, ["/run/a", "/run/b", "/run/c"])
      assert.strictEqual(acted.record[3], "apply SystemCallFailed")
    }))

  it.effect("strike at the n-th step with a tag, and from there on if they repeat", () =>
    Effect.gen(function*() {
      const second = yield* outcomes([Faults.atTag("WriteFile", "refuse", { nth: 1 })], ["a", "b", "c"])
      assert.deepStrictEqual(second.written, ["/run/a", "/run/c"])
      const onwards = yield* outcomes([Faults.atTag("WriteFile", "refuse", { nth: 1, repeats: true })], ["a", "b", "c"])
      assert.deepStrictEqual(onwards.written, ["/run/a"])
      const other = yield* outcomes([Faults.atTag("Mount", "refuse")], ["a"])
      assert.deepStrictEqual(other.written, ["/run/a"])
    }))

  it.effect("that hang end with the limit of their step; a bug is a defect", () =>
    Effect.gen(function*() {
      const hung = yield* outcomes([Faults.atIndex(0, "hang")], ["a"])
      assert.deepStrictEqual(hung, { record: ["observe open", "apply CommandTimedOut"], written: [] })
      const actedThenHung = yield* outcomes([Faults.atIndex(0, "act-then-hang")], ["a"])
      assert.deepStrictEqual(actedThenHung.written, ["/run/a"])
      const crashed = yield* outcomes([Faults.atIndex(0, "defect")], ["a"])
      assert.deepStrictEqual(crashed.record, ["observe open", "apply died"])
    }))

  it.effect("can be put before any host", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip((yield* Host).observe(file, new Map()))
      assert.isTrue(error instanceof HostError && error.problem._tag === "SystemCallFailed")
    }).pipe(Effect.provide(FaultyPorts.layer([Faults.atIndex(0, "refuse", { call: "observe" })])), Effect.provide(SimulatedHost.layer())))
})

describe("locks in memory", () => {
  it.effect("let one in at a time, in the order of asking, and the next as soon as it is free", () =>
    Effect.gen(function*() {
      const { acquire } = yield* Locks
      const seen: Array<string> = []
      const take = (who: string) =>
        Effect.scoped(Effect.gen(function*() {
          yield* acquire(directories, "web1", "start", 60_000)
          seen.push(`${who} in`)
          yield* Effect.sleep(10)
          seen.push(`${who} out`)
        }))
      yield* TestKit.runToEnd(Effect.all([take("a"), take("b"), take("c")], { concurrency: "unbounded" }))
      assert.deepStrictEqual(seen, ["a in", "a out", "b in", "b out", "c in", "c out"])
    }).pipe(Effect.provide(MemoryLocks.layer())))

  it.effect("are not lost by those who gave up waiting, or were interrupted at it", () =>
    Effect.gen(function*() {
      const { acquire } = yield* Locks
      const { holders } = yield* MemoryLocks
      const hold = (ms: number, wait: number) =>
        Effect.scoped(Effect.andThen(acquire(directories, "web1", "stop", wait), Effect.sleep(ms)))
      yield* TestKit.runToEnd(Effect.gen(function*() {
        const first = yield* Effect.forkChild(hold(100, 0))
        yield* Effect.sleep(1)
        const impatient = yield* Effect.flip(hold(1, 50))
        assert.isTrue(impatient._tag === "LockHeld" && impatient.waitedMs === 50)
        const interrupted = yield* Effect.forkChild(hold(1, 1_000))
        yield* Effect.sleep(1)
        yield* Fiber.interrupt(interrupted)
        yield* Fiber.join(first)
        yield* hold(1, 0)
        assert.strictEqual((yield* holders).size, 0)
      }))
    }).pipe(Effect.provide(MemoryLocks.layer())))
})

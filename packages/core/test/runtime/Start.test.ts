import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Diff, Faults, Guest, Incidents, SimulatedHost } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { directories, failureOf, host, instance, onHost, problemOf } from "./fixtures.ts"

const web1 = instance()
const hostWith = (guest: Guest.Guest, options = {}) => host({ ...options, images: { "/srv/web1.img": guest } })

/** A start that fails in one of its steps and leaves nothing. */
const failedStart = (given = web1) =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const simulated = yield* SimulatedHost
    const before = yield* simulated.state
    const began = yield* Clock.currentTimeMillis
    const error = yield* problemOf(hypervisor.start(given))
    assert.deepStrictEqual(error.residue, [])
    assert.strictEqual(Diff.traces(before, yield* simulated.state, directories), "")
    assert.include(error.message, "everything was undone; the host is as before")
    return { error, took: (yield* Clock.currentTimeMillis) - began }
  })

const inits = [
  ["missing", Guest.withoutInit(), `No such file or directory - Failed to exec "/sbin/init"`],
  ["not executable", Guest.notExecutable(), `Permission denied - Failed to exec "/sbin/init"`]
] as const

describe("a failed start leaves the host as before and says why:", () => {
  for (const [what, guest, line] of inits) {
    it.effect(`init is ${what}: the command, its exit code, and LXC's own words`, () =>
      Effect.gen(function*() {
        const { error } = yield* failedStart()
        assert.strictEqual(error.step._tag, "StartContainer")
        const { problem } = error
        assert.isTrue(problem._tag === "CommandFailed")
        if (problem._tag !== "CommandFailed") return
        assert.strictEqual(problem.exitCode, 1)
        assert.strictEqual(problem.argv[0], "lxc-start")
        assert.include(problem.log, line)
        assert.include(error.message, line)
        assert.notInclude(error.message, "To get more details")
        assert.match(error.inSpec.join(), /^lxc\.init: \/sbin\/init cannot be run; see that \/srv\/web1\.img has it/)
        assert.include(error.message, error.inSpec[0] ?? "nothing of the spec")
      }).pipe(onHost({ host: hostWith(guest) })))
  }

  for (const [what, guest, left] of [["before LXC wrote anything: not even a directory for logs", Guest.blank(), []], ["with logs: they stay", Guest.withoutInit(), ["console.log", "lxc.log"]]] as const) {
    it.effect(what, () =>
      Effect.gen(function*() {
        yield* failedStart()
        const { files } = yield* (yield* SimulatedHost).state
        const logs = directories.logs("web1")
        const below = Object.keys(files).sort().filter((path) => path === logs || path.startsWith(`${logs}/`))
        assert.deepStrictEqual(below, left.length === 0 ? [] : [logs, ...left.map((name) => `${logs}/${name}`)])
      }).pipe(onHost({ host: hostWith(guest) })))
  }

  for (const afterMs of [0, 1, 200, 480]) {
    it.effect(`init dies ${afterMs} ms after LXC called the start a success: when, and with which code`, () =>
      Effect.gen(function*() {
        const { error } = yield* failedStart()
        assert.strictEqual(error.step._tag, "ConfirmAlive")
        const { problem } = error
        assert.isTrue(problem._tag === "InitEnded" && problem.cause === "exit code 3" && problem.afterMs === afterMs)
      }).pipe(onHost({ host: hostWith(Guest.dying(afterMs, 3)) })))
  }

  it.effect("init that ends with 0 is no success either", () =>
    Effect.gen(function*() {
      const { error } = yield* failedStart()
      assert.isTrue(error.problem._tag === "InitEnded" && error.problem.cause === "exit code 0")
      assert.deepStrictEqual(error.inSpec, ["lxc.init: the first process, /sbin/init, has to go on running; see what it wrote: effect-lxc logs web1 --console"])
      assert.include(error.message, error.inSpec[0] ?? "nothing of the spec")
    }).pipe(onHost({ host: hostWith(Guest.dying(100, 0)) })))

  it.effect("init that ends without a console that is kept: LXC's log", () =>
    Effect.gen(function*() {
      const { error } = yield* failedStart(instance({ lxc: { console: "none" } }))
      assert.deepStrictEqual(error.inSpec, ["lxc.init: the first process, /sbin/init, has to go on running; see what LXC wrote: effect-lxc logs web1"])
    }).pipe(onHost({ host: hostWith(Guest.dying(100, 0)) })))

  it.effect("a guest that needs more memory than it may have: killed", () =>
    Effect.gen(function*() {
      const { error } = yield* failedStart(instance({ resources: { memory: "8MiB" } }))
      assert.isTrue(error.problem._tag === "InitEnded" && error.problem.cause === "signal 9")
    }).pipe(onHost({ host: hostWith(Guest.systemd()) })))

  it.effect("an image that is no file system: mount's own words", () =>
    Effect.gen(function*() {
      const { error } = yield* failedStart()
      assert.strictEqual(error.step._tag, "Mount")
      assert.include(error.message, "wrong fs type")
      assert.match(error.message, /disks\[0\]\.path: no file system that can be mounted is found in \/srv\/web1\.img/)
    }).pipe(onHost({ host: hostWith(Guest.blank()) })))

  it.effect("a further disk without a file system: which of the spec's", () =>
    Effect.gen(function*() {
      const { error } = yield* failedStart(instance({ disks: [{ path: "/srv/web1.img", volatile: true }, { path: "/srv/data.img", target: "mnt" }] }))
      assert.match(error.inSpec.join(), /^disks\[1\]\.path: no file system that can be mounted is found in \/srv\/data\.img/)
    }).pipe(onHost({ host: host({ images: { "/srv/data.img": Guest.blank() } }) })))

  for (const [field, more, target] of [
    ["disks[1].target", { disks: [{ path: "/srv/web1.img" }, { path: "/srv/data.img", target: "srv/data" }] }, "srv/data"],
    ["lxc.mounts[1].target", { lxc: { mounts: [{ source: "/srv", target: "mnt" }, { source: "/srv", target: "no/such" }] } }, "no/such"]
  ] as const) {
    it.effect(`a place that is not in the guest: ${field}, and to make it`, () =>
      Effect.gen(function*() {
        const { error } = yield* failedStart(instance(more))
        assert.deepStrictEqual(error.inSpec, [`${field}: the guest has no /${target}; make it in /srv/web1.img`])
      }).pipe(onHost({ host: host({ images: { "/srv/web1.img": Guest.obedient({ lacks: [target] }), "/srv/data.img": Guest.obedient() } }) })))
  }

  describe("a root that somebody unmounted just before LXC wanted it:", () => {
    const root = HostPath.make(directories.rootfs("web1"))
    const unmounted = { _tag: "UnmountPath", path: root } as const
    const made = { _tag: "PutDirectory", path: HostPath.make(`${root}/proc`) } as const
    const beforeUndoing = [
      Faults.atTag("StartContainer", "refuse"),
      Faults.atTag("KillContainer", "befall", { call: "observe", happening: unmounted }),
      Faults.atTag("AwaitStopped", "befall", { call: "observe", happening: made })
    ]

    it.effect("is missed before LXC is called", () =>
      Effect.gen(function*() {
        const { problem } = yield* problemOf((yield* Hypervisor).start(web1))
        assert.deepInclude(problem, { _tag: "Conflict", found: `nothing is mounted on ${root} any more` })
        assert.strictEqual(Diff.traces(host(), yield* (yield* SimulatedHost).state, directories), "")
      }).pipe(onHost({ host: host(), faults: [Faults.atTag("StartContainer", "befall", { happening: unmounted })] })))

    it.effect("what LXC made in the bare directory goes with it", () =>
      Effect.gen(function*() {
        const { residue } = yield* problemOf((yield* Hypervisor).start(web1))
        assert.deepStrictEqual(residue, [])
        assert.strictEqual(Diff.traces(host(), yield* (yield* SimulatedHost).state, directories), "")
      }).pipe(onHost({ host: host(), faults: beforeUndoing })))

    it.effect("also by the cleanup of what died meanwhile", () =>
      Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        yield* hypervisor.start(web1)
        yield* (yield* SimulatedHost).update((state) =>
          Incidents.putDirectory(made.path)(Incidents.unmountFrom(root)(Incidents.killMonitor("web1")(state))))
        yield* hypervisor.cleanup(web1.name)
        assert.strictEqual(Diff.traces(host(), yield* (yield* SimulatedHost).state, directories), "")
      }).pipe(onHost({ host: host() })))
  })

  it.effect("a bridge that went away after the plan was made: its name", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const simulated = yield* SimulatedHost
      const before = yield* simulated.state
      yield* Effect.forkScoped(Effect.andThen(
        Effect.sleep(3),
        simulated.update((state) => ({ ...state, interfaces: state.interfaces.filter(({ name }) => name !== "br0") }))
      ))
      const error = yield* problemOf(hypervisor.start(web1))
      assert.include(error.message, `to bridge "br0", bridge interface doesn't exist`)
      assert.strictEqual(
        Diff.traces(before, yield* simulated.state, directories),
        "- interface br0 bridge mtu 1500\n"
      )
    }).pipe(Effect.scoped, onHost({ host: host() })))

  it.effect("a full disk: the file, and the errno", () =>
    Effect.gen(function*() {
      const { error } = yield* failedStart()
      assert.isTrue(error.problem._tag === "SystemCallFailed" && error.problem.code === "ENOSPC")
    }).pipe(onHost({ host: Incidents.fillDisk("/run/effect-lxc/containers")(Incidents.putDirectory("/run/effect-lxc/containers/web1")(host())) })))

  it.effect("a limit that is not in force: which, and what is", () =>
    Effect.gen(function*() {
      const { error } = yield* failedStart(instance({ resources: { memory: "64MiB" } }))
      assert.deepStrictEqual(error.problem, {
        _tag: "LimitNotInForce",
        file: "/sys/fs/cgroup/lxc.payload.web1/memory.max",
        wanted: String(64 * 1024 * 1024),
        found: "not there"
      })
    }).pipe(onHost({ host: Incidents.ignoreLimit("memory.max")(host()) })))
})

it.effect("a start takes as long as LXC and the settling window do", () =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const began = yield* Clock.currentTimeMillis
    yield* hypervisor.start(instance({ lxc: { settle: "2s" } }))
    const took = (yield* Clock.currentTimeMillis) - began
    assert.isAtLeast(took, 2_000)
    assert.isAtMost(took, 2_060)
  }).pipe(onHost({ host: host() })))

it.effect("a second start is rejected and touches nothing", () =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const simulated = yield* SimulatedHost
    yield* hypervisor.start(web1)
    const calls = (yield* simulated.record).length
    const error = yield* failureOf(hypervisor.start(web1))
    assert.isTrue(error._tag === "PlanRejected" && error.rejections[0]?.code === "already-running")
    assert.strictEqual((yield* simulated.record).length, calls)
  }).pipe(onHost({ host: host() })))

it.effect("what a killed monitor left is cleaned by the next start", () =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const simulated = yield* SimulatedHost
    yield* hypervisor.start(web1)
    yield* simulated.update(Incidents.killMonitor("web1"))
    yield* hypervisor.start(web1)
    assert.deepStrictEqual((yield* hypervisor.list()).map(({ problem, state }) => [state, problem]), [["RUNNING", null]])
    assert.strictEqual((yield* simulated.state).loops.length, 1)
    assert.strictEqual((yield* simulated.state).mounts.filter(({ target }) => target.startsWith(directories.run)).length, 1)
  }).pipe(onHost({ host: host() })))

it.effect("with another disk, what the last run left mounted is taken off first", () =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const simulated = yield* SimulatedHost
    yield* hypervisor.start(web1)
    yield* simulated.update(Incidents.killMonitor("web1"))
    const other = instance({ disks: [{ path: "/srv/other.img" }] })
    const error = yield* failureOf(hypervisor.start(other))
    assert.isTrue(error._tag === "PlanRejected" && error.rejections[0]?.code === "root-occupied")
    yield* hypervisor.stop(web1.name)
    yield* hypervisor.start(other)
    assert.deepStrictEqual((yield* simulated.state).loops.map(({ backingFile }) => backingFile), ["/srv/other.img"])
  }).pipe(onHost({ host: host({ images: { "/srv/other.img": Guest.obedient() } }) })))

it.effect("every start and stop of a long life ends as it began", () =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const simulated = yield* SimulatedHost
    for (let round = 0; round < 5; round++) {
      yield* hypervisor.start(web1)
      yield* hypervisor.stop(web1.name)
    }
    assert.strictEqual(Diff.traces(host(), yield* simulated.state, directories), "")
  }).pipe(onHost({ host: host() })))

import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Guest, Incidents, SimulatedHost, type SimulatedState, Transition } from "@effect-lxc/test-kit"
import { spawn } from "@effect-lxc/test-kit/Process"
import { missing } from "@effect-lxc/test-kit/ToolAnswer"
import { assert, describe, it } from "@effect/vitest"
import { config, container, directories, done, failed, hierarchies, holds, pinned, prepared, running } from "./steps.ts"

const at = HostPath.make
const kill = { _tag: "KillContainer", ...container, hierarchies: [at("/sys/fs/cgroup")], timeoutMs: 1_000 } as const
const halt = { _tag: "SignalContainer", ...container, signal: "halt", graceMs: 0 } as const
const wait = (onTimeout: "continue" | "fail" | "freeze") => ({ _tag: "AwaitStopped", ...container, timeoutMs: 1_000, onTimeout }) as const
const alive = { _tag: "ConfirmAlive", ...container, settleMs: 500, logFile: HostPath.make(directories.lxcLog("web1")) } as const

/** A process that an attach left in the payload's group. */
const stray = (state: SimulatedState): SimulatedState => spawn(state, { parent: 1, command: "sleep", cgroup: "lxc.payload.web1", holds: [] })
const stateOf = (state: SimulatedState, command: string) => state.processes.find((each) => each.command === command)?.state

describe("limits that are confirmed", () => {
  const step = (controller: string, file: string, value: string) =>
    ({ _tag: "ConfirmLimits", ...container, limits: [{ controller, file, value }] }) as const

  it("are looked for in the tree of their controller, else in the one of v2, and named with their file", () => {
    const hybrid = running({ layout: "hybrid", config: config(...pinned, "lxc.cgroup.pids.max = 10") })
    done(hybrid, step("pids", "pids.max", "10"))
    const found = (state: SimulatedState, controller: string) => {
      const { problem } = failed(state, step(controller, "some.file", "1"))
      return problem._tag === "LimitNotInForce" ? `${problem.file} ${problem.found}` : problem._tag
    }
    assert.strictEqual(found(hybrid, "rdma"), "/sys/fs/cgroup/unified/lxc.payload.web1/some.file not there")
    assert.strictEqual(found(running(), "rdma"), "/sys/fs/cgroup/lxc.payload.web1/some.file not there")
    assert.strictEqual(found(running({ layout: "v1" }), "rdma"), "(no cgroup of rdma)/lxc.payload.web1/some.file not there")
  })
})

describe("a first process that is watched", () => {
  it("that was replaced by another meanwhile has ended", () => {
    const state = running()
    const outcome = Transition.transition(state, alive, new Map(), { since: state.now, phase: "watching 1" })
    assert.isTrue(outcome._tag === "Pending" && outcome.phase === "ended 0")
  })

  it("whose monitor does not clean up is waited for two seconds", () => {
    const stopped = Incidents.killInit("web1")(Incidents.stopMonitor("web1")(running()))
    const { problem, tookMs } = failed(stopped, alive)
    assert.isTrue(problem._tag === "InitEnded" && problem.afterMs === 0 && problem.cause === "exit code 0")
    assert.strictEqual(tookMs, 2_000)
  })
})

describe("a request to halt", () => {
  it("is SIGRTMIN+3 where there is a handler for that, else SIGPWR", () => {
    const ends = (guest: Guest.Guest) => Transition.complete(done(running({ guest }), halt), wait("fail")).problem === undefined
    assert.isTrue(ends(Guest.systemd({ handlersAfterMs: 0 })))
    assert.isTrue(ends(Guest.obedient({ haltAfterMs: 100 })))
    assert.isFalse(ends(Guest.obedient({ haltAfterMs: 100, haltSignal: "SIGUSR1" })))
  })
})

describe("waiting for the end", () => {
  it("fails, goes on or freezes when the time is over", () => {
    const state = running({ guest: Guest.deaf() })
    assert.isFalse(done(state, wait("continue")).containers[0]?.frozen)
    const still = failed(state, wait("fail"))
    assert.deepStrictEqual(still.problem, { _tag: "StillRunning", name: "web1", waitedMs: 1_000, frozenAgain: false })
    const frozen = failed(state, wait("freeze"))
    assert.isTrue(frozen.problem._tag === "StillRunning" && frozen.problem.frozenAgain && frozen.state.containers[0]?.frozen === true)
  })

  it("goes on at once where only a stopped monitor is left, and not while a process is, nor while a monitor is at work", () => {
    const tookMs = (state: SimulatedState): number => Transition.complete(state, wait("continue")).tookMs
    const stopped = Incidents.stopMonitor("web1")(running({ guest: Guest.deaf() }))
    assert.strictEqual(tookMs(stopped), 1_000)
    assert.strictEqual(tookMs(Incidents.killInit("web1")(stopped)), 0)
    assert.isAbove(tookMs(Incidents.killInit("web1")(running())), 0)
  })

  it("cannot freeze an orphan, and waits ten seconds more for a monitor that does not answer", () => {
    const orphan = failed(Incidents.orphan("web1")(running({ guest: Guest.deaf() })), wait("freeze")).problem
    assert.isTrue(orphan._tag === "CommandFailed" && orphan.exitCode === 1 && orphan.stderr === "web1 is not running\n")
    const deaf = failed(Incidents.stopMonitor("web1")(running({ guest: Guest.deaf() })), wait("freeze"))
    assert.isTrue(deaf.problem._tag === "CommandTimedOut" && deaf.problem.timeoutMs === 10_000)
    assert.strictEqual(deaf.tookMs, 11_000)
  })
})

describe("a kill", () => {
  it("reaches what an attach left, whether the container is there or not", () => {
    const left = stray(Incidents.leaveCgroup("lxc.payload.web1")(SimulatedHost.state()))
    assert.strictEqual(stateOf(Transition.complete(left, kill).state, "sleep") ?? "Z", "Z")
    const orphan = stray(Incidents.orphan("web1")(running()))
    assert.notStrictEqual(stateOf(Transition.complete(orphan, kill).state, "sleep"), "S")
  })

  it("of what cannot be killed fails when its time is over, twice: with LXC, and without", () => {
    const { problem, tookMs } = failed(Incidents.hangInDevice("web1")(running()), kill)
    assert.isTrue(problem._tag === "CannotKill" && problem.waitedMs === 1_000 && problem.holders[0]?.command === "/sbin/init")
    assert.strictEqual(tookMs, 2_000)
  })

  it("calls no tool", () => {
    const without = { ...running(), answers: { "lxc-stop": missing } }
    assert.isTrue(holds(done(without, kill), kill))
  })
})

describe("a guest that is asked to reboot", () => {
  const reboot = (timeoutMs: number) => ({ _tag: "RebootInPlace", ...container, timeoutMs }) as const

  it("has just the time that was given, and none while it is frozen or without a handler", () => {
    const state = running({ guest: Guest.obedient({ onInterrupt: { does: "reboot", afterMs: 300 } }) })
    done(state, reboot(300))
    assert.strictEqual(failed(state, reboot(299)).problem._tag, "CommandFailed")
    assert.strictEqual(failed(Incidents.freeze("web1")(state), reboot(1_000)).problem._tag, "CommandFailed")
    const slow = running({ guest: Guest.obedient({ handlersAfterMs: 5_000 }) })
    assert.strictEqual(failed(slow, reboot(3_000)).problem._tag, "CommandFailed")
  })

  it("is refused with exit code 2 where nothing runs", () => {
    const { problem } = failed(prepared(), reboot(1_000))
    assert.isTrue(problem._tag === "CommandFailed" && problem.exitCode === 2)
  })
})

describe("a limit that is written", () => {
  const set = (file: string, value: string) =>
    ({ _tag: "SetLimit", ...container, controller: file.split(".")[0] ?? "", file, value, previous: "1" }) as const

  it("of just what is used is enough; below that v2 kills, and v1 refuses memory with swap too", () => {
    const used = Guest.obedient().usesBytes
    assert.isNotNull(done(running(), set("memory.max", String(used))).containers[0]?.init)
    const short = done(running(), set("memory.max", "4096"))
    assert.isNull(short.containers[0]?.init)
    assert.strictEqual(short.trees[0]?.groups["lxc.payload.web1"]?.["memory.events"], "oom 1\noom_kill 1\n")
    const v1 = running({ layout: "v1", config: config(...pinned, "lxc.cgroup.memory.limit_in_bytes = 4M", "lxc.cgroup.memory.memsw.limit_in_bytes = 4M") })
    const { problem } = failed({ ...v1, containers: v1.containers.map((each) => ({ ...each, guest: { ...each.guest, usesBytes: 2 ** 30 } })) }, set("memory.memsw.limit_in_bytes", "8M"))
    const path = "/sys/fs/cgroup/memory/lxc.payload.web1/memory.memsw.limit_in_bytes"
    assert.isTrue(problem._tag === "SystemCallFailed" && problem.call === "write" && problem.path === path && problem.code === "EBUSY")
  })

  it("keeps the other groups of the tree, and is in its own tree on a hybrid host", () => {
    const state = done(running({ layout: "hybrid" }), set("memory.limit_in_bytes", String(2 ** 26)))
    const holding = state.trees.filter((tree) => tree.groups["lxc.payload.web1"]?.["memory.limit_in_bytes"] !== undefined)
    assert.deepStrictEqual(holding.map(({ mountPoint }) => mountPoint), ["/sys/fs/cgroup/memory"])
    assert.isDefined(holding[0]?.groups["lxc.monitor.web1"])
  })
})

describe("the host's restart", () => {
  it("gives another boot id each time, of the same length", () => {
    const one = done(running(), { _tag: "PowerCycle" })
    const two = done(one, { _tag: "PowerCycle" })
    assert.deepStrictEqual([one, two].map(({ bootId }) => bootId), ["5a1d1b2e-0000-4000-8000-000000000002", "5a1d1b2e-0000-4000-8000-000000000001"])
  })
})

describe("groups that are removed", () => {
  it("are tried again every 10 ms until the end of the time, and named with their tree", () => {
    const state = running()
    const step = { _tag: "RemoveCgroups", names: ["lxc.payload.web1"], hierarchies: hierarchies(state) } as const
    const outcomeAt = (now: number) => Transition.transition({ ...state, now }, step, new Map(), { since: 0, phase: "" })
    const until = (now: number) => {
      const outcome = outcomeAt(now)
      return outcome._tag === "Pending" ? outcome.until : outcome._tag
    }
    assert.deepStrictEqual([until(100), until(4_995), until(5_000)], [110, 5_000, "Failed"])
    const late = outcomeAt(5_000)
    assert.isTrue(late._tag === "Failed" && late.problem._tag === "Busy" && late.problem.path === "/sys/fs/cgroup/lxc.payload.web1")
  })
})

describe("files", () => {
  it("are gone only with what an interrupted write left beside them, and both are taken", () => {
    const step = { _tag: "RemoveFile", path: at("/run/a") } as const
    for (const path of ["/run/a", "/run/a.new"]) {
      const state = Incidents.putFile(path)(SimulatedHost.state())
      assert.isFalse(holds(state, step))
      assert.deepStrictEqual(done(state, step).files, SimulatedHost.state().files)
    }
  })

  it("in a directory keep it from being gone, unless it may stay", () => {
    const step = { _tag: "RemoveDirectory", path: at("/run/a"), ifEmpty: false } as const
    const state = Incidents.putFile("/run/a/b")(SimulatedHost.state())
    assert.isFalse(holds(state, step))
    assert.isTrue(holds(state, { ...step, ifEmpty: true }))
  })

  it("a directory that is there already needs no room", () => {
    const full = Incidents.fillDisk("/run")(Incidents.putDirectory("/run/a")(SimulatedHost.state()))
    done(full, { _tag: "MakeDirectory", path: at("/run/a"), mode: "0755", keep: false })
    for (const [mode, shown] of [["0707", "707"], ["1707", "1707"]] as const) {
      const open = Transition.observe(Incidents.putDirectory("/run/o", mode)(full), { _tag: "MakeDirectory", path: at("/run/o"), mode: "0755", keep: false }, new Map())
      assert.isTrue("_tag" in open && open._tag === "Conflict" && open.found.endsWith(`mode ${shown}`))
    }
  })
})

import { Facts, Guest, Incidents, type SimulatedState } from "@effect-lxc/test-kit"
import { unlimitedV1 } from "@effect-lxc/test-kit/CgroupFiles"
import { advance } from "@effect-lxc/test-kit/Lifecycle"
import { assert, describe, it } from "@effect/vitest"
import { config, container, directories, done, factsOf, failed, groups, hierarchies, holds, pinned, running } from "./steps.ts"

const freeze = { _tag: "Freeze", ...container, timeoutMs: 5_000 } as const
const thaw = { _tag: "Thaw", ...container, timeoutMs: 5_000 } as const
const reboot = { _tag: "RebootInPlace", ...container, timeoutMs: 10_000 } as const
const setLimit = (file: string, value: string) =>
  ({ _tag: "SetLimit", ...container, controller: file.split(".")[0] ?? "", file, value, previous: "1" }) as const
const forbid = (state: SimulatedState) => ({ _tag: "ForbidForks", ...container, hierarchies: hierarchies(state) }) as const

const mebibytes = (count: number): string => String(count * 1024 * 1024)

describe("freezing", () => {
  it("is done when every process is frozen, and thawing when none is", () => {
    const state = done(running(), freeze)
    assert.strictEqual(factsOf(state)?.freezer, "frozen")
    assert.isTrue(holds(state, freeze) && !holds(state, thaw))
    assert.isTrue(holds(done(state, thaw), thaw))
  })

  it("puts v1's processes into uninterruptible sleep, and v2's not", () => {
    assert.strictEqual(factsOf(done(running({ layout: "hybrid" }), freeze))?.init?.state, "D")
    assert.strictEqual(factsOf(done(running(), freeze))?.init?.state, "S")
  })

  it("hangs on a monitor that does not answer, thawing too; an orphan is thawed without one", () => {
    for (const step of [freeze, thaw]) {
      const state = Incidents.stopMonitor("web1")(step === thaw ? done(running(), freeze) : running())
      const { problem, tookMs } = failed(state, step)
      assert.strictEqual(problem._tag, "CommandTimedOut")
      assert.strictEqual(tookMs, 5_000)
    }
    const orphan = Incidents.orphan("web1")(done(running(), freeze))
    assert.isTrue(holds(done(orphan, thaw), thaw))
    const refused = failed(Incidents.orphan("web1")(running()), freeze).problem
    assert.isTrue(refused._tag === "CommandFailed" && refused.exitCode === 1)
  })
})

describe("limits of a running container", () => {
  const limited = (layout: "v1" | "v2", ...lines: ReadonlyArray<string>) => running({ layout, config: config(...pinned, ...lines) })
  const code = (state: SimulatedState, file: string, value: string) => {
    const { problem, state: after } = failed(state, setLimit(file, value))
    assert.strictEqual(after, state, "the file is unchanged")
    return problem._tag === "SystemCallFailed" ? problem.code : problem._tag
  }

  it("are what was written, in whole pages", () => {
    const state = done(limited("v2", "lxc.cgroup2.memory.max = 64M"), setLimit("memory.max", "9000000"))
    assert.strictEqual(state.trees[0]?.groups["lxc.payload.web1"]?.["memory.max"], "8998912")
    assert.isTrue(holds(state, setLimit("memory.max", "8998912")))
  })

  it("that the kernel clamps are written, and reported as not in force", () => {
    const { problem, state } = failed(limited("v1"), setLimit("cpu.shares", "1"))
    assert.isTrue(problem._tag === "LimitNotInForce" && problem.wanted === "1" && problem.found === "2")
    assert.isTrue(holds(state, setLimit("cpu.shares", "2")))
  })

  it("on v1 are EBUSY below what is used", () => {
    assert.strictEqual(code(limited("v1", "lxc.cgroup.memory.limit_in_bytes = 64M"), "memory.limit_in_bytes", "4096"), "EBUSY")
  })

  it("on v2 below what is used are taken, and kill", () => {
    const state = done(limited("v2", "lxc.cgroup2.memory.max = 64M"), setLimit("memory.max", "4096"))
    assert.isNull(factsOf(state)?.init)
  })

  it("on v1 keep memory at most memory and swap: raise the sum first, lower memory first", () => {
    const state = limited("v1", "lxc.cgroup.memory.limit_in_bytes = 64M", "lxc.cgroup.memory.memsw.limit_in_bytes = 128M")
    assert.strictEqual(code(state, "memory.limit_in_bytes", "256M"), "EINVAL")
    assert.strictEqual(code(state, "memory.memsw.limit_in_bytes", "32M"), "EINVAL")
    const raised = done(done(state, setLimit("memory.memsw.limit_in_bytes", mebibytes(512))), setLimit("memory.limit_in_bytes", mebibytes(256)))
    done(done(raised, setLimit("memory.limit_in_bytes", mebibytes(64))), setLimit("memory.memsw.limit_in_bytes", mebibytes(128)))
  })

  it("are EINVAL and ERANGE for what the kernel does not take", () => {
    const state = limited("v2")
    assert.strictEqual(code(state, "cpu.max", "10 100000"), "EINVAL")
    assert.strictEqual(code(state, "cpuset.cpus", "0-64"), "ERANGE")
    assert.strictEqual(code(state, "memory.nonsense", "1"), "ENOENT")
  })

  it("may be just what there is: all the cpus, swap of nothing, no limit at all", () => {
    const files = (state: SimulatedState) => state.trees[0]?.groups["lxc.payload.web1"]
    const cpus = done(running({ cpus: 4 }), setLimit("cpuset.cpus", "0-3"))
    assert.strictEqual(files(cpus)?.["cpuset.cpus"], "0-3")
    assert.strictEqual(code(running({ cpus: 4 }), "cpuset.cpus", "0-4"), "ERANGE")
    const free = done(done(limited("v2", "lxc.cgroup2.memory.max = 64M"), setLimit("memory.max", "max")), setLimit("pids.max", "max"))
    assert.deepStrictEqual(files(free), { "memory.max": "max", "pids.max": "max" })
    const same = limited("v1", "lxc.cgroup.memory.limit_in_bytes = 64M", "lxc.cgroup.memory.memsw.limit_in_bytes = 64M")
    const raised = done(done(same, setLimit("memory.memsw.limit_in_bytes", unlimitedV1)), setLimit("memory.limit_in_bytes", mebibytes(128)))
    const unlimited = done(raised, setLimit("memory.limit_in_bytes", unlimitedV1))
    const limit = (state: SimulatedState) => {
      const facts = factsOf(state)
      return facts === undefined ? undefined : Facts.usageOf(state, facts)?.memory.limitBytes
    }
    assert.deepStrictEqual([limit(same), limit(raised), limit(unlimited)], [67_108_864, 134_217_728, null])
    assert.strictEqual(code(running({ swapAccounting: false }), "memory.swap.max", "1M"), "ENOENT")
  })

  it("are a conflict where nothing runs", () => {
    assert.strictEqual(code(Incidents.killMonitor("web1")(running()), "memory.max", "64M"), "Conflict")
  })

  it("forbid forks in the trees that count processes", () => {
    for (const layout of ["v1", "v2", "hybrid"] as const) {
      const state = running({ layout })
      const after = done(state, forbid(state))
      const counted = after.trees.filter((tree) => tree.groups["lxc.payload.web1"]?.["pids.max"] === "0")
      assert.strictEqual(counted.length, 1)
      assert.isTrue(holds(after, forbid(state)) && !holds(state, forbid(state)))
    }
  })
})

describe("a reboot in place", () => {
  it("keeps the monitor and the cgroups, and gives another first process", () => {
    const before = running()
    const after = done(before, reboot)
    assert.deepStrictEqual(factsOf(after)?.monitor, factsOf(before)?.monitor)
    assert.deepStrictEqual(groups(after), groups(before))
    assert.notStrictEqual(factsOf(after)?.init?.pid, factsOf(before)?.init?.pid)
    assert.strictEqual(after.now - before.now, 2_000)
  })

  it("of a guest that does not act on the signal leaves it as it is: exit code 1 when the time is over", () => {
    const before = running({ guest: Guest.deaf() })
    const { problem, state } = failed(before, reboot)
    assert.isTrue(problem._tag === "CommandFailed" && problem.exitCode === 1 && problem.stderr.includes("Failed to receive message"))
    assert.deepStrictEqual(factsOf(state)?.init, factsOf(before)?.init)
  })

  it("of a shell is its end, for it exits by SIGINT", () => {
    const { problem, state } = failed(running({ guest: Guest.deaf({ onInterrupt: { does: "exit", afterMs: 5 } }) }), reboot)
    assert.isTrue(problem._tag === "CommandFailed" && problem.exitCode === 1 && problem.stderr === "")
    assert.isNull(factsOf(state)?.init)
  })

  it("without the capability sys_boot is the end: exit code 1, without a word", () => {
    for (const line of ["lxc.cap.drop = sys_time sys_boot", "lxc.cap.keep = sys_time"]) {
      const { problem, state } = failed(running({ config: config(...pinned, line) }), reboot)
      assert.isTrue(problem._tag === "CommandFailed" && problem.exitCode === 1 && problem.stderr === "")
      assert.isNull(factsOf(state)?.init)
      assert.include(state.files[directories.lxcLog("web1")]?.text, "ended on error (1)")
    }
  })

  it("from inside is the same, and SIGINT asks for it", () => {
    const before = running()
    const inside = Incidents.rebootInside("web1")(before)
    assert.deepStrictEqual(factsOf(inside)?.monitor, factsOf(before)?.monitor)
    assert.notStrictEqual(factsOf(inside)?.init?.pid, factsOf(before)?.init?.pid)
    assert.include(inside.files[directories.lxcLog("web1")]?.text, "ended on signal Hangup(1)")
    const asked = done(before, { _tag: "SignalContainer", ...container, signal: "SIGINT", graceMs: 0 })
    assert.notStrictEqual(factsOf(advance(asked, asked.now + 2_000))?.init?.pid, factsOf(before)?.init?.pid)
    assert.isNull(factsOf(Incidents.rebootInside("web1")(running({ config: config("lxc.cap.drop = sys_boot") })))?.init)
  })

  it("of a frozen container waits until it is thawed", () => {
    const asked = done(running(), { _tag: "SignalContainer", ...container, signal: "SIGINT", graceMs: 0 })
    const frozen = advance(Incidents.freeze("web1")(asked), asked.now + 5_000)
    assert.strictEqual(factsOf(frozen)?.init?.pid, factsOf(asked)?.init?.pid)
    assert.notStrictEqual(factsOf(done(frozen, thaw))?.init?.pid, factsOf(asked)?.init?.pid)
  })

  it("begins the guest anew: what the last one was about to do is forgotten", () => {
    const state = running({ guest: Guest.dying(1_000, 7) })
    const rebooted = Incidents.rebootInside("web1")(advance(state, state.now + 900))
    assert.isNotNull(factsOf(advance(rebooted, rebooted.now + 500))?.init)
    assert.isNull(factsOf(advance(rebooted, rebooted.now + 1_001))?.init)
  })
})

describe("pids", () => {
  it("come again after the last one, from 300 on, and never one that is taken", () => {
    const full = { ...running(), pidMax: 1_004, nextPid: 1_003 }
    const [first, second] = [Incidents.occupy("/a")(full), Incidents.occupy("/b")(Incidents.occupy("/a")(full))]
    assert.deepStrictEqual([first.nextPid, second.nextPid], [300, 301])
    const taken = { ...full, processes: full.processes.map((each) => each.pid === 1 ? each : { ...each, pid: 300 + each.pid % 10 }) }
    assert.isFalse(taken.processes.some(({ pid }) => pid === Incidents.occupy("/a")(taken).nextPid))
  })

  it("of another process have another start time", () => {
    const before = running()
    const init = factsOf(before)?.init
    const killed = advance(Incidents.killMonitor("web1")(before), before.now + 2_000)
    const reused = Incidents.occupy("/a")({ ...killed, nextPid: init?.pid ?? 0 })
    const again = reused.processes.find(({ pid }) => pid === init?.pid)
    assert.notStrictEqual(again?.startTime, init?.startTime)
  })
})

describe("the host's own restart", () => {
  const cycled = (state: SimulatedState) => done(state, { _tag: "PowerCycle" })

  it("ends everything that ran, and empties what is in memory; what is on disk stays", () => {
    const phys = config(...pinned, "lxc.net.0.type = phys", "lxc.net.0.link = eth1", "lxc.net.1.type = veth")
    const before = Incidents.putFile(directories.meantToRun("web1"), "{}")(running({ interfaces: ["eth1"], config: phys }))
    const after = cycled(before)
    assert.notStrictEqual(after.bootId, before.bootId)
    assert.deepStrictEqual([after.containers, after.loops, groups(after)], [[], [], {}])
    assert.deepStrictEqual(after.processes.map(({ pid }) => pid), [1])
    assert.deepStrictEqual(Object.keys(after.files).filter((path) => path.startsWith("/run")), ["/run"])
    assert.isDefined(after.files[directories.meantToRun("web1")])
    assert.isDefined(after.images["/srv/web1.img"])
    assert.sameMembers(after.interfaces.map(({ name }) => name), ["lo", "br0", "eth1"])
    assert.isFalse(after.mounts.some(({ source }) => source === "/dev/loop0"))
  })

  it("is another boot each time, and nothing of the last one happens in it", () => {
    const first = cycled(running({ guest: Guest.dying(100, 1) }))
    assert.notStrictEqual(cycled(first).bootId, first.bootId)
    assert.deepStrictEqual(advance(first, first.now + 1_000), { ...first, now: first.now + 1_000 })
  })
})

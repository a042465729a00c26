import { explain } from "@effect-lxc/core/runtime/StepProblem"
import { Guest, Incidents, Transition } from "@effect-lxc/test-kit"
import { advance } from "@effect-lxc/test-kit/Lifecycle"
import { assert, describe, it } from "@effect/vitest"
import {
  config, directories, done, factsOf, failed, failedStart, groups, holds, pinned, prepared, rootfs, running, start
} from "./steps.ts"

describe("a start that fails", () => {
  const modes: ReadonlyArray<readonly [what: string, state: ReturnType<typeof prepared>, line: string]> = [
    [
      "root directory missing",
      { ...prepared({ mounted: false }), files: { ...prepared({ mounted: false }).files, [rootfs]: { kind: "file", mode: "0600", text: "" } } },
      `No such file or directory - Failed to open "${rootfs}"`
    ],
    ["/sbin/init missing", prepared({ guest: Guest.withoutInit() }), `No such file or directory - Failed to exec "/sbin/init"`],
    ["/sbin/init not executable", prepared({ guest: Guest.notExecutable() }), `Permission denied - Failed to exec "/sbin/init"`],
    ["init.cmd missing", prepared({ config: config(...pinned, "lxc.init.cmd = /nope -x") }), `No such file or directory - Failed to exec "/nope"`],
    [
      "bridge missing",
      prepared({ bridges: [], config: config(...pinned, "lxc.net.0.type = veth", "lxc.net.0.link = br0", "lxc.net.0.veth.pair = elweb1n0") }),
      `No such file or directory - Failed to attach "elweb1n0" to bridge "br0", bridge interface doesn't exist`
    ],
    [
      "bridge of the second nic missing",
      prepared({ config: config(...pinned, "lxc.net.0.type = veth", "lxc.net.0.link = br0", "lxc.net.1.type = veth", "lxc.net.1.link = br1", "lxc.net.1.veth.pair = two") }),
      `No such file or directory - Failed to attach "two" to bridge "br1", bridge interface doesn't exist`
    ],
    [
      "name of the veth taken",
      prepared({ config: config(...pinned, "lxc.net.0.type = veth", "lxc.net.0.veth.pair = br0") }),
      `File exists - Failed to create veth pair "br0" and "veth1p0"`
    ],
    [
      "multicast MAC",
      prepared({ config: config(...pinned, "lxc.net.0.type = veth", "lxc.net.0.hwaddr = 01:00:00:00:00:01") }),
      "Cannot assign requested address - Failed to perform ioctl"
    ],
    [
      "limit that is no number",
      prepared({ config: config(...pinned, "lxc.cgroup2.memory.max = lots") }),
      `Invalid argument - Failed to set "memory.max" to "lots"`
    ],
    [
      "file of a limit that does not exist",
      prepared({ config: config(...pinned, "lxc.cgroup2.memory.nonsense = 1") }),
      `No such file or directory - Failed to set "memory.nonsense" to "1"`
    ],
    [
      "controller that does not exist",
      prepared({ config: config(...pinned, "lxc.cgroup2.rdma.max = 1") }),
      `No such file or directory - Failed to setup limits for the "rdma" controller. The controller seems to be unused by "cgfsng" cgroup driver or not enabled on the cgroup hierarchy`
    ],
    [
      "cpus that the host does not have",
      prepared({ config: config(...pinned, "lxc.cgroup2.cpuset.cpus = 0-9") }),
      `Numerical result out of range - Failed to set "cpuset.cpus" to "0-9"`
    ],
    [
      "memory and swap below memory",
      prepared({ layout: "v1", config: config(...pinned, "lxc.cgroup.memory.limit_in_bytes = 8192", "lxc.cgroup.memory.memsw.limit_in_bytes = 4096") }),
      `Invalid argument - Failed to set "memory.memsw.limit_in_bytes" to "4096"`
    ],
    [
      "device rule that is none",
      prepared({ config: config(...pinned, "lxc.cgroup2.devices.allow = garbage here") }),
      `Invalid argument - Failed to set "devices.allow" to "garbage here"`
    ],
    ["128 KiB of memory", prepared({ config: config(...pinned, "lxc.cgroup2.memory.max = 128K") }), "Broken pipe - Failed to wake up"],
    ["64 KiB of memory on v2", prepared({ config: config(...pinned, "lxc.cgroup2.memory.max = 64K") }), "Sync wait failure"]
  ]

  for (const [what, state, line] of modes) {
    it(`${what}: exit code 1, the cause in the log only, four lines on stderr that say nothing`, () => {
      const { problem, state: after, tookMs } = failedStart(state)
      assert.strictEqual(problem.exitCode, 1)
      assert.strictEqual(problem.argv[0], "lxc-start")
      assert.include(problem.log, line)
      assert.strictEqual(problem.stderr.trim().split("\n").length, 4)
      assert.notInclude(problem.stderr, line)
      assert.include(explain(problem).join("\n"), line.slice(0, 20))
      assert.isAtMost(tookMs, 55)
      assert.deepStrictEqual(after.containers, [])
      assert.deepStrictEqual(after.interfaces, state.interfaces, "no interface leaks")
      assert.deepStrictEqual(after.processes, state.processes)
      assert.isUndefined(after.files[directories.monitorPid("web1")])
    })

    if (what === "128 KiB of memory") continue
    it(`${what}: lxc.monitor.NAME stays in some trees, and with pinned names keeps the next start out`, () => {
      const { state: after } = failedStart(state)
      assert.deepStrictEqual(Object.keys(groups(after)), ["lxc.monitor.web1"])
      const again = failedStart({ ...after, images: prepared().images })
      assert.deepStrictEqual(again.problem.log, ["Numerical result out of range - Failed to create container cgroup"])
    })
  }

  it("leaves it in half of the trees of a host with several, or as the state says", () => {
    const state = prepared({ layout: "hybrid", guest: Guest.withoutInit() })
    assert.strictEqual(state.trees.length, 8)
    const left = (monitorLeak: "none" | "some" | "all") => groups(failedStart({ ...state, monitorLeak }).state)
    assert.deepStrictEqual(left("some"), { "lxc.monitor.web1": 4 })
    assert.deepStrictEqual(left("all"), { "lxc.monitor.web1": 8 })
    assert.deepStrictEqual(left("none"), {})
  })

  it("with 128 KiB of memory leaves no group", () => {
    assert.deepStrictEqual(groups(failedStart(prepared({ config: config(...pinned, "lxc.cgroup2.memory.max = 128K") })).state), {})
  })

  it("for a root that is not mounted makes dev and proc in its directory", () => {
    const { problem, state } = failedStart(prepared({ mounted: false }))
    assert.include(problem.log, `No such file or directory - Failed to exec "/sbin/init"`)
    assert.isDefined(state.files[`${rootfs}/dev`])
    assert.isDefined(state.files[`${rootfs}/proc`])
  })

  it("gives back an interface of the host that was moved into it", () => {
    const text = config(...pinned, "lxc.net.0.type = phys", "lxc.net.0.link = eth1")
    const state = prepared({ interfaces: ["eth1"], guest: Guest.withoutInit(), config: text })
    assert.sameDeepMembers([...failedStart(state).state.interfaces], [...state.interfaces])
  })

  it("for a config that cannot be read says so on stderr too, and leaves nothing", () => {
    const reasons: ReadonlyArray<readonly [line: string, why: string]> = [
      ["lxc.utsname = a", `Unsupported config key "lxc.utsname"`],
      ["lxc.nonsense = 1", `Unsupported config key "lxc.nonsense"`],
      ["lxc.cap.drop", "Invalid configuration line: lxc.cap.drop"],
      ["lxc.cap.drop = nonsense", "Invalid capability specified"],
      ["lxc.signal.halt = SIGNONSENSE", "Failed to parse config file"],
      ["lxc.console.buffer.size = 64KiB", "Failed to parse config file"],
      [`lxc.uts.name = ${"a".repeat(65)}`, "Failed to parse config file"]
    ]
    for (const [line, why] of reasons) {
      const { problem, state: after, tookMs } = failedStart(prepared({ config: config(line) }))
      assert.include(problem.stderr, why)
      assert.include(problem.log.join("\n"), why)
      assert.include(problem.stderr, `at line "${line}"`)
      assert.strictEqual(tookMs, 1)
      assert.deepStrictEqual(groups(after), {})
    }
    const { [directories.config("web1")]: _, ...files } = prepared().files
    assert.include(failedStart({ ...prepared(), files }).problem.stderr, "No container config specified")
  })

  it("does not for a line that does not begin with lxc., for CRLF, blanks, quotes and sizes in KB", () => {
    const lines = ["hello", "foo.bar = 1", "lxc.console.buffer.size = 64KB\r", `lxc.environment = "A=b # c"  `, "lxc.cap.keep = none"]
    assert.strictEqual(done(prepared({ config: config(...lines) }), start()).containers.length, 1)
  })

  it("does not for what LXC only complains of: a name that it cuts, an optional mount without a source", () => {
    const nic = ["lxc.net.0.type = veth", "lxc.net.0.veth.pair = a-name-that-is-too-long"]
    const state = done(prepared({ config: config(...nic, "lxc.mount.entry = /no/such mnt none bind,optional 0 0") }), start())
    const log = state.files[directories.lxcLog("web1")]?.text
    assert.include(log, `Network device name "a-name-that-is-too-long" is too long (>= 16)`)
    assert.include(log, `Failed to mount "/no/such" onto`)
  })

  it("does not for a MAC that is too short, and for one that another nic has", () => {
    const nic = (index: number, mac: string) => [`lxc.net.${index}.type = veth`, `lxc.net.${index}.hwaddr = ${mac}`]
    for (const lines of [nic(0, "aa:00:00:11:22"), [...nic(0, "aa:00:00:11:22:33"), ...nic(1, "aa:00:00:11:22:33")]]) {
      assert.strictEqual(done(prepared({ config: config(...lines) }), start()).containers.length, 1)
    }
  })

  it("for a mount without its source or its place; not if LXC is to make the place", () => {
    const guest = Guest.obedient({ lacks: ["data"] })
    const lines = (entry: string) => failedStart(prepared({ guest, config: config(...pinned, `lxc.mount.entry = ${entry} 0 0`) })).problem.log
    assert.include(lines("/no/such mnt none bind")[0], `Failed to mount "/no/such" onto "/usr/lib/x86_64-linux-gnu/lxc/rootfs/mnt"`)
    assert.include(lines("tmpfs data tmpfs rw")[0], `Failed to mount "tmpfs" on "/usr/lib/x86_64-linux-gnu/lxc/rootfs/data"`)
    const made = prepared({ guest, config: config("lxc.mount.entry = tmpfs data tmpfs rw,create=dir 0 0") })
    assert.strictEqual(done(made, start()).containers.length, 1)
  })

  it("reads the keys of its own release: legacy ones before 3.0, modern ones since 2.1, v1 limits up to 6", () => {
    const legacy = [`lxc.utsname = web1`, `lxc.rootfs = ${rootfs}`, "lxc.network.type = veth", "lxc.network.link = br0", ""].join("\n")
    assert.strictEqual(done(prepared({ lxcVersion: "1.0.6", layout: "v1", config: legacy }), start()).containers.length, 1)
    assert.strictEqual(done(prepared({ lxcVersion: "2.1.0", layout: "v1", config: legacy }), start()).containers.length, 1)
    assert.include(failedStart(prepared({ config: legacy })).problem.stderr, "lxc.utsname")
    assert.include(failedStart(prepared({ lxcVersion: "2.0.9", config: config() })).problem.stderr, "lxc.uts.name")
    assert.include(failedStart(prepared({ lxcVersion: "4.0.12", config: config(...pinned) })).problem.stderr, "lxc.cgroup.dir")
    const limit = config("lxc.cgroup.memory.limit_in_bytes = 64M")
    assert.include(failedStart(prepared({ lxcVersion: "7.0.0", layout: "v1", config: limit })).problem.stderr, "lxc.cgroup.memory")
  })

  it("finds no LXC where none is installed", () => {
    assert.strictEqual(failed(prepared({ lxcVersion: null }), start()).problem._tag, "Conflict")
  })

  it("whose monitor is killed meanwhile says that it did not hear the state", () => {
    const begun = Transition.transition(prepared(), start(), new Map(), { since: 0, phase: "" })
    assert.isTrue(begun._tag === "Pending")
    if (begun._tag !== "Pending") return
    const killed = advance(Incidents.killMonitor("web1")(begun.state), 20)
    const ended = Transition.transition(killed, start(), new Map(), { since: 0, phase: begun.phase })
    assert.isTrue(ended._tag === "Failed" && ended.problem._tag === "CommandFailed")
    if (ended._tag !== "Failed" || ended.problem._tag !== "CommandFailed") return
    assert.include(ended.problem.stderr, "Failed to receive the container state")
    assert.deepStrictEqual(groups(ended.state), { "lxc.monitor.web1": 1 })
  })

  it("that is interrupted while it sets up is given up by its monitor", () => {
    const begun = Transition.transition(prepared(), start(), new Map(), { since: 0, phase: "" })
    assert.isTrue(begun._tag === "Pending")
    if (begun._tag !== "Pending") return
    const left = Transition.abandon(begun.state, start(), { since: 0, phase: begun.phase })
    assert.deepStrictEqual(left.containers, [])
    assert.deepStrictEqual(left.processes, prepared().processes)
  })
})

describe("a start that hangs", () => {
  const hung = () => prepared({ layout: "hybrid", config: config(...pinned, "lxc.cgroup.memory.limit_in_bytes = 64K") })

  it("with 64 KiB of memory on v1: until its time is over; monitor, cgroups and root stay", () => {
    const { problem, state, tookMs } = failed(hung(), start({ timeoutMs: 30_000 }))
    assert.deepStrictEqual(problem, { _tag: "CommandTimedOut", argv: problem._tag === "CommandTimedOut" ? problem.argv : [], timeoutMs: 30_000, log: [] })
    assert.strictEqual(tookMs, 30_000)
    assert.isTrue(factsOf(state)?.socket)
    assert.isNull(factsOf(state)?.init)
    assert.deepStrictEqual(groups(state), { "lxc.monitor.web1": 8, "lxc.payload.web1": 8 })
  })

  it("on a monitor that is stopped by a signal", () => {
    const { problem, tookMs } = failed(Incidents.stopMonitor("web1")(running()), start({ timeoutMs: 1_000 }))
    assert.strictEqual(problem._tag, "CommandTimedOut")
    assert.strictEqual(tookMs, 1_000)
  })
})

describe("a start that LXC calls a success", () => {
  it("has a monitor, a first process, a socket, both cgroups in every tree, and a pid file", () => {
    const state = running({ layout: "hybrid" })
    const facts = factsOf(state)
    assert.isTrue(facts?.socket === true && facts.populated)
    assert.strictEqual(state.files[directories.monitorPid("web1")]?.text, `${facts?.monitor?.pid}\n`)
    assert.deepStrictEqual(groups(state), { "lxc.monitor.web1": 8, "lxc.payload.web1": 8 })
    assert.strictEqual(state.processes.find(({ pid }) => pid === facts?.init?.pid)?.parent, facts?.monitor?.pid)
    assert.isTrue(holds(state, start()))
  })

  it("writes into the log which first process it started, below ERROR", () => {
    const state = running()
    assert.match(state.files[directories.lxcLog("web1")]?.text ?? "", /NOTICE +start - \S+ - Started "\/sbin\/init" with pid "\d+"/)
  })

  it("has its interfaces on the bridge, with the bridge's mtu or its own, and the name cut to 15 characters", () => {
    const text = config(...pinned, "lxc.net.0.type = veth", "lxc.net.0.link = br0", "lxc.net.1.type = veth", "lxc.net.1.link = br0", "lxc.net.1.mtu = 1400", "lxc.net.1.veth.pair = a-name-that-is-too-long")
    const veths = running({ config: text }).interfaces.filter(({ kind }) => kind === "veth")
    assert.deepStrictEqual(veths.map(({ mtu, name }) => [name, mtu]), [["veth1x0", 1_500], ["a-name-that-is-", 1_400]])
  })

  it("has taken an interface out of the host with phys, until it ends", () => {
    const text = config(...pinned, "lxc.net.0.type = phys", "lxc.net.0.link = eth1")
    const state = running({ interfaces: ["eth1"], config: text })
    assert.isFalse(state.interfaces.some(({ name }) => name === "eth1"))
    const ended = advance(Incidents.killInit("web1")(state), 1_000)
    assert.isTrue(ended.interfaces.some(({ name }) => name === "eth1"))
  })

  it("has its limits as the kernel wrote them down: whole pages, clamped shares, a default in front of an I/O weight", () => {
    const v1 = running({
      layout: "v1",
      config: config(...pinned, "lxc.cgroup.memory.limit_in_bytes = 9000000", "lxc.cgroup.cpu.shares = 1", "lxc.cgroup.cpu.cfs_quota_us = 50000")
    })
    const files = Object.assign({}, ...v1.trees.map((tree) => tree.groups["lxc.payload.web1"])) as Record<string, string> // of texts only
    assert.deepStrictEqual(files, { "memory.limit_in_bytes": "8998912", "cpu.shares": "2", "cpu.cfs_quota_us": "50000" })
    const v2 = running({ config: config(...pinned, "lxc.cgroup2.io.weight = 200", "lxc.cgroup2.cpu.max = 50000", "lxc.cgroup2.pids.max = 10") })
    assert.deepStrictEqual(v2.trees[0]?.groups["lxc.payload.web1"], { "io.weight": "default 200", "cpu.max": "50000 100000", "pids.max": "10" })
  })

  it("has none of the limits that were written in the keys of the other layout: LXC ignores them without a word", () => {
    const v2 = running({ config: config(...pinned, "lxc.cgroup.memory.limit_in_bytes = 64M") })
    assert.deepStrictEqual(v2.trees[0]?.groups["lxc.payload.web1"], {})
    const hybrid = running({ layout: "hybrid", config: config(...pinned, "lxc.cgroup2.memory.max = 64M") })
    assert.isTrue(hybrid.trees.every((tree) => Object.keys(tree.groups["lxc.payload.web1"] ?? {}).length === 0))
  })

  it("may be dead a moment later: init that exits at once, or is killed for its memory", () => {
    const exited = running({ guest: Guest.dying(0, 1) })
    assert.isNull(advance(exited, exited.now + 1).containers[0]?.init)
    const enough = running({ config: config(...pinned, "lxc.cgroup2.memory.max = 2M") })
    assert.isNotNull(advance(enough, enough.now + 1_000).containers[0]?.init)
    const killed = running({ config: config(...pinned, "lxc.cgroup2.memory.max = 1M") })
    const after = advance(killed, killed.now + 5)
    assert.isNull(after.containers[0]?.init)
    assert.strictEqual(after.trees[0]?.groups["lxc.payload.web1"]?.["memory.events"], "oom 1\noom_kill 1\n")
    assert.include(after.files[directories.lxcLog("web1")]?.text, "ended on signal Killed(9)")
  })

  it("leaves what its guest leaves mounted on the host", () => {
    const targets = running({ guest: Guest.obedient({ mounts: ["a", "b"] }) }).mounts.map(({ target }) => target)
    assert.deepStrictEqual(targets.slice(-3), [rootfs, `${rootfs}/a`, `${rootfs}/b`])
  })

  it("starts a program that the guest has in place of init", () => {
    const state = running({ guest: Guest.obedient({ programs: ["/bin/app"] }), config: config(...pinned, "lxc.init.cmd = /bin/app --serve") })
    assert.isTrue(state.processes.some(({ command }) => command === "/bin/app --serve"))
  })
})

describe("a second start", () => {
  it("of what runs is a conflict: LXC itself exits with 0", () => {
    const { problem, state } = failed(running(), start())
    assert.isTrue(problem._tag === "Conflict" && problem.found.includes("running already"))
    assert.strictEqual(state.containers.length, 1)
  })

  it("beside an orphan is refused where cgroup names are pinned", () => {
    const orphaned = Incidents.orphan("web1")(running())
    assert.include(failedStart(orphaned).problem.log, "Numerical result out of range - Failed to create container cgroup")
  })

  it("beside an orphan runs a second copy where LXC numbers its cgroups, on the same root", () => {
    const orphaned = Incidents.orphan("web1")(running({ config: config() }))
    const both = done(orphaned, start())
    assert.strictEqual(both.containers.length, 2)
    assert.deepStrictEqual(Object.keys(groups(both)).sort(), ["lxc.monitor.web1", "lxc.monitor.web1-1", "lxc.payload.web1", "lxc.payload.web1-1"])
  })

  it("after a killed monitor runs in lxc.payload.NAME-1 where LXC numbers them", () => {
    const left = Incidents.killMonitor("web1")(running({ config: config() }))
    const again = done(left, start())
    assert.strictEqual(again.containers[0]?.payload, "lxc.payload.web1-1")
    assert.isTrue(again.processes.some(({ cgroup }) => cgroup === "lxc.payload.web1-1"))
  })
})

import { Guest, Incidents, type SimulatedState, Transition } from "@effect-lxc/test-kit"
import { advance } from "@effect-lxc/test-kit/Lifecycle"
import { assert, describe, it } from "@effect/vitest"
import { config, directories, done, failedStart, holds, pinned, prepared, rootfs, running, start } from "./steps.ts"

const log = directories.lxcLog("web1")
/** What stands in the log, without times and places. */
const logged = (state: SimulatedState): ReadonlyArray<string> =>
  (state.files[log]?.text ?? "").trim().split("\n").map((line) => line.split(" - ").slice(2).join(" - "))
const fails = (...lines: ReadonlyArray<string>) => failedStart(prepared({ config: config(...pinned, ...lines) })).problem.log

describe("a start", () => {
  it("makes its pid file for all to read, its logs not, and keeps what the console said before", () => {
    const said = Incidents.putFile(directories.consoleLog("web1"), "before\n")(prepared())
    const state = done(said, start())
    const modes = [directories.monitorPid("web1"), directories.consoleLog("web1"), log].map((path) => state.files[path]?.mode)
    assert.deepStrictEqual(modes, ["0644", "0600", "0640"])
    assert.strictEqual(state.files[directories.consoleLog("web1")]?.text, "before\n")
    assert.deepStrictEqual(running().files[directories.consoleLog("web1")], { kind: "file", mode: "0600", text: "" })
  })

  it("logs at NOTICE what it executes, and what it started", () => {
    const lines = (running().files[log]?.text ?? "").split("\n")
    assert.match(lines[0] ?? "", /NOTICE +start - \S+start\.c:start:2194 - Exec'ing "\/sbin\/init"$/)
    assert.match(lines[1] ?? "", /NOTICE +start - \S+start\.c:post_start:2205 - Started "\/sbin\/init" with pid "\d+"$/)
  })

  it("moves a log aside that is larger than it may be, with its mode, and none that is not", () => {
    const before = Incidents.putFile(log, "12345678", "0640")(prepared())
    const moved = done(before, start({ logSize: 7 }))
    assert.deepStrictEqual(moved.files[`${log}.1`], { kind: "file", mode: "0640", text: "12345678" })
    assert.isFalse(moved.files[log]?.text.startsWith("12345678"))
    for (const state of [done(before, start({ logSize: 8 })), done(before, start()), done(prepared(), start({ logSize: 7 }))]) {
      assert.isUndefined(state.files[`${log}.1`])
    }
    assert.isTrue(done(before, start({ logSize: 8 })).files[log]?.text.startsWith("12345678"))
  })

  it("tells only of its own run what went wrong, and remembers where those of others began", () => {
    const before = failedStart(prepared({ config: config(...pinned, "lxc.init.cmd = /first") }))
    const next = { ...prepared({ config: config("lxc.init.cmd = /second") }), files: { ...before.state.files, ...prepared({ config: config("lxc.init.cmd = /second") }).files } }
    const { problem, state } = failedStart({ ...next, logMarks: { "/other.log": 5 } })
    assert.isFalse(problem.log.some((line) => line.includes("/first")))
    assert.deepStrictEqual(state.logMarks, { "/other.log": 5, [log]: before.state.files[log]?.text.length ?? 0 })
  })

  it("shows what its guest leaves mounted, each a tmpfs of its own; on its root too", () => {
    const state = running({ guest: Guest.obedient({ mounts: ["", "a"] }) })
    const count = prepared().mounts.length
    assert.deepStrictEqual(state.mounts.slice(count), [
      { target: rootfs, source: "tmpfs", root: "/", device: `0:${100 + count}`, fsType: "tmpfs", options: ["rw"], image: null },
      { target: `${rootfs}/a`, source: "tmpfs", root: "/", device: `0:${101 + count}`, fsType: "tmpfs", options: ["rw"], image: null }
    ])
  })

  it("holds only when its first process was executed, and its monitor answers", () => {
    const begun = Transition.transition(prepared(), start(), new Map(), { since: 0, phase: "" })
    assert.isFalse(holds(begun.state, start()))
    assert.isFalse(holds(Incidents.stopMonitor("web1")(running()), start()))
  })

  it("is waited for until the time at which something comes of it", () => {
    const until = (state: ReturnType<typeof prepared>, now: number) => {
      const outcome = Transition.transition({ ...state, now }, start({ timeoutMs: 1_000 }), new Map(), { since: now, phase: "" })
      return outcome._tag === "Pending" ? outcome.until - now : outcome._tag
    }
    assert.strictEqual(until(prepared(), 500), 20)
    assert.strictEqual(until(running(), 500), 5)
    assert.strictEqual(until(Incidents.stopMonitor("web1")(running()), 500), 1_000)
    assert.strictEqual(until(prepared({ config: "lxc.nonsense = 1\n" }), 500), 1)
    assert.strictEqual(until(Incidents.leaveCgroup("lxc.monitor.web1")(prepared()), 500), 20)
  })

  it("gives numbers that no other has, to containers and to third copies", () => {
    const numbered = config()
    const one = Incidents.orphan("web1")(running({ config: numbered }))
    const two = Incidents.orphan("web1")({ ...done(one, start()), containers: done(one, start()).containers.toReversed() })
    const three = done(two, start())
    assert.deepStrictEqual(new Set(three.containers.map(({ id }) => id)), new Set([1, 2, 3]))
    assert.strictEqual(three.containers.find(({ id }) => id === 3)?.payload, "lxc.payload.web1-2")
  })

  it("has the last group that was made for its name, not one of a longer name", () => {
    const beside = ["lxc.payload.web1-blue", "lxc.payload.web12", "lxc.payload.web1-1-x", "lxc.payload.mail-1"].reduce(
      (state, name) => ({ ...state, trees: state.trees.map((tree) => ({ ...tree, groups: { ...tree.groups, [name]: {} } })) }),
      prepared({ config: config() })
    )
    assert.strictEqual(done(beside, start()).containers[0]?.payload, "lxc.payload.web1")
  })

  it("is a child of its monitor, which is one of process 1", () => {
    const state = running()
    const [monitor, init] = state.processes.slice(1)
    assert.deepStrictEqual([monitor?.parent, init?.parent], [1, monitor?.pid])
  })
})

describe("a start that fails", () => {
  it("says no more than LXC does, each line with its place", () => {
    const { problem, state } = failedStart(prepared({ guest: Guest.withoutInit() }))
    assert.deepStrictEqual(logged(state), [
      `No such file or directory - Failed to exec "/sbin/init"`,
      "An error occurred in another process (expected sequence number 7)",
      `Failed to spawn container "web1"`,
      `Received container state "ABORTING" instead of "RUNNING"`,
      "The container failed to start",
      "To get more details, run the container in foreground mode",
      "Additional information can be obtained by setting the --logfile and --logpriority options"
    ])
    assert.match(problem.stderr, /^lxc-start: web1: /)
  })

  it("names what is no bridge, and an interface that is not there, named or not", () => {
    const veth = failedStart(prepared({ interfaces: ["eth1"], config: config(...pinned, "lxc.net.0.type = veth", "lxc.net.0.link = eth1", "lxc.net.0.veth.pair = el") }))
    assert.strictEqual(veth.problem.log[0], `Operation not supported - Failed to attach "el" to bridge "eth1"`)
    for (const type of ["macvlan", "phys"]) {
      assert.strictEqual(fails(`lxc.net.0.type = ${type}`, "lxc.net.0.link = eth9")[0], `No such device - Failed to create network device on "eth9"`)
      assert.strictEqual(fails(`lxc.net.0.type = ${type}`)[0], `No such device - Failed to create network device on ""`)
    }
  })

  it("gives the interfaces back that it had moved, when it fails later", () => {
    const state = prepared({ interfaces: ["eth1"], guest: Guest.withoutInit(), config: config(...pinned, "lxc.net.0.type = veth", "lxc.net.1.type = phys", "lxc.net.1.link = eth1") })
    assert.sameDeepMembers([...failedStart(state).state.interfaces], [...state.interfaces])
  })

  it("needs a root from the top of the file system, and one at all", () => {
    const relative = prepared({ config: "lxc.rootfs.path = dir:srv\n" })
    const there = { ...relative, files: { ...relative.files, srv: { kind: "directory", mode: "0755", text: "" } as const } }
    assert.strictEqual(failedStart(there).problem.log[0], `Bad file descriptor - Failed to open "srv"`)
    assert.deepStrictEqual(logged(failedStart(prepared({ config: "lxc.uts.name = web1\n" })).state).slice(0, 4), [
      "Failed to setup console",
      `Failed to setup container "web1"`,
      "An error occurred in another process (expected sequence number 4)",
      `Failed to spawn container "web1"`
    ])
  })

  it("for a mount says so in LXC's words, having made dev and proc", () => {
    const { state } = failedStart(prepared({ mounted: false, config: config(...pinned, "lxc.mount.entry = /no/such mnt none rbind 0 0") }))
    assert.deepStrictEqual(logged(state).slice(0, 6), [
      `No such file or directory - Failed to mount "/no/such" onto "/usr/lib/x86_64-linux-gnu/lxc/rootfs/mnt"`,
      `No such file or directory - Failed to mount "/no/such" on "/usr/lib/x86_64-linux-gnu/lxc/rootfs/mnt"`,
      "Failed to setup mount entries",
      `Failed to setup container "web1"`,
      "An error occurred in another process (expected sequence number 3)",
      `Failed to spawn container "web1"`
    ])
    assert.isDefined(state.files[`${rootfs}/dev`])
  })
})

describe("memory, in bytes", () => {
  const of = (bytes: number, layout: "v2" | "hybrid" = "v2") => {
    const key = layout === "v2" ? "lxc.cgroup2.memory.max" : "lxc.cgroup.memory.limit_in_bytes"
    const ended = Transition.complete(prepared({ layout, config: config(...pinned, `${key} = ${bytes}`) }), start())
    if (ended.problem?._tag === "CommandFailed") return ended.problem.log[0]
    return ended.problem?._tag ?? (advance(ended.state, ended.state.now + 5).containers[0]?.init === null ? "killed" : "runs")
  }

  it("decides at 100 KiB, 200 KiB and what the guest needs: less is too little", () => {
    assert.strictEqual(of(99 * 1_024), "Sync wait failure")
    assert.strictEqual(of(100 * 1_024), "Broken pipe - Failed to wake up")
    assert.strictEqual(of(196 * 1_024), "Broken pipe - Failed to wake up")
    assert.strictEqual(of(200 * 1_024), "killed")
    assert.strictEqual(of(2 * 1_024 * 1_024 - 4_096), "killed")
    assert.strictEqual(of(2 * 1_024 * 1_024), "runs")
    assert.strictEqual(of(96 * 1_024, "hybrid"), "CommandTimedOut")
    assert.strictEqual(of(100 * 1_024, "hybrid"), "Broken pipe - Failed to wake up")
  })
})

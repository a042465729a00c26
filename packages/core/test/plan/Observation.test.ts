import { hierarchiesOf, hierarchyOf, layoutOf, parseProcessCgroups } from "@effect-lxc/core/host/CgroupLayout"
import { commandSocketName, isListening, parseCommandSockets } from "@effect-lxc/core/host/CommandSockets"
import { isMountOf, mountedAt, originOf, parseMountinfo, unmountOrder } from "@effect-lxc/core/host/MountTable"
import { isAlive, isSameProcess, parseProcessStat } from "@effect-lxc/core/host/ProcessStat"
import { decodeHostFacts, encodeHostFacts } from "@effect-lxc/core/host/HostFacts"
import { remainsOf } from "@effect-lxc/core/host/Remains"
import { isActive, statusOf } from "@effect-lxc/core/host/ContainerStatus"
import { Arbitraries, Guest, Incidents, Scenario } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { carriedOut, directories, factsFor, host, instance, startPlan } from "./fixtures.ts"

const mountinfo = (...lines: ReadonlyArray<readonly [target: string, source: string, root?: string]>) =>
  parseMountinfo(
    lines.map(([target, source, root = "/"], at) => `${at + 20} 1 8:${at} ${root} ${target} rw,noatime shared:1 - ext4 ${source} rw\n`).join("")
  )

describe("/proc/self/mountinfo", () => {
  it("is read field by field, optional fields and all, options of the mount and of the file system once each", () => {
    assert.deepStrictEqual(parseMountinfo("36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue\n"), [{
      target: "/mnt2",
      source: "/dev/root",
      root: "/mnt1",
      device: "98:0",
      fsType: "ext3",
      options: ["rw", "noatime", "errors=continue"]
    }])
    assert.strictEqual(parseMountinfo("36 35 98:0 / /a rw - ext3 /dev/root rw\n")[0]?.target, "/a")
  })

  it("escapes blank, tab, line feed and backslash in octal, and what looks like an escape is not unescaped twice", () => {
    const [mount] = mountinfo(["/a\\040b\\011c\\012d\\134040e", "/dev/x\\040y"])
    assert.strictEqual(mount?.target, "/a b\tc\nd\\040e")
    assert.strictEqual(mount?.source, "/dev/x y")
  })

  it("keeps other bytes as they are: #, quotes, UTF-8", () => {
    assert.strictEqual(mountinfo([`/a#"'ü`, "/dev/x"])[0]?.target, `/a#"'ü`)
  })

  it("marks a deleted source in the root field only: the target is what to unmount", () => {
    const [mount] = mountinfo(["/t", "/dev/x", "/path//deleted"])
    assert.strictEqual(mount?.target, "/t")
    assert.strictEqual(mount?.root, "/path//deleted")
  })

  it("may have an empty source; lines that have not the shape are left out", () => {
    assert.deepStrictEqual(parseMountinfo("\nnot a line\n36 35 98:0 /\n36 35 98:0 / /a rw ext4 x rw\n"), [])
    const [mount] = parseMountinfo("36 35 0:5 / /a rw - tmpfs  rw,size=1k\n")
    assert.deepStrictEqual([mount?.source, mount?.options], ["", ["rw", "size=1k"]])
  })

  it("is unmounted from its end, and only what is below by whole components", () => {
    const table = mountinfo(["/r/web1", "a"], ["/r/web10", "b"], ["/r/web1/sub", "c"], ["/r/web1/sub/deep", "d"], ["/r/web1/sub", "e"])
    assert.deepStrictEqual(unmountOrder(table, "/r/web1").map(({ source }) => source), ["e", "d", "c", "a"])
    assert.strictEqual(mountedAt(table, "/r/web1/sub")?.source, "e")
    assert.isUndefined(mountedAt(table, "/r"))
  })

  it("shows a bind as the file system of its directory and the path in it", () => {
    const table = mountinfo(["/", "/dev/vda1"], ["/srv", "/dev/vdb1", "/export"])
    assert.deepStrictEqual(originOf(table, "/srv/roots/one"), { device: "8:1", root: "/export/roots/one" })
    assert.deepStrictEqual(originOf(table, "/home"), { device: "8:0", root: "/home" })
    assert.deepStrictEqual(originOf(table, "/srv"), { device: "8:1", root: "/export" })
    const bound = [...table, { target: "/t", source: "/dev/vdb1", root: "/export/roots/one", device: "8:1", fsType: "ext4", options: [] }]
    const bind = bound.at(-1)
    assert.isDefined(bind)
    if (bind === undefined) return
    assert.isTrue(isMountOf(bound, bind, "/srv/roots/one", true))
    assert.isFalse(isMountOf(bound, bind, "/srv/roots/two", true))
    assert.isTrue(isMountOf(bound, bind, "/dev/vdb1", false))
  })
})

describe("/proc/net/unix", () => {
  const line = (name: string, flags = "00010000") => `ffff8880: 00000002 00000000 ${flags} 0001 01 12345 ${name}\n`

  it("shows a container by the socket of its monitor, and its clients not at all", () => {
    const text = "Num       RefCount Protocol Flags    Type St Inode Path\n" +
      line("@/run/effect-lxc/containers/web1/command") +
      line("@/run/effect-lxc/containers/web1/command", "00000000") +
      line("/run/systemd/notify") + line("@/tmp/.X11-unix/X0") +
      line("@/var/lib/lxc/web1/command")
    assert.deepStrictEqual(parseCommandSockets(text), [
      { lxcPath: "/run/effect-lxc/containers", name: "web1" },
      { lxcPath: "/var/lib/lxc", name: "web1" }
    ])
  })

  it("shows whether somebody listens by a whole name, and no client, nor a name that only ends alike", () => {
    const text = line("@/run/effect-lxc/containers/web1/command", "00000000") + line("@/srv/run/effect-lxc/containers/web1/command")
    assert.isFalse(isListening(text, "/run/effect-lxc/containers/web1/command"))
    assert.isTrue(isListening(text, "/srv/run/effect-lxc/containers/web1/command"))
    assert.isFalse(isListening(text, "/srv/run/effect-lxc/containers/web1/comman"))
  })

  it("has a hash in place of a path that is too long, by which a known container is found", () => {
    const long = { lxcPath: `/run/${"x".repeat(80)}/containers`, name: "a-rather-long-name.example.com" }
    const name = commandSocketName(long.lxcPath, long.name)
    assert.match(name, /^lxc\/[0-9a-f]{16}\/command$/)
    assert.deepStrictEqual(parseCommandSockets(line(`@${name}`), () => [long]), [long])
    assert.deepStrictEqual(parseCommandSockets(line(`@${name}`)), [])
    const far = { lxcPath: `/srv/${"y".repeat(90)}`, name: "far.example.com" }
    const both = line(`@${name}`) + line(`@${commandSocketName(far.lxcPath, far.name)}`) + line("@/var/lib/lxc/web1/command")
    const asked: Array<ReadonlyArray<string>> = []
    const further = (hashed: ReadonlyArray<string>) => {
      asked.push(hashed)
      return new Map([[commandSocketName(far.lxcPath, far.name), far]])
    }
    assert.deepStrictEqual(parseCommandSockets(both, () => [long], further), [long, far, { lxcPath: "/var/lib/lxc", name: "web1" }])
    parseCommandSockets(line("@/var/lib/lxc/web1/command") + line(`@${name}`), () => [long], further)
    assert.deepStrictEqual(asked, [[commandSocketName(far.lxcPath, far.name)]], "nobody else is asked where all are known")
    assert.strictEqual(commandSocketName("/p", "n"), "/p/n/command")
    const exact = "x".repeat(106 - "/p//command".length)
    assert.isTrue(commandSocketName("/p", exact).startsWith("/p/"))
    assert.isTrue(commandSocketName("/p", `${exact}x`).startsWith("lxc/"))
  })
})

describe("/proc/PID/stat", () => {
  const stat = (command: string, state: string, startTime: number) =>
    `42 (${command}) ${state} 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 ${startTime} 100 200\n`

  it("is read from behind the command, whatever that holds", () => {
    for (const command of ["init", "a b", "a) S 1 2", "((", "x\ny", ""]) {
      assert.deepStrictEqual(parseProcessStat(stat(command, "S", 777)), { pid: 42, startTime: 777, state: "S" }, command)
    }
  })

  it("that is none is undefined", () => {
    for (const text of ["", "42", "42 (init", "x (init) S 1", "42 (init) S 1 2"]) assert.isUndefined(parseProcessStat(text), text)
  })

  it("tells the dead from the living, and one process from the next with its pid", () => {
    const one = { pid: 42, startTime: 777, state: "S" }
    assert.isTrue(isAlive(one))
    for (const state of ["Z", "X", "x"]) assert.isFalse(isAlive({ ...one, state }))
    assert.isTrue(isAlive({ ...one, state: "D" }) && isAlive({ ...one, state: "T" }))
    assert.isTrue(isSameProcess(one, { ...one, state: "D" }))
    assert.isFalse(isSameProcess(one, { ...one, startTime: 778 }))
    assert.isFalse(isSameProcess(one, null))
  })
})

describe("cgroups", () => {
  const v1 = "30 1 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
  const named = "31 1 0:31 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/lib/agent,name=systemd\n"
  const v2 = "32 1 0:32 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n"

  it("leave out a cgroup tree at a place that no plan can name", () => {
    const odd = "30 1 0:26 / /mnt/a\\012b rw - cgroup2 cgroup2 rw\n"
    assert.deepStrictEqual(hierarchiesOf(parseMountinfo(odd), "memory"), [])
  })

  it("of a host are v1, hybrid or v2 by the trees that are mounted, each counted once", () => {
    const of = (text: string) => layoutOf(hierarchiesOf(parseMountinfo(text), "cpu memory\n"))
    assert.strictEqual(of(v1), "v1")
    assert.strictEqual(of(v1 + v2), "hybrid")
    assert.strictEqual(of(v2), "v2")
    assert.isUndefined(of(""))
    assert.deepStrictEqual(hierarchiesOf(parseMountinfo(v1 + named + v2 + v1.replace("cpu,cpuacct rw,n", "again rw,n")), ""), [
      { mountPoint: "/sys/fs/cgroup/cpu,cpuacct", version: 1, controllers: ["cpu", "cpuacct"] },
      { mountPoint: "/sys/fs/cgroup/systemd", version: 1, controllers: ["name=systemd"] },
      { mountPoint: "/sys/fs/cgroup/unified", version: 2, controllers: [] }
    ])
  })

  it("have a controller in one tree: its own, or the unified one where there is no other", () => {
    const cgroups = (text: string, layout: "hybrid" | "v2") => ({
      layout,
      hierarchies: hierarchiesOf(parseMountinfo(text), "memory"),
      swapAccounting: true,
      ioWeightFile: null
    })
    assert.strictEqual(hierarchyOf(cgroups(v1 + v2, "hybrid"), "cpu")?.mountPoint, "/sys/fs/cgroup/cpu,cpuacct")
    assert.isUndefined(hierarchyOf(cgroups(v1 + v2, "hybrid"), "memory"))
    assert.strictEqual(hierarchyOf(cgroups(v2, "v2"), "cpu")?.mountPoint, "/sys/fs/cgroup/unified")
  })

  it("of a process are read with colons in the path, named trees and the unified one", () => {
    assert.deepStrictEqual(parseProcessCgroups("7:cpu,cpuacct:/lxc.payload.web1\n1:name=systemd:/a:b\n0::/lxc.payload.web1/init.scope\nnonsense\n"), [
      { controllers: ["cpu", "cpuacct"], path: "/lxc.payload.web1" },
      { controllers: ["name=systemd"], path: "/a:b" },
      { controllers: [], path: "/lxc.payload.web1/init.scope" }
    ])
  })
})

describe("facts", () => {
  it.prop("survive JSON", { scenario: Arbitraries.scenario }, ({ scenario }) => {
    const given = Scenario.instanceOf(scenario)
    const state = Scenario.hostOf(scenario)
    const facts = factsFor(carriedOut(startPlan(given, state), state), given)
    assert.deepStrictEqual(Result.getOrThrow(decodeHostFacts(JSON.parse(JSON.stringify(encodeHostFacts(facts))), "a test")), facts)
  })

  it("may be written by hand: what is not said is not there, and a misspelt field is named", () => {
    const { cgroups } = factsFor(host(), instance())
    assert.deepStrictEqual(Result.getOrThrow(decodeHostFacts({ cgroups }, "a test")).mounts, [])
    const wrong = decodeHostFacts({ cgroups, mount: [] }, "a test")
    assert.isTrue(Result.isFailure(wrong) && wrong.failure.message.includes("mount"))
    assert.isTrue(Result.isFailure(decodeHostFacts({}, "a test")))
  })
})

describe("what is on a host in the name of an instance", () => {
  it("does not hold what is of one whose name begins alike", () => {
    const web10 = instance({ name: "web10", disks: [{ path: "/srv/web10.img" }] })
    const clean = host({ images: { "/srv/web10.img": Guest.obedient() } })
    const state = carriedOut(startPlan(web10, clean), clean)
    const remains = remainsOf(directories, "web1", factsFor(state, web10))
    assert.deepStrictEqual([remains.mounts, remains.loops, remains.interfaces, remains.cgroups], [[], [], [], []])
    assert.isUndefined(remains.container)
  })

  it("holds an image's loop device that is no longer mounted, but not one that is mounted elsewhere", () => {
    const given = instance()
    const state = carriedOut(startPlan(given, host()), host())
    const unmounted = { ...Incidents.killMonitor("web1")(state), mounts: host().mounts }
    assert.strictEqual(remainsOf(directories, "web1", factsFor(unmounted, given)).loops.length, 1)
    const elsewhere = { ...unmounted, mounts: state.mounts.map((mount) => mount.source === "/dev/loop0" ? { ...mount, target: "/mnt" } : mount) }
    assert.deepStrictEqual(remainsOf(directories, "web1", factsFor(elsewhere, given)).loops, [])
  })
})

describe("the status of a container", () => {
  const container = {
    name: "web1",
    lxcPath: directories.containers,
    socket: true,
    monitor: { pid: 1, startTime: 1, state: "S" },
    init: { pid: 2, startTime: 1, state: "S" },
    populated: true,
    freezer: "thawed",
    files: [],
    record: null,
    meantToRun: true
  } as const

  it("believes the process and not the pid: a zombie is dead", () => {
    const dead = statusOf({ ...container, init: { ...container.init, state: "Z" }, populated: false })
    assert.deepStrictEqual([dead.state, dead.problem, dead.initPid], ["STOPPED", "init-dead", null])
    assert.isTrue(isActive(dead), "its monitor may still hold the root")
  })

  it("is active as long as a process may live, and not for what is only left over", () => {
    assert.isTrue(isActive(statusOf({ ...container, socket: false })))
    assert.isTrue(isActive(statusOf({ ...container, socket: false, init: null })))
    assert.isFalse(isActive(statusOf({ ...container, socket: false, init: null, populated: false })))
  })

  it("is FREEZING until the last process is frozen", () => {
    assert.strictEqual(statusOf({ ...container, freezer: "freezing" }).state, "FREEZING")
    assert.strictEqual(statusOf({ ...container, freezer: "frozen" }).state, "FROZEN")
  })

  it("is monitor-silent where the monitor is not the one that has the socket", () => {
    assert.strictEqual(statusOf({ ...container, monitor: null }).problem, "monitor-silent")
    assert.strictEqual(statusOf({ ...container, monitor: { ...container.monitor, state: "T" } }).problem, "monitor-silent")
  })
})

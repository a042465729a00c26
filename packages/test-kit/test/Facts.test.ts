import { encodeMeantToRun } from "@effect-lxc/core/host/MeantToRun"
import { instanceDocument } from "@effect-lxc/core/model/Instance"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { Facts, Guest, Happening, Incidents, Scenario, SimulatedHost, type SimulatedState } from "@effect-lxc/test-kit"
import { advance } from "@effect-lxc/test-kit/Lifecycle"
import { assert, describe, it } from "@effect/vitest"
import { config, directories, factsOf, groups, pinned, prepared, rootfs, running } from "./steps.ts"

const bare = SimulatedHost.state()
const instance = Scenario.instanceOf(Scenario.simplest)
const [image = ""] = instance.disks.map(({ path }) => path)
const withRecord = Incidents.putFile(directories.record("web1"), instanceDocument(instance))
const meant = encodeMeantToRun({ bootId: "a boot", instance })
const inMs = (state: SimulatedState, ms: number) => advance(state, state.now + ms)
const usageOf = (state: SimulatedState) => {
  const facts = factsOf(state)
  return facts === undefined ? undefined : Facts.usageOf(state, facts)
}
const limited = config(
  ...pinned, "lxc.net.0.type = veth", "lxc.net.0.link = br0", "lxc.net.0.veth.pair = p0", "lxc.cgroup.pids.max = 10", "lxc.cgroup2.pids.max = 10",
  "lxc.cgroup.cpuset.cpus = 2", "lxc.cgroup2.cpuset.cpus = 2"
)
const limitsOf = (state: SimulatedState) => Object.fromEntries(factsOf(state)?.limits?.map(({ file, value }) => [file, value]) ?? [])

describe("what is seen of a host", () => {
  it("are its cgroups, and of the directories of LXC those at the top, where they are and whether anything runs in them", () => {
    const state = running({ layout: "hybrid" })
    const [first, ...others] = state.trees.map((tree) => ({ ...tree, groups: { ...tree.groups, other: {}, "lxc.payload.web1/sub": {} } }))
    assert.isDefined(first)
    if (first === undefined) return
    const left = { ...state, trees: [{ ...first, groups: { "lxc.payload.old": {}, ...first.groups } }, ...others] }
    const all = left.trees.map(({ mountPoint }) => mountPoint)
    const { cgroupDirectories, cgroups } = Facts.factsOf(left, directories)
    assert.deepStrictEqual(cgroupDirectories, [
      { name: "lxc.monitor.web1", hierarchies: all, populated: true },
      { name: "lxc.payload.old", hierarchies: all.slice(0, 1), populated: false },
      { name: "lxc.payload.web1", hierarchies: all, populated: true }
    ])
    assert.deepStrictEqual(cgroups, {
      layout: "hybrid",
      hierarchies: left.trees.map(({ controllers, mountPoint, version }) => ({ mountPoint, version, controllers })),
      swapAccounting: true,
      ioWeightFile: null
    })
    assert.strictEqual(Facts.factsOf({ ...bare, trees: [] }, directories).cgroups.layout, "v2")
  })

  it("are paths that are asked for, and those of the disks of what is recorded", () => {
    const partitions = { "/srv/disk.img": [Guest.obedient()], "/dev/sda": [Guest.obedient()] }
    const state = withRecord(SimulatedHost.state({ images: { "/dev/sdb": Guest.obedient() }, partitions, links: { "/dev/mapper/b": "/dev/sdb" } }))
    const table = [{ number: 1, start: 2 ** 20, size: 2 ** 24 }]
    const { paths } = Facts.factsOf(state, directories, ["/srv", "/srv/disk.img", "/dev/sda", "/dev/mapper/b", "/none", "/none"])
    assert.deepStrictEqual(paths, [
      { path: "/srv", kind: "directory", realPath: "/srv" },
      { path: "/srv/disk.img", kind: "file", realPath: "/srv/disk.img", partitions: table },
      { path: "/dev/sda", kind: "block", realPath: "/dev/sda", device: "8:1", partitions: table },
      { path: "/dev/mapper/b", kind: "block", realPath: "/dev/sdb", device: "8:0" },
      { path: "/none", kind: "missing", realPath: "/none" },
      { path: image, kind: "missing", realPath: image }
    ])
    assert.deepStrictEqual(Facts.factsOf(running(), directories).paths, [])
  })

  it("are its processors, interfaces, mounts and loop devices, without what the kernel does not tell", () => {
    const state = running()
    const facts = Facts.factsOf(state, directories)
    assert.deepStrictEqual(facts.cpus, [0, 1, 2, 3])
    assert.deepStrictEqual(facts.interfaces, state.interfaces.map(({ kind, mtu, name }) => ({ name, kind, mtu })))
    assert.deepStrictEqual(facts.loops, [{ device: "/dev/loop0", backingFile: "/srv/web1.img" }])
    assert.deepStrictEqual(Object.keys(facts.mounts.at(-1) ?? {}).sort(), ["device", "fsType", "options", "root", "source", "target"])
    assert.deepStrictEqual([facts.lxcVersion, facts.kernel, facts.bootId], [state.lxcVersion, state.kernel, state.bootId])
  })
})

describe("what is seen of a container", () => {
  it("that runs are its processes, its files, its record and its limits", () => {
    const state = withRecord(running({ config: limited }))
    const of = (cgroup: string) => {
      const { pid = 0, startTime = 0, state: processState = "" } = state.processes.find((each) => each.cgroup === cgroup) ?? {}
      return { pid, startTime, state: processState }
    }
    const [monitor, init] = [of("lxc.monitor.web1"), of("lxc.payload.web1")]
    assert.deepStrictEqual(factsOf(state), {
      name: "web1", lxcPath: directories.containers, socket: true, monitor, init, populated: true, freezer: "thawed",
      files: ["config", "instance.json", "monitor.pid", "rootfs"], record: instance, meantToRun: false,
      limits: [
        { controller: "memory", file: "memory.max", value: "max" }, { controller: "memory", file: "memory.swap.max", value: "max" },
        { controller: "cpuset", file: "cpuset.cpus", value: "2" }, { controller: "cpu", file: "cpu.max", value: "max 100000" },
        { controller: "cpu", file: "cpu.weight", value: "100" }, { controller: "pids", file: "pids.max", value: "10" },
        { controller: "io", file: "io.weight", value: "default 100" }
      ],
      memoryUsage: 2 ** 20
    })
    assert.strictEqual(factsOf(Incidents.freeze("web1")(state))?.freezer, "frozen")
  })

  it("are the processors in effect where none are named, and no weight where the host has no file for it", () => {
    assert.strictEqual(limitsOf(running())["cpuset.cpus"], "0-3")
    assert.deepStrictEqual(limitsOf(running({ layout: "v1", config: limited })), {
      "memory.limit_in_bytes": "9223372036854771712", "memory.memsw.limit_in_bytes": "9223372036854771712", "cpuset.cpus": "2",
      "cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "-1", "cpu.shares": "1024", "pids.max": "10"
    })
    assert.strictEqual(limitsOf(running({ layout: "v1" }))["cpuset.cpus"], "0-3")
    assert.notProperty(limitsOf(running({ layout: "v1", swapAccounting: false })), "memory.memsw.limit_in_bytes")
  })

  it("that ended is that it is not there: no processes and no limits, and what is left", () => {
    const ended = Incidents.killMonitor("web1")(running())
    const stopped = Incidents.killInit("web1")(Incidents.stopMonitor("web1")(running()))
    assert.deepStrictEqual([factsOf(stopped)?.socket, factsOf(stopped)?.init, factsOf(stopped)?.limits], [true, null, undefined])
    const { init, limits, monitor, populated, socket } = factsOf(inMs(ended, 5_000)) ?? {}
    assert.deepStrictEqual({ init, limits, monitor, populated, socket }, { init: null, limits: undefined, monitor: null, populated: false, socket: false })
  })

  it("is a record only where there is a right one", () => {
    const recordIn = (text: string) => factsOf(Incidents.putFile(directories.record("web1"), text)(prepared()))?.record
    assert.deepStrictEqual([recordIn("{"), recordIn("{}")], [null, null])
    assert.isNull(factsOf(prepared())?.record)
  })

  it("also where nothing runs: a directory, or the word that it is meant to run", () => {
    const state = [
      Incidents.putDirectory(`${directories.containers}/left`), Incidents.putDirectory(`${directories.containers}/not a name`),
      Incidents.putFile(`${directories.containers}/file`), Incidents.putFile(`${directories.state}/meant.json`, meant),
      Incidents.putFile(`${directories.state}/meant.json.part`), Incidents.putFile(`${directories.state}/not a name.json`)
    ].reduce((before, incident) => incident(before), bare)
    const seen = Facts.containersOf(state, directories, true).map(({ meantToRun, name }) => [name, meantToRun])
    assert.deepStrictEqual(seen, [["left", false], ["meant", true]])
    assert.deepStrictEqual(Facts.runningNames(state, directories), [])
  })

  it("of another lxcpath is what its command socket tells, also where the name of that is a hash", () => {
    const foreign = [{ lxcPath: "/var/lib/lxc", name: "web1" }, { lxcPath: `/${"a".repeat(200)}`, name: "long" }]
    const state = withRecord(SimulatedHost.state({ foreign }))
    const all = Facts.containersOf(state, directories, true)
    assert.deepStrictEqual(all.map(({ lxcPath, name }) => `${lxcPath}/${name}`), [
      `${directories.containers}/web1`, "/var/lib/lxc/web1", `/${"a".repeat(200)}/long`
    ])
    const [own, other] = all
    // The kernel has one group of that name, and whose it is its monitor tells.
    assert.deepStrictEqual([own?.socket, own?.populated, own?.files, own?.record], [false, false, ["instance.json"], instance])
    assert.isTrue(Facts.containersOf(Incidents.orphan("web1")(state), directories, true)[0]?.populated)
    assert.isFalse(other?.meantToRun)
    assert.deepStrictEqual([other?.socket, other?.populated, other?.files, other?.record, other?.limits], [true, true, [], null, undefined])
    assert.deepStrictEqual(Facts.containersOf(state, directories, false).map(({ lxcPath }) => lxcPath), [directories.containers])
    assert.deepStrictEqual(Facts.runningNames(state, directories), [])
    const gone = { ...state, containers: state.containers.map((each) => ({ ...each, listening: false })) }
    assert.deepStrictEqual(Facts.containersOf(gone, directories, true).map(({ lxcPath }) => lxcPath), [directories.containers])
  })

  it("is populated by what is left in its group, which need not be called as it is", () => {
    const unpinned = running({ config: config("lxc.cgroup.dir.container = mine") })
    assert.isTrue(factsOf(unpinned)?.populated)
    assert.deepStrictEqual(Object.keys(groups(unpinned)).includes("mine"), true)
    assert.deepStrictEqual(Facts.runningNames(unpinned, directories), ["web1"])
    const hidden = { ...unpinned, files: {} }
    assert.deepStrictEqual(Facts.containersOf(hidden, directories, false).map(({ name, socket }) => [name, socket]), [["web1", true]])
    const silent = { ...unpinned, containers: unpinned.containers.map((each) => ({ ...each, listening: false })) }
    assert.deepStrictEqual(Facts.runningNames(silent, directories), [])
    const stray = { pid: 4_000, startTime: 1, state: "S", parent: 1, command: "sleep", cgroup: "lxc.payload.web1", holds: [] } as const
    const strayed = Incidents.leaveCgroup("lxc.payload.web1")(prepared())
    assert.isTrue(factsOf({ ...strayed, processes: [...strayed.processes, stray] })?.populated)
  })
})

describe("what a container uses", () => {
  it("counts what was killed in it for want of memory, by the kernel, and no longer than its group lasts", () => {
    const kills = (state: SimulatedState) => usageOf(state)?.memory.oomKills
    for (const layout of ["v2", "v1", "hybrid"] as const) {
      const started = running({ layout, config: config(...pinned, "lxc.cgroup.memory.limit_in_bytes = 32M", "lxc.cgroup2.memory.max = 32M") })
      const hungry = Happening.befall({ _tag: "OutOfMemory", name: InstanceName.make("web1") })
      assert.deepStrictEqual([started, hungry(started), hungry(hungry(started))].map(kills), [0, 1, 2])
      assert.strictEqual(kills(Incidents.rebootInside("web1")(hungry(started))), 0)
      const frozen = Incidents.freeze("web1")(started)
      const unlimited = running({ layout })
      const silent = Incidents.stopMonitor("web1")(started)
      assert.deepStrictEqual([hungry(frozen), hungry(unlimited), hungry(silent)].map(kills), [0, 0, 0])
      assert.strictEqual(kills(Incidents.stopMonitor("web1")(hungry(started))), 1)
      assert.strictEqual(kills(Incidents.killInit("web1")(Incidents.stopMonitor("web1")(hungry(started)))), 1)
    }
  })

  const used = {
    memory: { limitBytes: null, usageBytes: 2 ** 20, peakBytes: 2 ** 20, swapLimitBytes: null, swapUsageBytes: 0, oomKills: 0 },
    cpu: { count: 1, usageSeconds: 0.05, set: "2", weight: 100, quota: null },
    pids: { current: 1, limit: 10 },
    io: { readBytes: 4_096, writtenBytes: 0 },
    interfaces: [
      { name: "lo", hostName: null, receivedBytes: 0, sentBytes: 0, addresses: ["127.0.0.1/8", "::1/128"] },
      { name: "eth0", hostName: "p0", receivedBytes: 0, sentBytes: 0, addresses: [] }
    ],
    root: { source: "/dev/loop0", backingFile: "/srv/web1.img", fsType: "ext4", sizeBytes: 2 ** 26, usedBytes: 2 ** 23 }
  }

  it("is read of its groups in any layout, of its nics and of its root", () => {
    for (const layout of ["v2", "v1", "hybrid"] as const) {
      const state = running({ layout, config: limited })
      const { startedAt: _, uptimeSeconds: __, ...usage } = usageOf(advance(state, (state.containers[0]?.execedAt ?? 0) + 5_000)) ?? {}
      assert.deepStrictEqual(usage, used)
    }
    assert.strictEqual(usageOf(running())?.cpu.set, "0-3")
    assert.strictEqual(usageOf(running({ layout: "v1" }))?.cpu.set, "0-3")
  })

  it("began when its first process did, by the clock of the kernel", () => {
    const state = { ...running(), bootedAt: -7_000 }
    const at = state.bootedAt + (factsOf(state)?.init?.startTime ?? 0) * 10
    const after = (ms: number) => {
      const { startedAt, uptimeSeconds } = usageOf({ ...state, now: at + ms }) ?? {}
      return [startedAt, uptimeSeconds]
    }
    const began = new Date(at).toISOString()
    assert.deepStrictEqual([after(-10), after(0), after(2_500)], [[began, 0], [began, 0], [began, 2.5]])
    assert.strictEqual(usageOf({ ...state, now: (state.containers[0]?.execedAt ?? 0) - 10 })?.cpu.usageSeconds, 0)
  })

  it("is nothing where it is gone between two looks, and the size of its root where it does not run", () => {
    const state = running()
    const facts = factsOf(state)
    assert.isDefined(facts)
    if (facts === undefined) return
    assert.isUndefined(Facts.usageOf({ ...state, containers: [] }, facts))
    const still = usageOf(prepared())
    assert.deepStrictEqual([still?.root?.backingFile, still?.startedAt, still?.interfaces, still?.memory.usageBytes], ["/srv/web1.img", null, [], null])
    const onDevice = Incidents.unmountFrom(rootfs)(prepared())
    assert.isNull(usageOf(onDevice)?.root)
    const partition = { number: 1, start: 2 ** 20, size: 2 ** 24 }
    const inPartition = prepared().mounts.map((each) => each.target === rootfs ? { ...each, image: `/srv/disk.img@${2 ** 20}` } : each)
    assert.strictEqual(usageOf({ ...prepared(), mounts: inPartition, partitions: { "/srv/disk.img": [partition] } })?.root?.sizeBytes, 2 ** 24)
    const tmpfs = usageOf(Incidents.mountOn(rootfs)(prepared()))?.root
    assert.deepStrictEqual([tmpfs?.source, tmpfs?.backingFile, tmpfs?.sizeBytes], ["tmpfs", null, 2 ** 26])
  })

  it("is what its group still says after its end, where its configuration pins that", () => {
    const left = (text: string) => Incidents.killMonitor("web1")(running({ config: text }))
    assert.strictEqual(usageOf(left(limited))?.pids.limit, 10)
    assert.deepStrictEqual([usageOf(left(limited))?.memory.usageBytes, usageOf(left(limited))?.pids.current, usageOf(left(limited))?.cpu.usageSeconds], [0, 0, 0])
    assert.isNull(usageOf(left(config("lxc.cgroup2.pids.max = 10")))?.pids.limit)
    const hybrid = Incidents.killMonitor("web1")(running({ layout: "hybrid", config: limited }))
    const partly = { ...hybrid, trees: hybrid.trees.map((tree) => tree.controllers.includes("pids") ? tree : { ...tree, groups: {} }) }
    assert.strictEqual(usageOf(partly)?.pids.limit, 10)
    const removed = left(limited)
    assert.isNull(usageOf({ ...removed, trees: removed.trees.map((tree) => ({ ...tree, groups: {} })) })?.pids.current)
    assert.isNull(usageOf(Incidents.removePath(directories.config("web1"))(removed))?.pids.limit)
  })
})

describe("the survey of a host", () => {
  it("is the machine, the directories of the library, and what is meant to run", () => {
    const state = [
      Incidents.putDirectory(directories.containers, "0711"), Incidents.putFile(directories.log, "", "0600"),
      Incidents.putFile(`${directories.state}/web1.json`, meant), Incidents.putFile(`${directories.state}/web2.json`, "{"),
      Incidents.putFile(`${directories.state}/other`, "")
    ].reduce((before, incident) => incident(before), bare)
    const survey = Facts.surveyOf(state, directories)
    assert.deepStrictEqual(survey, {
      ...state.machine,
      directories: [
        { path: directories.run, kind: "directory", mode: "0711", uid: 0 },
        { path: directories.containers, kind: "directory", mode: "0711", uid: 0 },
        { path: directories.locks, kind: "missing", mode: "", uid: 0 },
        { path: directories.log, kind: "other", mode: "0600", uid: 0 },
        { path: directories.state, kind: "directory", mode: "0755", uid: 0 }
      ],
      wanted: [
        { file: `${directories.state}/web1.json`, bootId: "a boot", instance },
        { file: `${directories.state}/web2.json`, bootId: null, instance: null }
      ]
    })
  })
})

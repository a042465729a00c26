import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Guest, Incidents, type SimulatedState, Transition } from "@effect-lxc/test-kit"
import { adjustBridges } from "@effect-lxc/test-kit/Interfaces"
import { advance } from "@effect-lxc/test-kit/Lifecycle"
import { assert, describe, it } from "@effect/vitest"
import { config, directories, done, failed, failedStart, groups, pinned, prepared, rootfs, running, start } from "./steps.ts"

const log = directories.lxcLog("web1")
const attempt = (state: SimulatedState, phase: string, since = state.now) => Transition.transition(state, start(), new Map(), { since, phase })
/** A host on which lxc-start has begun to set up. */
const settingUp = (state: SimulatedState) => attempt(state, "").state
const nic = (index: number, type: string, ...lines: ReadonlyArray<string>) =>
  [`lxc.net.${index}.type = ${type}`, ...lines.map((line) => `lxc.net.${index}.${line}`)]
const names = (state: SimulatedState) => state.interfaces.map((each) => each.name)

describe("a container that is being set up", () => {
  const known = (text: string) => {
    const [container] = settingUp(prepared({ config: text })).containers
    return { payload: container?.payload, root: container?.root }
  }

  it("is known by its pinned group, else by the first that LXC tries, and without a root by that of the host", () => {
    assert.deepStrictEqual(known(config("lxc.cgroup.dir.container = mine")), { payload: "mine", root: rootfs })
    assert.deepStrictEqual(known("lxc.uts.name = web1\n"), { payload: "lxc.payload.web1", root: "/" })
  })

  it("is starting, has its log, and keeps what was mounted on its root, where something was", () => {
    const mounted = settingUp(prepared())
    assert.deepStrictEqual(mounted.files[log], { kind: "file", mode: "0640", text: "" })
    assert.deepStrictEqual(mounted.containers.map(({ phase, rootSource }) => [phase, rootSource]), [["starting", "/dev/loop0"]])
    assert.deepStrictEqual(settingUp(prepared({ mounted: false })).containers.map(({ rootSource }) => rootSource), [null])
  })

  it("goes on by the configuration that was read when it began", () => {
    const begun = attempt(prepared({ config: config(...pinned, "lxc.init.cmd = /bin/app"), guest: Guest.obedient({ programs: ["/bin/app"] }) }), "")
    const phase = begun._tag === "Pending" ? begun.phase : ""
    for (const change of [Incidents.removePath(directories.config("web1")), Incidents.putFile(directories.config("web1"), "lxc.nonsense = 1", "0600")]) {
      const ended = attempt(change(advance(begun.state, 10_000)), phase, 0)
      assert.isTrue(ended._tag === "Done" && ended.state.processes.some(({ command }) => command === "/bin/app"))
    }
  })

  it("that is interrupted leaves the monitor's group in some trees, and the groups of others", () => {
    const state = Incidents.leaveCgroup("lxc.payload.web1")(prepared())
    const left = Transition.abandon(settingUp(state), start(), { since: 0, phase: "setup 1" })
    assert.deepStrictEqual(groups(left), { "lxc.monitor.web1": 1, "lxc.payload.web1": 1 })
    assert.deepStrictEqual(left.trees.map(({ mountPoint }) => mountPoint), state.trees.map(({ mountPoint }) => mountPoint))
  })

  it("whose monitor is gone already has nothing to give up", () => {
    const killed = Incidents.killMonitor("web1")(settingUp(prepared()))
    assert.strictEqual(Transition.abandon(killed, start(), { since: 0, phase: "setup 1" }), killed)
  })

  it("fails with the group that was made for it, not with that of another", () => {
    const stale = Incidents.leaveCgroup("lxc.payload.web1")(prepared({ guest: Guest.withoutInit(), config: config() }))
    const { state } = failedStart({ ...stale, monitorLeak: "none" })
    assert.deepStrictEqual(groups(state), { "lxc.payload.web1": 1 })
    assert.deepStrictEqual(state.trees.map(({ mountPoint }) => mountPoint), stale.trees.map(({ mountPoint }) => mountPoint))
  })

  it("makes the group that LXC moves itself into, in every tree", () => {
    assert.isTrue(running({ layout: "hybrid" }).trees.every((tree) => tree.groups["lxc.pivot"] !== undefined))
  })

  it("brings in what is mounted below a directory with rbind, and not with bind", () => {
    const sources = (option: string) => {
      const text = config(...pinned, `lxc.mount.entry = /run/data mnt none ${option} 0 0`)
      const state = Incidents.putDirectory("/run/data/sub")(prepared({ config: text, images: { "/srv/data.img": Guest.obedient() } }))
      const attached = done(state, { _tag: "AttachLoop", file: HostPath.make("/srv/data.img"), offset: 0, sizeLimit: 0, readOnly: false, result: "data" })
      const target = HostPath.make("/run/data/sub")
      return done(done(attached, { _tag: "Mount", source: HostPath.make("/dev/loop1"), target, fsType: null, options: [] }), start()).containers[0]?.sources
    }
    assert.deepStrictEqual(sources("rbind"), ["/dev/loop0", "/dev/loop1"])
    assert.deepStrictEqual(sources("bind"), ["/dev/loop0"])
  })

  it("finds its root as it is where that is a directory with a file system", () => {
    const state = prepared({ images: { "/srv/root/": Guest.withoutInit() }, config: "lxc.rootfs.path = dir:/srv/root\n" })
    assert.isUndefined(failedStart(state).state.files["/srv/root/dev"])
  })
})

describe("lxc-start that hangs", () => {
  const hung = () => {
    const state = { ...prepared({ layout: "hybrid", config: config(...pinned, "lxc.cgroup.memory.limit_in_bytes = 64K") }), now: 500 }
    return attempt(advance(settingUp(state), 520), "setup 1", 500)
  }

  it("does so until the time it was given from its call on, and makes the next one hang", () => {
    const outcome = hung()
    assert.strictEqual(outcome._tag === "Pending" ? outcome.until : outcome._tag, 30_500)
    assert.strictEqual(failed(outcome.state, start({ timeoutMs: 1_000 })).problem._tag, "CommandTimedOut")
  })

  it("leaves what it made when it is interrupted, and hears of the end of its monitor", () => {
    const { state } = hung()
    assert.strictEqual(Transition.abandon(state, start(), { since: 500, phase: "hung 1" }), state)
    const outcome = attempt(Incidents.killMonitor("web1")(state), "hung 1", 500)
    assert.isTrue(outcome._tag === "Failed" && outcome.problem._tag === "CommandFailed")
    assert.isTrue(outcome._tag === "Failed" && outcome.problem._tag === "CommandFailed" && outcome.problem.stderr.includes("Failed to receive the container state"))
  })
})

describe("what lxc-start says", () => {
  it("begins with its name and the container's, of a config too that it cannot read", () => {
    assert.match(failedStart(prepared({ config: "lxc.nonsense = 1\n" })).problem.stderr, /^lxc-start: web1: /)
  })

  it("begins at the beginning of a log that is not there yet", () => {
    assert.deepStrictEqual(running().logMarks, { [log]: 0 })
  })

  it("of a name of an interface is nothing up to 15 characters", () => {
    const complains = (...lines: ReadonlyArray<string>) =>
      running({ config: config(...pinned, ...nic(0, "veth", ...lines)) }).files[log]?.text.includes("is too long")
    assert.deepStrictEqual([complains(), complains(`veth.pair = ${"a".repeat(15)}`), complains(`veth.pair = ${"a".repeat(16)}`)], [false, false, true])
  })
})

describe("the network of a start", () => {
  it("takes no MAC for a group's: those whose first byte is odd", () => {
    const isRefused = (first: string) => {
      const text = config(...pinned, ...nic(0, "veth", `hwaddr = ${first}:00:00:00:00:01`))
      return Transition.complete(prepared({ config: text }), start()).problem !== undefined
    }
    assert.deepStrictEqual(["00", "01", "02", "03", "04", "fe", "ff"].filter(isRefused), ["01", "03", "ff"])
  })

  it("has frames of 1500 bytes where neither the nic nor a bridge says it", () => {
    assert.strictEqual(running({ config: config(...pinned, ...nic(0, "veth")) }).interfaces.find(({ kind }) => kind === "veth")?.mtu, 1_500)
  })

  it("leaves the link of a macvlan on the host", () => {
    const state = running({ interfaces: ["eth1"], config: config(...pinned, ...nic(0, "macvlan", "link = eth1")) })
    assert.include(names(state), "eth1")
  })

  it("moves every interface that it is to have into this container alone, and gives all of them back", () => {
    const text = config(...pinned, ...nic(0, "phys", "link = eth1"), ...nic(1, "phys", "link = eth2"))
    const state = running({ interfaces: ["eth1", "eth2"], config: text, foreign: [{ lxcPath: "/var/lib/lxc", name: "db1" }] })
    assert.deepStrictEqual(state.containers.map(({ moved }) => moved.map(({ name }) => name)), [[], ["eth1", "eth2"]])
    assert.includeMembers(names(advance(Incidents.killInit("web1")(state), state.now + 1_000)), ["eth1", "eth2"])
  })

  it("ends at the first nic that cannot be had", () => {
    const { problem } = failedStart(prepared({ config: config(...pinned, ...nic(0, "veth", "link = none", "veth.pair = one"), ...nic(1, "veth")) }))
    assert.strictEqual(problem.log[0], `No such file or directory - Failed to attach "one" to bridge "none", bridge interface doesn't exist`)
  })
})

describe("memory without a limit", () => {
  it("is enough, however much a guest needs", () => {
    for (const lines of [[], ["lxc.cgroup2.memory.max = max"]]) {
      const state = running({ guest: Guest.obedient({ needsBytes: 2 ** 40 }), config: config(...pinned, ...lines) })
      assert.isNotNull(advance(state, state.now + 1_000).containers[0]?.init)
    }
  })
})

describe("a veth without an MTU of its own", () => {
  const veth = (...lines: ReadonlyArray<string>) => {
    const state = prepared({ config: config(...pinned, ...nic(0, "veth", "veth.pair = p0", ...lines)) })
    const port = { name: "small", kind: "veth", mtu: 1_400, container: null, bridge: "br0" } as const
    const host = { ...state, interfaces: adjustBridges([...state.interfaces, port]) }
    const { bridge, mtu } = done(host, start()).interfaces.find(({ name }) => name === "p0") ?? {}
    return { bridge, mtu }
  }

  it("has that of its bridge, of which it is a port, or that of Ethernet", () => {
    assert.deepStrictEqual(veth("link = br0"), { bridge: "br0", mtu: 1_400 })
    assert.deepStrictEqual(veth(), { bridge: undefined, mtu: 1_500 })
  })
})

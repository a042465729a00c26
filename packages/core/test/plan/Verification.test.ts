import type { HostFacts } from "@effect-lxc/core/host/HostFacts"
import { hostInfo } from "@effect-lxc/core/host/HostInfo"
import type { HostSurvey } from "@effect-lxc/core/host/HostSurvey"
import { vethName } from "@effect-lxc/core/model/VethName"
import { type Unended, verification, verifyHost, verifyMachine } from "@effect-lxc/core/plan/Verification"
import { Facts, Incidents, type SimulatedState } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { carriedOut, directories, host, instance, runningBeside, startPlan } from "./fixtures.ts"

const MiB = 1024 * 1024
const factsOf = (state: SimulatedState) => Facts.factsOf(state, directories)
const surveyOf = (state: SimulatedState) => Facts.surveyOf(state, directories)

interface Changes {
  readonly facts?: Partial<HostFacts>
  readonly survey?: Partial<HostSurvey>
  readonly unfinished?: ReadonlyArray<Unended>
}

const findings = (state: SimulatedState, changes: Changes = {}) => {
  const survey = { ...surveyOf(state), ...changes.survey }
  const facts = { ...factsOf(state), ...changes.facts }
  return verification([...verifyMachine(survey), ...verifyHost(directories, facts, survey, changes.unfinished ?? [])])
}

const codes = (state: SimulatedState, changes?: Changes) =>
  findings(state, changes).findings.map(({ code, severity }) => `${severity} ${code}`)

const running = (): SimulatedState => carriedOut(startPlan(instance({ resources: { memory: "64MiB", vcpus: 1.5 } }), host()), host())

describe("verify", () => {
  it("finds nothing on a host that has everything, also while something runs", () => {
    assert.deepStrictEqual(findings(host()), { ok: true, findings: [] })
    assert.deepStrictEqual(findings(running()), { ok: true, findings: [] })
  })

  it("tells every problem at once, errors first, each with what to do", () => {
    const state = host({
      lxcVersion: null,
      layout: "hybrid",
      swapAccounting: false,
      machine: { root: false, loopControl: false, namespaces: ["mnt", "uts", "ipc", "pid", "user"] }
    })
    const { findings: all, ok } = findings(state)
    assert.isFalse(ok)
    assert.deepStrictEqual(all.map(({ code, severity }) => `${severity} ${code}`), [
      "error not-root",
      "error namespace-missing",
      "error loop-missing",
      "error lxc-missing",
      "warning namespace-missing",
      "note swap-accounting",
      "note io-weight"
    ])
    for (const { advice, message } of all) assert.isTrue(advice !== "" && message !== "")
  })

  it("notes and warnings alone leave a host fit", () => {
    const survey = surveyOf(host())
    const withoutCriu = survey.tools.map((tool) => tool.name === "criu" ? { ...tool, path: null } : tool)
    assert.deepStrictEqual(findings(host(), { survey: { tools: withoutCriu } }).ok, true)
    const withoutIp = survey.tools.map((tool) => tool.name === "ip" ? { ...tool, path: null } : tool)
    assert.deepStrictEqual(codes(host(), { survey: { tools: withoutIp } }), ["error tool-missing"])
  })

  it("a LXC that is too old, or that does not go with the cgroups", () => {
    assert.deepStrictEqual(codes(host({ lxcVersion: "0.9.0", layout: "hybrid" })).slice(0, 2), ["error lxc-too-old", "warning lxc-old"])
    assert.include(codes(host({ lxcVersion: "2.0.8" })), "error cgroup-layout")
    assert.include(codes(host({ lxcVersion: "7.0.0", layout: "hybrid" })), "error cgroup-layout")
    assert.include(codes(host({ lxcVersion: "3.1.0" })), "warning cgroup-devices")
    assert.deepStrictEqual(codes(host({ lxcVersion: "five" })), ["error lxc-version-unknown"])
  })

  it("a controller that is not there", () => {
    const state = host({ layout: "v1", ioWeightFile: "blkio.weight" })
    const { cgroups } = factsOf(state)
    const without = (...names: ReadonlyArray<string>) => ({
      cgroups: { ...cgroups, hierarchies: cgroups.hierarchies.filter((each) => !names.includes(each.controllers[0] ?? "")) }
    })
    assert.deepStrictEqual(codes(state, { facts: without("memory") }), ["warning controller-missing"])
    assert.deepStrictEqual(codes(state, { facts: without("devices", "freezer") }), ["error controller-missing", "warning controller-missing"])
  })

  it("a bridge that a record or a state file names, once for each instance", () => {
    const state = running()
    const gone = { interfaces: factsOf(state).interfaces.filter((each) => each.name !== "br0") }
    assert.deepStrictEqual(codes(state, { facts: gone }), ["error bridge-missing"])
    assert.deepStrictEqual(codes(state, { facts: { ...gone, containers: [] } }).filter((code) => code.includes("bridge")), [
      "error bridge-missing"
    ])
  })

  it("a limit that is more than the host has", () => {
    assert.deepStrictEqual(codes(running(), { facts: { cpus: [0], memory: 64 * MiB } }), ["note limit-beyond-host"])
  })

  it("one MAC of two that run, by each of the two", () => {
    const state = running()
    const [web1] = factsOf(state).containers
    const twin = (link: string) => {
      const record = instance({ name: "web2", disks: [{ path: "/srv/web2.img" }], nics: [{ link, mac: "aa:00:00:12:34:56" }] })
      return { containers: web1 === undefined ? [] : [web1, { ...web1, name: "web2", record }] }
    }
    assert.deepStrictEqual(codes(state, { facts: twin("br0") }), ["error mac-in-use", "error mac-in-use"])
    const interfaces = [...factsOf(state).interfaces, { name: "br1", kind: "bridge" as const, mtu: 1_500 }]
    assert.deepStrictEqual(codes(state, { facts: { ...twin("br1"), interfaces } }), ["warning mac-twice", "warning mac-twice"])
  })

  it("directories that others could change, or that are none", () => {
    const at = (kind: "directory" | "other", mode: string, uid: number) =>
      codes(host(), { survey: { directories: [{ path: directories.run, kind, mode, uid }] } })
    assert.deepStrictEqual(at("directory", "0755", 0), [])
    assert.deepStrictEqual(at("directory", "0777", 0), ["error directory-unsafe"])
    assert.deepStrictEqual(at("directory", "0700", 1000), ["error directory-unsafe"])
    assert.deepStrictEqual(at("other", "0644", 0), ["error directory-wrong"])
  })

  it("orphans, silent monitors and what is left of the dead", () => {
    const state = running()
    assert.deepStrictEqual(codes(Incidents.killMonitor("web1")(state)), ["warning leftovers"])
    const [container] = factsOf(state).containers
    assert.isDefined(container)
    const orphan = { containers: [{ ...container, socket: false, monitor: null }] }
    assert.deepStrictEqual(codes(state, { facts: orphan }), ["error orphan"])
    const silent = { containers: [{ ...container, monitor: { pid: 9, startTime: 1, state: "T" } }] }
    assert.deepStrictEqual(codes(state, { facts: silent }), ["error monitor-silent"])
    const dead = { containers: [{ ...container, init: null }] }
    assert.deepStrictEqual(codes(state, { facts: dead }), ["error init-dead"])
    const forgotten = { containers: [{ ...container, socket: false, init: null, monitor: null, populated: false, files: [] }] }
    assert.deepStrictEqual(codes(state, { facts: forgotten }), ["warning not-running"])
    const restarted = { containers: [{ ...container, socket: false, init: null, monitor: null, populated: false }], bootId: "another" }
    const elsewhere = runningBeside(instance(), host())
    assert.deepStrictEqual(codes(elsewhere), ["note runs-elsewhere"])
    assert.deepStrictEqual(codes(Incidents.putFile(directories.config("web1"))(elsewhere)), ["warning leftovers"])
    const [found] = findings(state, { facts: restarted }).findings
    assert.deepInclude(found, { code: "not-running", message: "web1 is meant to run and does not: the host was restarted since it was started" })
    const unreadable = { containers: [{ ...container, record: null }] }
    assert.deepStrictEqual(codes(state, { facts: unreadable }), ["warning record-unreadable"])
  })

  it("what carries the name of a container that nobody knows", () => {
    const facts = factsOf(host())
    const group = (name: string, populated: boolean) => ({ name, hierarchies: ["/sys/fs/cgroup"], populated })
    const mount = { ...facts.mounts[0], target: `${directories.rootfs("ghost")}` } as HostFacts["mounts"][number]
    const strays = {
      cgroupDirectories: [group("lxc.monitor.ghost", false), group("lxc.payload.ghost", true)],
      interfaces: [...facts.interfaces, { name: vethName("ghost", 0), kind: "veth", mtu: 1500 } as const],
      mounts: [...facts.mounts, mount],
      loops: [{ device: "/dev/loop3", backingFile: "/srv/ghost.img (deleted)" }]
    }
    assert.deepStrictEqual(codes(host(), { facts: strays }), [
      "error orphan",
      "warning cgroup-left",
      "warning interface-left",
      "warning mount-left",
      "warning loop-deleted"
    ])
  })

  it("state files that cannot be understood, and operations that have not ended", () => {
    const wanted = [{ file: directories.meantToRun("web1"), bootId: null, instance: null }]
    assert.deepStrictEqual(codes(host(), { survey: { wanted }, unfinished: [{ instance: "web2", holder: undefined }, { instance: "web3", holder: "pid 7" }] }), [
      "warning state-unreadable",
      "warning unfinished",
      "note under-way"
    ])
  })
})

describe("host", () => {
  it("tells what there is, and what is promised to what runs", () => {
    const state = running()
    const info = hostInfo(directories, factsOf(state), surveyOf(state))
    assert.deepStrictEqual(info.memory, { totalMiB: 8192, freeMiB: 6144, hostMiB: 2048, promisedMiB: 64 })
    assert.deepStrictEqual(info.cpu, { total: 4, numaNodes: 1, sockets: 1, promised: 1.5 })
    assert.deepStrictEqual(info.controllers, ["cpu", "cpuset", "io", "memory", "pids"])
    assert.deepStrictEqual(info.instances, [{ name: "web1", state: "RUNNING", memoryMiB: 64, vcpus: 1.5, usedMiB: 1 }])
    assert.deepStrictEqual(hostInfo(directories, factsOf(host()), surveyOf(host())).instances, [])
    assert.strictEqual(factsOf(state).containers[0]?.memoryUsage, MiB)
  })
})

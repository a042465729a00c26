import { noUsage } from "@effect-lxc/core/host/ContainerUsage"
import { factsFor } from "@effect-lxc/core/host/FactsFor"
import type { HostFacts } from "@effect-lxc/core/host/HostFacts"
import type { HostInfo } from "@effect-lxc/core/host/HostInfo"
import { planResize } from "@effect-lxc/core/plan/ResizePlan"
import { planFreeze } from "@effect-lxc/core/plan/FreezePlan"
import { encodePlan } from "@effect-lxc/core/plan/Plan"
import { renderShell } from "@effect-lxc/core/plan/RenderShell"
import { namedBy, planStart } from "@effect-lxc/core/plan/StartPlan"
import { planKill, planStop } from "@effect-lxc/core/plan/StopPlan"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import type { ContainerInfo } from "@effect-lxc/core/runtime/Queries"
import { isVethName, vethName } from "@effect-lxc/core/model/VethName"
import { Host } from "@effect-lxc/core/runtime/Host"
import { layer as hostLayer } from "@effect-lxc/node-runtime/NodeHost"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { execFileSync, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { availableParallelism, cpus, release } from "node:os"
import { afterAll, beforeAll } from "vitest"
import { realHost } from "../../../tools/realHost.ts"
import { RealHappenings } from "./RealHappenings.ts"
import { RealLab } from "./RealLab.ts"
import { inLab, quick } from "./RealTests.ts"

const lab = new RealLab()

const { leavingNothing } = inLab(lab)

const cliArguments = (...args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const { log, run, state } = lab.directories
  return ["packages/cli/src/main.ts", ...args, "--run-dir", run, "--log-dir", log, "--state-dir", state]
}
const cli = (...args: ReadonlyArray<string>): string =>
  execFileSync("node", cliArguments(...args), { encoding: "utf8", timeout: 30_000 })

/** Any tree will do. */
const readHierarchy = (): string =>
  fs.readFileSync("/proc/self/mounts", "utf8").split("\n").map((line) => line.split(" ")).find(([, , type]) => type?.startsWith("cgroup"))?.[1] ?? ""

describe.runIf(realHost.available)("looking at a real host", () => {
  beforeAll(() => lab.open())
  afterAll(() => lab.close())

  it.live("info tells use and limits, network and root of a container, from cgroups and /proc alone", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = lab.instance("info", "busybox", {
        ...quick,
        nics: [{ link: lab.bridge, addresses: ["10.99.0.2/24", "fd00:99::2/64"] }, { link: lab.bridge, name: "inner" }],
        resources: { memory: "64MiB", vcpus: 0.5, cpuWeight: 50, pids: 100 }
      })
      yield* hypervisor.start(instance)
      const info = yield* hypervisor.info(instance.name)
      assert.deepInclude(info, { state: "RUNNING", problem: null, managed: true })
      assert.deepInclude(info.memory, { limitBytes: 64 * 1024 * 1024, oomKills: 0 })
      assert.isAtLeast(info.memory.peakBytes ?? 0, info.memory.usageBytes ?? Infinity)
      assert.deepInclude(info.cpu, { count: 0.5, quota: 0.5, weight: 50 })
      assert.match(info.cpu.set ?? "", /^\d/)
      assert.strictEqual(info.pids.limit, 100)
      assert.isAbove(info.pids.current ?? 0, 0)
      assert.isAbove(info.io.readBytes ?? -1, -1)
      assert.isBelow(Math.abs((info.uptimeSeconds ?? 0) * 1000 - (Date.now() - Date.parse(info.startedAt ?? ""))), 2_000)
      assert.deepInclude(info.root, { fsType: "ext4", backingFile: lab.image("busybox") })
      assert.isBelow(info.root?.usedBytes ?? Infinity, info.root?.sizeBytes ?? 0)
      const [lo, eth0, inner] = info.interfaces
      assert.deepInclude(lo, { name: "lo", hostName: null })
      assert.deepInclude(eth0, { name: "eth0", hostName: vethName(instance.name, 0) })
      assert.includeMembers([...eth0?.addresses ?? []], ["10.99.0.2/24", "fd00:99::2/64"])
      assert.deepInclude(inner, { name: "inner", hostName: vethName(instance.name, 1) })
      assert.deepStrictEqual(yield* hypervisor.names, [instance.name])
      const part = yield* hypervisor.info(instance.name, { fields: ["pids", "root"] })
      assert.deepStrictEqual([part.pids, part.root, part.memory.limitBytes, part.interfaces], [info.pids, info.root, null, []])
      const { cpu, memory } = yield* hypervisor.info(instance.name, { fields: ["memory.usageBytes", "cpu.set"] })
      assert.deepStrictEqual([memory.limitBytes, cpu], [null, { ...noUsage.cpu, set: info.cpu.set }])
      assert.isAbove(memory.usageBytes ?? 0, 0)
      const text = cli("info", instance.name)
      assert.match(text, /eth0 \(el\w+n0 on the host\).*10\.99\.0\.2\/24/)
      yield* hypervisor.stop(instance.name)
    })))

  it.live("info counts what was killed in a guest for want of memory, and the guest goes on", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      // Its first process wants no memory meanwhile: whoever does while what was killed still ends may be killed as well.
      const instance = lab.instance("hungry", "told", { ...quick, resources: { memory: "32MiB" } })
      const { name } = instance
      yield* hypervisor.start(instance)
      for (const kills of [1, 2]) {
        yield* new RealHappenings(lab.directories, lab.bridge).befall({ _tag: "OutOfMemory", name })
        const { memory, problem } = yield* hypervisor.info(name)
        assert.deepStrictEqual([memory.oomKills, problem], [kills, null])
      }
      yield* hypervisor.stop(name)
    })))

  it.live("what is looked at for one plan gives the plan that everything gives", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const { plan } = hypervisor
      const [one, other] = [lab.instance("one", "busybox", quick), lab.instance("other", "obedient", quick)]
      yield* hypervisor.start(one)
      yield* hypervisor.start(other)
      const paths = namedBy(one).paths
      const everything = yield* hypervisor.facts(paths)
      const planned = [plan.stop(one.name), plan.kill(one.name), plan.freeze(one.name), plan.resize(one.name, { pids: 10 })]
      assert.deepStrictEqual((yield* Effect.all(planned)).map(encodePlan), [
        planStop(one.name, lab.directories, everything),
        planKill(one.name, lab.directories, everything),
        planFreeze(one.name, lab.directories, everything),
        planResize(one.name, { pids: 10 }, lab.directories, everything)
      ].map((each) => encodePlan(Result.getOrThrow(each))))
      yield* hypervisor.kill(one.name)
      const start = planStart(one, lab.directories, yield* hypervisor.facts(paths))
      assert.deepStrictEqual(encodePlan(yield* plan.start(one)), encodePlan(Result.getOrThrow(start)))
      yield* hypervisor.kill(other.name)
    })))

  it.live("what is looked at for one instance is the part of everything that matters to it", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const host = yield* Effect.provide(Host, hostLayer)
      const { directories } = lab
      const one = lab.instance("part", "busybox", quick)
      const shared = `${lab.files}/hard-link.img`
      fs.copyFileSync(lab.image("obedient"), `${lab.files}/other.img`)
      fs.linkSync(`${lab.files}/other.img`, shared)
      const others = ["beside", "left"].map((name) => lab.instance(name, "obedient", { ...quick, disks: [{ path: name === "left" ? lab.image("obedient") : shared }] }))
      for (const each of [one, ...others]) yield* hypervisor.start(each)
      const monitor = fs.readFileSync(directories.monitorPid(others[1]?.name ?? ""), "utf8")
      process.kill(Number(monitor), "SIGKILL")
      yield* Effect.sleep(300)
      const links = [vethName(others[0]?.name ?? "", 0)]
      const seen = ({ cgroupDirectories, containers, interfaces, loops, paths }: HostFacts) => ({
        cgroupDirectories,
        loops,
        paths,
        interfaces: interfaces.filter(({ name }) => isVethName(name) || name === lab.bridge),
        containers: containers.filter(({ lxcPath }) => lxcPath === directories.containers)
          .map(({ memoryUsage: _, ...container }) => container)
      })
      for (const paths of [[], [`${lab.files}/other.img`, `${lab.files}/missing.img`]]) {
        const planned = { directories, instance: one.name, paths, links }
        const part = yield* host.facts(planned)
        assert.deepStrictEqual(seen(part), seen(factsFor(planned, yield* host.facts({ directories, paths }))))
        assert.strictEqual(part.paths.some((each) => each.path === shared), paths.length > 0)
        assert.deepStrictEqual(part.interfaces.filter((each) => isVethName(each.name)).length, 2)
      }
      const alone = { directories, instance: one.name, alone: true }
      assert.deepStrictEqual(seen(yield* host.facts(alone)), seen(factsFor(alone, yield* host.facts({ directories }))))
      for (const each of [one, ...others]) yield* hypervisor.kill(each.name)
    })))

  it.live("a record that changed is read again, and one that is no longer to be believed is not", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = lab.instance("record", "obedient", quick)
      yield* hypervisor.start(instance)
      const record = lab.directories.record(instance.name)
      const seen = Effect.map(hypervisor.facts(), ({ containers }) =>
        containers.find((each) => each.name === instance.name)?.record?.resources.pids)
      const text = fs.readFileSync(record, "utf8")
      const withPids = (pids: number): void =>
        fs.writeFileSync(record, JSON.stringify({ ...JSON.parse(text) as object, resources: { pids } })) // an object was written
      const found: Array<number | undefined> = []
      for (const pids of [101, 102, 103]) {
        withPids(pids)
        found.push(yield* seen, yield* seen)
        yield* Effect.sleep(60)
        found.push(yield* seen)
      }
      assert.deepStrictEqual(found, [101, 101, 101, 102, 102, 102, 103, 103, 103])
      fs.chmodSync(record, 0o666)
      assert.isUndefined(yield* seen)
      fs.chmodSync(record, 0o600)
      assert.strictEqual(yield* seen, 103)
      yield* hypervisor.kill(instance.name)
    })))

  it.live("what the guest receives is what the host's end sends", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = lab.instance("bytes", "obedient", quick)
      yield* hypervisor.start(instance)
      yield* Effect.sleep(500)
      const counter = (which: string) =>
        Number(fs.readFileSync(`/sys/class/net/${vethName(instance.name, 0)}/statistics/${which}`, "utf8"))
      const before = [counter("tx_bytes"), counter("rx_bytes")] as const
      const [, eth0] = (yield* hypervisor.info(instance.name)).interfaces
      const after = [counter("tx_bytes"), counter("rx_bytes")] as const
      assert.isTrue(before[0] <= (eth0?.receivedBytes ?? -1) && (eth0?.receivedBytes ?? Infinity) <= after[0])
      assert.isTrue(before[1] <= (eth0?.sentBytes ?? -1) && (eth0?.sentBytes ?? Infinity) <= after[1])
      yield* hypervisor.stop(instance.name)
    })))

  it.live("a stopped container with a mount left has a root and no use; an unknown one is an error", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = lab.instance("gone", "obedient", quick)
      yield* hypervisor.start(instance)
      const { initPid } = yield* hypervisor.info(instance.name)
      process.kill(initPid ?? 0, "SIGKILL")
      yield* Effect.sleep(500)
      const info = yield* hypervisor.info(instance.name)
      assert.deepInclude(info, { state: "STOPPED", problem: "leftovers", initPid: null, startedAt: null, interfaces: [] })
      assert.strictEqual(info.root?.backingFile, lab.image("obedient"))
      assert.isNull(info.memory.usageBytes)
      yield* hypervisor.cleanup(instance.name)
      assert.strictEqual((yield* Effect.flip(hypervisor.info(instance.name)))._tag, "UnknownContainer")
    })))

  describe("resize", () => {
    const MiB = 1024 * 1024
    const limits = (info: ContainerInfo) => [info.memory.limitBytes, info.memory.swapLimitBytes, info.cpu.quota, info.pids.limit]

    it.live("changes limits of a running container up and down, and its record follows: by the library, by sh, by the CLI", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const resources = { memory: "64MiB", swap: "0", vcpus: 0.5, pids: 100 }
        const instance = lab.instance("resize", "obedient", { ...quick, resources })
        const { name } = instance
        yield* hypervisor.start(instance)
        yield* hypervisor.resize(name, { memory: 128 * MiB, swap: 64 * MiB, vcpus: 1, cpuWeight: 50, pids: 200 })
        const grown = yield* hypervisor.info(name)
        assert.deepStrictEqual([...limits(grown), grown.cpu.weight], [128 * MiB, 64 * MiB, 1, 200, 50])
        execFileSync("sh", ["-eu"], { input: renderShell(yield* hypervisor.plan.resize(name, { memory: 32 * MiB, swap: 0 })), timeout: 30_000 })
        assert.deepStrictEqual(limits(yield* hypervisor.info(name)), [32 * MiB, 0, 1, 200])
        assert.include(cli("resize", name, "--memory", "64MiB", "--pids", "50"), "has its new limits")
        assert.deepStrictEqual(limits(yield* hypervisor.info(name)), [64 * MiB, 0, 1, 50])
        const record = JSON.parse(fs.readFileSync(lab.directories.record(name), "utf8")) as { readonly resources: object }
        assert.deepStrictEqual(record.resources, { memory: 64 * MiB, swap: 0, vcpus: 1, cpuWeight: 50, pids: 50 })
        assert.include(fs.readFileSync(lab.directories.meantToRun(name), "utf8"), `"memory": ${64 * MiB}`)
        assert.include(fs.readFileSync(lab.directories.config(name), "utf8"), "pids.max = 50")
        yield* hypervisor.reboot(name)
        assert.deepStrictEqual(limits(yield* hypervisor.info(name)), [64 * MiB, 0, 1, 50])
        yield* hypervisor.stop(name)
      })))

    it.live("that the kernel refuses half-way leaves every limit and the record as they were", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("refused", "obedient", { ...quick, resources: { memory: "64MiB", pids: 100 } })
        const { name } = instance
        yield* hypervisor.start(instance)
        const before = limits(yield* hypervisor.info(name))
        const record = fs.readFileSync(lab.directories.record(name), "utf8")
        const absent = availableParallelism() + 60
        const wanted = { memory: 128 * MiB, cpuMask: [absent] }
        const rejected = yield* Effect.flip(hypervisor.resize(name, wanted))
        assert.match(rejected.message, /this host has no processor /)
        // Planned by somebody who did not look which processors there are.
        const { cpus: _, ...facts } = yield* hypervisor.facts()
        const plan = yield* Effect.fromResult(planResize(name, wanted, lab.directories, facts))
        const error = yield* Effect.flip(hypervisor.run(plan))
        assert.strictEqual(error._tag, "OperationFailed", error.message)
        assert.match(error.message, /cpuset\.cpus.*E(RANGE|INVAL)/)
        assert.deepStrictEqual(limits(yield* hypervisor.info(name)), before)
        assert.strictEqual(fs.readFileSync(lab.directories.record(name), "utf8"), record)
        yield* hypervisor.stop(name)
      })))
  })

  it.live("host counts memory, processors and promises as the kernel and the specs do", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = lab.instance("host", "obedient", { ...quick, resources: { memory: "64MiB", vcpus: 0.5 } })
      yield* hypervisor.start(instance)
      const info = JSON.parse(cli("host", "--json")) as HostInfo
      const total = Number(/^MemTotal: +(\d+) kB/m.exec(fs.readFileSync("/proc/meminfo", "utf8"))?.[1])
      assert.strictEqual(info.memory.totalMiB, Math.floor(total / 1024))
      assert.strictEqual(info.memory.freeMiB + info.memory.hostMiB, info.memory.totalMiB)
      assert.strictEqual(info.cpu.total, cpus().length)
      assert.isAtLeast(info.cpu.sockets, 1)
      assert.isAtLeast(info.cpu.numaNodes, 1)
      assert.strictEqual(info.kernel, release())
      assert.strictEqual(info.lxcVersion, execFileSync("lxc-start", ["--version"], { encoding: "utf8" }).trim())
      assert.include(info.controllers, "memory")
      assert.deepInclude(info.instances[0], { name: instance.name, state: "RUNNING", memoryMiB: 64, vcpus: 0.5 })
      yield* hypervisor.stop(instance.name)
    })))

  it.live("verify finds what is wrong, all at once, and nothing of that when it is mended", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const { verify } = hypervisor
      const mine = Effect.map(verify, ({ findings }) =>
        findings.filter(({ message }) => message.includes(lab.id)).map(({ code }) => code))
      assert.deepStrictEqual(yield* mine, [])
      const instance = lab.instance("verify", "obedient", quick)
      yield* hypervisor.start(instance)
      assert.deepStrictEqual(yield* mine, [])
      const { initPid } = yield* hypervisor.info(instance.name)
      process.kill(initPid ?? 0, "SIGKILL")
      yield* Effect.sleep(500)
      const group = `${readHierarchy()}/lxc.monitor.${lab.id}-ghost`
      fs.mkdirSync(group)
      fs.chmodSync(lab.directories.run, 0o777)
      execFileSync("ip", ["link", "delete", lab.bridge])
      const { ok } = yield* verify
      assert.isFalse(ok)
      const found = yield* mine
      const failed = spawnSync("node", cliArguments("verify", "--json"), { encoding: "utf8", timeout: 30_000 })
      fs.chmodSync(lab.directories.run, 0o755)
      execFileSync("ip", ["link", "add", lab.bridge, "type", "bridge"])
      execFileSync("ip", ["link", "set", lab.bridge, "up"])
      fs.rmdirSync(group)
      assert.deepStrictEqual([...found].sort(), ["bridge-missing", "cgroup-left", "directory-unsafe", "leftovers"])
      assert.strictEqual(failed.status, 1)
      assert.isFalse((JSON.parse(failed.stdout) as { readonly ok: boolean }).ok)
      yield* hypervisor.cleanup(instance.name)
      assert.deepStrictEqual(yield* mine, [])
    })))
})

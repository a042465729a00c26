import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { vethName } from "@effect-lxc/core/model/VethName"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { afterAll, beforeAll } from "vitest"
import { realHost } from "../../../tools/realHost.ts"
import { RealLab } from "./RealLab.ts"
import { inLab, quick } from "./RealTests.ts"

const lab = new RealLab()

const { leavingNothing } = inLab(lab)

const cli = (...args: ReadonlyArray<string>): string =>
  execFileSync("node", ["packages/cli/src/main.ts", ...args, "--run-dir", lab.directories.run, "--log-dir", lab.directories.log, "--state-dir", lab.directories.state], {
    encoding: "utf8",
    timeout: 30_000
  })

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
      const text = cli("info", instance.name)
      assert.match(text, /eth0 \(el\w+n0 on the host\).*10\.99\.0\.2\/24/)
      yield* hypervisor.stop(instance.name)
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
})

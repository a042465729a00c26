import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { afterAll, beforeAll } from "vitest"
import { layOutBusyboxRoot } from "../../../tools/busyboxImage.ts"
import { realHost } from "../../../tools/realHost.ts"
import { RealLab } from "./RealLab.ts"
import { inLab } from "./RealTests.ts"

const lab = new RealLab()

const { leavingNothing } = inLab(lab)

const confined = (short: string, lxc: object, more: object = {}) =>
  lab.instance(short, "obedient", { nics: [], lxc: { settle: "200ms", shutdownTimeout: "5s", ...lxc }, ...more })

/** A line of /proc/PID/status of the first process. */
const status = (name: string, field: string) =>
  Effect.map(Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.info(name)), ({ initPid }) =>
    new RegExp(`^${field}:\\s*(.*)$`, "m").exec(fs.readFileSync(`/proc/${initPid}/status`, "utf8"))?.[1] ?? "")

const capability = { chown: 0n, kill: 5n, net_admin: 12n, sys_boot: 22n, sys_time: 25n }
const has = (mask: string, bit: bigint): boolean => (BigInt(`0x${mask}`) >> bit & 1n) === 1n

const ranges = { idmap: ["b 0 1700000 65536"] }

describe.runIf(realHost.available)("confinement on real LXC", () => {
  beforeAll(() => lab.open())
  afterAll(() => lab.close())

  it.live("dropped capabilities are gone and the others there; kept ones are the only ones", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const dropping = confined("dropping", { dropCapabilities: ["net_admin", "sys_time"] })
      yield* hypervisor.start(dropping)
      const left = yield* status(dropping.name, "CapBnd")
      assert.deepStrictEqual([has(left, capability.net_admin), has(left, capability.sys_time), has(left, capability.sys_boot)], [false, false, true])
      yield* hypervisor.stop(dropping.name)
      const keeping = confined("keeping", { keepCapabilities: ["chown", "kill"] })
      yield* hypervisor.start(keeping)
      assert.strictEqual(BigInt(`0x${yield* status(keeping.name, "CapBnd")}`), 1n << capability.chown | 1n << capability.kill)
      yield* hypervisor.kill(keeping.name)
    })))

  it.live("noNewPrivs and a seccomp profile are in force, and are not where nobody asked", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const profile = `${lab.files}/profile`
      fs.writeFileSync(profile, "2\ndenylist\n[all]\nkexec_load errno 1\n")
      const cases = [[{}, "0", "0"], [{ noNewPrivs: true, seccomp: profile }, "1", "2"], [{ seccomp: "default" }, "0", "2"]] as const
      for (const [lxc, privileges, seccomp] of cases) {
        const instance = confined("seccomp", lxc)
        yield* hypervisor.start(instance)
        assert.strictEqual(yield* status(instance.name, "NoNewPrivs"), privileges)
        assert.strictEqual(yield* status(instance.name, "Seccomp"), seccomp)
        yield* hypervisor.stop(instance.name)
      }
    })))

  it.live("a profile that is missing, and AppArmor where the host has none, are refused before anything is touched", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const none = yield* Effect.flip(hypervisor.start(confined("noprofile", { seccomp: "/var/tmp/elt-none" })))
      assert.include(none.message, "lxc.seccomp: there is no seccomp profile at /var/tmp/elt-none")
      const { security } = yield* hypervisor.facts()
      const error = yield* Effect.flip(hypervisor.start(confined("noarmor", { apparmor: "elt-none" })))
      assert.include(error.message, security?.appArmor === null ? "this host has no AppArmor" : "no AppArmor profile elt-none is loaded")
    })))

  it.live("an unprivileged guest runs as other ids of the host, on a root that was shifted to them", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const root = `${lab.files}/shifted`
      layOutBusyboxRoot(root, "obedient")
      execFileSync("chown", ["--recursive", "--no-dereference", "1700000:1700000", root])
      const instance = confined("shifted", ranges, { disks: [{ path: root }] })
      yield* hypervisor.start(instance)
      assert.match(yield* status(instance.name, "Uid"), /^1700000\s/)
      assert.match(yield* status(instance.name, "Gid"), /^1700000\s/)
      const { initPid } = yield* hypervisor.info(instance.name)
      assert.match(fs.readFileSync(`/proc/${initPid}/uid_map`, "utf8"), /^\s*0\s+1700000\s+65536\s*$/)
      yield* hypervisor.stop(instance.name)
    })))

  it.live("an unprivileged guest runs on an image as it is, its ids mapped while it is mounted", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = confined("mapped", { ...ranges, idmapRoot: "mapped" })
      yield* hypervisor.start(instance)
      assert.match(yield* status(instance.name, "Uid"), /^1700000\s/)
      const { initPid } = yield* hypervisor.info(instance.name)
      assert.strictEqual(fs.statSync(`/proc/${initPid}/root/bin/busybox`).uid, 1_700_000)
      yield* hypervisor.stop(instance.name)
    })))
})

import { assert, describe, it } from "@effect/vitest"
import { configOf, refusalsOf, target } from "./targets.ts"

const nics = [{ link: "br0", mac: "aa:00:00:12:34:56" }, { mode: "bridged", link: "br1", mac: "aa:00:00:12:34:57" }]

const devices = ["1:3", "1:5", "1:7", "1:8", "1:9", "1:10", "5:0", "5:1", "5:2", "136:*"]

const text = `lxc.utsname = web1
lxc.pts = 255
lxc.tty = 6
lxc.rootfs = /run/effect-lxc/containers/web1/rootfs
lxc.cgroup.devices.deny = a
${devices.map((device) => `lxc.cgroup.devices.allow = c ${device} rw\n`).join("")}# NIC 0
lxc.network.type = veth
lxc.network.link = br0
lxc.network.hwaddr = aa:00:00:12:34:56
lxc.network.flags = up
# NIC 1
lxc.network.type = veth
lxc.network.link = br1
lxc.network.hwaddr = aa:00:00:12:34:57
lxc.network.flags = up
lxc.cap.drop = mac_override
lxc.cap.drop = sys_boot
lxc.cap.drop = sys_module
lxc.cap.drop = sys_time
`

describe("LXC before 2.1", () => {
  it.each(["1.0", "1.1.5", "2.0", "2.0.11"])("%s gets the text of the 2010 driver, byte for byte", (version) => {
    for (const layout of ["v1", "hybrid"] as const) {
      assert.strictEqual(configOf({ nics }, target(version, layout)).text, text)
    }
  })

  it("gets limits and other words of a spec by the old names, in the same order", () => {
    const config = configOf({
      nics: [{ ...nics[0], name: "eth0", mtu: 1400, addresses: ["10.0.0.5/24", "fd00::5/64"], gateway: ["10.0.0.1", "fd00::1"] }],
      resources: { memory: "256MiB", cpuMask: "0-1" },
      lxc: { devices: [], dropCapabilities: [], haltSignal: "SIGTERM", init: "/sbin/i", environment: { A: "b c" }, apparmor: "unconfined", extraConfig: ["lxc.init.uid = 1"] }
    }, target("2.0", "v1"))
    assert.strictEqual(config.text, `lxc.utsname = web1
lxc.pts = 255
lxc.tty = 6
lxc.rootfs = /run/effect-lxc/containers/web1/rootfs
lxc.cgroup.memory.limit_in_bytes = 268435456
lxc.cgroup.cpuset.cpus = 0-1
lxc.cgroup.devices.deny = a
# NIC 0
lxc.network.type = veth
lxc.network.link = br0
lxc.network.hwaddr = aa:00:00:12:34:56
lxc.network.flags = up
lxc.network.name = eth0
lxc.network.mtu = 1400
lxc.network.ipv4 = 10.0.0.5/24
lxc.network.ipv6 = fd00::5/64
lxc.network.ipv4.gateway = 10.0.0.1
lxc.network.ipv6.gateway = fd00::1
lxc.haltsignal = SIGTERM
lxc.init_cmd = /sbin/i
lxc.environment = A=b c
lxc.aa_profile = unconfined
lxc.init_uid = 1
`)
  })

  it("never leaves the network to chance: without nics the type is empty", () => {
    assert.include(configOf({}, target("1.0", "v1")).text, "\nlxc.network.type = empty\n")
  })

  it("refuses a nic that is not bridged, with its index and mode", () => {
    const refusals = refusalsOf({ nics: [...nics, { mode: "macvlan", link: "eth0" }, { mode: "phys", link: "eth1" }] }, target("2.0", "v1"))
    assert.deepStrictEqual(refusals.map(({ field }) => field), ["nics[2].mode", "nics[3].mode"])
    assert.match(refusals[0]?.message ?? "", /nic 2 .*macvlan/)
    assert.match(refusals[1]?.message ?? "", /nic 3 .*phys/)
  })

  it("refuses what that release has no key for, naming the field", () => {
    const fields = (spec: object, version: string) => refusalsOf(spec, target(version, "v1")).map(({ field }) => field)
    const spec = { lxc: { init: "/i", environment: { A: "b" }, haltSignal: "SIGPWR", extraConfig: ["lxc.arch = x86_64", "lxc.sched.core = 1", "lxc.init.uid = 1"] } }
    assert.deepStrictEqual(fields(spec, "1.0"), ["lxc.init", "lxc.environment.A", "lxc.extraConfig[1]", "lxc.extraConfig[2]"])
    assert.deepStrictEqual(fields(spec, "1.1"), ["lxc.extraConfig[1]", "lxc.extraConfig[2]"])
    assert.deepStrictEqual(fields(spec, "2.0"), ["lxc.extraConfig[1]"])
    assert.deepStrictEqual(fields({}, "0.9.0"), [""])
  })
})

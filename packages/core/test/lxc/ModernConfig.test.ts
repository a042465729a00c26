import { assert, describe, it } from "@effect/vitest"
import { configOf, refusalsOf, target } from "./targets.ts"
import { derive } from "@effect-lxc/core/model/Mac"
import { vethName } from "@effect-lxc/core/model/VethName"

const spec = {
  nics: [
    { link: "br0", mac: "aa:00:00:12:34:56", name: "eth0", mtu: 1400, addresses: ["10.0.0.5/24", "fd00::5/64"], gateway: ["10.0.0.1", "fd00::1"] },
    { link: "br1" },
    { mode: "macvlan", link: "eth0", mac: "aa:00:00:12:34:58" },
    { mode: "phys", link: "eth1" }
  ],
  resources: { memory: "256MiB", swap: 0, vcpus: 1.5, cpuWeight: 100, pids: 64, ioWeight: 100 },
  lxc: {
    ttys: 2, ptys: 64, devices: ["c 1:3 rw"], keepCapabilities: ["kill", "chown"], haltSignal: "SIGRTMIN+3", init: "/sbin/init -x",
    environment: { A: "", B: "c d" }, apparmor: "unconfined", extraConfig: ["lxc.prlimit.nofile = 1024"]
  }
}

describe("LXC since 2.1", () => {
  it("gets everything a spec can say, in its order, byte for byte", () => {
    assert.strictEqual(configOf(spec, target("5.0.2", "v2")).text, `lxc.uts.name = web1
lxc.pty.max = 64
lxc.tty.max = 2
lxc.rootfs.path = dir:/run/effect-lxc/containers/web1/rootfs
lxc.cgroup2.memory.max = 268435456
lxc.cgroup2.memory.swap.max = 0
lxc.cgroup2.cpu.max = 150000 100000
lxc.cgroup2.cpu.weight = 100
lxc.cgroup2.pids.max = 64
lxc.cgroup2.io.weight = 100
lxc.cgroup2.devices.deny = a
lxc.cgroup2.devices.allow = c 1:3 rw
# NIC 0
lxc.net.0.type = veth
lxc.net.0.link = br0
lxc.net.0.hwaddr = aa:00:00:12:34:56
lxc.net.0.flags = up
lxc.net.0.name = eth0
lxc.net.0.mtu = 1400
lxc.net.0.veth.pair = ${vethName("web1", 0)}
lxc.net.0.ipv4.address = 10.0.0.5/24
lxc.net.0.ipv6.address = fd00::5/64
lxc.net.0.ipv4.gateway = 10.0.0.1
lxc.net.0.ipv6.gateway = fd00::1
# NIC 1
lxc.net.1.type = veth
lxc.net.1.link = br1
lxc.net.1.hwaddr = ${derive("web1", 1)}
lxc.net.1.flags = up
lxc.net.1.veth.pair = ${vethName("web1", 1)}
# NIC 2
lxc.net.2.type = macvlan
lxc.net.2.link = eth0
lxc.net.2.hwaddr = aa:00:00:12:34:58
lxc.net.2.flags = up
# NIC 3
lxc.net.3.type = phys
lxc.net.3.link = eth1
lxc.net.3.flags = up
lxc.cap.keep = kill
lxc.cap.keep = chown
lxc.signal.halt = SIGRTMIN+3
lxc.init.cmd = /sbin/init -x
lxc.environment = A=
lxc.environment = B=c d
lxc.apparmor.profile = unconfined
lxc.console.size = 1048576
lxc.console.rotate = 1
lxc.cgroup.dir.container = lxc.payload.web1
lxc.cgroup.dir.monitor = lxc.monitor.web1
lxc.prlimit.nofile = 1024
`)
  })

  it("never leaves the network to chance: without nics the type is empty", () => {
    for (const version of ["2.1", "5.0.2", "6.0"]) {
      assert.include(configOf({}, target(version, "v1")).text, "\nlxc.net.0.type = empty\n")
    }
  })

  it("pins the names of cgroups where LXC has keys for them, since 5.0.0", () => {
    const before = configOf({}, target("4.0.12", "v2"))
    const since = configOf({}, target("5.0", "v2"))
    assert.notInclude(before.text, "lxc.cgroup.dir")
    assert.include(since.text, "lxc.cgroup.dir.container = lxc.payload.web1\nlxc.cgroup.dir.monitor = lxc.monitor.web1\n")
    assert.deepStrictEqual([before, since].map((each) => [each.pinsVeth, each.pinsCgroups]), [[true, false], [true, true]])
    assert.isFalse(configOf({}, target("2.0", "v1")).pinsVeth)
  })

  it("bounds the log of the console where LXC can, since 3.0.0", () => {
    const lxc = { logSize: "64KiB" }
    assert.include(configOf({ lxc }, target("3.0.0", "v1")).text, "lxc.console.size = 65536\nlxc.console.rotate = 1\n")
    assert.notInclude(configOf({ lxc }, target("2.1.1", "v1")).text, "lxc.console")
  })

  it("has no device rules where every device is allowed", () => {
    assert.notInclude(configOf({ lxc: { devices: ["a"] } }, target("5.0.2", "v1")).text, "devices")
  })

  it("refuses keys that come later, naming the field", () => {
    const lxc = { apparmor: "generated", extraConfig: ["lxc.sysctl.net.ipv4.ip_forward = 1", "lxc.time.offset.boot = 1h"] }
    const fields = (version: string) => refusalsOf({ lxc }, target(version, "v1")).map(({ code, field }) => `${code} ${field}`)
    assert.deepStrictEqual(fields("2.1"), ["key-unsupported lxc.apparmor", "key-unsupported lxc.extraConfig[0]", "key-unsupported lxc.extraConfig[1]"])
    assert.deepStrictEqual(fields("3.1"), ["key-unsupported lxc.extraConfig[1]"])
    assert.deepStrictEqual(fields("5.0"), [])
  })

  it("knows since when LXC has each key that a spec may add", () => {
    const extraConfig = [
      "lxc.arch = x86_64", "lxc.autodev = 1", "lxc.autodev.tmpfs.size = 500000", "lxc.environment = A=b", "lxc.init.uid = 0",
      "lxc.init.gid = 0", "lxc.init.cwd = /", "lxc.init.groups = 1", "lxc.keyring.session = 0", "lxc.mount.auto = proc:mixed",
      "lxc.no_new_privs = 1", "lxc.prlimit.nofile = 9", "lxc.proc.oom_score_adj = 10", "lxc.sched.core = 0",
      "lxc.sysctl.kernel.shmmax = 1", "lxc.time.offset.monotonic = 1h"
    ]
    assert.include(configOf({ lxc: { extraConfig } }, target("5.0.2", "v2")).text, `\n${extraConfig.join("\n")}\n`)
  })

  it("refuses a root directory that is none, or that LXC would read differently", () => {
    for (const rootDir of ["/", "", "rootfs", "/a/../b", "/a\nlxc.hook.start = /x", "/a/", "/a\ud800"]) {
      assert.include(refusalsOf({}, { ...target("5.0.2", "v2"), rootDir }).map(({ code }) => code), "root-dir")
    }
    assert.deepStrictEqual(refusalsOf({}, { ...target("5.0.2", "v2"), rootDir: "/a " }).map(({ code }) => code), ["config-text"])
  })

  it("writes the paths of a mount as fstab(5) does, and refuses what LXC would cut off", () => {
    const mounts = [{ source: "/srv/a b\\c", target: "m n", options: ["ro"] }]
    assert.include(configOf({ lxc: { mounts } }, target("5.0.2", "v2")).text, "lxc.mount.entry = /srv/a\\040b\\134c m\\040n none bind,ro 0 0\n")
    const long = [{ source: `/${"x".repeat(200)}`.repeat(19), target: `${"y".repeat(280)}`, options: ["ro"] }]
    assert.deepStrictEqual(refusalsOf({ lxc: { mounts: long } }, target("5.0.2", "v2")).map(({ code, field }) => `${code} ${field}`), ["mount-too-long lxc.mounts[0]"])
  })

  it("keeps a colon in the root directory out of LXC's types", () => {
    assert.include(configOf({}, { ...target("5.0.2", "v2"), rootDir: "/loop:/b" }).text, "lxc.rootfs.path = dir:/loop:/b\n")
  })
})

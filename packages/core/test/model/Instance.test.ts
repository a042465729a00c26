import { assert, describe, it } from "@effect/vitest"
import { Equal, Result, Schema } from "effect"
import { decodeInstance, encodeInstance, Instance, InstanceFromJson } from "@effect-lxc/core/model/Instance"
import { defaultDevices } from "@effect-lxc/core/model/LxcParameters"
import { derive } from "@effect-lxc/core/model/Mac"
import { hostileTexts, instanceOf, minimal, problemsIn, writtenSpecs } from "./specs.ts"

const withField = (field: object) => ({ ...minimal, ...field })
const nic = { link: "br0" }

describe("a spec", () => {
  it("needs a name and a disk; everything else has the default of the 2010 driver or none", () => {
    const instance = instanceOf(minimal)
    assert.deepStrictEqual({ ...instance.lxc }, {
      ttys: 6,
      ptys: 255,
      console: "log",
      devices: defaultDevices,
      dropCapabilities: ["mac_override", "sys_boot", "sys_module", "sys_time"],
      mounts: [],
      environment: {},
      startupTimeout: 30_000,
      shutdownTimeout: 60_000,
      settle: 500,
      logLevel: "INFO",
      logSize: 1_048_576,
      idmap: [],
      extraConfig: []
    })
    assert.deepStrictEqual(instance.nics, [])
    assert.deepStrictEqual(instance.resources, {})
    assert.deepStrictEqual(instance.disks[0], { path: minimal.disks[0]?.path as never, options: [], readOnly: false })
    assert.strictEqual(problemsIn({ name: "web1", disks: [] })["disks"], "a disk is required")
    assert.strictEqual(problemsIn({ name: "web1" })["disks"], "a disk is required")
    assert.deepStrictEqual(Object.keys(problemsIn({})), ["name", "disks"])
  })

  it("is read as it was written: sizes, times, processors, a single gateway", () => {
    const instance = instanceOf(withField({
      nics: [{ link: "br0", mac: "AA:00:00:12:34:56", addresses: ["10.0.0.5/24"], gateway: "10.0.0.1" }],
      resources: { memory: "256MiB", swap: "1GiB", vcpus: 3, cpuMask: "0-1,5" },
      lxc: { ttys: 2, startupTimeout: "5s", keepCapabilities: ["kill"] }
    }))
    assert.deepStrictEqual(instance.nics[0], {
      mode: "bridged", link: "br0", mac: "aa:00:00:12:34:56" as never, addresses: ["10.0.0.5/24"], gateway: ["10.0.0.1"]
    })
    assert.deepStrictEqual(instance.resources, { memory: 268_435_456, swap: 2 ** 30, vcpus: 3, cpuMask: [0, 1, 5] })
    assert.strictEqual(instance.lxc.startupTimeout, 5000)
    assert.deepStrictEqual(instance.lxc.dropCapabilities, [])
    assert.deepStrictEqual(instance.lxc.keepCapabilities, ["kill"])
  })

  it.prop("comes back from its encoded form the same, and through JSON text", [writtenSpecs], ([written]) => {
    const instance = instanceOf(written)
    const encoded = encodeInstance(instance)
    assert.isTrue(Equal.equals(instanceOf(encoded), instance))
    const viaText: unknown = JSON.parse(JSON.stringify(encoded))
    assert.isTrue(Equal.equals(instanceOf(viaText), instance))
    assert.deepStrictEqual(viaText, encoded)
  })

  it.prop("comes back from within another schema as an instance", [writtenSpecs], ([written]) => {
    const Record = Schema.fromJsonString(Schema.toCodecJson(Schema.Struct({ of: Schema.NullOr(InstanceFromJson) })))
    const instance = instanceOf(written)
    const { of } = Schema.decodeSync(Record)(Schema.encodeSync(Record)({ of: instance }))
    assert.instanceOf(of, Instance)
    assert.isTrue(Equal.equals(of, instance))
  })
})

describe("a problem in a spec", () => {
  it("names the field, what was expected and what was found; all at once", () => {
    const decoded = decodeInstance({
      name: "Web1\n",
      disks: [{ path: "srv" }],
      nics: [nic, { mode: "bridge", link: "br0", mac: "aa" }],
      resources: { memry: "1GiB", pids: 0 },
      lxc: { ttys: "2", console: "nowhere" }
    }, "web1.yaml")
    assert.isTrue(Result.isFailure(decoded))
    const { message } = Result.getOrThrow(Result.flip(decoded))
    const [first, ...lines] = message.split("\n")
    assert.strictEqual(first, "web1.yaml is not valid:")
    assert.deepStrictEqual(lines.map((line) => line.slice(0, line.indexOf(":"))), [
      "  name", "  disks[0].path", "  nics[1].mode", "  nics[1].mac", "  resources.memry", "  resources.pids", "  lxc.ttys",
      "  lxc.console"
    ])
    assert.include(message, "found \"Web1\\n\"")
    assert.include(message, "expected bridged or macvlan or phys; found \"bridge\"; did you mean bridged?")
    assert.include(message, "resources.memry: is not a known field; did you mean memory?")
    assert.include(message, "lxc.ttys: expected a number; found \"2\"")
    assert.include(message, "lxc.console: expected log or none")
  })

  it("guesses a misspelt field in every part, and does not guess wildly", () => {
    assert.include(problemsIn({ ...minimal, Name: "x" })["Name"], "did you mean name?")
    assert.include(problemsIn({ ...minimal, nic: [] })["nic"], "did you mean nics?")
    assert.include(problemsIn(withField({ resources: { cpu_mask: "0" } }))["resources.cpu_mask"], "did you mean cpuMask?")
    assert.include(problemsIn(withField({ lxc: { keepCapabilites: [] } }))["lxc.keepCapabilites"], "did you mean keepCapabilities?")
    assert.include(problemsIn({ name: "a", disks: [{ path: "/a", fstype: "ext4" }] })["disks[0].fstype"], "did you mean fsType?")
    assert.include(problemsIn({ ...minimal, hypervisor: "x" })["hypervisor"], "known are name, disks, nics, resources, lxc")
  })

  it("is said of the whole where the whole is wrong", () => {
    for (const input of [null, [], "web1", 3, undefined]) {
      assert.include(problemsIn(input)[""], "expected a mapping of fields to values")
    }
    assert.include(problemsIn(withField({ lxc: null }))["lxc"], "expected a mapping of fields to values; found null")
  })

  it("shows hostile and endless text on one short line", () => {
    const message = problemsIn({ name: `a\n${"x".repeat(10_000)}`, disks: [{ path: "/a" }] })["name"] ?? ""
    assert.isBelow(message.length, 250)
    assert.notInclude(message, "\n")
  })
})

describe("a check that needs no host", () => {
  const refused: ReadonlyArray<readonly [string, object, string, RegExp]> = [
    ["two nics with one MAC", { nics: [{ ...nic, mac: "AA:00:00:00:00:01" }, { ...nic, mac: "aa:00:00:00:00:01" }] }, "nics[1].mac", /aa:00:00:00:00:01 is already nics\[0\]\.mac/],
    ["two nics with one name", { nics: [{ ...nic, name: "eth0" }, { ...nic, name: "eth0" }] }, "nics[1].name", /already nics\[0\]\.name/],
    ["one interface moved twice", { nics: [{ mode: "phys", link: "eth1" }, { mode: "phys", link: "eth1" }] }, "nics[1].link", /already/],
    ["a nic without a link", { nics: [{}] }, "nics[0].link", /is required/],
    ["more than a hundred nics", { nics: Array.from({ length: 101 }, () => nic) }, "nics", /a hundred/],
    ["two gateways of one family", { nics: [{ ...nic, gateway: ["10.0.0.1", "10.0.0.2"] }] }, "nics[0].gateway", /one IPv4 and one IPv6/],
    ["an address without a prefix", { nics: [{ ...nic, addresses: ["10.0.0.1"] }] }, "nics[0].addresses[0]", /prefix/],
    ["a prefix too long", { nics: [{ ...nic, addresses: ["10.0.0.1/33"] }] }, "nics[0].addresses[0]", /prefix/],
    ["a gateway that is a network", { nics: [{ ...nic, gateway: "10.0.0.1/24" }] }, "nics[0].gateway[0]", /an address/],
    ["an mtu too small", { nics: [{ ...nic, mtu: 67 }] }, "nics[0].mtu", /from 68 to 65535/],
    ["memory below a working minimum", { resources: { memory: "64KiB" } }, "resources.memory", /below 2MiB/],
    ["swap without memory", { resources: { swap: 0 } }, "resources.swap", /needs memory/],
    ["sums that no number holds", { resources: { memory: 2 ** 53 - 1, swap: 2 ** 53 - 1 } }, "resources.swap", /too large/],
    ["another number of vcpus than in the mask", { resources: { vcpus: 2, cpuMask: "0-2" } }, "resources.vcpus", /must be 3/],
    ["no time at all", { resources: { vcpus: 0 } }, "resources.vcpus", /0\.01/],
    ["a weight off the scale", { resources: { cpuWeight: 10_001 } }, "resources.cpuWeight", /1 to 10000/],
    ["no processes", { resources: { pids: 0 } }, "resources.pids", /from 1/],
    ["both lists of capabilities", { lxc: { dropCapabilities: ["kill"], keepCapabilities: ["chown"] } }, "lxc.keepCapabilities", /exclude each other/],
    ["no capability kept", { lxc: { keepCapabilities: [] } }, "lxc.keepCapabilities", /names no capability/],
    ["an unknown capability", { lxc: { dropCapabilities: ["CAP_SYS_TIME"] } }, "lxc.dropCapabilities[0]", /lower case and without cap_/],
    ["an unknown signal", { lxc: { haltSignal: "PWR" } }, "lxc.haltSignal", /SIGPWR/],
    ["a malformed device rule", { lxc: { devices: ["c 1:3"] } }, "lxc.devices[0]", /device rule/],
    ["a device right twice", { lxc: { devices: ["c 1:3 rr"] } }, "lxc.devices[0]", /device rule/],
    ["a log of no size", { lxc: { logSize: 0 } }, "lxc.logSize", /64KiB to 1GiB/],
    ["a log that says too little", { lxc: { logLevel: "ERROR" } }, "lxc.logLevel", /TRACE, DEBUG or INFO/],
    ["no patience", { lxc: { startupTimeout: 0 } }, "lxc.startupTimeout", /longer than nothing/],
    ["an init that is no path", { lxc: { init: "init" } }, "lxc.init", /absolute path in the guest/],
    ["an init that is longer than a page", { lxc: { init: `/${"x".repeat(4096)}` } }, "lxc.init", /4096 characters at most/],
    ["a variable that is longer than a page", { lxc: { environment: { A: "x".repeat(4097) } } }, "lxc.environment.A", /longer than 4096/],
    ["an added line that is longer than a page", { lxc: { extraConfig: [`lxc.arch = ${"x".repeat(4096)}`] } }, "lxc.extraConfig[0]", /4096 characters at most/],
    ["a profile that is two words", { lxc: { apparmor: "unconfined x" } }, "lxc.apparmor", /name of an AppArmor profile/],
    ["an init with quotes", { lxc: { init: "/bin/sh -c \"a b\"" } }, "lxc.init", /has quotes or backslashes/],
    ["a variable without a name", { lxc: { environment: { "A=B": "c" } } }, "lxc.environment[\"A=B\"]", /name of a variable/],
    ["a variable over two lines", { lxc: { environment: { A: "b\nlxc.x = y" } } }, "lxc.environment.A", /line break/],
    ["a variable with a blank that LXC would strip", { lxc: { environment: { A: "b " } } }, "lxc.environment.A", /a blank at the end/],
    ["a hook", { lxc: { extraConfig: ["lxc.hook.pre-start = /bin/sh"] } }, "lxc.extraConfig[0]", /keys that may be added/],
    ["a hook behind a line break", { lxc: { extraConfig: ["lxc.arch = a\nlxc.hook.start = /b"] } }, "lxc.extraConfig[0]", /one line/],
    ["the host's own root as a disk", { disks: [{ path: "/" }] }, "disks[0].path", /host's own root/],
    ["a mount that says two things", { disks: [{ path: "/a", readOnly: true, options: ["rw"] }] }, "disks[0].options", /contradicts/],
    ["a second disk without a place", { disks: [{ path: "/a" }, { path: "/b" }] }, "disks[1].target", /is required/],
    ["a root with another place", { disks: [{ path: "/a", target: "x" }] }, "disks[0].target", /the first disk is the root/],
    ["a place that is absolute", { disks: [{ path: "/a" }, { path: "/b", target: "/x" }] }, "disks[1].target", /without a leading slash/],
    ["a place outside", { disks: [{ path: "/a" }, { path: "/b", target: "x/../../y" }] }, "disks[1].target", /without a leading slash/],
    ["more disks than anybody has", { disks: Array.from({ length: 65 }, (_, i) => ({ path: `/d${i}`, ...(i === 0 ? {} : { target: `d${i}` }) })) }, "disks", /more than 64/],
    ["more than a hundred mounts", { lxc: { mounts: Array.from({ length: 101 }, (_, i) => ({ source: "/a", target: `m${i}` })) } }, "lxc.mounts", /a hundred/],
    ["a place taken twice", { disks: [{ path: "/a" }, { path: "/b", target: "x" }, { path: "/c", target: "x" }] }, "disks[2].target", /hide what disks\[1\]/],
    ["a place that hides another", { disks: [{ path: "/a" }, { path: "/b", target: "x/y" }], lxc: { mounts: [{ source: "/c", target: "x" }] } }, "lxc.mounts[0].target", /hide what disks\[1\] has at x\/y/],
    ["a partition without a number", { disks: [{ path: "/a", partition: 0 }] }, "disks[0].partition", /from 1 to 128/],
    ["a volatile disk that is not the root", { disks: [{ path: "/a" }, { path: "/b", target: "x", volatile: true }] }, "disks[1].volatile", /only the root/],
    ["a size of nothing volatile", { disks: [{ path: "/a", volatileSize: "1MiB" }] }, "disks[0].volatileSize", /needs volatile/],
    ["no room for what is volatile", { disks: [{ path: "/a", volatile: true, volatileSize: 1 }] }, "disks[0].volatileSize", /below 64KiB/],
    ["a volatile root that is written to", { disks: [{ path: "/a", volatile: true, options: ["rw"] }] }, "disks[0].options", /contradicts volatile/],
    ["a mount of the host's root", { lxc: { mounts: [{ source: "/", target: "host" }] } }, "lxc.mounts[0].source", /host's own root/],
    ["a mount of something else", { lxc: { mounts: [{ source: "proc", target: "x" }] } }, "lxc.mounts[0].source", /absolute path of the host .* or tmpfs/],
    ["a mount that makes its place", { lxc: { mounts: [{ source: "/a", target: "x", options: ["create=dir"] }] } }, "lxc.mounts[0].options[0]", /symbolic links/],
    ["a mount that may be missing", { lxc: { mounts: [{ source: "/a", target: "x", options: ["optional"] }] } }, "lxc.mounts[0].options[0]", /must fail the start/],
    ["two options of a mount in one", { lxc: { mounts: [{ source: "/a", target: "x", options: ["ro,create=dir"] }] } }, "lxc.mounts[0].options[0]", /one mount option/],
    ["a mount in the guest's own proc", { lxc: { mounts: [{ source: "/a", target: "proc/sys" }] } }, "lxc.mounts[0].target", /LXC mounts the guest's own proc/],
    ["a disk over the guest's own dev", { disks: [{ path: "/a" }, { path: "/b", target: "dev" }] }, "disks[1].target", /LXC mounts the guest's own proc/],
    ["a tmpfs that is bound", { lxc: { mounts: [{ source: "tmpfs", target: "x", options: ["bind"] }] } }, "lxc.mounts[0].options", /made, not bound/],
    ["an id map that is none", { lxc: { idmap: ["u 0 1"] } }, "lxc.idmap[0]", /a line such as u 0 100000 65536/],
    ["a map of no id", { lxc: { idmap: ["b 0 100000 0"] } }, "lxc.idmap[0]", /maps no id/],
    ["a map beyond the last id", { lxc: { idmap: ["b 0 4294967290 6"] } }, "lxc.idmap[0]", /last id/],
    ["maps that overlap in the guest", { lxc: { idmap: ["b 0 100000 10", "u 9 200000 1"] } }, "lxc.idmap[1]", /"u 9 200000 1" and "b 0 100000 10" overlap in the guest/],
    ["maps that overlap on the host", { lxc: { idmap: ["b 0 100000 10", "g 10 100009 1"] } }, "lxc.idmap[1]", /"g 10 100009 1" and "b 0 100000 10" overlap on the host/],
    ["a map without root", { lxc: { idmap: ["u 0 100000 10", "g 1 100000 10"] } }, "lxc.idmap", /no group 0/],
    ["a mapped root without a map", { lxc: { idmapRoot: "mapped" } }, "lxc.idmapRoot", /needs idmap/],
    ["a seccomp profile without a path", { lxc: { seccomp: "x" } }, "lxc.seccomp", /absolute path of a seccomp profile/]
  ]
  it.each(refused)("refuses %s", (_name, field, path, message) => {
    const problems = problemsIn(withField(field))
    assert.deepStrictEqual(Object.keys(problems), [path])
    assert.match(problems[path] ?? "", message)
  })

  it("refuses the MAC that another nic is given", () => {
    const problems = problemsIn(withField({ nics: [nic, { ...nic, mac: derive(minimal.name, 0) }] }))
    assert.match(problems["nics[1].mac"] ?? "", /is what nics\[0\] gets/)
  })

  it.each([
    "fuse", "fuse.sshfs", "fuseblk", "nfs4", "overlay", "proc", "cgroup2", "none", "../x", "-a", "Ext4", "a b", "", "ext4\n"
  ])("refuses the file system type %j", (fsType) => {
    assert.deepStrictEqual(Object.keys(problemsIn(withField({ disks: [{ path: "/a", fsType }] }))), ["disks[0].fsType"])
  })

  it.each([
    "bind", "rbind", "remount", "move", "loop", "loop=/dev/loop0", "offset=4096", "shared", "rslave", "private", "X-mount.mkdir",
    "x-systemd.automount", "helper=x", "uhelper=udisks2", "user", "a,b", "-o", "", "a b", "a\nb", "commit=\"1\"", "ｎoatime"
  ])("refuses the mount option %j", (option) => {
    assert.deepStrictEqual(Object.keys(problemsIn(withField({ disks: [{ path: "/a", options: [option] }] }))), ["disks[0].options[0]"])
  })

  it.each([
    "lxc.include = /x", "lxc.rootfs.path = dir:/", "lxc.cgroup.dir = x", "lxc.cgroup2.memory.max = max", "lxc.net.1.type = none",
    "lxc.cap.drop = ", "lxc.cap.keep = all", "lxc.idmap = u 0 0 1", "lxc.log.file = /etc/passwd", "lxc.console.logfile = /x",
    "lxc.mount.entry = /a b none bind 0 0", "lxc.namespace.share.net = 1", "lxc.monitor.signal.pdeath = 0", "lxc.execute.cmd = x",
    "lxc.sysctl.kernel.core_pattern = |/x", "lxc.sysctl.net..x = 1", "lxc.proc.../../sys/x = 1", "lxc.proc.sys/kernel = 1",
    "lxc.apparmor.raw = x", "lxc.environment", "lxc.arch =", "lxc.arch = \"a\"", "arch = x86_64", "# lxc.arch = x", "lxc.arch\0 = a", ""
  ])("refuses the extra line %j", (line) => {
    assert.deepStrictEqual(Object.keys(problemsIn(withField({ lxc: { extraConfig: [line] } }))), ["lxc.extraConfig[0]"])
  })

  it.prop("ends with an instance or with named problems, whatever text stands anywhere", [hostileTexts, hostileTexts], ([a, b]) => {
    const spec = {
      name: a, disks: [{ path: b, fsType: a, options: [a] }], nics: [{ mode: a, link: a, mac: b, name: a, addresses: [a], gateway: b }],
      resources: { memory: a, swap: b, cpuMask: a }, [a]: b,
      lxc: { devices: [a], dropCapabilities: [b], haltSignal: a, init: a, environment: { [a]: b }, settle: a, apparmor: b, extraConfig: [a] }
    }
    for (const [path, message] of Object.entries(problemsIn(spec))) {
      assert.notMatch(path + message, /[\p{Cc}\p{Cs}]/u)
    }
  })
})

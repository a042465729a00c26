import { type LxcSettings, readSettings } from "@effect-lxc/test-kit/LxcSettings"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"

const read = (lines: ReadonlyArray<string>, version = "5.0.2") => readSettings(lines.join("\n"), "/c/config", version)
const settings = (...lines: ReadonlyArray<string>): LxcSettings => Result.getOrThrow(read(lines))

/** What LXC says of a line that it does not take; undefined: it takes it. */
const said = (line: string, version?: string) =>
  Result.match(read([line], version), { onFailure: (lines) => lines.map(({ text }) => text), onSuccess: () => undefined })

const isRead = (line: string, version?: string): boolean => said(line, version) === undefined

describe("a key of a configuration", () => {
  const releases = ["1.0.6", "2.0.9", "2.1.0", "3.0.0", "4.0.12", "5.0.2", "6.9.0", "7.0.0"]
  const cases: ReadonlyArray<readonly [line: string, known: string]> = [
    ["lxc.utsname = a", "1.0.6 2.0.9 2.1.0"],
    ["lxc.network.type = veth", "1.0.6 2.0.9 2.1.0"],
    ["lxc.uts.name = a", "2.1.0 3.0.0 4.0.12 5.0.2 6.9.0 7.0.0"],
    ["lxc.net.0.type = veth", "2.1.0 3.0.0 4.0.12 5.0.2 6.9.0 7.0.0"],
    ["lxc.cgroup.memory.limit_in_bytes = 1", "1.0.6 2.0.9 2.1.0 3.0.0 4.0.12 5.0.2 6.9.0"],
    ["lxc.cgroup2.memory.max = 1", "3.0.0 4.0.12 5.0.2 6.9.0 7.0.0"],
    ["lxc.cgroup.dir.container = a", "5.0.2 6.9.0 7.0.0"],
    ["lxc.cgroup.dir.monitor = a", "5.0.2 6.9.0 7.0.0"],
    ["lxc.cgroup.relative = 1", releases.join(" ")],
    ["lxc.mount.entry = a b", releases.join(" ")],
    ["lxc.nonsense = 1", ""],
    ["lxc.utsname.more = a", ""],
    ["lxc.uts.name.more = a", ""],
    ["lxc.cap.drops = kill", ""],
    ["lxc.x.lxc.utsname = a", ""],
    ["lxc.x.lxc.uts.name = a", ""],
    ["lxc.x.lxc.arch = a", ""]
  ]
  for (const [line, known] of cases) {
    it(`of "${line}" is known to ${known === "" ? "no release" : known}`, () => {
      assert.strictEqual(releases.filter((version) => isRead(line, version)).join(" "), known)
    })
  }
})

describe("a line that LXC does not take", () => {
  const rest = (line: string) => [`Failed to parse config file "/c/config" at line "${line}"`, "Failed to create lxc_container"]

  it("is named in what it says, after the reason where it has one", () => {
    const cases: ReadonlyArray<readonly [line: string, ...why: ReadonlyArray<string>]> = [
      ["lxc.cap.drop", "Invalid argument - Invalid configuration line: lxc.cap.drop"],
      ["lxc.nonsense = 1", `Invalid argument - Unsupported config key "lxc.nonsense"`],
      ["lxc.cap.drop = kill nonsense", "Invalid argument - Invalid capability specified"],
      ["lxc.cap.keep = nonsense", "Invalid argument - Invalid capability specified"],
      ["lxc.signal.halt = SIGNONSENSE"],
      ["lxc.console.buffer.size = 64KiB"],
      ["lxc.console.buffer.size = x64KB"],
      [`lxc.uts.name = ${"a".repeat(65)}`]
    ]
    for (const [line, ...why] of cases) assert.deepStrictEqual(said(line), [...why, ...rest(line)])
    assert.isFalse(isRead("lxc.haltsignal = 1x", "2.0.9"))
    assert.isFalse(isRead(`lxc.utsname = ${"a".repeat(65)}`, "2.0.9"))
  })

  it("is none of these", () => {
    const lines = [
      "# a comment", "lxc.cap.drop = kill  chown", "lxc.cap.keep = none", "lxc.signal.halt = SIGPWR", "lxc.console.buffer.size = auto",
      "lxc.console.buffer.size = 64 KB", `lxc.uts.name = ${"a".repeat(64)}`, `lxc.environment = ${"a".repeat(65)}`
    ]
    assert.deepStrictEqual(lines.filter((line) => !isRead(line)), [])
  })
})

describe("a configuration", () => {
  it("that says nothing has LXC's defaults", () => {
    assert.deepStrictEqual(settings(), {
      root: undefined, nics: [], limits: [], payload: undefined, monitor: undefined, init: "/sbin/init", mayReboot: true, diesWithMonitor: true, mounts: []
    })
  })

  it("has what its last line of a key says, a root without dir: and doubled slashes", () => {
    const { diesWithMonitor, init, monitor, payload, root } = settings(
      "lxc.rootfs.path = /no", "lxc.rootfs.path = dir:/a//dir:b/", "lxc.cgroup.dir.container = p", "lxc.cgroup.dir.monitor = m",
      "lxc.init.cmd = /bin/x -y", "lxc.monitor.signal.pdeath = 0"
    )
    assert.deepStrictEqual([root, payload, monitor, init, diesWithMonitor], ["/a/dir:b", "p", "m", "/bin/x -y", false])
    assert.strictEqual(settings("lxc.rootfs.path = /a/dir:b").root, "/a/dir:b")
    const legacy = Result.getOrThrow(read(["lxc.rootfs = /r", "lxc.init_cmd = /i"], "2.0.9"))
    assert.deepStrictEqual([legacy.root, legacy.init], ["/r", "/i"])
  })

  it("has its nics in the order of their numbers, or of their types where LXC numbers them", () => {
    const modern = ["lxc.net.1.type = veth", "lxc.net.1.mtu = 1400", "lxc.net.1.veth.pair = p", "lxc.net.0.link = br0", "lxc.net.0.hwaddr = aa", "lxc.net.0.flags = up"]
    assert.deepStrictEqual(settings(...modern).nics, [{ type: "empty", link: "br0", mac: "aa" }, { type: "veth", pair: "p", mtu: 1_400 }])
    const legacy = ["lxc.network.link = lost", "lxc.network.type = veth", "lxc.network.link = br0", "lxc.network.type = phys", "lxc.network.link = eth1"]
    assert.deepStrictEqual(Result.getOrThrow(read(legacy, "2.0.9")).nics, [{ type: "veth", link: "br0" }, { type: "phys", link: "eth1" }])
  })

  it("has a limit for each file of a cgroup, and none for what says where the cgroup is", () => {
    const lines = ["lxc.cgroup.dir = a", "lxc.cgroup.relative = 1", "lxc.cgroup.cpu.shares = 2", "lxc.cgroup2.memory.max = 1M", "lxc.cgroup2.x.dir = 3"]
    assert.deepStrictEqual(settings(...lines).limits, [
      { version: 1, file: "cpu.shares", value: "2" },
      { version: 2, file: "memory.max", value: "1M" },
      { version: 2, file: "x.dir", value: "3" }
    ])
  })

  it("has its mounts with what fstab(5) escapes, and none for other keys of mounts", () => {
    assert.deepStrictEqual(settings("lxc.mount.auto = proc", "lxc.mount.entry = /a\\040b c\\011 none bind,ro 0 0", "lxc.mount.entry =").mounts, [
      { source: "/a b", target: "c\t", options: ["bind", "ro"] },
      { source: "", target: "", options: [""] }
    ])
  })

  it("lets it reboot unless sys_boot is dropped or not kept", () => {
    const may = (...lines: ReadonlyArray<string>) => settings(...lines).mayReboot
    assert.isTrue(may("lxc.cap.drop = kill"))
    assert.isFalse(may("lxc.cap.drop = kill sys_boot"))
    assert.isTrue(may("lxc.cap.keep = kill sys_boot"))
    assert.isFalse(may("lxc.cap.keep = kill"))
  })
})

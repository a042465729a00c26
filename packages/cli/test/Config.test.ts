import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { makeFakeHost } from "./FakeHost.ts"
import { cli, specText, temporary } from "./Harness.ts"

const { file } = temporary()

const legacy = `lxc.utsname = web1.example.com
lxc.pts = 255
lxc.tty = 6
lxc.rootfs = /x
lxc.cgroup.devices.deny = a
lxc.cgroup.devices.allow = c 1:3 rw
lxc.cgroup.devices.allow = c 1:5 rw
lxc.cgroup.devices.allow = c 1:7 rw
lxc.cgroup.devices.allow = c 1:8 rw
lxc.cgroup.devices.allow = c 1:9 rw
lxc.cgroup.devices.allow = c 1:10 rw
lxc.cgroup.devices.allow = c 5:0 rw
lxc.cgroup.devices.allow = c 5:1 rw
lxc.cgroup.devices.allow = c 5:2 rw
lxc.cgroup.devices.allow = c 136:* rw
# NIC 0
lxc.network.type = veth
lxc.network.link = br0
lxc.network.hwaddr = aa:00:00:12:34:56
lxc.network.flags = up
lxc.cap.drop = mac_override
lxc.cap.drop = sys_boot
lxc.cap.drop = sys_module
lxc.cap.drop = sys_time
`

const target = ["--lxc-version", "1.0", "--cgroup", "v1", "--root-dir", "/x"]

describe("config", () => {
  it.effect("is, for LXC 1.0, the old text byte for byte, and the host is not looked at", () =>
    Effect.gen(function*() {
      const host = makeFakeHost()
      const ran = yield* cli(["config", file("legacy.yaml", specText), ...target], { host })
      assert.deepStrictEqual(ran, { code: 0, out: legacy, err: "" })
      assert.strictEqual(host.looks, 0)
    }))

  it.effect("is for the LXC and the run directory of this host where nothing is said", () =>
    Effect.gen(function*() {
      const ran = yield* cli(["config", "-", "--run-dir", "/r"], { stdin: specText })
      assert.strictEqual(ran.code, 0)
      assert.include(ran.out, "lxc.rootfs.path = dir:/r/containers/web1.example.com/rootfs\n")
      assert.include(ran.out, "lxc.cgroup2.devices.deny = a\n")
    }))

  it.effect("is the same text within JSON with --json", () =>
    Effect.gen(function*() {
      const ran = yield* cli(["--json", "config", "-", ...target], { stdin: specText })
      assert.deepStrictEqual(JSON.parse(ran.out), { config: legacy })
    }))

  it.effect("is refused with exit code 3, naming field and reason, where that LXC cannot carry it out", () =>
    Effect.gen(function*() {
      const spec = `${specText}resources: { memory: 64MiB }\n`
      const ran = yield* cli(["config", "-", "--lxc-version", "2.0", "--cgroup", "v2"], { stdin: spec })
      assert.deepStrictEqual([ran.code, ran.out], [3, ""])
      assert.match(ran.err, /^effect-lxc: there is no configuration for web1\.example\.com:\n {2}.*LXC 2\.0\.0/)
    }))

  it.effect("says how to go on where LXC is not installed", () =>
    Effect.gen(function*() {
      const host = makeFakeHost()
      host.facts = { ...host.facts, lxcVersion: null }
      const ran = yield* cli(["config", "-"], { stdin: specText, host })
      assert.deepStrictEqual([ran.code, ran.out], [3, ""])
      assert.match(ran.err, /LXC is not installed; say with --lxc-version/)
    }))

  it.effect("is bad usage for a release that is none", () =>
    Effect.gen(function*() {
      const ran = yield* cli(["config", "-", "--lxc-version", "new"], { stdin: specText })
      assert.deepStrictEqual([ran.code, ran.out], [2, ""])
      assert.match(ran.err, /--lxc-version: expected a version .*\nsee: effect-lxc config --help\n$/)
    }))
})

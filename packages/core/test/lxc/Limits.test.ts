import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { blkioWeightOf, sharesOf } from "@effect-lxc/core/lxc/Limits"
import { configOf, refusalsOf, target } from "./targets.ts"

const layouts = ["v1", "hybrid", "v2"] as const
const noDevices = { devices: ["a"] }

/** What each release does with limits and with device rules on v1, hybrid and v2: the prefix, or - for a refusal. */
const cells: ReadonlyArray<readonly [string, limits: string, devices: string]> = [
  ["1.0", "lxc.cgroup lxc.cgroup -", "lxc.cgroup lxc.cgroup -"],
  ["2.0", "lxc.cgroup lxc.cgroup -", "lxc.cgroup lxc.cgroup -"],
  ["2.1", "lxc.cgroup lxc.cgroup -", "lxc.cgroup lxc.cgroup -"],
  ["3.0", "lxc.cgroup lxc.cgroup lxc.cgroup2", "lxc.cgroup lxc.cgroup -"],
  ["3.2.1", "lxc.cgroup lxc.cgroup lxc.cgroup2", "lxc.cgroup lxc.cgroup -"],
  ["4.0.0", "lxc.cgroup lxc.cgroup lxc.cgroup2", "lxc.cgroup lxc.cgroup lxc.cgroup2"],
  ["4.0.2", "lxc.cgroup lxc.cgroup lxc.cgroup2", "lxc.cgroup lxc.cgroup lxc.cgroup2"],
  ["4.0.6", "lxc.cgroup lxc.cgroup lxc.cgroup2", "lxc.cgroup lxc.cgroup lxc.cgroup2"],
  ["5.0.2", "lxc.cgroup lxc.cgroup lxc.cgroup2", "lxc.cgroup lxc.cgroup lxc.cgroup2"],
  ["6.0", "lxc.cgroup lxc.cgroup lxc.cgroup2", "lxc.cgroup lxc.cgroup lxc.cgroup2"],
  ["7.0", "- - lxc.cgroup2", "- - lxc.cgroup2"]
]

const cell = (fields: object, version: string): string =>
  layouts.map((layout) => {
    const on = target(version, layout)
    return refusalsOf(fields, on).length > 0
      ? "-"
      : [...new Set(configOf(fields, on).text.match(/lxc\.cgroup2?(?=\.(?:pids|devices)\.)/g))].join("+")
  }).join(" ")

describe("limits and device rules", () => {
  it.each(cells)("with LXC %s are written so that they are in force, or refused", (version, limits, devices) => {
    assert.strictEqual(cell({ lxc: noDevices, resources: { pids: 9 } }, version), limits)
    assert.strictEqual(cell({}, version), devices)
  })

  it("that are refused are each named by their field", () => {
    const fields = refusalsOf({ resources: { memory: "1GiB", vcpus: 1, ioWeight: 5 } }, target("7.0", "hybrid"))
    assert.deepStrictEqual(fields.map(({ code, field }) => `${code} ${field}`), [
      "cgroup-layout resources.memory", "cgroup-layout resources.vcpus", "cgroup-layout resources.ioWeight",
      "cgroup-layout lxc.devices"
    ])
    assert.deepStrictEqual(refusalsOf({}, target("3.0", "v2")).map(({ code, field }) => `${code} ${field}`), ["cgroup-devices lxc.devices"])
    assert.deepStrictEqual(refusalsOf({ lxc: noDevices }, target("2.1", "v2")).map(({ code, field }) => `${code} ${field}`), ["cgroup-layout "])
  })

  const resources = { memory: 268_435_456, swap: "1GiB", vcpus: 2, cpuMask: "0,2", cpuWeight: 200, pids: 64, ioWeight: 100 }

  it("on v1 are written to the files of v1, and read back there", () => {
    const config = configOf({ resources, lxc: noDevices }, target("5.0.2", "hybrid", { ioWeightFile: "blkio.bfq.weight" }))
    assert.deepStrictEqual(config.text.split("\n").filter((line) => line.startsWith("lxc.cgroup.") && !line.includes("dir")), [
      "lxc.cgroup.memory.limit_in_bytes = 268435456", "lxc.cgroup.memory.memsw.limit_in_bytes = 1342177280",
      "lxc.cgroup.cpuset.cpus = 0,2", "lxc.cgroup.cpu.cfs_period_us = 100000", "lxc.cgroup.cpu.cfs_quota_us = 200000",
      "lxc.cgroup.cpu.shares = 2048", "lxc.cgroup.pids.max = 64", "lxc.cgroup.blkio.bfq.weight = 100"
    ])
    assert.deepStrictEqual(config.limits.map(({ controller, file, value }) => `${controller} ${file} ${value}`), [
      "memory memory.limit_in_bytes 268435456", "memory memory.memsw.limit_in_bytes 1342177280", "cpuset cpuset.cpus 0,2",
      "cpu cpu.cfs_period_us 100000", "cpu cpu.cfs_quota_us 200000", "cpu cpu.shares 2048", "pids pids.max 64",
      "blkio blkio.bfq.weight 100"
    ])
  })

  it("on v2 are read back as its files show them", () => {
    assert.deepStrictEqual(
      configOf({ resources }, target("5.0.2", "v2")).limits.map(({ controller, file, value }) => `${controller} ${file} ${value}`),
      [
        "memory memory.max 268435456", "memory memory.swap.max 1073741824", "cpuset cpuset.cpus 0,2", "cpu cpu.max 200000 100000",
        "cpu cpu.weight 200", "pids pids.max 64", "io io.weight default 100"
      ]
    )
  })

  it("are expected of a container exactly where a spec has them", () => {
    assert.deepStrictEqual(configOf({}, target("5.0.2", "v2")).limits, [])
  })

  it("of memory are whole pages, as the kernel counts", () => {
    const { limits, text } = configOf({ resources: { memory: 10_000_000, swap: 1 } }, target("5.0.2", "v1"))
    assert.include(text, "memory.limit_in_bytes = 9998336\n")
    assert.deepStrictEqual(limits.map(({ value }) => value), ["9998336", "9998336"])
  })

  it("that the kernel does not have are refused", () => {
    const refused = (features: object, ioWeight = 100) =>
      refusalsOf({ resources: { memory: "1GiB", swap: 0, ioWeight } }, target("5.0.2", "v1", features)).map(({ field }) => field)
    assert.deepStrictEqual(refused({ swapAccounting: false }), ["resources.swap"])
    assert.deepStrictEqual(refused({ ioWeightFile: null }), ["resources.ioWeight"])
    assert.deepStrictEqual(refused({ ioWeightFile: "io.strange" }), ["resources.ioWeight"])
    assert.deepStrictEqual(refused({ ioWeightFile: "blkio.bfq.weight" }, 1001), ["resources.ioWeight"])
    assert.deepStrictEqual(refused({ swapAccounting: true, ioWeightFile: "blkio.weight" }, 10_000), [])
  })
})

describe("weights", () => {
  const weight = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 10_000 }))

  it("of v2 become v1's in proportion, default for default", () => {
    assert.deepStrictEqual([1, 50, 100, 200, 10_000].map(sharesOf), [10, 512, 1024, 2048, 102_400])
    assert.deepStrictEqual([1, 100, 10_000].map(blkioWeightOf), [10, 20, 1000])
  })

  it.prop("stay in order and within what the kernel takes", [weight, weight], ([a, b]) => {
    const [low, high] = [Math.min(a, b), Math.max(a, b)]
    assert.isTrue(sharesOf(low) <= sharesOf(high) && sharesOf(low) >= 2 && sharesOf(high) <= 262_144)
    assert.isTrue(blkioWeightOf(low) <= blkioWeightOf(high) && blkioWeightOf(low) >= 10 && blkioWeightOf(high) <= 1000)
  })
})

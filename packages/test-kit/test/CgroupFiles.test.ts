import { SimulatedHost, type SimulatedState } from "@effect-lxc/test-kit"
import { applyLimits, countKill, isCount, isMemoryLimited, killsFile, sameLimit, unlimited, unlimitedV1, written } from "@effect-lxc/test-kit/CgroupFiles"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"

const invalid = "Invalid argument"
const missing = "No such file or directory"
/** What a file holds after a write, or the errno. */
const writing = (state: SimulatedState, file: string, value: string, beside: Readonly<Record<string, string>> = {}) =>
  Result.merge(written(state, beside, file, value))

describe("a limit in bytes", () => {
  it("is the same in the same number of pages; what is no number is the same only as itself", () => {
    const same = [["max", "max"], ["9000000", "8998912"], ["4096", "4097"], ["1", "1"]] as const
    const others = [["max", "4096"], ["4096", "max"], ["1", "2"], ["4096", "8192"], ["a4096", "4096"], ["4096a", "4096"], ["4096", "a4096"], ["4096", "4096a"]] as const
    for (const [wanted, found] of same) assert.isTrue(sameLimit(wanted, found), `${wanted} ${found}`)
    for (const [wanted, found] of others) assert.isFalse(sameLimit(wanted, found), `${wanted} ${found}`)
  })

  it("that v1 does not have is the largest number of whole pages that a signed number of 64 bits can count", () => {
    assert.strictEqual(unlimitedV1, String(2n ** 63n - 4_096n))
  })
})

describe("whom the kernel killed for want of memory", () => {
  const layouts = { v2: "memory.events", v1: "memory.oom_control", hybrid: "memory.oom_control" } as const
  const words = { "memory.events": "oom 2\noom_kill 2\n", "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n" } as const
  const groups = { hungry: { "pids.max": "7" }, other: {} }

  it("is counted in the group whose limit it was, where memory is limited, in the words of the layout", () => {
    for (const layout of ["v2", "v1", "hybrid"] as const) {
      const bare = SimulatedHost.state({ layout })
      const state = { ...bare, trees: bare.trees.map((tree) => ({ ...tree, groups })) }
      const file = layouts[layout]
      assert.deepStrictEqual(killsFile(state, 2), { [file]: words[file] })
      const twice = countKill(countKill(state, "hungry"), "hungry")
      assert.deepStrictEqual(twice.trees, state.trees.map((tree) =>
        tree.controllers.includes("memory") ? { ...tree, groups: { ...groups, hungry: { ...groups.hungry, [file]: words[file] } } } : tree))
      assert.deepStrictEqual(countKill(state, "none"), state)
      assert.deepStrictEqual(Object.keys(killsFile(state, 0)).map(isCount), [true])
    }
    assert.deepStrictEqual(["pids.max", "memory.max", "memory.limit_in_bytes"].map(isCount), [false, false, false])
  })

  it("is nobody where no group limits it", () => {
    const limitedTo = (files: Readonly<Record<string, string>>): boolean => {
      const bare = SimulatedHost.state()
      return isMemoryLimited({ ...bare, trees: bare.trees.map((tree) => ({ ...tree, groups: { web1: files } })) }, "web1")
    }
    const unlimitedOnes = [{}, { "memory.max": "max" }, { "memory.limit_in_bytes": unlimitedV1 }]
    assert.deepStrictEqual(unlimitedOnes.map(limitedTo), [false, false, false])
    assert.deepStrictEqual([{ "memory.max": "4096" }, { "memory.limit_in_bytes": "4096" }].map(limitedTo), [true, true])
  })
})

describe("a group in which nothing was limited", () => {
  const shown = (options: Parameters<typeof SimulatedHost.state>[0]) => unlimited(SimulatedHost.state({ cpus: 8, ...options }))

  it("shows what the kernel shows there, by the layout", () => {
    assert.deepStrictEqual(shown({}), {
      "cpuset.cpus": "0-7",
      "pids.max": "max",
      "io.weight": "default 100",
      "memory.max": "max",
      "memory.swap.max": "max",
      "cpu.max": "max 100000",
      "cpu.weight": "100"
    })
    for (const layout of ["v1", "hybrid"] as const) {
      assert.deepStrictEqual(shown({ layout, ioWeightFile: "blkio.bfq.weight" }), {
        "cpuset.cpus": "0-7",
        "pids.max": "max",
        "blkio.bfq.weight": "100",
        "memory.limit_in_bytes": unlimitedV1,
        "memory.memsw.limit_in_bytes": unlimitedV1,
        "cpu.cfs_quota_us": "-1",
        "cpu.cfs_period_us": "100000",
        "cpu.shares": "1024"
      })
    }
  })

  it("has no file for swap where that is not counted, and none for weights where there is no scheduler with them", () => {
    for (const layout of ["v1", "v2"] as const) {
      const files = Object.keys(shown({ layout, swapAccounting: false, ioWeightFile: null }))
      const kept = layout === "v2" ? "memory.max,cpu.max,cpu.weight" : "memory.limit_in_bytes,cpu.cfs_quota_us,cpu.cfs_period_us,cpu.shares"
      assert.strictEqual(files.join(), `cpuset.cpus,pids.max,${kept}`)
    }
  })
})

/** What a file holds after each write: undefined where the kernel says EINVAL. */
const taken: ReadonlyArray<readonly [file: string, value: string, shown: string | undefined]> = [
  ...["memory.max", "memory.high", "memory.swap.max"].flatMap((file) => [
    [file, "max", "max"],
    [file, "-1", undefined],
    [file, "4K", "4096"],
    [file, "5000", "4096"],
    [file, "3m", "3145728"],
    [file, "2G", "2147483648"],
    [file, "x4096", undefined],
    [file, "4096x", undefined],
    [file, "1K5", undefined],
    [file, "1T", undefined],
    [file, "", undefined]
  ] as const),
  ["memory.limit_in_bytes", "-1", unlimitedV1],
  ["memory.limit_in_bytes", "max", undefined],
  ["cpuset.cpus", "3", "3"],
  ["cpuset.cpus", "0-2", "0-2"],
  ["cpuset.cpus", "x", undefined],
  ["cpu.shares", "1", "2"],
  ["cpu.shares", "262144", "262144"],
  ["cpu.shares", "300000", "262144"],
  ["cpu.shares", "0x64", undefined],
  ["cpu.shares", "64x", undefined],
  ["cpu.shares", "x64", undefined],
  ["cpu.cfs_quota_us", "-1", "-1"],
  ["cpu.cfs_quota_us", "999", undefined],
  ["cpu.cfs_quota_us", "1000", "1000"],
  ["cpu.cfs_quota_us", "1000000000000", "1000000000000"],
  ["cpu.cfs_quota_us", "1000000000001", undefined],
  ["cpu.cfs_period_us", "999", undefined],
  ["cpu.cfs_period_us", "1000", "1000"],
  ["cpu.cfs_period_us", "1000000", "1000000"],
  ["cpu.cfs_period_us", "1000001", undefined],
  ["cpu.cfs_period_us", "0x1000", undefined],
  ["cpu.cfs_period_us", "1000.0", undefined],
  ["cpu.max", "max", "max 100000"],
  ["cpu.max", "max 50000", "max 50000"],
  ["cpu.max", "1000", "1000 100000"],
  ["cpu.max", "999", undefined],
  ["cpu.max", "nonsense", undefined],
  ["cpu.max", "x10000", undefined],
  ["cpu.max", "10000x", undefined],
  ["cpu.weight", "0", undefined],
  ["cpu.weight", "1", "1"],
  ["cpu.weight", "10000", "10000"],
  ["cpu.weight", "10001", undefined],
  ["pids.max", "max", "max"],
  ["pids.max", "0", "0"],
  ["pids.max", "4194304", "4194304"],
  ["pids.max", "4194305", undefined],
  ["devices.allow", "a", "a"],
  ["devices.deny", "c 1:* rwm", "c 1:* rwm"],
  ["devices.allow", "c 1:3 rwmx", undefined],
  ["devices.allow", "xc 1:3 rwm", undefined]
]

const weights: ReadonlyArray<readonly [file: string, value: string, shown: string | undefined]> = [
  ["io.weight", "0", undefined],
  ["io.weight", "1", "default 1"],
  ["io.weight", "default 50", "default 50"],
  ["io.weight", "1default 50", undefined],
  ["io.weight", "10000", "default 10000"],
  ["io.weight", "10001", undefined],
  ["io.bfq.weight", "1", "default 1"],
  ["io.bfq.weight", "1000", "default 1000"],
  ["io.bfq.weight", "1001", undefined],
  ...["blkio.weight", "blkio.bfq.weight"].flatMap((file) => [
    [file, "9", undefined],
    [file, "10", "10"],
    [file, "1000", "1000"],
    [file, "1001", undefined],
    [file, "default 50", undefined]
  ] as const)
]

describe("a value that is written", () => {
  it("is in the file as the kernel understands it, or EINVAL", () => {
    const state = SimulatedHost.state({ cpus: 4 })
    for (const [file, value, shown] of taken) assert.strictEqual(writing(state, file, value), shown ?? invalid, `${file} ${value}`)
  })

  it("of a weight is ENOENT but for the file that the host has", () => {
    for (const [file, value, shown] of weights) {
      assert.strictEqual(writing(SimulatedHost.state({ ioWeightFile: file }), file, value), shown ?? invalid, `${file} ${value}`)
      assert.strictEqual(writing(SimulatedHost.state({ ioWeightFile: null }), file, "100"), missing)
    }
  })

  it("of swap is ENOENT where swap is not counted", () => {
    const without = SimulatedHost.state({ swapAccounting: false })
    assert.strictEqual(writing(without, "memory.swap.max", "1M"), missing)
    assert.strictEqual(writing(without, "memory.memsw.limit_in_bytes", "1M", { "memory.limit_in_bytes": "4096" }), missing)
  })

  it("of memory on v1 may be as much as memory and swap, and no more", () => {
    const state = SimulatedHost.state({ layout: "v1" })
    const beside = { "memory.memsw.limit_in_bytes": "8192" }
    assert.strictEqual(writing(state, "memory.limit_in_bytes", "8K", beside), "8192")
    assert.strictEqual(writing(state, "memory.limit_in_bytes", "12K", beside), invalid)
    assert.strictEqual(writing(state, "memory.limit_in_bytes", "12K"), "12288")
  })
})

describe("the limits of a config", () => {
  const limit = (file: string, value: string) => ({ version: 1, file, value }) as const
  const v1 = SimulatedHost.state({ layout: "v1" })

  it("of memory with swap are written after those of memory, however they stand there", () => {
    const applied = applyLimits(v1, [limit("memory.memsw.limit_in_bytes", "8K"), limit("memory.limit_in_bytes", "4K")])
    assert.deepStrictEqual(Result.getOrThrow(applied), new Map([
      ["/sys/fs/cgroup/memory", { "memory.limit_in_bytes": "4096", "memory.memsw.limit_in_bytes": "8192" }]
    ]))
  })

  it("that LXC passes over are not written", () => {
    const ignoring = { ...v1, ignoredLimits: ["pids.max"] }
    assert.strictEqual(Result.getOrThrow(applyLimits(ignoring, [limit("pids.max", "7"), { version: 2, file: "memory.max", value: "4K" }])).size, 0)
  })

  it("of devices are looked for in their own tree on v1, and nothing of them can be read back", () => {
    const rules = [limit("devices.deny", "a"), limit("devices.allow", "c 1:3 rwm")]
    assert.deepStrictEqual(Result.getOrThrow(applyLimits(v1, rules)), new Map([["/sys/fs/cgroup/devices", {}]]))
    const v2 = rules.map((rule) => ({ ...rule, version: 2 }) as const)
    assert.deepStrictEqual(Result.getOrThrow(applyLimits(SimulatedHost.state(), v2)), new Map([["/sys/fs/cgroup", {}]]))
  })

  it("whose controller no tree of v1 has fail in two lines, though the tree of v2 has it", () => {
    const hybrid = SimulatedHost.state({ layout: "hybrid" })
    const moved = hybrid.trees.filter(({ controllers }) => !controllers.includes("pids"))
      .map((tree) => tree.version === 2 ? { ...tree, controllers: ["pids"] } : tree)
    const applied = applyLimits({ ...hybrid, trees: moved }, [limit("pids.max", "7")])
    const texts = Result.isFailure(applied) ? applied.failure.map(({ text }) => text) : []
    assert.strictEqual(texts.length, 2)
    assert.include(texts[0], `for the "pids" controller`)
    assert.strictEqual(texts[1], `No such file or directory - Failed to set "pids.max" to "7"`)
  })
})

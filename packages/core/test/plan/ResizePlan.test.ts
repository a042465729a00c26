import type { HostFacts } from "@effect-lxc/core/host/HostFacts"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { planResize, type ResizeOptions, type Resizing } from "@effect-lxc/core/plan/ResizePlan"
import { renderShell } from "@effect-lxc/core/plan/RenderShell"
import { rollbackOf } from "@effect-lxc/core/plan/Rollback"
import { stillHolds } from "@effect-lxc/core/plan/Staleness"
import { Facts, type HostOptions, type SimulatedState } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { carriedOut, directories, host, instance, startPlan } from "./fixtures.ts"

const MiB = 1024 * 1024
const name = InstanceName.make("web1")

const running = (resources: Readonly<Record<string, unknown>>, options: HostOptions = {}): SimulatedState => {
  const state = host(options)
  return carriedOut(startPlan(instance({ resources }), state), state)
}

const factsOf = (state: SimulatedState) => Facts.factsOf(state, directories)
const plan = (facts: HostFacts, wanted: Resizing, options?: ResizeOptions) =>
  planResize(name, wanted, directories, facts, options)
const stepsOf = (state: SimulatedState, wanted: Resizing, options?: ResizeOptions) =>
  Result.getOrThrow(plan(factsOf(state), wanted, options)).steps
const writes = (state: SimulatedState, wanted: Resizing) =>
  stepsOf(state, wanted).flatMap((step) => step._tag === "SetLimit" ? [`${step.file}: ${step.previous} -> ${step.value}`] : [])
const codes = (facts: HostFacts, wanted: Resizing, options?: ResizeOptions) =>
  Result.match(plan(facts, wanted, options), {
    onFailure: ({ rejections }) => rejections.map((each) => `${each.code} ${each.field}`),
    onSuccess: () => []
  })

describe("on cgroup v1", () => {
  const v1 = { layout: "hybrid" } as const
  const state = running({ memory: "64MiB", swap: "32MiB", vcpus: 1 }, v1)

  it("memory and swap grow before memory does", () => {
    assert.deepStrictEqual(writes(state, { memory: 128 * MiB }), [
      `memory.memsw.limit_in_bytes: ${96 * MiB} -> ${160 * MiB}`,
      `memory.limit_in_bytes: ${64 * MiB} -> ${128 * MiB}`
    ])
  })

  it("and shrink after it", () => {
    assert.deepStrictEqual(writes(state, { memory: 32 * MiB }), [
      `memory.limit_in_bytes: ${64 * MiB} -> ${32 * MiB}`,
      `memory.memsw.limit_in_bytes: ${96 * MiB} -> ${64 * MiB}`
    ])
    assert.deepStrictEqual(writes(state, { memory: 80 * MiB, swap: 0 }), [
      `memory.limit_in_bytes: ${64 * MiB} -> ${80 * MiB}`,
      `memory.memsw.limit_in_bytes: ${96 * MiB} -> ${80 * MiB}`
    ])
  })

  it("in every order the kernel takes each write, and what undoes it", () => {
    for (const wanted of [{ memory: 128 * MiB }, { memory: 8 * MiB }, { memory: 80 * MiB, swap: 0 }, { swap: 512 * MiB }]) {
      const made = Result.getOrThrow(plan(factsOf(state), wanted))
      const after = carriedOut(made, state)
      const undone = carriedOut({ steps: rollbackOf(made.steps, made.directories) }, after)
      assert.deepStrictEqual(factsOf(undone).containers, factsOf(state).containers)
    }
  })

  it("a first limit comes from none at all", () => {
    assert.deepStrictEqual(writes(running({}, v1), { memory: 64 * MiB, swap: 0, vcpus: 0.5, pids: 20 }), [
      `memory.limit_in_bytes: 9223372036854771712 -> ${64 * MiB}`,
      `memory.memsw.limit_in_bytes: 9223372036854771712 -> ${64 * MiB}`,
      "cpu.cfs_period_us: 100000 -> 100000",
      "cpu.cfs_quota_us: -1 -> 50000",
      "pids.max: max -> 20"
    ])
  })
})

describe("on cgroup v2", () => {
  const state = running({ memory: "64MiB" }, { ioWeightFile: "io.weight" })

  it("every limit is written from what it is to what is wanted", () => {
    assert.deepStrictEqual(
      writes(state, { memory: 32 * MiB, swap: 0, cpuMask: [0, 1], vcpus: 2, cpuWeight: 50, pids: 200, ioWeight: 300 }),
      [
        "memory.swap.max: max -> 0",
        "cpuset.cpus: 0-3 -> 0-1",
        "cpu.max: max 100000 -> 200000 100000",
        "cpu.weight: 100 -> 50",
        "pids.max: max -> 200",
        "io.weight: default 100 -> default 300",
        `memory.max: ${64 * MiB} -> ${32 * MiB}`
      ]
    )
  })

  it("below what is used it is refused, for the kernel would kill; unless it is forced", () => {
    const facts = factsOf(state)
    const using = { ...facts, containers: facts.containers.map((each) => ({ ...each, memoryUsage: 40 * MiB })) }
    assert.deepStrictEqual(codes(using, { memory: 32 * MiB }), ["below-usage resources.memory"])
    assert.deepStrictEqual(codes(using, { memory: 40 * MiB }), [])
    assert.deepStrictEqual(codes(using, { memory: 32 * MiB }, { force: true }), [])
  })
})

describe("whatever the layout", () => {
  const state = running({ memory: "64MiB", cpuMask: "0-1" })

  it("the record, the config and what is kept across a boot follow, after the limits", () => {
    const steps = stepsOf(state, { memory: 128 * MiB })
    const files = steps.flatMap((step) => step._tag === "WriteFile" ? [step] : [])
    assert.deepStrictEqual(steps.map((step) => step._tag), ["SetLimit", "WriteFile", "WriteFile", "WriteFile"])
    assert.deepStrictEqual(files.map((step) => step.path), [
      directories.record(name),
      directories.config(name),
      directories.meantToRun(name)
    ])
    for (const each of files) assert.strictEqual(each.previous, state.files[each.path]?.text)
    const after = carriedOut(Result.getOrThrow(plan(factsOf(state), { memory: 128 * MiB })), state)
    assert.strictEqual(factsOf(after).containers[0]?.record?.resources.memory, 128 * MiB)
  })

  it("with less memory it is seen alive afterwards", () => {
    assert.strictEqual(stepsOf(state, { memory: 32 * MiB }).at(-1)?._tag, "ConfirmAlive")
  })

  it("what is not asked for is not touched", () => {
    assert.deepStrictEqual(writes(state, { pids: 10 }), ["pids.max: max -> 10"])
  })

  it("values that do not go together are refused, each named", () => {
    assert.deepStrictEqual(codes(factsOf(state), { vcpus: 1 }), ["resources-invalid resources.vcpus"])
    assert.deepStrictEqual(codes(factsOf(running({})), { swap: MiB }), ["resources-invalid resources.swap"])
    assert.deepStrictEqual(codes(factsOf(running({}, { ioWeightFile: null })), { ioWeight: 10 }), ["io-weight resources.ioWeight"])
  })

  it("a limit whose file is not there, and a container that does not run or has no record, are refused", () => {
    const facts = factsOf(state)
    const changed = (change: object): HostFacts => ({
      ...facts,
      containers: facts.containers.map((each) => ({ ...each, ...change }))
    })
    assert.deepStrictEqual(codes(changed({ limits: [] }), { pids: 5 }), ["limit-not-available resources.pids"])
    assert.deepStrictEqual(codes(changed({ record: null }), { pids: 5 }), ["record-missing name"])
    assert.deepStrictEqual(codes(factsOf(host()), { pids: 5 }), ["not-running name"])
  })

  it("a stored plan is stale once somebody else has changed a limit", () => {
    const stored = Result.getOrThrow(plan(factsOf(state), { pids: 5 }))
    assert.isTrue(Result.isSuccess(stillHolds(stored, directories, factsOf(state))))
    const other = carriedOut(Result.getOrThrow(plan(factsOf(state), { memory: 72 * MiB })), state)
    assert.isTrue(Result.isFailure(stillHolds(stored, directories, factsOf(other))))
  })

  it("where the guest can reboot by itself it is said that this brings the old limits back", () => {
    assert.deepStrictEqual(Result.getOrThrow(plan(factsOf(state), { pids: 5 })).warnings, [])
    assert.match(Result.getOrThrow(plan(factsOf(state), { memory: 2 ** 44 })).warnings.join(), /^resources\.memory: 16777216 MiB is more than/)
    const free = carriedOut(startPlan(instance({ lxc: { dropCapabilities: [] } }), host()), host())
    assert.match(Result.getOrThrow(plan(factsOf(free), { pids: 5 })).warnings.join(), /a reboot from inside or in place brings back/)
  })

  it("the shell rendering writes the same values", () => {
    assert.include(renderShell(Result.getOrThrow(plan(factsOf(state), { pids: 5 }))), "set_limit /run/effect-lxc/containers web1 pids pids.max 5")
  })
})

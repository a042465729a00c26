import { planStart } from "@effect-lxc/core/plan/StartPlan"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Arbitraries, Diff, Facts, Faults, MemoryJournal, Scenario, SimulatedHost, TestKit } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Option, Result } from "effect"
import { directories, failureOf, host, instance, onHost, problemOf } from "./fixtures.ts"

const web1 = instance({ resources: { memory: "64MiB" } })
const plan = Result.getOrThrow(planStart(web1, directories, Facts.factsOf(host(), directories, ["/srv/web1.img"])))
const kinds = ["refuse", "act-then-refuse", "hang", "act-then-hang", "defect"] as const
const everyStep = plan.steps.map((step, index) => ({ index, tag: step._tag }))

/** Lines that a host has now and had not before; what an earlier run had left may be gone. */
const added = (text: string) => text.split("\n").filter((line) => line !== "" && !line.startsWith("- "))

describe.each(everyStep)("a start with a fault at step $index, $tag", ({ index, tag }) => {
  for (const call of ["observe", "apply"] as const) {
    for (const kind of kinds) {
      it.effect(`(${call}: ${kind}) leaves the host as before, and the first failure is the one reported`, () =>
        Effect.gen(function*() {
          const hypervisor = yield* Hypervisor
          const simulated = yield* SimulatedHost
          const error = yield* problemOf(hypervisor.start(web1))
          assert.strictEqual(error.index, index)
          assert.strictEqual(error.step._tag, tag)
          assert.deepStrictEqual(error.residue, [])
          const expected = { "refuse": "SystemCallFailed", "act-then-refuse": "SystemCallFailed", "defect": "Conflict" }
          assert.strictEqual(error.problem._tag, kind in expected ? expected[kind as "refuse"] : "CommandTimedOut")
          assert.strictEqual(Diff.traces(host(), yield* simulated.state, directories), "")
          assert.deepStrictEqual(yield* (yield* MemoryJournal).open, [])
        }).pipe(onHost({ host: host(), faults: [Faults.atIndex(index, kind, { call })] })))
    }
  }

  for (const kind of ["hang", "act-then-hang"] as const) {
    it.effect(`interrupted there (${kind}) leaves the host as before`, () =>
      Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const simulated = yield* SimulatedHost
        const fiber = yield* Effect.forkScoped(hypervisor.start(web1))
        const reached = Effect.map(simulated.record, (record) => record.length > index * 2)
        while (!(yield* reached)) yield* Effect.sleep(1)
        yield* Effect.sleep(30)
        yield* Fiber.interrupt(fiber)
        const exit = yield* Fiber.await(fiber)
        assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
        assert.strictEqual(Diff.traces(host(), yield* simulated.state, directories), "")
        assert.deepStrictEqual(yield* (yield* MemoryJournal).open, [])
      }).pipe(
        Effect.scoped,
        onHost({ host: host(), faults: [Faults.atIndex(index, kind, { call: "apply" })] })
      ))
  }
})

it.effect.prop("a start that is interrupted at any instant leaves the host as before", {
  scenario: Arbitraries.scenario,
  after: Arbitraries.milliseconds(700)
}, ({ after, scenario }) =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const simulated = yield* SimulatedHost
    const before = yield* simulated.state
    const exit = yield* Effect.exit(
      Effect.timeoutOption(hypervisor.start(Scenario.instanceOf(scenario)), after)
    )
    assert.isTrue(Exit.isSuccess(exit))
    if (Exit.isSuccess(exit) && Option.isSome(exit.value)) return
    assert.deepStrictEqual(added(Diff.traces(before, yield* simulated.state, directories)), [])
    assert.deepStrictEqual(yield* (yield* MemoryJournal).open, [])
  }).pipe(onHost({ host: Scenario.hostOf(scenario) })), { arbitrary: { runs: 200 } })

it.effect.prop("whatever fails, what a start leaves is named as residue", {
  scenario: Arbitraries.scenario,
  faults: Arbitraries.faults(3)
}, ({ faults, scenario }) =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const simulated = yield* SimulatedHost
    const before = yield* simulated.state
    const exit = yield* Effect.exit(hypervisor.start(Scenario.instanceOf(scenario)))
    if (Exit.isSuccess(exit)) return
    const error = Option.getOrThrow(Cause.findErrorOption(exit.cause))
    assert.strictEqual(error._tag, "OperationFailed")
    if (error._tag !== "OperationFailed") return
    const left = added(Diff.traces(before, yield* simulated.state, directories))
    if (error.residue.length === 0) assert.deepStrictEqual(left, [])
    const journals = yield* (yield* MemoryJournal).open
    assert.deepStrictEqual(journals, error.residue.length === 0 ? [] : [directories.journal(scenario.name)])
  }).pipe(onHost({ host: Scenario.hostOf(scenario), faults })), { arbitrary: { runs: 400 } })

it.effect("what a rollback cannot undo is residue, with its own cause, and does not hide the first failure", () =>
  Effect.gen(function*() {
    const error = yield* problemOf((yield* Hypervisor).start(web1))
    assert.strictEqual(error.step._tag, "StartContainer")
    assert.deepStrictEqual(error.residue.map(({ step }) => step._tag), ["Unmount", "DetachLoop", "RemoveDirectory"])
    assert.include(error.message, "what was done was undone, but for:")
    assert.include(error.message, "inject")
    assert.deepStrictEqual(yield* (yield* MemoryJournal).open, [directories.journal("web1")])
  }).pipe(onHost({
    host: host(),
    faults: [Faults.atTag("StartContainer", "refuse"), Faults.atTag("Unmount", "refuse")]
  })))

it.effect("what comes about by itself while the rest is undone is no residue", () =>
  Effect.gen(function*() {
    const error = yield* problemOf((yield* Hypervisor).start(web1))
    assert.deepStrictEqual(error.residue, [], "the monitor removes its own cgroup at its end")
    assert.strictEqual(Diff.traces(host(), yield* (yield* SimulatedHost).state, directories), "")
    assert.deepStrictEqual(yield* (yield* MemoryJournal).open, [])
  }).pipe(onHost({
    host: host(),
    faults: [Faults.atTag("ConfirmAlive", "refuse"), Faults.atTag("RemoveCgroups", "refuse")]
  })))

it.effect("after a failed rollback a forced stop finishes it", () =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    yield* failureOf(hypervisor.start(web1))
    yield* hypervisor.stop(web1.name, { force: true })
    assert.strictEqual(Diff.traces(host(), yield* (yield* SimulatedHost).state, directories), "")
  }).pipe(onHost({
    host: host(),
    faults: [Faults.atTag("StartContainer", "act-then-refuse"), Faults.atTag("Unmount", "refuse")]
  })))

describe("a stop with a fault", () => {
  for (const kind of kinds) {
    it.effect(`(${kind}) stops where it fails, at whichever step, and the same command goes on`, () =>
      Effect.gen(function*() {
        for (let index = 0; index < 20; index++) {
          const failed = yield* Effect.gen(function*() {
            const hypervisor = yield* Hypervisor
            const simulated = yield* SimulatedHost
            yield* hypervisor.start(web1)
            const exit = yield* Effect.exit(hypervisor.stop(web1.name))
            const record = yield* simulated.record
            const faulty = record.findIndex(({ call, outcome }, at) =>
              at > plan.steps.length && call === "apply" && outcome !== "acted"
            )
            if (Exit.isFailure(exit)) assert.strictEqual(faulty, record.length - 1, "nothing is tried after the failure")
            const again = yield* hypervisor.stop(web1.name)
            const left = added(Diff.traces(host(), yield* simulated.state, directories))
            assert.deepStrictEqual(left, [])
            if (again.acted > 0) assert.deepStrictEqual(yield* (yield* MemoryJournal).open, [])
            return Exit.isFailure(exit)
          }).pipe(onHost({ host: host(), faults: [Faults.atIndex(plan.steps.length + index, kind)] }))
          if (index === 0) assert.isTrue(failed)
        }
      }))
  }
})

it.effect("an interrupted stop stops there; the same command goes on", () =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const simulated = yield* SimulatedHost
    yield* hypervisor.start(web1)
    const stopping = yield* Effect.forkScoped(hypervisor.stop(web1.name))
    yield* Effect.sleep(1_000)
    yield* Fiber.interrupt(stopping)
    assert.strictEqual((yield* hypervisor.list())[0]?.state, "RUNNING")
    assert.deepStrictEqual(yield* (yield* MemoryJournal).open, [directories.journal("web1")])
    yield* hypervisor.stop(web1.name)
    assert.strictEqual(Diff.traces(host(), yield* simulated.state, directories), "")
  }).pipe(Effect.scoped, onHost({ host: host() })))

it.effect("a program that hangs for ever is seen by the test, and not by whoever waits for it", () =>
  Effect.gen(function*() {
    const exit = yield* Effect.exit(TestKit.runToEnd(Effect.never, { steps: 3 }))
    assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
  }))

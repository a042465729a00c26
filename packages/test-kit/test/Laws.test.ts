import { namedBy, planStart } from "@effect-lxc/core/plan/StartPlan"
import { planStop } from "@effect-lxc/core/plan/StopPlan"
import { Plan, planFrom } from "@effect-lxc/core/plan/Plan"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import type { Instance } from "@effect-lxc/core/model/Instance"
import type { Step } from "@effect-lxc/core/plan/Step"
import { Arbitraries, Laws, Scenario } from "@effect-lxc/test-kit"
import { suite } from "@effect-lxc/test-kit/LawSuite"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Result } from "effect"

const start: Laws.Planner<Instance> = { name: "start", plan: planStart, paths: (instance) => namedBy(instance).paths }

const trials = Arbitrary.map(Arbitraries.scenario, (scenario) => ({
  input: Scenario.instanceOf(scenario),
  host: Scenario.hostOf(scenario),
  from: scenario
}))

/** A planner that makes something else of the plan of a start. */
const changed = (change: (steps: ReadonlyArray<Step>, plan: Plan) => ReadonlyArray<Step>): Laws.Planner<Instance> => ({
  ...start,
  plan: (instance, at, facts) =>
    Result.map(planStart(instance, at, facts), (plan) => {
      const { basis, directories, instance: name, operation, undoFrom, warnings } = plan
      return new Plan({ basis, directories, instance: name, operation, undoFrom, warnings, steps: change(plan.steps, plan) })
    })
})

const broken = (law: Laws.Law, planner: Laws.Planner<Instance>) => Effect.flip(Laws.check(law, planner, trials, { runs: 30 }))

/** Keeps what it was asked last. */
const remembering = () => {
  let asked = 0
  return changed((steps) => steps.map((step) => step._tag === "StartContainer" ? { ...step, timeoutMs: asked++ } : step))
}

const unsorted: Laws.Planner<Instance> = {
  ...start,
  plan: (instance, at, facts) => {
    (facts.mounts as Array<unknown>).reverse() // what a careless planner does, the types notwithstanding
    return planStart(instance, at, facts)
  }
}

const throwing: Laws.Planner<Instance> = {
  ...start,
  plan: (instance, at, facts) => {
    if (instance.nics.length > 0) throw new RangeError("no nics, please")
    return planStart(instance, at, facts)
  }
}

const directory = (path: string): Step => ({ _tag: "MakeDirectory", path: HostPath.make(path), mode: "0700", keep: true })

const breaches: ReadonlyArray<readonly [Laws.Law, what: string, Laws.Planner<Instance>, why: string]> = [
  [Laws.pure, "a planner that counts", remembering(), "two answers"],
  [Laws.pure, "a planner that writes to its facts", unsorted, "with frozen inputs it throws TypeError"],
  [Laws.total, "a planner that throws", throwing, "it throws RangeError: no nics, please"],
  [Laws.wellFormed, "a step that is none", {
    ...start,
    plan: (instance, at, facts) =>
      Result.map(planStart(instance, at, facts), (plan) => planFrom(Object.assign({}, plan, { steps: [{ _tag: "DeleteInterface", name: "a\nb" }] } as const)))
  }, "steps[0].name: expected text"],
  [Laws.confined, "a step that is the host's", changed((steps) => [directory("/etc/extra"), ...steps]), "/etc/extra"],
  [Laws.ordered, "a root that is mounted over what is in it", changed((steps, { directories, instance }) => [
    { _tag: "Mount", source: "tmpfs", target: HostPath.make(`${directories.rootfs(instance)}/mnt`), fsType: "tmpfs", options: [] },
    ...steps
  ]), "would hide"],
  [Laws.minimal, "a step that is there twice, before and after", changed((steps, { directories, instance }) => [
    directory(directories.container(instance)),
    { _tag: "RemoveDirectory", path: HostPath.make(directories.container(instance)), ifEmpty: true },
    ...steps
  ]), "the host ends up the same"],
  [Laws.undone, "a rollback that writes what was never there", changed((steps) =>
    steps.map((step) => step._tag === "WriteFile" ? { ...step, previous: "old" } : step)), "+ file /run/effect-lxc/containers/"],
  [Laws.idempotent, "a start that forgets to start", changed((steps) => steps.slice(0, 3)), "planned again it would still"],
  [Laws.asPlanned, "a step that fails", changed((steps) => steps.filter(({ _tag }) => _tag !== "MakeDirectory")), "ENOENT"]
]

describe("a law is broken by", () => {
  for (const [law, what, planner, why] of breaches) {
    it.effect(`${what}: ${law.name}`, () =>
      Effect.gen(function*() {
        const error = yield* broken(law, planner)
        assert.strictEqual(error.law, law.name)
        assert.include(error.message, why)
        const again = yield* Effect.flip(Laws.check(law, planner, trials, { replay: error.replay }))
        assert.strictEqual(again.input, error.input)
      }))
  }
})

describe("the token of a trial that broke a law", () => {
  it.effect("passes where the planner was mended, and says that it was one trial", () =>
    Effect.gen(function*() {
      const { replay } = yield* broken(Laws.total, throwing)
      assert.deepStrictEqual(yield* Laws.check(Laws.total, start, trials, { replay, runs: 10 }), { law: "total", runs: 1, planned: 1 })
    }))

  it.effect("is nothing to another law, which is tried as without it", () =>
    Effect.gen(function*() {
      const { replay } = yield* broken(Laws.total, throwing)
      assert.strictEqual((yield* Laws.check(Laws.storable, start, trials, { replay, runs: 10 })).runs, 10)
      assert.include((yield* Effect.flip(Laws.check(Laws.pure, unsorted, trials, { replay, runs: 30 }))).why, "it throws TypeError")
    }))
})

describe("what is no token", () => {
  it.effect("is a failure that says so", () =>
    Effect.gen(function*() {
      for (const replay of ["total: garbage", "total: [2]", "total: "]) {
        const error = yield* Effect.flip(Laws.check(Laws.total, start, trials, { replay }))
        assert.include(error.why, `it was not tried: "${replay}" is no token of this law: `)
      }
    }))

  it("or is of none of the laws that are tried is refused before any is", () => {
    assert.throws(() => suite(start, trials, { replay: "totl: [1]" }), /replay: "totl: \[1\]" is the token of none of these laws: pure, total, /)
    assert.throws(() => suite(start, trials, { laws: [Laws.pure], replay: "total: [1]" }), /is the token of none of these laws: pure$/)
  })
})

describe("a law", () => {
  it.effect("shows the simplest trial that breaks it", () =>
    Effect.gen(function*() {
      const error = yield* broken(Laws.total, throwing)
      assert.deepStrictEqual(JSON.parse(error.input), { ...Scenario.simplest, nics: ["bridged"] })
    }))

  it.effect("that met no plan was not tried, and says so", () =>
    Effect.gen(function*() {
      const rejecting: Laws.Planner<Instance> = { ...start, plan: () => Result.fail({ message: "never" }) }
      assert.include((yield* broken(Laws.minimal, rejecting)).message, "it was not tried: each trial was rejected")
    }))

  it.effect("is kept by a start and taken back by its stop, and says how often it was tried", () =>
    Effect.gen(function*() {
      const stop: Laws.Planner<Instance> = { name: "stop", plan: ({ name }, at, facts) => planStop(name, at, facts) }
      const clean = Arbitrary.map(Arbitraries.scenario, (scenario) => ({
        input: Scenario.instanceOf(scenario),
        host: Scenario.cleanHostOf(scenario)
      }))
      assert.deepStrictEqual(yield* Laws.check(Laws.undoneBy(stop), start, clean, { runs: 60 }), { law: "undone by stop", runs: 60, planned: 60 })
      const idle: Laws.Planner<Instance> = { ...stop, plan: ({ name }, at, facts) => Result.map(planStop(name, at, facts), (plan) => {
        const { basis, directories, instance, operation, warnings } = plan
        const steps = plan.steps.slice(0, -1)
        return new Plan({ basis, directories, instance, operation, undoFrom: steps.length, warnings, steps })
      }) }
      const error = yield* Effect.flip(Laws.check(Laws.undoneBy(idle), start, clean, { runs: 1 }))
      assert.include(error.message, "afterwards the host differs:")
    }))

  it.effect("can be asked about one plan, as it came from a file", () =>
    Effect.gen(function*() {
      const host = Scenario.hostOf(Scenario.simplest)
      const instance = Scenario.instanceOf(Scenario.simplest)
      const planned = Laws.planFor(start, { input: instance, host })
      assert.isDefined(planned)
      if (planned === undefined) return
      yield* Laws.checkPlan(planned, host)
      const strange = Laws.planFor(changed((steps) => [...steps, directory("/etc/extra")]), { input: instance, host })
      if (strange !== undefined) assert.strictEqual((yield* Effect.flip(Laws.checkPlan(strange, host))).law, "confined")
    }))
})

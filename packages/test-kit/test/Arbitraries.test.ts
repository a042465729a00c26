import { decodeInstance } from "@effect-lxc/core/model/Instance"
import { planStart } from "@effect-lxc/core/plan/StartPlan"
import { planCleanup, planStop } from "@effect-lxc/core/plan/StopPlan"
import { planReboot } from "@effect-lxc/core/plan/RebootPlan"
import { planResize } from "@effect-lxc/core/plan/ResizePlan"
import { encodePlan } from "@effect-lxc/core/plan/Plan"
import { describe as describeStep } from "@effect-lxc/core/plan/Describe"
import { Arbitraries, Guest, Happening, Laws, Request, Scenario, SimulatedHost, Situation, TestHypervisor, TestKit } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Result } from "effect"
import { directories } from "./steps.ts"

describe("a generated spec", () => {
  it.prop("that is right is accepted", [Arbitraries.writtenSpec], ([spec]) => {
    const decoded = decodeInstance(spec)
    assert.isTrue(Result.isSuccess(decoded), Result.isFailure(decoded) ? decoded.failure.message : "")
  })

  it.prop("that is nearly right is refused for the one field that is wrong", [Arbitraries.nearMiss], ([{ field, spec }]) => {
    const decoded = decodeInstance(spec)
    assert.isTrue(Result.isFailure(decoded), `${field} of ${JSON.stringify(spec)}`)
    if (Result.isFailure(decoded)) assert.deepStrictEqual(decoded.failure.problems.map(({ path }) => path), [field])
  })

  it.prop("with hostile text in it is refused without throwing, or means what it says", [Arbitraries.hostileText], ([text]) => {
    const decoded = decodeInstance({ name: "web1", disks: [{ path: text }], lxc: { init: text } })
    if (Result.isSuccess(decoded)) assert.strictEqual(decoded.success.lxc.init, text)
  })
})

describe("planners are total, whatever the facts:", () => {
  it.prop("each answers with a plan or a rejection", { facts: Arbitraries.anyFacts, instance: Arbitraries.instance }, ({ facts, instance }) => {
    const planners: ReadonlyArray<Laws.Planner<typeof instance>> = [
      { name: "start", plan: planStart },
      { name: "stop", plan: ({ name }, at, given) => planStop(name, at, given) },
      { name: "cleanup", plan: ({ name }, at, given) => planCleanup(name, at, given) },
      { name: "reboot", plan: ({ name }, at, given) => planReboot(name, at, given, { instance }) },
      { name: "resize", plan: ({ name }, at, given) => planResize(name, { pids: 1 }, at, given) }
    ]
    for (const planner of planners) assert.isUndefined(Laws.total.brokenFor(planner, { input: instance, facts }), planner.name)
  }, { arbitrary: { runs: 60 } })

  it.prop("a step of any kind has words", [Arbitraries.anyStep], ([step]) => assert.match(describeStep(step), /^[a-z]/))

  it.prop("and plans that fit a situation are told from each other", [Arbitraries.planIn(Arbitraries.situation)], ([plan]) => {
    assert.include(["start", "stop"], plan.operation)
    assert.isObject(encodePlan(plan))
  }, { arbitrary: { runs: 20 } })
})

describe("shrinking ends at the simplest:", () => {
  const simplestOf = <A>(arbitrary: Arbitrary.Arbitrary<A>, isBad: (value: A) => boolean = () => true) =>
    Effect.map(Arbitrary.checkEffect(arbitrary, (value) => !isBad(value), { seed: 7 }), (result) => {
      assert.strictEqual(result._tag, "Falsified")
      return result._tag === "Falsified" ? result.shrunkInput : undefined
    })

  it.effect("a scenario, also where one of its fields matters", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* simplestOf(Arbitraries.scenario), Scenario.simplest)
      assert.deepStrictEqual(yield* simplestOf(Arbitraries.scenario, ({ memory }) => memory === "64MiB"), { ...Scenario.simplest, memory: "64MiB" })
    }))

  it.effect("a situation", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* simplestOf(Arbitraries.situation), Situation.simplest)
      const frozen = yield* simplestOf(Arbitraries.situation, ({ fares }) => fares === "frozen")
      assert.deepStrictEqual(frozen, { ...Situation.simplest, fares: "frozen" })
    }))

  it.effect("a spec, to a short name and one disk", () =>
    Effect.gen(function*() {
      const spec = yield* simplestOf(Arbitraries.writtenSpec)
      assert.deepStrictEqual(Object.keys(spec ?? {}).sort(), ["disks", "name"])
      assert.isBelow(JSON.stringify(spec).length, 50)
    }))

  it.effect("hostile text, to what makes it hostile", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* simplestOf(Arbitraries.hostileText, (text) => text.includes("\0")), "\0")
      assert.strictEqual(yield* simplestOf(Arbitraries.hostileText), "")
    }))

  it.effect("a sequence, to its one occasion", () =>
    Effect.gen(function*() {
      const killed = yield* simplestOf(Arbitraries.sequence(6), (all) => all.some((each) => each._tag === "Happened"))
      assert.deepStrictEqual(killed?.map((each) => each._tag), ["Happened"])
      assert.deepStrictEqual(yield* simplestOf(Arbitraries.sequence(6)), [])
    }))
})

it.effect.prop("whatever is asked and whatever happens, a hypervisor answers, and a forced stop leaves nothing", [Arbitraries.sequence(6)], ([all]) =>
  Effect.gen(function*() {
    const simulated = yield* SimulatedHost
    for (const each of all) {
      if (each._tag === "Happened") yield* simulated.update(Happening.befall(each.happening))
      else assert.notStrictEqual((yield* Request.ask(each.request))._tag, "Defect")
    }
    const killed = yield* Request.ask({ _tag: "Kill", name: Scenario.instanceOf(Scenario.simplest).name })
    assert.strictEqual(killed._tag, "Done", JSON.stringify(killed))
  }).pipe(
    Effect.provide(TestHypervisor.layer({ directories, host: SimulatedHost.state({ images: { "/srv/web1.img": Guest.obedient() } }) })),
    TestKit.runToEnd
  ), { arbitrary: { runs: 60 } })

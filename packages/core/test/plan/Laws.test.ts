import { planKill, planCleanup, planStop, type StopOptions } from "@effect-lxc/core/plan/StopPlan"
import { planStart, namedBy } from "@effect-lxc/core/plan/StartPlan"
import { planFreeze, planThaw } from "@effect-lxc/core/plan/FreezePlan"
import { planPowercycle } from "@effect-lxc/core/plan/PowercyclePlan"
import { planReboot, planRebootInPlace } from "@effect-lxc/core/plan/RebootPlan"
import { planResize, type Resizing } from "@effect-lxc/core/plan/ResizePlan"
import { decodeInstance, type Instance } from "@effect-lxc/core/model/Instance"
import type { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { Arbitraries, Laws, Scenario, Situation } from "@effect-lxc/test-kit"
import { suite } from "@effect-lxc/test-kit/LawSuite"
import { Arbitrary, Result } from "effect"
import { carriedOut, startPlan } from "./fixtures.ts"

interface Named {
  readonly instance: Instance
  readonly name: InstanceName
  readonly force: boolean
}

const startPlanner: Laws.Planner<Instance> = {
  name: "planStart",
  plan: planStart,
  paths: (instance) => namedBy(instance).paths
}

const starts = Arbitrary.map(Arbitraries.scenario, (scenario) => ({
  input: Scenario.instanceOf(scenario),
  host: Scenario.hostOf(scenario),
  from: scenario
}))

const trialOf = (situation: Situation.Situation): Laws.Trial<Named> => {
  const instance = Scenario.instanceOf(situation.scenario)
  return {
    input: { instance, name: instance.name, force: situation.scenario.readOnly },
    host: Situation.hostOf(situation),
    from: situation
  }
}

const situations = Arbitrary.map(Arbitraries.situation, trialOf)

/** Of what is asked for something that runs a law must meet some. */
const running = Arbitrary.map(Arbitraries.situation, ({ fares, scenario }) =>
  trialOf({ scenario: { ...scenario, bootable: true }, fares: fares === "frozen" || fares === "sub-mount" ? fares : "running" }))

/** A planner of something that a spec was started from. */
const named = (name: string, plan: Laws.Planner<Named>["plan"]): Laws.Planner<Named> => ({
  name,
  plan,
  paths: ({ instance }) => namedBy(instance).paths
})

const options = (force: boolean): StopOptions => force ? { force, timeoutMs: 500 } : {}
const wanted: Resizing = { memory: 128 * 1024 * 1024, pids: 50 }
const runs = 15
const again = { idempotent: "who asks twice gets it twice" }

const stopPlanner = named("planStop", ({ force, name }, at, facts) => planStop(name, at, facts, options(force)))

/** Another instance runs on the same host, and something of an earlier run of this one may be left. */
const besideAnother = Arbitrary.map(Arbitraries.scenario, (scenario) => {
  const other = Result.getOrThrow(decodeInstance({ name: "web", disks: [{ path: Scenario.dataPath }] }))
  const alone = { ...scenario, data: false }
  const host = Scenario.hostOf(alone)
  return { input: Scenario.instanceOf(alone), host: carriedOut(startPlan(other, host), host), from: alone }
})

const stopAgain: Laws.Planner<Instance> = { name: "planStop", plan: ({ name }, at, facts) => planStop(name, at, facts) }

suite(startPlanner, starts, { runs: 20 })
suite(startPlanner, besideAnother, { runs: 40, laws: [Laws.undoneBy(stopAgain)] })
suite(stopPlanner, situations, { runs })
suite(named("planKill", ({ name }, at, facts) => planKill(name, at, facts)), situations, { runs })
suite(named("planCleanup", ({ name }, at, facts) => planCleanup(name, at, facts)), situations, { runs })
suite(named("planFreeze", ({ name }, at, facts) => planFreeze(name, at, facts)), running, { runs })
suite(named("planThaw", ({ name }, at, facts) => planThaw(name, at, facts)), running, { runs })
suite(named("planResize", ({ force, name }, at, facts) => planResize(name, wanted, at, facts, { force })), running, { runs })
suite(named("planReboot", ({ force, name }, at, facts) => planReboot(name, at, facts, options(force))), situations, {
  runs,
  except: { ...again, minimal: "what a stop removes a start makes again" }
})
suite(named("planRebootInPlace", ({ name }, at, facts) => planRebootInPlace(name, at, facts)), running, {
  runs,
  except: { ...again, minimal: "only times and pids tell that the first process is another" }
})
suite(named("planPowercycle", (_, at, facts) => Result.succeed(planPowercycle(at, facts))), situations, { runs, except: again })

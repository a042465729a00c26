/**
 * How an instance fares on its host, in a few words: what planners for something that runs are tried on.
 *
 * @since 0.1.0
 */
import { defaultDirectories } from "@effect-lxc/core/host/Directories"
import { namedBy, planStart } from "@effect-lxc/core/plan/StartPlan"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { carryOut } from "./CarryOut.ts"
import { factsOf } from "./Facts.ts"
import * as Incidents from "./Incidents.ts"
import { hostOf as beforeStart, instanceOf, Scenario, simplest as simplestScenario } from "./Scenario.ts"
import type { SimulatedState } from "./SimulatedState.ts"

/**
 * A scenario, and what became of its instance: it was `stopped` or never started, it runs, or something happened to it.
 *
 * @since 0.1.0
 * @category models
 */
export const Situation = Schema.Struct({
  scenario: Scenario,
  fares: Schema.Literals([
    "running",
    "stopped",
    "frozen",
    "monitor-killed",
    "monitor-stopped",
    "orphaned",
    "init-killed",
    "sub-mount",
    "power-failure"
  ])
})

/**
 * @since 0.1.0
 * @category models
 */
export type Situation = typeof Situation.Type

/**
 * The simplest scenario, running.
 *
 * @since 0.1.0
 * @category constants
 */
export const simplest: Situation = { scenario: simplestScenario, fares: "running" }

const started = (scenario: Scenario): SimulatedState => {
  const instance = instanceOf(scenario)
  const host = beforeStart(scenario)
  const plan = planStart(instance, defaultDirectories, factsOf(host, defaultDirectories, namedBy(instance).paths))
  return carryOut(Result.getOrThrow(plan).steps, host).state
}

const incidentFor = ({ fares, scenario: { name } }: Situation): Incidents.Incident => {
  switch (fares) {
    case "running":
    case "stopped":
      return (state) => state
    case "frozen":
      return Incidents.freeze(name)
    case "monitor-killed":
      return Incidents.killMonitor(name)
    case "monitor-stopped":
      return Incidents.stopMonitor(name)
    case "orphaned":
      return Incidents.orphan(name)
    case "init-killed":
      return Incidents.killInit(name)
    case "sub-mount":
      return Incidents.mountOn(`${defaultDirectories.rootfs(name)}/mnt`)
    case "power-failure":
      return Incidents.reboot("5a1d1b2e-0000-4000-8000-000000000002")
  }
}

/**
 * The host of a situation.
 *
 * @since 0.1.0
 * @category constructors
 */
export const hostOf = (situation: Situation): SimulatedState =>
  situation.fares === "stopped" ? beforeStart(situation.scenario) : incidentFor(situation)(started(situation.scenario))

import { defaultDirectories } from "@effect-lxc/core/host/Directories"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import type { Instance } from "@effect-lxc/core/model/Instance"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { checkpointPaths, planCheckpoint, planRestore } from "@effect-lxc/core/plan/CheckpointPlan"
import { decodeExportHead, type Exported, exportHead } from "@effect-lxc/core/plan/ExportFormat"
import { exportPaths, planExport } from "@effect-lxc/core/plan/ExportPlan"
import { importPaths, planImport } from "@effect-lxc/core/plan/ImportPlan"
import type { JournalEntry } from "@effect-lxc/core/plan/JournalEntry"
import type { Plan } from "@effect-lxc/core/plan/Plan"
import { planRecover } from "@effect-lxc/core/plan/RecoverPlan"
import { namedBy } from "@effect-lxc/core/plan/StartPlan"
import { Arbitraries, carryOut, Facts, type Laws, Scenario, type SimulatedState, Situation } from "@effect-lxc/test-kit"
import { suite } from "@effect-lxc/test-kit/LawSuite"
import { advance } from "@effect-lxc/test-kit/Lifecycle"
import { Arbitrary, Result, Schema } from "effect"
import { carriedOut, startPlan } from "./fixtures.ts"

const archive = HostPath.make("/srv/images/one.export")
const kept = HostPath.make("/srv/images/kept")
const runs = 15

interface Asked {
  readonly instance: Instance
  /** To stop it first, or with it. */
  readonly stop: boolean
}

const trialOf = (situation: Situation.Situation): Laws.Trial<Asked> => ({
  input: { instance: Scenario.instanceOf(situation.scenario), stop: situation.scenario.readOnly },
  host: Situation.hostOf(situation),
  from: situation
})

const factsWith = (state: SimulatedState, paths: ReadonlyArray<string>) => Facts.factsOf(state, defaultDirectories, paths)

const exportPlanner: Laws.Planner<Asked> = {
  name: "planExport",
  plan: ({ instance }, at, facts) => planExport(instance.name, archive, at, facts, { instance, stop: true }),
  paths: ({ instance }) => exportPaths(instance.name, instance, archive, defaultDirectories)
}

suite(exportPlanner, Arbitrary.map(Arbitraries.situation, trialOf), { runs })

interface Imported {
  readonly exported: Exported
  readonly start: boolean
}

/** With the export of an instance on it, which is stopped. */
const importTrial = (scenario: Scenario.Scenario): Laws.Trial<Imported> => {
  const disk = scenario.disk === "device" ? "image" : scenario.disk
  const ready = { ...scenario, disk }
  const instance = Scenario.instanceOf(ready)
  const before = Scenario.hostOf({ ...ready, residue: [] })
  const plan = planExport(instance.name, archive, defaultDirectories, factsWith(before, exportPaths(instance.name, instance, archive, defaultDirectories)), { instance })
  return {
    input: {
      exported: Result.getOrThrow(decodeExportHead(exportHead(instance, disk), archive)),
      start: scenario.readOnly
    },
    host: carriedOut(Result.getOrThrow(plan), before),
    from: ready
  }
}

const asAnother = (start: boolean) => ({ name: InstanceName.make("web2"), start })

const importPlanner: Laws.Planner<Imported> = {
  name: "planImport",
  plan: ({ exported, start }, at, facts) => planImport(exported, archive, at, facts, asAnother(start)),
  paths: ({ exported, start }) => importPaths(exported, archive, defaultDirectories, asAnother(start))
}

suite(importPlanner, Arbitrary.map(Arbitraries.scenario, importTrial), { runs })

const checkpointPlanner: Laws.Planner<Asked> = {
  name: "planCheckpoint",
  plan: ({ instance, stop }, at, facts) => planCheckpoint(instance.name, kept, at, facts, { stop }),
  paths: () => checkpointPaths(kept)
}

/** As CRIU wants it, on an LXC that knows CRIU. */
const dumpable = (scenario: Scenario.Scenario): Laws.Trial<Asked> =>
  trialOf({ scenario: { ...scenario, quiet: true, lxc: scenario.lxc === "oldest" ? "4" : scenario.lxc }, fares: "running" })

suite(checkpointPlanner, Arbitrary.map(Arbitraries.scenario, dumpable), { runs })

/** A second after it ended with its checkpoint. */
const ended = (scenario: Scenario.Scenario): Laws.Trial<Asked> => {
  const trial = dumpable(scenario)
  const { instance } = trial.input
  const plan = planCheckpoint(instance.name, kept, defaultDirectories, factsWith(trial.host, checkpointPaths(kept)), { stop: true })
  const ending = carriedOut(Result.getOrThrow(plan), trial.host)
  return { ...trial, host: advance(ending, ending.now + 1_000) }
}

const restorePlanner: Laws.Planner<Asked> = {
  name: "planRestore",
  plan: ({ instance }, at, facts) => planRestore(instance, kept, at, facts),
  paths: ({ instance }) => [...namedBy(instance).paths, ...checkpointPaths(kept)]
}

suite(restorePlanner, Arbitrary.map(Arbitraries.scenario, ended), { runs })

interface Broken {
  readonly name: InstanceName
  readonly entries: ReadonlyArray<JournalEntry>
}

const entriesOf = (plan: Plan, count: number): ReadonlyArray<JournalEntry> => [
  { _tag: "Begun", operation: plan.operation, instance: plan.instance, at: "2026-01-01T00:00:00.000Z", bootId: plan.basis.bootId },
  ...plan.steps.slice(0, count).map((step, index) => ({ _tag: "Intent", step, undo: index >= plan.undoFrom } as const))
]

/** The start of a scenario, broken off within the step of that number: it had acted, and nobody wrote that down. */
const brokenOff = ({ at, scenario }: { readonly at: number; readonly scenario: Scenario.Scenario }): Laws.Trial<Broken> => {
  const instance = Scenario.instanceOf(scenario)
  const host = Scenario.hostOf(scenario)
  const plan = startPlan(instance, host)
  return {
    input: { name: instance.name, entries: entriesOf(plan, at) },
    host: carryOut(plan.steps.slice(0, at), host).state,
    from: { at, scenario }
  }
}

const recoverPlanner: Laws.Planner<Broken> = {
  name: "planRecover",
  plan: ({ entries, name }, at, facts) => planRecover(name, entries, at, facts)
}

const crashes = Arbitrary.map(
  Arbitrary.all({ at: Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 20 }))), scenario: Arbitraries.scenario }),
  brokenOff
)

suite(recoverPlanner, crashes, {
  runs,
  except: { minimal: "it takes away what LXC would take away by itself, if it lives to do so" }
})

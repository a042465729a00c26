/**
 * The hosts that cases start from, made by the library itself.
 *
 * @since 0.1.0
 */
import { defaultDirectories } from "@effect-lxc/core/host/Directories"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { decodeInstance } from "@effect-lxc/core/model/Instance"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Faults from "../Faults.ts"
import { makeDirectories } from "../FileTree.ts"
import * as Guests from "../Guest.ts"
import * as Incidents from "../Incidents.ts"
import type { JournalFiles } from "../MemoryJournal.ts"
import { cleanHostOf, hostOf, instanceOf } from "../Scenario.ts"
import { simulate } from "../Simulation.ts"
import type { SimulatedState } from "../SimulatedState.ts"
import { makeWorld, type World } from "../World.ts"
import { places } from "./Belonging.ts"
import type { Case } from "./Case.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface StartingState {
  readonly host: SimulatedState
  readonly journals: JournalFiles
}

type Subject = Pick<Case, "scenario" | "starting" | "neighbour">

/**
 * The other instance: its name begins as the instance's does, or the other way round.
 *
 * @since 0.1.0
 * @category queries
 */
export const neighbourOf = ({ scenario }: Pick<Case, "scenario">): InstanceName =>
  InstanceName.make(scenario.name === "web10" ? "web1" : "web10")

const neighbourRoot = "/srv/roots/neighbour"

const withPlaces = (state: SimulatedState): SimulatedState => {
  const made = [...Object.values(places), neighbourRoot].reduce((before, path) => makeDirectories(before, path), state)
  return { ...made, images: { ...made.images, [neighbourRoot]: Guests.obedient() } }
}

/**
 * The host of a case on which nothing was done yet, nor left.
 *
 * @since 0.1.0
 * @category constructors
 */
export const untouched = ({ scenario }: Pick<Case, "scenario">): SimulatedState => withPlaces(cleanHostOf(scenario))

const hypervise = <A, E>(body: (hypervisor: Hypervisor["Service"]) => Effect.Effect<A, E>) => Effect.flatMap(Hypervisor, body)

const befalls = (world: World["Service"], incident: Incidents.Incident) => Effect.andThen(world.update(incident), Effect.sleep(1_500))

const bring = Effect.fnUntraced(function*(world: World["Service"], { scenario, starting }: Subject) {
  const name = InstanceName.make(scenario.name)
  const process = yield* world.process()
  const start = process.run(hypervise((hypervisor) => hypervisor.start(instanceOf(scenario))))
  const crashing = (nth: number) => world.process({ faults: [Faults.atJournal("append", "crash", { nth })] })
  if (starting._tag === "Clean") return
  if (starting._tag === "CrashedStart") {
    const dying = yield* crashing(starting.nth)
    yield* Effect.ignore(dying.run(hypervise((hypervisor) => hypervisor.start(instanceOf(scenario)))))
    return
  }
  yield* start
  switch (starting._tag) {
    case "Running":
      return
    case "Frozen":
      return yield* Effect.asVoid(process.run(hypervise((hypervisor) => hypervisor.freeze(name))))
    case "Orphaned":
      return yield* befalls(world, Incidents.orphan(name))
    case "MonitorKilled":
      return yield* befalls(world, Incidents.killMonitor(name))
    case "MonitorStopped":
      return yield* befalls(world, Incidents.stopMonitor(name))
    case "InitKilled":
      return yield* befalls(world, Incidents.killInit(name))
    case "Booted":
      return yield* befalls(world, Incidents.reboot("5a1d1b2e-0000-4000-8000-000000000002"))
    case "Exported": {
      const archive = HostPath.make(`${places.exports}/${name}.tar`)
      // What is on a device is refused: then it runs, and there is no export.
      yield* Effect.ignore(process.run(hypervise((hypervisor) => hypervisor.export(name, archive, { stop: true }))))
      return
    }
    case "Checkpointed": {
      const directory = HostPath.make(`${places.checkpoints}/${name}`)
      // With terminals of LXC's it goes on running.
      yield* Effect.ignore(process.run(hypervise((hypervisor) => hypervisor.checkpoint(name, directory, { stop: true }))))
      return
    }
    case "CrashedKill": {
      const dying = yield* crashing(starting.nth)
      yield* Effect.ignore(dying.run(hypervise((hypervisor) => hypervisor.kill(name))))
    }
  }
})

const startNeighbour = Effect.fnUntraced(function*(world: World["Service"], subject: Subject) {
  const name = neighbourOf(subject)
  const instance = Result.getOrThrow(decodeInstance({ name, disks: [{ path: neighbourRoot }] }))
  yield* (yield* world.process()).run(hypervise((hypervisor) => hypervisor.start(instance)))
})

const make = (subject: Subject): StartingState => {
  const exit = simulate(
    Effect.gen(function*() {
      const world = yield* makeWorld({ host: withPlaces(hostOf(subject.scenario)) })
      if (subject.neighbour) yield* startNeighbour(world, subject)
      yield* bring(world, subject)
      yield* Effect.sleep(2_000)
      return { host: yield* world.state, journals: world.journals }
    }),
    { seed: 0, stride: 1_000_000 }
  )
  if (exit === "stuck" || exit === "endless") throw new Error(`a starting state is ${exit}: ${JSON.stringify(subject)}`)
  if (Exit.isFailure(exit)) throw new Error(`a starting state cannot be made: ${Cause.pretty(exit.cause)} ${JSON.stringify(subject)}`)
  return exit.value
}

const known = new Map<string, StartingState>()

/**
 * The host of a case, and what is in its journals. Equal cases get the same one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const startingStateOf = ({ neighbour, scenario, starting }: Case): StartingState => {
  const key = JSON.stringify({ neighbour, scenario, starting })
  const found = known.get(key) ?? make({ neighbour, scenario, starting })
  known.set(key, found)
  return found
}

/**
 * The directories of every case.
 *
 * @since 0.1.0
 * @category constants
 */
export const directories = defaultDirectories

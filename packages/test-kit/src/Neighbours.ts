/**
 * Other instances on the host of a scenario, as a shared host has them: with disks of their own or with the very same.
 *
 * @since 0.1.0
 */
import { defaultDirectories } from "@effect-lxc/core/host/Directories"
import { decodeInstance, type Instance } from "@effect-lxc/core/model/Instance"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { namedBy, planStart } from "@effect-lxc/core/plan/StartPlan"
import { planStop } from "@effect-lxc/core/plan/StopPlan"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { carryOut } from "./CarryOut.ts"
import { factsOf } from "./Facts.ts"
import * as Guests from "./Guest.ts"
import * as Incidents from "./Incidents.ts"
import { dataPath, diskPath } from "./Scenario.ts"
import type { SimulatedState } from "./SimulatedState.ts"

const names = ["web1-2", "web10", "web1-1", "app1"] as const

/**
 * An instance beside that of a scenario, by what its disk is and what became of it. `linked` is by a symbolic link the image
 * that scenarios have; a `part` is one of a disk that all share, a `linked-part` one of that by a symbolic link.
 *
 * @since 0.1.0
 * @category models
 */
export const Neighbour = Schema.Struct({
  name: Schema.Literals(names),
  disk: Schema.Literals(["own", "image", "device", "directory", "data", "linked", "part", "linked-part", "shared"]),
  nics: Schema.Literals([0, 2]),
  fares: Schema.Literals(["running", "stopped", "frozen", "monitor-killed", "monitor-stopped", "orphaned", "init-killed", "record-lost"])
})

/**
 * @since 0.1.0
 * @category models
 */
export type Neighbour = typeof Neighbour.Type

/**
 * A disk with two partitions, which neighbours may have.
 *
 * @since 0.1.0
 * @category constants
 */
export const sharedDisk = "/srv/images/shared.img"
const linkedDisk = "/srv/images/linked.img"
const linkedShared = "/srv/images/linked-shared.img"

const diskOf = ({ disk, name }: Neighbour) => {
  switch (disk) {
    case "own":
      return { path: `/srv/images/${name}.img` }
    case "data":
      return { path: dataPath }
    case "linked":
      return { path: linkedDisk }
    case "part":
    case "linked-part":
      return { path: disk === "part" ? sharedDisk : linkedShared, partition: 1 + names.indexOf(name) % 2 }
    case "shared":
      return { path: sharedDisk }
    default:
      return { path: diskPath[disk] }
  }
}

const instanceOf = (neighbour: Neighbour): Instance =>
  Result.getOrThrow(decodeInstance({
    name: neighbour.name,
    disks: [diskOf(neighbour)],
    nics: Array.from({ length: neighbour.nics }, () => ({ link: "br0" }))
  }))

const mebibyte = 1024 * 1024

/** What disks the host must have for them. */
const withDisks = (state: SimulatedState): SimulatedState => {
  const parts = [1, 17].map((start, index) => ({ number: index + 1, start: start * mebibyte, size: 16 * mebibyte }))
  const files = [sharedDisk, ...names.map((name) => `/srv/images/${name}.img`)]
  const images = [...files, ...parts.map(({ start }) => `${sharedDisk}@${start}`)]
  return files.reduce<SimulatedState>((host, file) => Incidents.putFile(file)(host), {
    ...state,
    images: { ...Object.fromEntries(images.map((each) => [each, Guests.obedient()])), ...state.images },
    partitions: { ...state.partitions, [sharedDisk]: parts },
    links: { ...state.links, [linkedDisk]: diskPath.image, [linkedShared]: sharedDisk }
  })
}

const becomes = ({ fares, name }: Neighbour, state: SimulatedState): SimulatedState => {
  switch (fares) {
    case "running":
      return state
    case "stopped": {
      const stop = planStop(InstanceName.make(name), defaultDirectories, factsOf(state, defaultDirectories), { force: true, timeoutMs: 500 })
      return carryOut(Result.getOrThrow(stop).steps, state).state
    }
    case "frozen":
      return Incidents.freeze(name)(state)
    case "monitor-killed":
      return Incidents.killMonitor(name)(state)
    case "monitor-stopped":
      return Incidents.stopMonitor(name)(state)
    case "orphaned":
      return Incidents.orphan(name)(state)
    case "init-killed":
      return Incidents.killInit(name)(state)
    case "record-lost":
      return Incidents.removePath(defaultDirectories.record(name))(state)
  }
}

/**
 * The host with these on it, one started after the other; one that cannot be, since its disk is taken, is left out.
 *
 * @since 0.1.0
 * @category constructors
 */
export const withNeighbours = (neighbours: ReadonlyArray<Neighbour>, host: SimulatedState): SimulatedState =>
  neighbours.reduce<SimulatedState>((state, neighbour) => {
    const instance = instanceOf(neighbour)
    const known = factsOf(state, defaultDirectories, namedBy(instance).paths)
    if (known.containers.some((each) => each.name === instance.name)) return state
    const plan = planStart(instance, defaultDirectories, known)
    return Result.isFailure(plan) ? state : becomes(neighbour, carryOut(plan.success.steps, state).state)
  }, withDisks(host))

/**
 * What can be observed of a simulated host: the same facts as of a real one.
 *
 * @since 0.1.0
 */
import { type Cgroups, layoutOf } from "@effect-lxc/core/host/CgroupLayout"
import type { ContainerUsage } from "@effect-lxc/core/host/ContainerUsage"
import type { Directories } from "@effect-lxc/core/host/Directories"
import type { CgroupDirectory, ContainerFacts, HostFacts, PathFacts } from "@effect-lxc/core/host/HostFacts"
import { isAlive, type ProcessStat } from "@effect-lxc/core/host/ProcessStat"
import { count, parseKernel } from "@effect-lxc/core/model/CpuSet"
import { decodeInstance, type Instance } from "@effect-lxc/core/model/Instance"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { namesIn, nodeAt, realPath } from "./FileTree.ts"
import { containerNamed, processesIn, processOf } from "./Process.ts"
import type { SimulatedContainer, SimulatedState } from "./SimulatedState.ts"

const isInstanceName = Schema.is(InstanceName)

const statOf = (state: SimulatedState, pid: number | null): ProcessStat | null => {
  const process = processOf(state, pid)
  return process === undefined ? null : { pid: process.pid, startTime: process.startTime, state: process.state }
}

/** What the cgroups of the host are. */
const cgroupsOf = (state: SimulatedState): Cgroups => {
  const hierarchies = state.trees.map(({ controllers, mountPoint, version }) => ({ mountPoint, version, controllers }))
  return {
    layout: layoutOf(hierarchies) ?? "v2",
    hierarchies,
    swapAccounting: state.swapAccounting,
    ioWeightFile: state.ioWeightFile
  }
}

const isOfLxc = (name: string): boolean =>
  !name.includes("/") && (name.startsWith("lxc.payload.") || name.startsWith("lxc.monitor."))

const cgroupDirectories = (state: SimulatedState): ReadonlyArray<CgroupDirectory> => {
  const names = new Set(state.trees.flatMap((tree) => Object.keys(tree.groups)).filter(isOfLxc))
  return [...names].sort().map((name) => ({
    name,
    hierarchies: state.trees.filter((tree) => tree.groups[name] !== undefined).map((tree) => tree.mountPoint),
    populated: processesIn(state, name).length > 0
  }))
}

const readJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))

const recordOf = (state: SimulatedState, file: string): Instance | null => {
  const text = nodeAt(state, file)?.text
  const parsed = text === undefined ? Option.none() : readJson(text)
  return Option.isNone(parsed) ? null : Result.getOrElse(decodeInstance(parsed.value), () => null)
}

const containerFacts = (
  state: SimulatedState,
  directories: Directories,
  name: string,
  lxcPath: string,
  meantToRun: boolean
): ContainerFacts => {
  const own = lxcPath === directories.containers
  const container = containerNamed(state, { lxcPath, name })
  return {
    name,
    lxcPath,
    socket: container?.listening ?? false,
    monitor: statOf(state, container?.monitor ?? null),
    init: statOf(state, container?.init ?? null),
    populated: processesIn(state, container?.payload ?? `lxc.payload.${name}`).length > 0 &&
      (own || container !== undefined),
    freezer: container?.frozen === true ? "frozen" : "thawed",
    files: own ? namesIn(state, directories.container(name)) : [],
    record: own ? recordOf(state, directories.record(name)) : null,
    meantToRun
  }
}

const directoriesIn = (state: SimulatedState, path: string): ReadonlyArray<string> =>
  namesIn(state, path).filter((name) => nodeAt(state, `${path}/${name}`)?.kind === "directory")

/**
 * Every container of which there is a sign: a command socket, a run directory, or the word that it is meant to run.
 *
 * @since 0.1.0
 * @category observations
 */
export const containersOf = (
  state: SimulatedState,
  directories: Directories,
  all: boolean
): ReadonlyArray<ContainerFacts> => {
  const lxcPath = directories.containers
  const run = directoriesIn(state, lxcPath).filter(isInstanceName)
  const meant = namesIn(state, directories.state)
    .flatMap((file) => file.endsWith(".json") ? [file.slice(0, -".json".length)] : [])
    .filter(isInstanceName)
  const listening = state.containers.filter((each) => each.listening)
  const own = new Set([
    ...run,
    ...meant,
    ...listening.filter((each) => each.lxcPath === lxcPath).map((each) => each.name)
  ])
  const foreign = all ? listening.filter((each) => each.lxcPath !== lxcPath) : []
  return [
    ...[...own].map((name) => containerFacts(state, directories, name, lxcPath, meant.some((each) => each === name))),
    ...foreign.map((each) => containerFacts(state, directories, each.name, each.lxcPath, false))
  ]
}

const pathFacts = (state: SimulatedState, path: string): PathFacts => {
  const at = realPath(state, path)
  if (state.blockDevices.includes(at)) return { path, kind: "block", realPath: at }
  const node = nodeAt(state, at)
  return node === undefined ? { path, kind: "missing", realPath: path } : { path, kind: node.kind, realPath: at }
}

/**
 * Everything a planner may know.
 *
 * @since 0.1.0
 * @category observations
 */
export const factsOf = (
  state: SimulatedState,
  directories: Directories,
  paths: ReadonlyArray<string> = []
): HostFacts => {
  const containers = containersOf(state, directories, true)
  const recorded = containers.flatMap((each) => each.record?.disks.map((disk) => disk.path) ?? [])
  return {
    lxcVersion: state.lxcVersion,
    kernel: state.kernel,
    bootId: state.bootId,
    cgroups: cgroupsOf(state),
    mounts: state.mounts.map(({ image: _, ...mount }) => mount),
    loops: state.loops.map(({ backingFile, device }) => ({ device, backingFile })),
    interfaces: state.interfaces.map(({ kind, mtu, name }) => ({ name, kind, mtu })),
    containers,
    cgroupDirectories: cgroupDirectories(state),
    paths: [...new Set([...paths, ...recorded])].map((path) => pathFacts(state, path))
  }
}

const quotaOf = (files: Readonly<Record<string, string>>): number | null => {
  const [quota, period] = files["cpu.max"]?.split(" ").map(Number) ??
    [Number(files["cpu.cfs_quota_us"]), Number(files["cpu.cfs_period_us"] ?? 100_000)]
  return quota !== undefined && period !== undefined && quota > 0 ? quota / period : null
}

const numberOf = (text: string | undefined): number | null => text === undefined || !/^\d+$/.test(text) ? null : Number(text)

/** v1 shows "no limit" as the largest whole number of pages. */
const limitOf = (text: string | undefined): number | null => {
  const limit = numberOf(text)
  return limit !== null && limit >= 2 ** 62 ? null : limit
}

/** What the groups of a container say, from all trees together. */
const filesOf = (state: SimulatedState, container: SimulatedContainer): Readonly<Record<string, string>> =>
  Object.assign({}, ...state.trees.map((tree) => tree.groups[container.payload] ?? {})) as Record<string, string> // of texts only

const startedAt = (state: SimulatedState, init: ProcessStat): string =>
  DateTime.formatIso(DateTime.makeUnsafe(state.bootedAt + init.startTime * 10))

/**
 * What a container uses and may use; undefined where it is gone.
 *
 * @since 0.1.0
 * @category observations
 */
export const usageOf = (state: SimulatedState, facts: ContainerFacts): ContainerUsage | undefined => {
  const { init } = facts
  if (!isAlive(init)) {
    return {
      memory: { limitBytes: null, usageBytes: null },
      cpu: { count: null, usageSeconds: null },
      pids: { current: null, limit: null },
      startedAt: null
    }
  }
  const container = state.containers.find((each) => each.init === init.pid)
  if (container === undefined) return undefined
  const files = filesOf(state, container)
  const cpus = Option.getOrElse(parseKernel(files["cpuset.cpus"] ?? ""), (): ReadonlyArray<number> => [])
  return {
    memory: {
      limitBytes: limitOf(files["memory.limit_in_bytes"] ?? files["memory.max"]),
      usageBytes: container.guest.usesBytes
    },
    cpu: {
      count: quotaOf(files) ?? (cpus.length > 0 ? count(cpus) : state.cpus),
      usageSeconds: Math.max(0, state.now - container.execedAt) / 100_000
    },
    pids: { current: processesIn(state, container.payload).length, limit: numberOf(files["pids.max"]) },
    startedAt: startedAt(state, init)
  }
}

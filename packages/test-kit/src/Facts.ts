/**
 * What can be observed of a simulated host: the same facts as of a real one.
 *
 * @since 0.1.0
 */
import { type Cgroups, layoutOf, payloadCgroup } from "@effect-lxc/core/host/CgroupLayout"
import { cgroupUsage } from "@effect-lxc/core/host/CgroupUsage"
import { type ContainerUsage, noUsage, type RootUsage } from "@effect-lxc/core/host/ContainerUsage"
import type { Directories } from "@effect-lxc/core/host/Directories"
import type { CgroupDirectory, ContainerFacts, HostFacts, PathFacts } from "@effect-lxc/core/host/HostFacts"
import type { HostSurvey } from "@effect-lxc/core/host/HostSurvey"
import { MeantToRun } from "@effect-lxc/core/host/MeantToRun"
import { isAlive, type ProcessStat } from "@effect-lxc/core/host/ProcessStat"
import { remembered } from "@effect-lxc/core/host/Remembered"
import { currentLimit, limitFiles } from "@effect-lxc/core/lxc/Limits"
import { decodeInstance, type Instance } from "@effect-lxc/core/model/Instance"
import { isInstanceName } from "@effect-lxc/core/model/InstanceName"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { killsFile, unlimited } from "./CgroupFiles.ts"
import { namesIn, nodeAt, realPath } from "./FileTree.ts"
import { deviceNumber, sizeOf } from "./MountOps.ts"
import { containerNamed, isElsewhere, processesIn, processOf } from "./Process.ts"
import type { SimulatedContainer, SimulatedState } from "./SimulatedState.ts"

const statOf = (state: SimulatedState, pid: number | null | undefined): ProcessStat | null => {
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

/** The same records are asked for each time somebody looks at the host. */
const readRecord = remembered((text: string): Instance | null =>
  Result.getOrElse(decodeInstance(Option.getOrNull(readJson(text))), () => null)
)

const recordOf = (state: SimulatedState, file: string): Instance | null => {
  const text = nodeAt(state, file)?.text
  return text === undefined ? null : readRecord(text)
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
    ...(own && container !== undefined && isAlive(statOf(state, container.init)) ? limitsOf(state, container) : {}),
    name,
    lxcPath,
    socket: container?.listening ?? false,
    monitor: statOf(state, container?.monitor),
    init: statOf(state, container?.init),
    populated: container === undefined
      ? !isElsewhere(state, { lxcPath, name }) && processesIn(state, payloadCgroup(name)).length > 0
      : processesIn(state, container.payload).length > 0,
    freezer: container?.frozen === true ? "frozen" : "thawed",
    files: own ? namesIn(state, directories.container(name)) : [],
    record: own ? recordOf(state, directories.record(name)) : null,
    meantToRun
  }
}

const directoriesIn = (state: SimulatedState, path: string): ReadonlyArray<string> =>
  namesIn(state, path).filter((name) => nodeAt(state, `${path}/${name}`)?.kind === "directory")

/**
 * Names of what runs under an lxcpath, by the command sockets alone.
 *
 * @since 0.1.0
 * @category observations
 */
export const runningNames = (state: SimulatedState, directories: Directories): ReadonlyArray<string> =>
  state.containers.filter((each) => each.listening && each.lxcPath === directories.containers).map((each) => each.name)

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

/**
 * What is at a path.
 *
 * @since 0.1.0
 * @category observations
 */
export const pathFacts = (state: SimulatedState, path: string): PathFacts => {
  const at = realPath(state, path)
  const table = state.partitions[at]
  const partitions = table === undefined ? {} : { partitions: table }
  if (state.blockDevices.includes(at)) return { path, kind: "block", realPath: at, device: deviceNumber(state, at), ...partitions }
  const node = nodeAt(state, at)
  return node === undefined
    ? { path, kind: "missing", realPath: path }
    : { path, kind: node.kind, realPath: at, ...partitions }
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
    mounts: state.mounts.map(({ image: _, layers: __, ...mount }) => mount),
    loops: state.loops.map(({ autoclear: _, readOnly: __, sizeLimit: ___, ...loop }) => loop),
    interfaces: state.interfaces.map(({ kind, mtu, name }) => ({ name, kind, mtu })),
    containers,
    cgroupDirectories: cgroupDirectories(state),
    cpus: [...Array(state.cpus).keys()],
    memory: state.machine.memory.totalBytes,
    criu: state.criu !== null,
    paths: [...new Set([...paths, ...recorded])].map((path) => pathFacts(state, path))
  }
}

/** What the processes of a group use. */
interface Use {
  readonly bytes: number
  readonly microseconds: number
  readonly pids: number
}

const useOf = (state: SimulatedState, { execedAt, guest, payload }: SimulatedContainer): Use => ({
  bytes: guest.usesBytes,
  microseconds: Math.max(0, state.now - execedAt) * 10,
  pids: processesIn(state, payload).length
})

/** The files that the kernel makes up, next to those that were written. */
const madeUp = (state: SimulatedState, { bytes, microseconds, pids }: Use): Readonly<Record<string, string>> => {
  const usesBytes = String(bytes)
  return state.trees.every((tree) => tree.version === 2)
    ? {
      ...unlimited(state),
      "memory.current": usesBytes,
      "memory.peak": usesBytes,
      "memory.swap.current": "0",
      ...killsFile(state, 0),
      "cpu.stat": `usage_usec ${microseconds}\n`,
      "io.stat": "254:0 rbytes=4096 wbytes=0 rios=1 wios=0\n",
      "pids.current": String(pids)
    }
    : {
      ...unlimited(state),
      "memory.usage_in_bytes": usesBytes,
      "memory.max_usage_in_bytes": usesBytes,
      "memory.stat": "swap 0\n",
      ...killsFile(state, 0),
      "cpuacct.usage": String(microseconds * 1_000),
      "blkio.throttle.io_service_bytes": "254:0 Read 4096\n254:0 Write 0\nTotal 4096\n",
      "pids.current": String(pids)
    }
}

/** What the groups of a container say, from all trees together. */
const filesOf = (state: SimulatedState, payload: string, use: Use): Readonly<Record<string, string | undefined>> => {
  const written = state.trees.map((tree) => tree.groups[payload])
  const files = written.reduce<Readonly<Record<string, string>>>((all, each) => ({ ...all, ...each }), madeUp(state, use))
  const cpus = files["cpuset.cpus"]
  return { ...files, "cpuset.effective_cpus": cpus, "cpuset.cpus.effective": cpus }
}

const limitsOf = (state: SimulatedState, container: SimulatedContainer): Pick<ContainerFacts, "limits" | "memoryUsage"> => {
  const files = filesOf(state, container.payload, useOf(state, container))
  const layout = cgroupsOf(state).layout === "v2" ? "v2" : "v1"
  const limits = limitFiles(layout, state.ioWeightFile).flatMap(({ controller, file }) => {
    // The processors of a group are named here from its beginning.
    const value = currentLimit(file, files[file], () => undefined)
    return value === undefined ? [] : [{ controller, file, value }]
  })
  return { limits, memoryUsage: container.guest.usesBytes }
}

/** The guest's side of its nics: lo first, then one for each host interface that LXC made for it. */
const interfacesOf = (state: SimulatedState, container: SimulatedContainer): ContainerUsage["interfaces"] => [
  { name: "lo", hostName: null, receivedBytes: 0, sentBytes: 0, addresses: ["127.0.0.1/8", "::1/128"] },
  ...state.interfaces.filter((each) => each.container === container.id).map((each, index) => ({
    name: `eth${index}`,
    hostName: each.name,
    receivedBytes: 0,
    sentBytes: 0,
    addresses: []
  }))
]

const rootOf = (state: SimulatedState, { lxcPath, name }: ContainerFacts): RootUsage | null => {
  const mount = state.mounts.findLast((each) => each.target === `${lxcPath}/${name}/rootfs`)
  if (mount === undefined) return null
  const { fsType, source } = mount
  const sizeBytes = sizeOf(state, mount.image ?? "")
  const backingFile = state.loops.find((loop) => loop.device === source)?.backingFile ?? null
  return { source, backingFile, fsType, sizeBytes, usedBytes: sizeBytes / 8 }
}

const startedAt = (state: SimulatedState, init: ProcessStat): string =>
  DateTime.formatIso(DateTime.makeUnsafe(state.bootedAt + init.startTime * 10))

/** What the group still says that the config of a dead container pins. */
const leftUsage = (state: SimulatedState, { lxcPath, name }: ContainerFacts): Partial<ContainerUsage> => {
  const payload = payloadCgroup(name)
  const config = nodeAt(state, `${lxcPath}/${name}/config`)?.text.split("\n") ?? []
  const pinned = config.includes(`lxc.cgroup.dir.container = ${payload}`)
  if (!pinned || state.trees.every((tree) => tree.groups[payload] === undefined)) return {}
  const files = filesOf(state, payload, { bytes: 0, microseconds: 0, pids: 0 })
  return cgroupUsage(cgroupsOf(state).layout, (_, file) => files[file])
}

/**
 * What a container uses and may use; undefined where it is gone.
 *
 * @since 0.1.0
 * @category observations
 */
export const usageOf = (state: SimulatedState, facts: ContainerFacts): ContainerUsage | undefined => {
  const { init } = facts
  const root = rootOf(state, facts)
  if (!isAlive(init)) return { ...noUsage, ...leftUsage(state, facts), root }
  const container = state.containers.find((each) => each.init === init.pid)
  if (container === undefined) return undefined
  const files = filesOf(state, container.payload, useOf(state, container))
  return {
    ...cgroupUsage(cgroupsOf(state).layout, (_, file) => files[file]),
    interfaces: interfacesOf(state, container),
    root,
    startedAt: startedAt(state, init),
    uptimeSeconds: Math.max(0, state.now - state.bootedAt - init.startTime * 10) / 1_000
  }
}

const decodeWanted = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.toCodecJson(MeantToRun)))

/**
 * The machine itself, and what is in the library's directories.
 *
 * @since 0.1.0
 * @category observations
 */
export const surveyOf = (state: SimulatedState, directories: Directories): HostSurvey => ({
  ...state.machine,
  directories: [directories.run, directories.containers, directories.locks, directories.log, directories.state].map((path) => {
    const node = nodeAt(state, path)
    return node === undefined
      ? { path, kind: "missing", mode: "", uid: 0 }
      : { path, kind: node.kind === "directory" ? "directory" : "other", mode: node.mode, uid: 0 }
  }),
  wanted: namesIn(state, directories.state).filter((name) => name.endsWith(".json")).map((name) => {
    const file = `${directories.state}/${name}`
    const unknown = { bootId: null, instance: null }
    return { file, ...Option.getOrElse(decodeWanted(nodeAt(state, file)?.text), () => unknown) }
  })
})

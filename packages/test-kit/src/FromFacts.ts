/**
 * A simulated host from what was observed of a real one: `effect-lxc facts > host.json` on that, and here one that looks
 * the same to every planner.
 *
 * @since 0.1.0
 */
import { defaultDirectories, type Directories } from "@effect-lxc/core/host/Directories"
import type { ContainerFacts, HostFacts, PathFacts } from "@effect-lxc/core/host/HostFacts"
import { encodeMeantToRun } from "@effect-lxc/core/host/MeantToRun"
import { isOurDirectory } from "@effect-lxc/core/host/Remains"
import { encodeInstance } from "@effect-lxc/core/model/Instance"
import { vethPrefix } from "@effect-lxc/core/model/VethName"
import { makeDirectories, write } from "./FileTree.ts"
import { blank, type Guest, obedient } from "./Guest.ts"
import { emptyHost, withForeign } from "./HostBuilder.ts"
import { imageOf, sourcesAt, topMount } from "./MountOps.ts"
import { changeContainer, spawn } from "./Process.ts"
import type { CgroupTree, SimulatedState } from "./SimulatedState.ts"

/**
 * What facts do not say.
 *
 * @since 0.1.0
 * @category models
 */
export interface CapturedOptions {
  /** Those that the facts were captured with; the default ones where they are left out. */
  readonly directories?: Directories | undefined
  /** What is in an image, a block device, a directory or what `PATH@START` of them; obedient guests by default. */
  readonly guests?: ((path: string) => Guest) | undefined
}

const treesOf = ({ cgroupDirectories, cgroups }: HostFacts): ReadonlyArray<CgroupTree> =>
  cgroups.hierarchies.map((tree) => ({
    ...tree,
    groups: Object.fromEntries(
      cgroupDirectories.filter((each) => each.hierarchies.includes(tree.mountPoint)).map(({ name }) => [name, {}])
    )
  }))

const withPath = (guests: (path: string) => Guest) => (state: SimulatedState, facts: PathFacts): SimulatedState => {
  const { kind, partitions = [], path, realPath: at } = facts
  if (kind === "missing" || kind === "other") return state
  const linked = path === at ? state : { ...state, links: { ...state.links, [path]: at } }
  const inside = partitions.map(({ start }) => [`${at}@${start}`, guests(`${at}@${start}`)] as const)
  const known: SimulatedState = {
    ...linked,
    images: { ...linked.images, [at]: partitions.length > 0 ? blank() : guests(at), ...Object.fromEntries(inside) },
    partitions: facts.partitions === undefined ? linked.partitions : { ...linked.partitions, [at]: facts.partitions }
  }
  if (kind === "directory") return makeDirectories(known, at)
  return kind === "block"
    ? { ...known, blockDevices: [...new Set([...known.blockDevices, at])] }
    : write(known, at, "0600", "")
}

/** The files of its directory, of which facts say no more than the names; its record, and that it is meant to run. */
const withFiles = (directories: Directories, bootId: string) => (state: SimulatedState, facts: ContainerFacts): SimulatedState => {
  if (facts.lxcPath !== directories.containers) return state
  const { files, meantToRun, name, record, socket } = facts
  const directory = directories.container(name)
  const made = files.length > 0 || !(meantToRun || socket) ? makeDirectories(state, directory, "0700") : state
  const filled = files.reduce(
    (before, file) =>
      isOurDirectory(file) ? makeDirectories(before, `${directory}/${file}`) : write(before, `${directory}/${file}`, "0600", ""),
    made
  )
  const recorded = record === null
    ? filled
    : write(filled, directories.record(name), "0600", `${JSON.stringify(encodeInstance(record), undefined, 2)}\n`)
  const meant = record === null ? "" : encodeMeantToRun({ bootId, instance: record })
  return meantToRun ? write(recorded, directories.meantToRun(name), "0600", meant) : recorded
}

const withLimits = (state: SimulatedState, payload: string, limits: ContainerFacts["limits"] = []): SimulatedState => ({
  ...state,
  trees: state.trees.map((tree) => {
    const own = limits.filter(({ controller }) => tree.controllers.includes(controller))
    const files = Object.fromEntries(own.map(({ file, value }) => [file, value]))
    return tree.groups[payload] === undefined ? tree : { ...tree, groups: { ...tree.groups, [payload]: files } }
  })
})

/** A container of which a process lives, under whatever lxcpath. */
const withContainer = (directories: Directories, guests: (path: string) => Guest) => (state: SimulatedState, facts: ContainerFacts): SimulatedState => {
  const { freezer, init, limits, lxcPath, memoryUsage, monitor, name, populated, record, socket } = facts
  if (!socket && monitor === null && init === null) return state
  const id = state.nextId
  const begun = withForeign(state, lxcPath, name)
  const observed = [
    ...(monitor === null ? [] : [{ ...monitor, parent: 1, command: `[lxc monitor] ${lxcPath} ${name}`, cgroup: `lxc.monitor.${name}`, holds: [] }]),
    ...(init === null ? [] : [{ ...init, parent: monitor?.pid ?? 1, command: "/sbin/init", cgroup: populated ? `lxc.payload.${name}` : "", holds: [] }])
  ]
  const root = record?.disks[0]?.path
  const guest = guests(root ?? `${lxcPath}/${name}/rootfs`)
  const own = lxcPath === directories.containers
  const changed = changeContainer({ ...begun, trees: state.trees, nextPid: state.nextPid, processes: [...state.processes, ...observed] }, id, {
    monitor: monitor?.pid ?? null,
    init: init?.pid ?? null,
    listening: socket,
    frozen: freezer !== "thawed",
    guest: memoryUsage === undefined ? guest : { ...guest, usesBytes: memoryUsage },
    rootSource: topMount(state, `${lxcPath}/${name}/rootfs`)?.source ?? null,
    sources: sourcesAt(state, `${lxcPath}/${name}/rootfs`, true),
    ...(own ? { logFile: directories.lxcLog(name), pidFile: directories.monitorPid(name) } : {})
  })
  const connected = own ? { ...changed, interfaces: changed.interfaces.map((each) => each.name.startsWith(vethPrefix(name)) ? { ...each, container: id } : each) } : changed
  return withLimits(connected, `lxc.payload.${name}`, limits)
}

/** What lives in a cgroup of LXC's and is no process that was observed by itself. */
const withStrays = (state: SimulatedState, { cgroupDirectories }: HostFacts): SimulatedState =>
  cgroupDirectories
    .filter(({ name, populated }) => populated && !state.processes.some(({ cgroup }) => cgroup === name))
    .reduce((before, { name }) => spawn(before, { parent: 1, command: "sleep", cgroup: name }), state)

const clockTick = 10

/**
 * A host of which the same can be observed as was of another: paths, mounts, loop devices, interfaces, cgroups, processes
 * and containers. Facts do not say what is in images, in files, or in other processes, nor what time it was: that is the
 * caller's word or the simplest. Numbers of devices and inodes, subordinate ids and AppArmor profiles are not simulated,
 * nor is freezing that takes time: what was freezing is frozen.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromFacts = (facts: HostFacts, options: CapturedOptions = {}): SimulatedState => {
  const { directories = defaultDirectories, guests = () => obedient() } = options
  const { cgroups: { ioWeightFile, layout, swapAccounting }, containers, kernel, lxcVersion } = facts
  const stats = containers.flatMap(({ init, monitor }) => [init, monitor]).filter((each) => each !== null)
  const first = emptyHost({
    layout,
    lxcVersion,
    kernel,
    swapAccounting,
    ioWeightFile,
    cpus: facts.cpus?.length,
    ...(facts.criu === false ? { criu: null } : {}),
    ...(facts.memory === undefined ? {} : { machine: { memory: { totalBytes: facts.memory, availableBytes: facts.memory } } })
  })
  const known: SimulatedState = {
    ...first,
    bootId: facts.bootId,
    bootedAt: Math.min(first.bootedAt, ...stats.map(({ startTime }) => -(startTime + 1) * clockTick)),
    nextPid: Math.max(first.nextPid, ...stats.map(({ pid }) => pid + 1)),
    pidMax: Math.max(first.pidMax, ...stats.map(({ pid }) => pid + 1_000)),
    trees: treesOf(facts),
    loops: facts.loops.map((loop) => ({ ...loop, sizeLimit: 0, readOnly: false, autoclear: false })),
    interfaces: facts.interfaces.map((each) => ({ ...each, container: null }))
  }
  const placed = facts.paths.reduce(withPath(guests), known)
  const mounted = { ...placed, mounts: facts.mounts.map((mount) => ({ ...mount, image: imageOf(placed, mount.source) })) }
  const filled = containers.reduce(withFiles(directories, facts.bootId), mounted)
  return withStrays(containers.reduce(withContainer(directories, guests), filled), facts)
}

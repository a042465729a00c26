/**
 * Containers, observed without asking LXC: one read of /proc/net/unix, and for each container its pid file, a few lines of
 * /proc and a file of each of its two cgroups.
 *
 * @since 0.1.0
 */
import { monitorCgroup, payloadCgroup } from "@effect-lxc/core/host/CgroupLayout"
import { type CommandSocket, commandSocketName, parseCommandSockets } from "@effect-lxc/core/host/CommandSockets"
import type { Directories } from "@effect-lxc/core/host/Directories"
import { glimpse } from "@effect-lxc/core/host/FactsFor"
import type { ContainerFacts } from "@effect-lxc/core/host/HostFacts"
import { isAlive, isSameProcess, type ProcessStat } from "@effect-lxc/core/host/ProcessStat"
import { currentLimit, limitFiles } from "@effect-lxc/core/lxc/Limits"
import type { Instance } from "@effect-lxc/core/model/Instance"
import { isInstanceName } from "@effect-lxc/core/model/InstanceName"
import { cgroupFacts, type CgroupTrees, freezerState, groupsOfProcess, initIn, isPopulated, trackingTree } from "./CgroupTree.ts"
import { directoryNames, names, readText } from "./KernelFiles.ts"
import { once } from "./Once.ts"
import { type ContainerRef, containersByTitle, findMonitor, initOfMonitor, monitorByFile, monitorOfInit } from "./Monitors.ts"
import { processStat } from "./Processes.ts"

interface Processes {
  readonly monitor: ProcessStat | null
  readonly init: ProcessStat | null
  /** Null where that of its name is not known to be its own. */
  readonly group: string | null
}

/** Groups in which the container may be: ours are pinned, others may have a number behind them. */
const groupsOf = (tree: string, name: string, pinned: boolean): ReadonlyArray<string> => {
  const group = payloadCgroup(name)
  return pinned
    ? [group]
    : names(tree).filter((each) => each.startsWith(group) && /^(?:-[1-9]\d*)?$/.test(each.slice(group.length)))
}

/** A monitor with its child, the first process of the container. */
interface Pair {
  readonly monitor: ProcessStat
  readonly init: ProcessStat
}

/** Who was found before, by the place of the container. A process with its start time stays who it is: that it lives is all to look at. */
const pairs = new Map<string, Pair>()
const mostPairs = 5_000

const sameAlive = (process: ProcessStat): ProcessStat | undefined => {
  const now = processStat(process.pid)
  return isAlive(now) && isSameProcess(now, process) ? now : undefined
}

const pairAgain = (before: Pair | undefined): Pair | undefined => {
  const monitor = before === undefined ? undefined : sameAlive(before.monitor)
  const init = before === undefined || monitor === undefined ? undefined : sameAlive(before.init)
  return monitor === undefined || init === undefined ? undefined : { monitor, init }
}

/**
 * The group of its name is that of a container of ours, also without a monitor, but where it has one of another lxcpath. A monitor that
 * listens without a first process, whose pid file was damaged, is looked for among all processes.
 */
const processesOf = (trees: CgroupTrees, container: ContainerRef, own: boolean, listening: boolean): Processes => {
  const place = `${container.lxcPath}/${container.name}`
  const pair = pairAgain(pairs.get(place))
  if (pair !== undefined) return { ...pair, group: payloadCgroup(container.name) }
  const tree = trackingTree(trees)?.mountPoint ?? ""
  // Where somebody listens for a container of ours, who is in its pid file and in the group of its name is its monitor.
  const monitor = monitorByFile(container, own && listening ? `${tree}/${monitorCgroup(container.name)}` : undefined)
  const child = monitor === undefined ? undefined : initOfMonitor(monitor)
  if (monitor !== undefined && child !== undefined) {
    if (pairs.size >= mostPairs) pairs.clear()
    pairs.set(place, { monitor, init: child })
    return { monitor, init: child, group: payloadCgroup(container.name) }
  }
  pairs.delete(place)
  let isOurs = own
  for (const group of groupsOf(tree, container.name, own)) {
    const pid = initIn(`${tree}/${group}`)
    if (pid === undefined) continue
    const parent = monitorOfInit(pid, container)
    if (parent === "another") isOurs = false
    else if (parent !== undefined || own) return { monitor: monitor ?? parent ?? null, init: processStat(pid) ?? null, group }
  }
  const silent = own && listening ? findMonitor(container) : undefined
  return { monitor: monitor ?? silent ?? null, init: null, group: isOurs ? payloadCgroup(container.name) : null }
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ContainersOptions {
  /** Also those under other lxcpaths. */
  readonly all: boolean
  /** Only those of certain names. */
  readonly named?: ((name: string) => boolean) | undefined
  /** What reads the instance records; without it no run directory is looked into, as planners need and lists do not. */
  readonly recordOf?: ((directories: Directories, name: string) => Instance | null) | undefined
  /** Also what limits them, where they run under this library's lxcpath. */
  readonly limits?: boolean | undefined
  /** The one that matters: of others whose monitor listens nothing is looked at but the record. */
  readonly instance?: string | undefined
  /** Nor is the record of others. */
  readonly alone?: boolean | undefined
}

/** Read at once: a plan to change them needs every one, for a way back. */
const limitsNow = (
  trees: CgroupTrees,
  ioWeightFile: string | null,
  initPid: number
): Pick<ContainerFacts, "limits" | "memoryUsage" | "pids"> => {
  const v2 = trees.layout === "v2"
  const groups = groupsOfProcess(trees, initPid)
  const read = (controller: string, file: string): string | undefined => {
    const group = groups(controller)
    return group === undefined ? undefined : readText(`${group}/${file}`)
  }
  const limits = limitFiles(v2 ? "v2" : "v1", ioWeightFile).flatMap(({ controller, file }) => {
    const effective = () => read("cpuset", v2 ? "cpuset.cpus.effective" : "cpuset.effective_cpus")
    const value = currentLimit(file, read(controller, file), effective)
    return value === undefined ? [] : [{ controller, file, value }]
  })
  const usage = Number(read("memory", v2 ? "memory.current" : "memory.usage_in_bytes") ?? Number.NaN)
  const pids = Number(read("pids", "pids.current") ?? Number.NaN)
  return {
    limits,
    ...(Number.isSafeInteger(usage) ? { memoryUsage: usage } : {}),
    ...(Number.isSafeInteger(pids) ? { pids } : {})
  }
}

const observe = (
  directories: Directories,
  trees: CgroupTrees,
  ioWeightFile: () => string | null,
  { lxcPath, name }: CommandSocket,
  listening: boolean,
  meantToRun: boolean,
  { alone = false, instance = name, limits = false, recordOf }: ContainersOptions
): ContainerFacts => {
  const own = lxcPath === directories.containers
  const record = own && (name === instance || !alone) ? recordOf?.(directories, name) ?? null : null
  if (listening && name !== instance) return glimpse({ lxcPath, name, record, meantToRun })
  const { group, init, monitor } = processesOf(trees, { lxcPath, name }, own, listening)
  const isOccupied = (): boolean => isAlive(init) || isPopulated(`${trackingTree(trees)?.mountPoint ?? ""}/${group}`)
  return {
    ...(own && limits && name === instance && isAlive(init) ? limitsNow(trees, ioWeightFile(), init.pid) : {}),
    name,
    lxcPath,
    socket: listening,
    monitor,
    init,
    populated: group !== null && isOccupied(),
    freezer: group === null ? "thawed" : freezerState(trees, group),
    files: own && recordOf !== undefined ? [...names(directories.container(name))].sort() : [],
    record,
    meantToRun
  }
}

/** Of whom the sockets are that have hashes for names: what a hash is made of stays so. */
const hashed = new Map<string, CommandSocket>()
const mostHashed = 5_000

/** Only where a socket is of none that is known anybody is asked: its monitor, by its title. */
const ofMonitors = (sockets: ReadonlyArray<string>): ReadonlyMap<string, CommandSocket> => {
  if (hashed.size >= mostHashed) hashed.clear()
  const unknown = new Set(sockets.filter((socket) => !hashed.has(socket)))
  if (unknown.size === 0) return hashed
  const socketOf = ({ lxcPath, name }: ContainerRef): string => commandSocketName(lxcPath, name)
  for (const container of containersByTitle((each) => unknown.has(socketOf(each)))) hashed.set(socketOf(container), container)
  return hashed
}

const listeningNow = (known: () => ReadonlyArray<CommandSocket>): ReadonlyArray<CommandSocket> =>
  parseCommandSockets(readText("/proc/net/unix") ?? "", known, ofMonitors)

/**
 * Every container of which there is a sign, to be looked at one by one: a command socket, a run directory, or the word
 * that it is meant to run.
 *
 * @since 0.1.0
 * @category reading
 */
export const containersToObserve = (
  directories: Directories,
  trees: CgroupTrees,
  options: ContainersOptions
): ReadonlyArray<() => ContainerFacts> => {
  const lxcPath = directories.containers
  const run = directoryNames(lxcPath).filter(isInstanceName)
  const wanted = names(directories.state)
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -".json".length))
    .filter(isInstanceName)
  const mine = [...new Set([...run, ...wanted])].map((name): CommandSocket => ({ lxcPath, name }))
  const listening = listeningNow(() => mine)
  const key = (socket: CommandSocket): string => `${socket.lxcPath}/${socket.name}`
  const alive = new Set(listening.map(key))
  const meant = new Set<string>(wanted)
  const seen = new Map([...mine, ...listening].map((socket) => [key(socket), socket]))
  const ioWeightFile = once(() => cgroupFacts(trees).ioWeightFile)
  const isAsked = (socket: CommandSocket): boolean =>
    (options.all || socket.lxcPath === lxcPath) && options.named?.(socket.name) !== false
  return [...seen].filter(([, socket]) => isAsked(socket)).map(([id, socket]) => () => {
    const meantToRun = socket.lxcPath === lxcPath && meant.has(socket.name)
    return observe(directories, trees, ioWeightFile, socket, alive.has(id), meantToRun, options)
  })
}

/**
 * All of them at once.
 *
 * @since 0.1.0
 * @category reading
 */
export const observeContainers = (
  directories: Directories,
  trees: CgroupTrees,
  options: ContainersOptions
): ReadonlyArray<ContainerFacts> => containersToObserve(directories, trees, options).map((observed) => observed())

/**
 * Names of what runs, by one read of /proc/net/unix: only where sockets have hashes for names is more looked at.
 *
 * @since 0.1.0
 * @category reading
 */
export const runningNames = ({ containers: lxcPath }: Directories): ReadonlyArray<string> =>
  listeningNow(() => directoryNames(lxcPath).map((name) => ({ lxcPath, name })))
    .filter((socket) => socket.lxcPath === lxcPath)
    .map((socket) => socket.name)

/**
 * The monitor processes of containers.
 *
 * @since 0.1.0
 */
import { isAlive, isSameProcess, type ProcessStat } from "@effect-lxc/core/host/ProcessStat"
import { readText } from "./KernelFiles.ts"
import { believed } from "./OwnFiles.ts"
import { allPids, childrenOf, commandOf, isOurs, parentOf, processStat } from "./Processes.ts"

/**
 * A container by the two names that LXC knows it by.
 *
 * @since 0.1.0
 * @category models
 */
export interface ContainerRef {
  readonly lxcPath: string
  readonly name: string
}

const titlePrefix = "[lxc monitor] "

/** The title that a monitor gives itself, whole however long. Source: LXC 5.0.2, seen in /proc/PID/cmdline. */
const title = ({ lxcPath, name }: ContainerRef): string => `${titlePrefix}${lxcPath} ${name}`

/** Anybody can give a process of theirs that title, but it stays theirs: the kernel takes long to tell, and is asked once. */
const own = new Map<number, ProcessStat>()
const mostOwn = 5_000

const isOwn = (process: ProcessStat): boolean => {
  if (isSameProcess(own.get(process.pid), process)) return true
  if (!isOurs(process.pid) || !isSameProcess(process, processStat(process.pid))) return false
  if (own.size >= mostOwn) own.clear()
  own.set(process.pid, process)
  return true
}

const pidIn = (file: string): number | undefined => {
  const text = (believed(file) ?? "").trim()
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined
}

/** Nobody gets into the group that LXC made for a monitor but who is put there by root. */
const isIn = (pid: number, group: string): boolean => `\n${readText(`${group}/cgroup.procs`) ?? ""}`.includes(`\n${pid}\n`)

/** A process of ours with the title of a monitor, if it is the one that is looked for. */
const monitorAt = (pid: number | undefined, isWanted: (title: string) => boolean) => {
  if (pid === undefined) return undefined
  const titled = commandOf(pid)
  if (!titled.startsWith(titlePrefix) || !isWanted(titled)) return undefined
  const process = processStat(pid)
  return process !== undefined && isOwn(process) ? { process, titled } : undefined
}

const ifMonitor = (pid: number | undefined, container: ContainerRef): ProcessStat | undefined =>
  monitorAt(pid, (titled) => titled === title(container))?.process

/**
 * The monitor by the pid file that it keeps in its run directory; a pid that another process has now is not believed. By
 * `group`, its control group, it is known with one read instead of two longer ones; where it is not in there its title tells.
 *
 * @since 0.1.0
 * @category queries
 */
export const monitorByFile = (container: ContainerRef, group?: string): ProcessStat | undefined => {
  const pid = pidIn(`${container.lxcPath}/${container.name}/monitor.pid`)
  return pid !== undefined && group !== undefined && isIn(pid, group) ? processStat(pid) : ifMonitor(pid, container)
}

/**
 * The monitor, also where its pid file is gone already: then all processes are looked through, which takes a millisecond
 * for each few hundred.
 *
 * @since 0.1.0
 * @category queries
 */
export const findMonitor = (container: ContainerRef): ProcessStat | undefined => {
  const filed = monitorByFile(container)
  if (filed !== undefined) return filed
  for (const pid of allPids()) {
    const monitor = ifMonitor(pid, container)
    if (monitor !== undefined) return monitor
  }
  return undefined
}

/**
 * The monitor as the parent of a first process; undefined where that has no monitor any more. It is that of `another` container
 * where one of the name runs below another lxcpath: both have their groups by their names.
 *
 * @since 0.1.0
 * @category queries
 */
export const monitorOfInit = (init: number, container: ContainerRef): ProcessStat | "another" | undefined => {
  const monitor = monitorAt(parentOf(init), () => true)
  return monitor === undefined || monitor.titled === title(container) ? monitor?.process : "another"
}

/** No name of a container has a blank; a path may. */
const titledAs = (titled: string): ContainerRef | undefined => {
  const [, lxcPath, name] = /^(\/.*) (\S+)$/.exec(titled.slice(titlePrefix.length)) ?? []
  return lxcPath === undefined || name === undefined ? undefined : { lxcPath, name }
}

/**
 * Containers by the titles of their monitors, for which all processes are looked through: those that are wanted.
 *
 * @since 0.1.0
 * @category queries
 */
export const containersByTitle = (isWanted: (container: ContainerRef) => boolean): ReadonlyArray<ContainerRef> =>
  allPids().flatMap((pid) => {
    const monitor = monitorAt(pid, (titled) => {
      const container = titledAs(titled)
      return container !== undefined && isWanted(container)
    })
    return monitor === undefined ? [] : titledAs(monitor.titled) ?? []
  })

/**
 * The first process, as the living child of its monitor.
 *
 * @since 0.1.0
 * @category queries
 */
export const initOfMonitor = (monitor: ProcessStat): ProcessStat | undefined =>
  childrenOf(monitor.pid).map(processStat).find(isAlive)

/**
 * Whether the first process runs the program of the guest by now: until then it has the title of its monitor, from which it was
 * forked.
 *
 * @since 0.1.0
 * @category queries
 */
export const hasExecuted = (init: ProcessStat, container: ContainerRef): boolean => commandOf(init.pid) !== title(container)

/**
 * Clients that are starting the container, among these processes or all: one whose caller died goes on, and would bring it
 * up after it was ended. The tool is known by its name: ours are called by their whole path.
 *
 * @since 0.1.0
 * @category queries
 */
export const startersOf = ({ lxcPath, name }: ContainerRef, among = allPids()): ReadonlyArray<number> => {
  const start = `lxc-start -d -n ${name} -P ${lxcPath} `
  return among.filter((pid) => commandOf(pid).replace(/^\S*\//, "").startsWith(start) && isOurs(pid))
}

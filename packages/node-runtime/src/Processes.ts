/**
 * Processes, as /proc shows them.
 *
 * @since 0.1.0
 */
import { isSameProcess, parseProcessStat, type ProcessStat } from "@effect-lxc/core/host/ProcessStat"
import * as fs from "node:fs"
import { lstatOf, names, readText } from "./KernelFiles.ts"

/**
 * What its first thread says has the same state and start, and the kernel does not add up all threads for it.
 *
 * @since 0.1.0
 * @category reading
 */
export const processStat = (pid: number): ProcessStat | undefined => {
  const text = readText(`/proc/${pid}/task/${pid}/stat`)
  return text === undefined ? undefined : parseProcessStat(text)
}

/** Who had a directory in /proc: the kernel makes another for another process, with a number and a time of its own. */
const directories = new Map<number, { readonly process: ProcessStat; readonly ino: number; readonly ctimeMs: number }>()
const mostDirectories = 5_000

/**
 * Whether a process that was observed is still there, be it only as a zombie. Of one that was asked for before is looked at
 * no more than its directory.
 *
 * @since 0.1.0
 * @category reading
 */
export const isStillThere = (process: ProcessStat): boolean => {
  const { pid } = process
  const directory = lstatOf(`/proc/${pid}`)
  if (directory === undefined) return false
  const { ctimeMs, ino } = directory
  const known = directories.get(pid)
  if (known?.ino === ino && known.ctimeMs === ctimeMs && isSameProcess(known.process, process)) return true
  if (!isSameProcess(process, processStat(pid))) return false
  if (directories.size >= mostDirectories) directories.clear()
  directories.set(pid, { process, ino, ctimeMs }) // it has lived since it was observed, so that was its directory
  return true
}

/**
 * The children of a process. Source: `/proc/PID/task/TID/children`, kernel >= 4.2 with CONFIG_PROC_CHILDREN.
 *
 * @since 0.1.0
 * @category reading
 */
export const childrenOf = (pid: number): ReadonlyArray<number> =>
  (readText(`/proc/${pid}/task/${pid}/children`) ?? "").split(" ").filter((word) => word !== "").map(Number)

/**
 * @since 0.1.0
 * @category reading
 */
export const parentOf = (pid: number): number | undefined => {
  const parent = /^PPid:\t(\d+)$/m.exec(readText(`/proc/${pid}/status`) ?? "")?.[1]
  return parent === undefined ? undefined : Number(parent)
}

/**
 * Whether a process is the first of a pid namespace directly below ours: `NSpid:` ends in 1 and has two levels.
 *
 * @since 0.1.0
 * @category reading
 */
export const isContainerInit = (pid: number): boolean => {
  const levels = /^NSpid:\t(.*)$/m.exec(readText(`/proc/${pid}/status`) ?? "")?.[1]?.split("\t") ?? []
  return levels.length === 2 && levels[1] === "1"
}

/**
 * Whether a process lives in a pid namespace below ours.
 *
 * @since 0.1.0
 * @category reading
 */
export const isInPidNamespace = (pid: number): boolean =>
  (/^NSpid:\t(.*)$/m.exec(readText(`/proc/${pid}/status`) ?? "")?.[1]?.split("\t").length ?? 0) > 1

/**
 * The session of a process, by the pid of its leader as our pid namespace numbers it; undefined where the process is gone.
 * Source: proc_pid_stat(5), field 6.
 *
 * @since 0.1.0
 * @category reading
 */
export const sessionOf = (pid: number): number | undefined => {
  const text = readText(`/proc/${pid}/stat`)
  const session = text?.slice(text.lastIndexOf(") ") + 2).split(" ", 4)[3]
  return session === undefined ? undefined : Number(session)
}

/**
 * Whether a process was started by our own user, whatever it calls itself: its real user id tells, which a set-uid program
 * keeps.
 *
 * @since 0.1.0
 * @category reading
 */
export const isOurs = (pid: number): boolean =>
  /^Uid:\t(\d+)\t/m.exec(readText(`/proc/${pid}/status`) ?? "")?.[1] === String(process.getuid?.())

/**
 * The command line of a process as one text; its short name where it has none.
 *
 * @since 0.1.0
 * @category reading
 */
export const commandOf = (pid: number): string => {
  const line = (readText(`/proc/${pid}/cmdline`) ?? "").replaceAll("\0", " ").trim()
  return line !== "" ? line : (readText(`/proc/${pid}/comm`) ?? "").trim()
}

/**
 * Signals a process has a handler for or has blocked, as bits: bit N-1 is signal N. A signal that pid 1 of a namespace
 * neither handles nor blocks is dropped by the kernel. Source: proc_pid_status(5), pid_namespaces(7).
 *
 * @since 0.1.0
 * @category reading
 */
export const receivableSignals = (pid: number): bigint | undefined => {
  const status = readText(`/proc/${pid}/status`)
  const mask = (field: string): bigint => BigInt(`0x${new RegExp(`^${field}:\\t([0-9a-f]+)$`, "m").exec(status ?? "")?.[1] ?? "0"}`)
  return status === undefined || status === "" ? undefined : mask("SigCgt") | mask("SigBlk")
}

/**
 * Whether a process sleeps in sigtimedwait(2), as a busybox init does: the signals it waits for are then shown neither as
 * caught nor as blocked. A kernel that hides where a process sleeps says no. Source: /proc/PID/wchan.
 *
 * @since 0.1.0
 * @category reading
 */
export const waitsForSignals = (pid: number): boolean => (readText(`/proc/${pid}/wchan`) ?? "").includes("sigtimedwait")

/** The unit of start times on every Linux that Node runs on. Source: sysconf(_SC_CLK_TCK), proc_pid_stat(5). */
const ticksPerSecond = 100

/**
 * How long after the host's boot a process was started, in milliseconds.
 *
 * @since 0.1.0
 * @category conversions
 */
export const startedAfterBoot = (process: ProcessStat): number => process.startTime * 1000 / ticksPerSecond

/**
 * How long the host has been up, in milliseconds.
 *
 * @since 0.1.0
 * @category reading
 */
export const upFor = (): number => Number((readText("/proc/uptime") ?? "").split(" ", 1)[0]) * 1000

/**
 * How long a process has run on a host that has been up so long, in milliseconds.
 *
 * @since 0.1.0
 * @category conversions
 */
export const ageOf = (process: ProcessStat, up: number): number => Math.max(0, up - startedAfterBoot(process))

/**
 * All pids of the host's /proc.
 *
 * @since 0.1.0
 * @category reading
 */
export const allPids = (): ReadonlyArray<number> => names("/proc").filter((name) => /^\d+$/.test(name)).map(Number)

/**
 * What a link of a process points to, `cwd` or `root` or a file descriptor; undefined where it cannot be read.
 *
 * @since 0.1.0
 * @category reading
 */
export const linkOf = (pid: number, link: string): string | undefined => {
  try {
    return fs.readlinkSync(`/proc/${pid}/${link}`)
  } catch {
    return undefined // gone, or a kernel thread, or not ours to see
  }
}

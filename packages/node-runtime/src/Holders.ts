/**
 * Who holds a mount or a device.
 *
 * @since 0.1.0
 */
import * as fs from "node:fs"
import { isBelow } from "@effect-lxc/core/model/HostPath"
import type { Holder } from "@effect-lxc/core/runtime/StepProblem"
import { names, readText } from "./KernelFiles.ts"
import { allPids, commandOf, linkOf } from "./Processes.ts"

type Holder = typeof Holder.Type

const most = 20

const found = (pids: Iterable<number>): ReadonlyArray<Holder> =>
  [...pids].slice(0, most).map((pid) => ({ pid, command: commandOf(pid) }))

const isUnder = (path: string | undefined, target: string): boolean =>
  path !== undefined && (path === target || isBelow(target, path))

const isMapped = (pid: number, target: string): boolean =>
  (readMaps(pid) ?? "").split("\n").some((line) => isUnder(/^\S+ \S+ \S+ \S+ \S+ +(\/.*)$/.exec(line)?.[1], target))

const readMaps = (pid: number): string | undefined => {
  try {
    return readText(`/proc/${pid}/maps`)
  } catch {
    return undefined // not ours to see
  }
}

const openFiles = (pid: number): ReadonlyArray<string> => {
  try {
    return names(`/proc/${pid}/fd`)
  } catch {
    return [] // not ours to see
  }
}

const holds = (pid: number, target: string): boolean =>
  ["cwd", "root", "exe"].some((link) => isUnder(linkOf(pid, link), target)) ||
  openFiles(pid).some((fd) => isUnder(linkOf(pid, `fd/${fd}`), target)) ||
  isMapped(pid, target)

/**
 * Processes that have a file, a directory or a mapping below a mount point.
 *
 * @since 0.1.0
 * @category queries
 */
export const holdersOfMount = (target: string): ReadonlyArray<Holder> =>
  found(allPids().filter((pid) => pid !== process.pid && holds(pid, target)))

/**
 * Processes in whose mount namespace a device is mounted, each namespace but our own told by one of them: tools that look at
 * open files do not see these. What is mounted in our own is in the mount table, and held by none of all those who share it.
 *
 * @since 0.1.0
 * @category queries
 */
export const holdersOfDevice = (device: string): ReadonlyArray<Holder> => {
  const number = (readText(`/sys/class/block/${device.slice("/dev/".length)}/dev`) ?? "").trim()
  const seen = new Set([linkOf(process.pid, "ns/mnt")])
  const holding = allPids().filter((pid) => {
    const namespace = linkOf(pid, "ns/mnt")
    if (number === "" || namespace === undefined || seen.has(namespace)) return false
    seen.add(namespace)
    return (mountinfo(pid) ?? "").split("\n").some((line) => line.split(" ")[2] === number)
  })
  return found(holding)
}

const mountinfo = (pid: number): string | undefined => {
  try {
    return fs.readFileSync(`/proc/${pid}/mountinfo`, "utf8")
  } catch {
    return undefined // gone, or not ours to see
  }
}

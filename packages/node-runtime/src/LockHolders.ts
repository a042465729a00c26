/**
 * Who holds a lock.
 *
 * @since 0.1.0
 */
import { escape } from "@effect-lxc/core/model/HostText"
import * as fs from "node:fs"
import { names, readText } from "./KernelFiles.ts"
import { believed } from "./OwnFiles.ts"
import { allPids, commandOf, linkOf, processStat } from "./Processes.ts"

/** Whether a process has the file open by which the lock is held, and not only one of its own. Source: proc_pid_fdinfo(5). */
const holds = (pid: number, path: string): boolean => {
  try {
    return names(`/proc/${pid}/fd`).some((fd) =>
      linkOf(pid, `fd/${fd}`) === path && /^lock:.*\sFLOCK\s/m.test(readText(`/proc/${pid}/fdinfo/${fd}`) ?? ""))
  } catch {
    return false // not ours to see
  }
}

/** Of several the first says enough: they are parts of one call. */
const toolOf = (path: string): string => {
  const pid = allPids().find((each) => holds(each, path))
  return pid === undefined ? "" : `: its tool ${escape(commandOf(pid).slice(0, 200))} (pid ${pid}) still holds it`
}

const isDead = (pid: number): boolean => (processStat(pid)?.state ?? "Z") === "Z"

/**
 * What the holder of a lock wrote about itself, one line, not to be trusted further than it can be shown; null where it
 * wrote nothing. Where it is dead, also the tool that it had begun and that holds the lock on.
 *
 * @since 0.1.0
 * @category queries
 */
export const holderOf = (path: string): string | null => {
  const text = (believed(path) ?? "").split("\n", 1)[0] ?? ""
  if (text === "") return null
  const shown = escape(text.slice(0, 200))
  const pid = /^pid (\d+) /.exec(text)?.[1]
  return pid === undefined || !isDead(Number(pid)) ? shown : `${shown}, which is dead${toolOf(fs.realpathSync(path))}`
}

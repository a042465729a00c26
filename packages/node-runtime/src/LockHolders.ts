/**
 * Who holds a lock.
 *
 * @since 0.1.0
 */
import { escape } from "@effect-lxc/core/model/HostText"
import { isAlive } from "@effect-lxc/core/host/ProcessStat"
import * as fs from "node:fs"
import { errnoOf } from "./KernelFiles.ts"
import { believed } from "./OwnFiles.ts"
import { allPids, commandOf, linkOf, processStat } from "./Processes.ts"
import { toolOf } from "./Spawner.ts"

/** Whether a process has the file open; undefined where that is not ours to see. */
const hasOpen = (pid: number, real: string): boolean | undefined => {
  try {
    return fs.readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(pid, `fd/${fd}`) === real)
  } catch (error) {
    return errnoOf(error) === "EACCES" ? undefined : false
  }
}

/** What the holder wrote about itself, one line; empty where it wrote nothing. */
const wordsIn = (at: string): string => (believed(at) ?? "").split("\n", 1)[0] ?? ""

const writerOf = (words: string): number | undefined => {
  const pid = /^pid (\d+) /.exec(words)?.[1]
  return pid === undefined ? undefined : Number(pid)
}

/**
 * A process that has the claim to a lock open; undefined where nobody has. Looked at first are the one that was `known` before and
 * the one that says of itself that it has it: all others take a millisecond for each few hundred.
 *
 * @since 0.1.0
 * @category queries
 */
export const whoHasOpen = (at: string, known?: number): number | undefined => {
  let real: string
  try {
    real = fs.realpathSync(at)
  } catch {
    return undefined // gone
  }
  const likely = [known, writerOf(wordsIn(at))].filter((pid) => pid !== undefined)
  // Who says that it has it, lives, and cannot be looked at, has it.
  return likely.find((pid) => hasOpen(pid, real) ?? isAlive(processStat(pid))) ?? allPids().find((pid) => hasOpen(pid, real))
}

/**
 * What the holder of a lock wrote about itself into its claim, not to be trusted further than it can be shown; null where it wrote nothing.
 * Where it is dead, also the tool that it had begun and that holds the lock on.
 *
 * @since 0.1.0
 * @category queries
 */
export const holderOf = (at: string, holder: number): string | null => {
  const words = wordsIn(at)
  if (words === "") return null
  const shown = escape(words.slice(0, 200))
  const writer = writerOf(words)
  if (writer === undefined || isAlive(processStat(writer))) return shown
  const tool = toolOf(holder)
  return `${shown}, which is dead: its tool ${escape(commandOf(tool).slice(0, 200))} (pid ${tool}) still holds it`
}

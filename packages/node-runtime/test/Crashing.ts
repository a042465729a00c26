import type { Directories } from "@effect-lxc/core/host/Directories"
import { fnv1a64 } from "@effect-lxc/core/model/Hash"
import { makeDice } from "@effect-lxc/test-kit/Dice"
import { Effect } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import * as fs from "node:fs"
import { setImmediate as nextTurn } from "node:timers/promises"
import { fileURLToPath } from "node:url"

const main = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url))

/** How many instants are tried for each operation: a few, or as many as somebody has the time for. */
export const crashes = Number(process.env.EFFECT_LXC_CRASHES ?? 2)

/** Another one in each run; what was found is looked for again with the one that was printed. */
export const seed = Number(process.env.EFFECT_LXC_SEED ?? Date.now() % 1_000_000)

const ended = (child: ChildProcess) =>
  Effect.callback<void>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) resume(Effect.void)
    else child.once("exit", () => resume(Effect.void))
  })

const isOver = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

/** Whether the process has the lock: what follows changes the host, or plans to. A lock is gone when it is let go. */
const hasLock = (child: ChildProcess, lock: string): boolean => {
  try {
    return fs.readFileSync(lock, "utf8").startsWith(`pid ${child.pid} (`)
  } catch {
    return false
  }
}

/** When a process is killed: so many milliseconds after it got the lock, where it plans, or after its first words in the journal. */
export interface Instant {
  readonly after: "lock" | "journal"
  readonly ms: number
}

/**
 * Runs the command line until that instant, and kills it with SIGKILL. Gives whether its journal had a word then: whether
 * it died in the middle.
 */
export const killedAt = ({ after, ms }: Instant, directories: Directories, name: string, argv: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { log, run, state } = directories
    const child = spawn(process.execPath, [main, ...argv, "--run-dir", run, "--log-dir", log, "--state-dir", state], { stdio: "ignore" })
    while (!isOver(child) && !hasLock(child, directories.lock(name))) yield* Effect.sleep(1)
    while (after === "journal" && !isOver(child) && !fs.existsSync(directories.journal(name))) yield* Effect.promise(nextTurn)
    yield* Effect.sleep(ms)
    child.kill("SIGKILL")
    yield* ended(child)
    const journal = directories.journal(name)
    return fs.existsSync(journal) && fs.readFileSync(journal, "utf8").includes("\n")
  })

/** The instants at which an operation is killed that lasts about so long. */
export const instants = (operation: string, lastsMs: number): ReadonlyArray<Instant> => {
  const dice = makeDice(seed ^ Number(fnv1a64(operation) & 0xffffffffn))
  return Array.from({ length: crashes }, (_, index) => ({ after: index % 2 === 0 ? "journal" : "lock", ms: dice.below(lastsMs) }))
}

import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { Directories } from "@effect-lxc/core/host/Directories"

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))

/** How a process ended, and at which instants it wrote what to standard error. */
export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
  readonly lines: ReadonlyArray<{ readonly at: number; readonly text: string }>
  readonly at: number
}

/** Somebody at another terminal: the command line in a process of its own. */
export interface Operator {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** When a line that matches has been written; fails where the process ends without it. */
  readonly says: (words: RegExp) => Promise<void>
}

export const operator = (...argv: ReadonlyArray<string>): Operator => {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", main, ...argv], {
    stdio: ["ignore", "pipe", "pipe"]
  })
  const written = { out: "", err: "" }
  const lines: Array<{ at: number; text: string }> = []
  const waiting = new Set<() => void>()
  child.stdout.on("data", (chunk: Buffer) => (written.out += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => {
    written.err += chunk.toString()
    for (const text of chunk.toString().split("\n").filter((line) => line !== "")) lines.push({ at: performance.now(), text })
    for (const look of waiting) look()
  })
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) => resolve({ code, ...written, lines, at: performance.now() }))
  })
  const says = (words: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!words.test(written.err)) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
      void ended.then(() => reject(new Error(`it ended without saying ${words}:\n${written.err}`)))
    })
  return { child, ended, says }
}

export const operatorIn = ({ log, run, state }: Directories) => (...argv: ReadonlyArray<string>): Operator =>
  operator(...argv, "--run-dir", run, "--log-dir", log, "--state-dir", state)

/**
 * Small processes that fork tools for this one.
 *
 * @since 0.1.0
 */
import type { HostError } from "@effect-lxc/core/runtime/Host"
import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { constants } from "node:os"
import { killed, killGroup, notSpawned, Printed } from "./ChildProcesses.ts"
import { errnoOf } from "./KernelFiles.ts"
import { childrenOf, commandOf } from "./Processes.ts"

/**
 * To fork, the kernel copies the page tables of whoever forks: 2 to 3 ms for a process of Node with its heap, in which nothing else
 * is done, 0.3 for a shell. So tools are run by processes of sh(1), which have this program and no other. What to run comes to
 * them as data, for each word the number of its line breaks and its lines, and is never read as a program. So does the mark, for
 * everybody on the host can read the words that a process was started with.
 *
 * File 3 of a tool is the claim to the lock under which it works. The shell opens it for each tool by way of the process that
 * holds it: where that is dead by now the shell ends there, and runs nothing on a host that nobody has locked. It looks once more
 * when it has the claim open: where that process still lives, whoever looks after its death sees the claim in use.
 */
const program = `
unset PWD OLDPWD SHLVL
exec 3<&-
IFS= read -r mark || exit
while IFS= read -r lock && IFS= read -r count; do
  set --
  while [ "$count" -gt 0 ]; do
    IFS= read -r breaks && IFS= read -r word || exit
    while [ "$breaks" -gt 0 ]; do
      IFS= read -r more || exit
      word="$word
$more"
      breaks=$((breaks - 1))
    done
    set -- "$@" "$word"
    count=$((count - 1))
  done
  if [ -n "$lock" ]; then
    exec 3<"$lock"
    [ -e "$lock" ] || exit
  fi
  "$@" </dev/null
  code=$?
  exec 3<&-
  printf '%s %s\\n' "$mark" "$code"
  printf '%s %s\\n' "$mark" "$code" >&2
done
`

/** How long one is kept that has nothing to run, in milliseconds. */
const idleMs = 1_000

/**
 * How a tool ended.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ended {
  readonly exitCode: number | null
  /** Set where a signal ended it; with an exit code, where one may have. */
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * What to run.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  /** The path of the tool, and its arguments; none may have a NUL. */
  readonly words: ReadonlyArray<string>
  /** A file of this process that the tool is to have open. */
  readonly lock: number | undefined
  readonly env: Readonly<Record<string, string>>
}

/** A blank, three digits and the end of the line. */
const longestCode = 5

/** What comes from a tool until a line of the shell's own, which begins with a mark that nobody else knows. */
class Output {
  private readonly printed = new Printed()
  /** What may be the beginning of that line. */
  private open = Buffer.alloc(0)
  private readonly mark: string
  /** The exit code of the tool, once it has come. */
  code: number | undefined

  constructor(mark: string) {
    this.mark = mark
  }

  /** Gives whether all of it is of the tool and the shell: what comes after that line is not. */
  take(part: Buffer): boolean {
    if (this.code !== undefined) return false
    const seen = Buffer.concat([this.open, part])
    const at = seen.indexOf(this.mark)
    const end = at < 0 ? -1 : seen.indexOf("\n", at)
    const sure = end < 0 ? Math.max(0, seen.length - this.mark.length - longestCode) : at
    this.printed.keep(seen.subarray(0, sure))
    this.open = end < 0 ? seen.subarray(sure) : Buffer.alloc(0)
    if (end >= 0) this.code = Number(seen.toString("utf8", at + this.mark.length, end))
    return end < 0 || end === seen.length - 1
  }

  /** Where the line never came, to the last byte: that is why the shell ended. */
  get text(): string {
    return this.printed.text + this.open.toString("utf8")
  }
}

const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]))

/** A shell gives 128 and the number of the signal for what was ended by one, and no sign whether the tool gave that itself. */
const endedWith = (exitCode: number): Pick<Ended, "exitCode" | "signal"> =>
  ({ exitCode, signal: exitCode > 128 ? signalNames.get(exitCode - 128) ?? null : null })

interface Task {
  readonly stdout: Output
  readonly stderr: Output
  readonly resume: (ended: Effect.Effect<Ended, HostError>) => void
}

/** What keeps a process of Node from ending while there is nothing else to do. */
interface Handle {
  readonly ref: () => unknown
  readonly unref: () => unknown
}

const isHandle = (each: object | null | undefined): each is Handle => each !== null && each !== undefined && "unref" in each

/** What to do where a shell has ended without a word. */
const byWhom = "look who ended it while it had a tool to run: the same command goes on"

/** One shell. It runs one tool at a time, and is among those that are idle before and after it. */
class Shell {
  private readonly idleOnes: Set<Shell>
  private readonly child: ChildProcess
  private readonly handles: ReadonlyArray<Handle>
  private readonly mark = randomUUID()
  private task: Task | undefined
  private idle: NodeJS.Timeout | undefined
  /** Set when it has ended, or when something that a tool has left behind still prints, as if it were the next one. */
  private isUsedUp = false

  constructor(env: Request["env"], idleOnes: Set<Shell>) {
    this.idleOnes = idleOnes
    // A process group of its own, to be killed whole. Where no more files can be had it comes without its pipes.
    const child: ChildProcess = spawn("/bin/sh", ["-c", program], { cwd: "/", env, detached: true, stdio: "pipe" })
    child.on("error", (error) => this.lost(errnoOf(error), error.message))
    child.on("close", (code, signal) => this.lost(signal ?? `exit code ${code}`, this.task?.stderr.text.trim() || byWhom))
    child.on("exit", () => {
      if (this.task !== undefined) killGroup(child) // else its tool would go on with nobody to wait for it
      this.end() // though what a tool has left behind may have its pipes open yet
    })
    child.stdin?.on("error", () => undefined) // the end of the process says more
    child.stdout?.on("data", (part: Buffer) => this.took(this.task?.stdout, part))
    child.stderr?.on("data", (part: Buffer) => this.took(this.task?.stderr, part))
    child.stdin?.write(`${this.mark}\n`)
    this.child = child
    const handles: ReadonlyArray<object | null | undefined> = [child, child.stdin, child.stdout, child.stderr]
    this.handles = handles.filter(isHandle)
  }

  /** Gives what ends it with what it runs, and waits until they are gone: if it still does, for by then it may run another's. */
  run({ lock, words }: Request, resume: Task["resume"]): Effect.Effect<void> {
    clearTimeout(this.idle)
    this.idleOnes.delete(this)
    for (const handle of this.handles) handle.ref()
    const task: Task = { stdout: new Output(this.mark), stderr: new Output(this.mark), resume }
    this.task = task
    const claim = lock === undefined ? "" : `/proc/${process.pid}/fd/${lock}`
    this.child.stdin?.write([claim, words.length, ...words.flatMap((word) => [word.split("\n").length - 1, word]), ""].join("\n"))
    return Effect.suspend(() => {
      if (this.task !== task) return Effect.void
      this.task = undefined
      return killed(this.child, "close")
    })
  }

  private took(output: Output | undefined, part: Buffer): void {
    if (output?.take(part) !== true) this.end()
    const { task } = this
    if (task?.stdout.code === undefined || task.stderr.code === undefined) return
    this.task = undefined
    for (const handle of this.handles) handle.unref()
    this.rest()
    task.resume(Effect.succeed({ ...endedWith(task.stdout.code), stdout: task.stdout.text, stderr: task.stderr.text }))
  }

  private rest(): void {
    if (this.isUsedUp) return
    this.idle = setTimeout(() => this.end(), idleMs).unref()
    this.idleOnes.add(this)
  }

  /** It takes nothing more to run; a tool that it has still runs to its end. */
  private end(): void {
    this.isUsedUp = true
    this.idleOnes.delete(this)
    this.child.stdin?.end()
  }

  private lost(code: string, advice: string): void {
    this.idleOnes.delete(this)
    this.task?.resume(Effect.fail(notSpawned("/bin/sh", code, advice)))
    this.task = undefined
  }
}

/** Shells that have nothing to run, by the environment of their tools. */
const idleOnes = new Map<string, Set<Shell>>()

const shellWith = (env: Request["env"]): Shell => {
  const key = JSON.stringify(env)
  const shells = idleOnes.get(key) ?? new Set<Shell>()
  idleOnes.set(key, shells)
  const [shell] = shells
  return shell ?? new Shell(env, shells)
}

/**
 * The tool that a shell runs, also one of a process of this library that is dead; any other process is itself.
 *
 * @since 0.1.0
 * @category queries
 */
export const toolOf = (pid: number): number => commandOf(pid) === `/bin/sh -c ${program}`.trim() ? childrenOf(pid)[0] ?? pid : pid

/**
 * Runs a tool to its end; one that is interrupted is killed with its process group, and gone when the interruption is over.
 *
 * @since 0.1.0
 * @category running
 */
export const run = (request: Request): Effect.Effect<Ended, HostError> =>
  Effect.callback<Ended, HostError>((resume) => shellWith(request.env).run(request, resume))

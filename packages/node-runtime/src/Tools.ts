/**
 * External programs: a fixed environment, no shell, a limit on every call.
 *
 * @since 0.1.0
 */
import { HostError } from "@effect-lxc/core/runtime/Host"
import type { Argv } from "@effect-lxc/core/plan/Commands"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type ChildProcess, spawn } from "node:child_process"
import * as fs from "node:fs"
import type { Readable } from "node:stream"
import { HeldLock } from "./HeldLock.ts"
import { errnoOf } from "./KernelFiles.ts"

const fixed: ReadonlyArray<string> = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]

/**
 * Where tools are looked for: the caller's PATH has no say. Another value is for tests, with tools of their own.
 *
 * @since 0.1.0
 * @category references
 */
export const ToolDirectories = Context.Reference<ReadonlyArray<string>>("@effect-lxc/node-runtime/ToolDirectories", {
  defaultValue: () => fixed
})

/**
 * How long what has no limit of its own in a plan may take, in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface ToolLimits {
  /** One call of a tool that has little to do: mount(8) waits for a device that does not answer, losetup(8) for one that is torn down. */
  readonly tool: number
  /** One call of a tool that goes through a file system: sync(1), rm(1). */
  readonly disk: number
  /** How long a device or a cgroup that is busy is tried again, or waited for. */
  readonly busy: number
  /** Until a program is seen in its container. */
  readonly attach: number
}

/**
 * 30 s, 10 min, 5 s and 10 s.
 *
 * @since 0.1.0
 * @category references
 */
export const ToolLimits = Context.Reference<ToolLimits>("@effect-lxc/node-runtime/ToolLimits", {
  defaultValue: () => ({ tool: 30_000, disk: 600_000, busy: 5_000, attach: 10_000 })
})

/**
 * What a tool sees of the caller's environment: nothing.
 *
 * @since 0.1.0
 * @category constructors
 */
export const toolEnvironment = (directories: ReadonlyArray<string> = fixed) => ({ PATH: directories.join(":"), LC_ALL: "C" })

/**
 * Where a tool is; undefined where it is not installed.
 *
 * @since 0.1.0
 * @category queries
 */
export const toolPath = (tool: string, directories: ReadonlyArray<string> = fixed): string | undefined =>
  directories.map((directory) => `${directory}/${tool}`).find((path) => fs.existsSync(path))

/**
 * How a tool ended.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ended {
  readonly exitCode: number | null
  /** Set where a signal ended it. */
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** What a tool may print before we stop keeping it. */
const outputLimit = 64 * 1024

/** SIGKILL to the process group of a child, which is its own. */
const killGroup = (child: ChildProcess): void => {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, "SIGKILL")
  } catch {
    // gone already
  }
}

/** A process that waits for a disk is gone only when the disk answers. */
const goneMs = 1_000

/** Kills a tool that is given up, and waits until it is gone. */
const killed = (child: ChildProcess): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    killGroup(child)
  }).pipe(Effect.timeoutOption(goneMs), Effect.asVoid)

const collect = (stream: Readable | null): () => string => {
  const parts: Array<Buffer> = []
  let size = 0
  stream?.on("data", (part: Buffer) => {
    if (size < outputLimit) parts.push(part)
    size += part.length
  })
  return () => Buffer.concat(parts).toString("utf8")
}

/** How long a pipe that a daemon holds open is waited for after the end of the tool. */
const drainMs = 200

/** Takes what a tool prints as it comes; a failure ends the tool. */
interface Consumer {
  readonly take: (stdout: Readable) => Promise<void>
  readonly failure: (error: unknown) => HostError
}

const run = (
  [command, ...args]: Argv,
  lock: number | undefined,
  directories: ReadonlyArray<string>,
  consumer?: Consumer
): Effect.Effect<Ended, HostError> =>
  Effect.callback<Ended, HostError>((resume) => {
    const child = spawn(command, args, {
      cwd: "/",
      env: toolEnvironment(directories),
      detached: true, // its own process group, to be killed whole
      stdio: ["ignore", "pipe", "pipe", ...(lock === undefined ? [] : [lock])]
    })
    const stdout = consumer === undefined ? collect(child.stdout) : () => ""
    const stderr = collect(child.stderr)
    const end = (exitCode: number | null, signal: string | null): void =>
      resume(Effect.succeed({ exitCode, signal, stdout: stdout(), stderr: stderr() }))
    child.on("error", (error) => resume(Effect.fail(notSpawned(command, error))))
    if (consumer !== undefined && child.stdout !== null) {
      const taken = consumer.take(child.stdout)
      taken.catch((error: unknown) => {
        killGroup(child)
        resume(Effect.fail(consumer.failure(error)))
      })
      child.on("close", (exitCode, signal) => void taken.then(() => end(exitCode, signal), () => undefined))
      return killed(child)
    }
    child.on("close", end)
    child.on("exit", (exitCode, signal) => {
      // Timers come before reads: on a busy event loop what was printed may still be in the pipe, and is read in this turn.
      setTimeout(() => setImmediate(() => end(exitCode, signal)), drainMs).unref()
    })
    return killed(child)
  })

const notSpawned = (command: string, error: Error): HostError => {
  const code = errnoOf(error)
  return new HostError({
    problem: code === "ENOENT"
      ? { _tag: "Conflict", found: `${command} is not installed`, advice: "install the package that has it" }
      : { _tag: "SystemCallFailed", call: "spawn", path: command, code, advice: error.message }
  })
}

/** Milliseconds that a plan gives, or the name of a limit that is everybody's. */
type Limit = number | "tool" | "disk"

/**
 * Runs a tool to its end, whatever its exit code. One that does not end within its limit is killed with its process group,
 * and so is one that is interrupted. With a consumer, what it prints goes there, however much it is.
 *
 * @since 0.1.0
 * @category running
 */
export const runTool = Effect.fn("Tools.run")(function*(argv: Argv, limit: Limit, consumer?: Consumer) {
  const lock = yield* HeldLock
  const timeoutMs = typeof limit === "number" ? limit : (yield* ToolLimits)[limit]
  const directories = yield* ToolDirectories
  const ended = yield* Effect.timeoutOption(run(argv, lock, directories, consumer), Duration.millis(timeoutMs))
  if (Option.isNone(ended)) {
    return yield* new HostError({ problem: { _tag: "CommandTimedOut", argv: [...argv], timeoutMs, log: [] } })
  }
  return ended.value
})

/**
 * Runs a tool that must succeed, and gives what it printed.
 *
 * @since 0.1.0
 * @category running
 */
export const runToolOk = Effect.fnUntraced(function*(argv: Argv, limit: Limit) {
  const ended = yield* runTool(argv, limit)
  return ended.exitCode === 0 ? ended.stdout : yield* commandFailed(argv, ended, [])
})

/**
 * @since 0.1.0
 * @category errors
 */
export const commandFailed = (argv: Argv, ended: Ended, log: ReadonlyArray<string>): HostError =>
  new HostError({
    problem: {
      _tag: "CommandFailed",
      argv: [...argv],
      exitCode: ended.exitCode,
      signal: ended.signal,
      stderr: ended.stderr,
      log
    }
  })

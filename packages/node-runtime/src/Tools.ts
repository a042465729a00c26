/**
 * External programs: a fixed environment, no text for a shell, a limit on every call.
 *
 * @since 0.1.0
 */
import { HostError } from "@effect-lxc/core/runtime/Host"
import type { Argv } from "@effect-lxc/core/plan/Commands"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import type { Readable } from "node:stream"
import { killed, killGroup, notInstalled, notSpawned, Printed } from "./ChildProcesses.ts"
import { HeldLock } from "./HeldLock.ts"
import { errnoOf } from "./KernelFiles.ts"
import { type Ended, type Request, run } from "./Spawner.ts"

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

/** Takes what a tool prints as it comes; a failure ends the tool. */
interface Consumer {
  readonly take: (stdout: Readable) => Promise<void>
  readonly failure: (error: unknown) => HostError
}

const stream = ({ env, lock, words: [path = "", ...args] }: Request, consumer: Consumer) =>
  Effect.callback<Ended, HostError>((resume) => {
    const child = spawn(path, args, {
      cwd: "/",
      env,
      detached: true, // its own process group, to be killed whole
      stdio: ["ignore", "pipe", "pipe", ...(lock === undefined ? [] : [lock])]
    })
    const stderr = new Printed()
    child.stderr?.on("data", (part: Buffer) => stderr.keep(part))
    child.on("error", (error) => resume(Effect.fail(notSpawned(path, errnoOf(error), error.message))))
    const end = Effect.suspend(() => child.exitCode !== null || child.signalCode !== null ? Effect.void : killed(child, "exit"))
    if (!child.stdout) return end
    const taken = consumer.take(child.stdout)
    taken.catch((error: unknown) => {
      killGroup(child)
      resume(Effect.fail(consumer.failure(error)))
    })
    child.on("close", (exitCode, signal) =>
      void taken.then(() => resume(Effect.succeed({ exitCode, signal, stdout: "", stderr: stderr.text })), () => undefined))
    return end
  })

/** No path and no name has one: execve(2) could not hand it on. */
const withNul = (command: string, word: string): HostError =>
  new HostError({
    problem: { _tag: "Conflict", found: `an argument of ${command} has a NUL: ${JSON.stringify(word)}`, advice: "choose another name" }
  })

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
  const [command, ...args] = argv
  const path = command.startsWith("/") ? command : toolPath(command, directories)
  if (path === undefined) return yield* notInstalled(command)
  const broken = argv.find((word) => word.includes("\0"))
  if (broken !== undefined) return yield* withNul(command, broken)
  const request: Request = { words: [path, ...args], lock, env: toolEnvironment(directories) }
  const running = consumer === undefined ? run(request) : stream(request, consumer)
  const ended = yield* Effect.timeoutOption(running, Duration.millis(timeoutMs))
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

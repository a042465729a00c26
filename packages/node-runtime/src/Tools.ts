/**
 * External programs: a fixed environment, no shell, a limit on every call.
 *
 * @since 0.1.0
 */
import { HostError } from "@effect-lxc/core/runtime/Host"
import type { Argv } from "@effect-lxc/core/plan/Commands"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ChildProcess from "effect/process/ChildProcess"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"

const directories = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]

/** What a tool sees of the caller's environment: nothing. */
const environment = { PATH: directories.join(":"), LC_ALL: "C" }

/**
 * Where a tool is on the fixed path; undefined where it is not installed.
 *
 * @since 0.1.0
 * @category queries
 */
export const toolPath = (tool: string): string | undefined =>
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

const text = <E>(stream: Stream.Stream<Uint8Array, E>) =>
  stream.pipe(
    Stream.decodeText(),
    Stream.runFold(() => "", (all, part: string) => all.length > outputLimit ? all : all + part)
  )

/** Node reports an end by a signal as an error of exitCode, with the signal in its description only. */
const signalIn = (error: { readonly message: string }): string => /SIG[A-Z0-9]+/.exec(error.message)?.[0] ?? "a signal"

const run = Effect.fnUntraced(function*([command, ...args]: Argv) {
  const handle = yield* ChildProcess.make(command, args, {
    cwd: "/",
    env: environment,
    extendEnv: false,
    stdin: "ignore",
    killSignal: "SIGKILL",
    forceKillAfter: "1 second"
  })
  const [stdout, stderr, exit] = yield* Effect.all([
    text(handle.stdout),
    text(handle.stderr),
    handle.exitCode.pipe(
      Effect.map((exitCode) => ({ exitCode: Number(exitCode), signal: null })),
      Effect.catch((error) => Effect.succeed({ exitCode: null, signal: signalIn(error) }))
    )
  ], { concurrency: "unbounded" })
  return { stdout, stderr, ...exit }
}, Effect.scoped)

/**
 * Runs a tool to its end, whatever its exit code. One that does not end in `timeoutMs` is killed with its process group,
 * and so is one that is interrupted.
 *
 * @since 0.1.0
 * @category running
 */
export const runTool = Effect.fn("Tools.run")(function*(argv: Argv, timeoutMs: number) {
  const ended = yield* run(argv).pipe(
    Effect.timeoutOption(Duration.millis(timeoutMs)),
    Effect.catchTag("PlatformError", (error) =>
      Effect.fail(
        new HostError({
          problem: error.reason._tag === "NotFound"
            ? { _tag: "Conflict", found: `${argv[0]} is not installed`, advice: "install the package that has it" }
            : { _tag: "SystemCallFailed", call: "spawn", path: argv[0], code: error.reason._tag, advice: error.message }
        })
      ))
  )
  if (Option.isNone(ended)) {
    return yield* new HostError({ problem: { _tag: "CommandTimedOut", argv: [...argv], timeoutMs, log: [] } })
  }
  return ended.value satisfies Ended
})

/**
 * Runs a tool that must succeed, and gives what it printed.
 *
 * @since 0.1.0
 * @category running
 */
export const runToolOk = Effect.fnUntraced(function*(argv: Argv, timeoutMs: number) {
  const ended = yield* runTool(argv, timeoutMs)
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

/**
 * The services a tool call needs.
 *
 * @since 0.1.0
 * @category models
 */
export type Spawner = ChildProcessSpawner

/**
 * Programs in containers, by lxc-attach(1).
 *
 * lxc-attach is the parent of the program, and its death does not end it: the program is found as its child in the
 * container's pid namespace, and ended by itself, with the processes of its session.
 *
 * @since 0.1.0
 */
import type { ContainerName } from "@effect-lxc/core/lxc/AttachCommand"
import { HostError } from "@effect-lxc/core/runtime/Host"
import type { AttachRequest, Execution, ForwardedSignal, Stdio } from "@effect-lxc/core/runtime/Sessions"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { type ChildProcess, spawn } from "node:child_process"
import * as os from "node:os"
import type { Readable, Writable } from "node:stream"
import { pidsBelow } from "./CgroupTree.ts"
import { notInstalled, notSpawned } from "./ChildProcesses.ts"
import { errnoOf } from "./KernelFiles.ts"
import { trackingGroup } from "./Liveness.ts"
import { childrenOf, isInPidNamespace, sessionOf } from "./Processes.ts"
import { toolEnvironment, ToolLimits, toolPath } from "./Tools.ts"

/** How long lxc-attach may take to see the end of its program, and to put the terminal right. */
const farewellMs = 1_000
/** How long a pipe stays quiet after the end of its program until we stop listening for what others may write to it. */
const quietMs = 100

/** A program in a container, seen from the host. */
interface Attached {
  readonly request: AttachRequest
  readonly child: ChildProcess
  readonly attachPid: number
  /** Whether lxc-attach leads a session of its own, in which the program is too. */
  readonly detached: boolean
  readonly ended: Deferred.Deferred<number>
  /** The code of the program; null while it runs, and where lxc-attach was killed. */
  exitCode: number | null
  /** The program's pid on the host, once it was seen. */
  pid: number | undefined
  session: number | undefined
}

const kill = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (errnoOf(error) !== "ESRCH") throw error
  }
}

const failure = (error: unknown, path: string): HostError => notSpawned(path, errnoOf(error), "see errno(3)")

/** The terminal belongs to the process group in front: only a child that stays in ours may read it. */
const readsTerminal = (stdio: Stdio): boolean => stdio._tag === "inherit" && process.stdin.isTTY

const noTerminal = new HostError({
  problem: {
    _tag: "Conflict",
    found: "standard input is not a terminal",
    advice: "a console needs one: run it from a terminal, or give its command to a program that has one"
  }
})

const launch = (request: AttachRequest): Effect.Effect<Attached, HostError> =>
  Effect.callback((resume) => {
    if (request.kind === "console" && !readsTerminal(request.stdio)) return resume(Effect.fail(noTerminal))
    const [tool, ...args] = request.argv
    const path = toolPath(tool)
    if (path === undefined) return resume(Effect.fail(notInstalled(tool)))
    const detached = !readsTerminal(request.stdio)
    const stdio = request.stdio._tag === "inherit"
      ? "inherit" as const
      : [request.stdio.stdin === undefined ? "ignore" as const : "pipe" as const, "pipe" as const, "pipe" as const]
    const child = spawn(path, args, { cwd: "/", env: toolEnvironment(), detached, stdio })
    const ended = Deferred.makeUnsafe<number>()
    child.once("error", (error) => resume(Effect.fail(failure(error, tool))))
    child.once("spawn", () => {
      const attachPid = child.pid ?? 0
      const attached: Attached = {
        request,
        child,
        attachPid,
        detached,
        ended,
        exitCode: null,
        pid: undefined,
        session: detached ? attachPid : undefined
      }
      child.once("exit", (code, signal) => {
        attached.exitCode = code
        Deferred.doneUnsafe(ended, Effect.succeed(code ?? 128 + os.constants.signals[signal ?? "SIGKILL"]))
      })
      resume(Effect.succeed(attached))
    })
  })

/** Looks for the program; lxc-attach has children of its own on the way to it, which are not in the container yet. */
const find = (attached: Attached): number | undefined => {
  if (attached.pid !== undefined) return attached.pid
  const pid = childrenOf(attached.attachPid).find(isInPidNamespace)
  if (pid !== undefined) attached.pid = pid
  return pid
}

/** A pid is used again when its parent has reaped it. */
const isOurs = ({ attachPid }: Attached, pid: number | undefined): pid is number =>
  pid !== undefined && childrenOf(attachPid).includes(pid)

/** On a terminal the program has a session of its own, which it gets after it came into the container. */
const findSession = (attached: Attached): number | undefined => {
  const session = attached.pid === undefined ? undefined : sessionOf(attached.pid)
  if (!attached.detached && session !== undefined && session !== sessionOf(process.pid)) attached.session = session
  return attached.session
}

/** SIGKILL to the processes of a session within a container, until none is found. */
const killSession = (container: ContainerName, session: number): Effect.Effect<void> =>
  Effect.sync(() => {
    const members = pidsBelow(trackingGroup(container.name)).filter((pid) => sessionOf(pid) === session)
    for (const pid of members) kill(pid, "SIGKILL")
    return members.length === 0
  }).pipe(
    Effect.repeat({ until: (none) => none, schedule: Schedule.spaced(10).pipe(Schedule.upTo({ times: 50 })) }),
    Effect.asVoid
  )

const farewell = (attached: Attached): Effect.Effect<boolean> =>
  Effect.map(Effect.timeoutOption(Deferred.await(attached.ended), farewellMs), Option.isSome)

/** Ends what a session that was left early has running. */
const end = Effect.fnUntraced(function*(attached: Attached) {
  const { attachPid, child, detached, request } = attached
  if (attached.exitCode === null) {
    const pid = find(attached)
    const session = findSession(attached)
    // The program before lxc-attach: its parent then reaps it, and puts the terminal right.
    if (isOurs(attached, pid)) kill(pid, "SIGKILL")
    if (session !== undefined) yield* killSession(request.container, session)
    // A console has no program of ours; the tool puts the terminal right when it is asked to end.
    if (request.kind === "console") child.kill("SIGTERM")
    if ((pid === undefined && request.kind === "program") || !(yield* farewell(attached))) {
      if (detached) kill(-attachPid, "SIGKILL")
      else child.kill("SIGKILL")
      yield* farewell(attached)
    }
  }
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy()
})

/** Waits until the program was seen in the container, or has ended already. */
const arrival = (attached: Attached, timeoutMs: number) =>
  Effect.sync(() => {
    find(attached)
    findSession(attached)
    return attached.session !== undefined && attached.pid !== undefined
  }).pipe(
    Effect.repeat({ until: (seen) => seen, schedule: Schedule.spaced(5) }),
    Effect.raceFirst(Deferred.await(attached.ended)),
    Effect.timeoutOption(timeoutMs),
    Effect.flatMap((arrived) =>
      Option.isSome(arrived) ? Effect.void : Effect.fail(
        new HostError({
          problem: { _tag: "CommandTimedOut", argv: [...attached.request.argv], timeoutMs, log: [] }
        })
      ))
  )

/** Ends the stream once the program has ended and nothing more came for a while: a daemon may hold the pipe for ever. */
const endWithProgram = ({ child }: Attached, stream: Readable): void => {
  child.once("exit", () => {
    let before = -1
    let total = 0
    stream.on("data", (chunk: Buffer) => {
      total += chunk.length
    })
    const look = setInterval(() => {
      if (stream.readableLength > 0 || total !== before) {
        before = total
        return
      }
      clearInterval(look)
      stream.push(null)
    }, quietMs)
    stream.once("close", () => clearInterval(look))
  })
}

const output = (stream: Readable | null): Stream.Stream<Uint8Array, HostError> =>
  stream === null
    ? Stream.empty
    : NodeStream.fromReadable<Uint8Array, HostError>({ evaluate: () => stream, onError: (error) => failure(error, "pipe") })

/** A program that does not read to the end has its reasons. */
const feed = (input: Stream.Stream<Uint8Array>, to: Writable): Effect.Effect<void> => {
  to.on("error", () => {})
  return Stream.runForEach(input, (chunk) =>
    Effect.callback<void>((resume) => {
      if (to.destroyed) resume(Effect.interrupt)
      else to.write(chunk, () => resume(Effect.void))
    })).pipe(Effect.ensuring(Effect.sync(() => to.end())))
}

const send = (attached: Attached, signal: ForwardedSignal): Effect.Effect<void> =>
  Effect.sync(() => {
    if (attached.request.kind === "console") return void attached.child.kill(signal)
    const pid = attached.exitCode === null ? find(attached) : undefined
    if (isOurs(attached, pid)) kill(pid, signal)
  })

/** Where somebody else killed lxc-attach, the program has not ended: it is ended now. */
const exitCode = (attached: Attached): Effect.Effect<number> =>
  Effect.tap(Deferred.await(attached.ended), () => attached.exitCode === null ? end(attached) : Effect.void)

/**
 * Runs a program in a container; see the port.
 *
 * @since 0.1.0
 * @category running
 */
export const attach = Effect.fn("NodeSessions.attach")(function*(request: AttachRequest) {
  const attached = yield* Effect.acquireRelease(launch(request), end)
  const { child } = attached
  for (const stream of [child.stdout, child.stderr]) if (stream !== null) endWithProgram(attached, stream)
  if (request.kind === "program") yield* arrival(attached, (yield* ToolLimits).attach)
  if (request.stdio._tag === "pipe" && request.stdio.stdin !== undefined && child.stdin !== null) {
    yield* Effect.forkScoped(feed(request.stdio.stdin, child.stdin))
  }
  return {
    stdout: output(child.stdout),
    stderr: output(child.stderr),
    exitCode: exitCode(attached),
    signal: (signal) => send(attached, signal)
  } satisfies Execution
})

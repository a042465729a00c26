/**
 * Running programs in containers.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { ContainerProblem, ContainerState, type ContainerStatus, statusOf } from "../host/ContainerStatus.ts"
import type { Directories } from "../host/Directories.ts"
import { attachCommand, consoleCommand } from "../lxc/AttachCommand.ts"
import type { GuestCommand } from "../model/GuestCommand.ts"
import type { Instance } from "../model/Instance.ts"
import type { InstanceName } from "../model/InstanceName.ts"
import type { Host } from "./Host.ts"
import { UnknownContainer } from "./Queries.ts"
import type { AttachRequest, Execution, Sessions, Stdio } from "./Sessions.ts"

/**
 * The container is not in a state in which something can be run in it; nothing was tried.
 *
 * @since 0.1.0
 * @category errors
 */
export class CannotAttach extends Schema.TaggedError<CannotAttach>()("CannotAttach", {
  instance: Schema.String,
  state: ContainerState,
  problem: Schema.NullOr(ContainerProblem)
}) {
  override get message(): string {
    return `nothing can be run in ${this.instance}: ${whyNot(this)}`
  }
}

const whyNot = ({ instance, problem, state }: CannotAttach): string => {
  switch (state) {
    case "FREEZING":
    case "FROZEN":
      return `it is ${state}, and whoever waits for it would wait for ever; thaw it first: effect-lxc thaw ${instance}`
    case "STOPPED":
      return "it does not run"
    case "ORPHANED":
      return `its monitor is dead, and LXC denies knowing it; end it: effect-lxc stop --force ${instance}`
    case "RUNNING":
      return problem === "init-dead"
        ? "its first process is dead"
        : "its monitor does not answer, and LXC would wait for ever"
  }
}

/**
 * The container runs and has no such terminal; nothing was tried.
 *
 * @since 0.1.0
 * @category errors
 */
export class NoConsole extends Schema.TaggedError<NoConsole>()("NoConsole", {
  instance: Schema.String,
  /** The terminal that was asked for; null where any would do. */
  tty: Schema.NullOr(Schema.Int),
  /** How many it has, beside its console, which is number 0. */
  ttys: Schema.Int
}) {
  override get message(): string {
    return this.ttys === 0
      ? `${this.instance} has no terminals: lxc.ttys of its spec is 0; tty 0, its console, is always there`
      : `${this.instance} has no terminal ${this.tty}: they are numbered from 1 to ${this.ttys}, and 0 is its console`
  }
}

/**
 * Why nothing can be run in a container in this state; undefined where something can.
 *
 * @since 0.1.0
 * @category conclusions
 */
export const attachRefusal = ({ name, problem, state }: ContainerStatus): CannotAttach | undefined =>
  state === "RUNNING" && problem === null ? undefined : new CannotAttach({ instance: name, state, problem })

/**
 * @since 0.1.0
 * @category models
 */
export interface ExecOptions {
  /** Pipes with an empty standard input where nothing is said. */
  readonly stdio?: Stdio | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ConsoleOptions {
  /** Which terminal; 0 is the guest's /dev/console. The first free one where nothing is said. */
  readonly tty?: number | undefined
}

/** Who started it by other hands may have a terminal more or less than we know: LXC then says so. */
const consoleRefusal = (record: Instance | null, name: string, tty: number | undefined): NoConsole | undefined => {
  const ttys = record?.lxc.ttys
  return ttys === undefined || tty === 0 || (tty ?? 1) <= ttys
    ? undefined
    : new NoConsole({ instance: name, tty: tty ?? null, ttys })
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const makeAttaching = (host: Host["Service"], sessions: Sessions["Service"], directories: Directories) => {
  const requireRunning = Effect.fnUntraced(function*(name: InstanceName) {
    const [facts] = yield* host.containers({ directories, name, records: true })
    if (facts === undefined) return yield* new UnknownContainer({ instance: name })
    const refusal = attachRefusal(statusOf(facts))
    if (refusal !== undefined) return yield* refusal
    return facts
  })
  const consoleRequest = Effect.fnUntraced(function*(name: InstanceName, { tty }: ConsoleOptions = {}) {
    const { lxcPath, record } = yield* requireRunning(name)
    const refusal = consoleRefusal(record, name, tty)
    if (refusal !== undefined) return yield* refusal
    const container = { name, lxcPath }
    return {
      kind: "console",
      container,
      argv: consoleCommand(container, tty),
      stdio: { _tag: "inherit" }
    } satisfies AttachRequest
  })
  return {
    consoleCommand: Effect.fn("Hypervisor.consoleCommand")((name: InstanceName, options?: ConsoleOptions) =>
      Effect.map(consoleRequest(name, options), ({ argv }) => argv)
    ),
    console: Effect.fn("Hypervisor.console")((name: InstanceName, options?: ConsoleOptions) =>
      Effect.flatMap(consoleRequest(name, options), sessions.attach)
    ),
    exec: Effect.fn("Hypervisor.exec")(function*(name: InstanceName, command: GuestCommand, options: ExecOptions = {}) {
      yield* requireRunning(name)
      const container = { name, lxcPath: directories.containers }
      return yield* sessions.attach({
        kind: "program",
        container,
        argv: attachCommand(container, command),
        stdio: options.stdio ?? { _tag: "pipe" }
      })
    })
  }
}

/**
 * What a program wrote, and how it ended. Text that is no UTF-8 has replacement characters; `truncated` says that there
 * was more than was kept.
 *
 * @since 0.1.0
 * @category models
 */
export interface Collected {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  readonly truncated: boolean
}

const keep = <E>(stream: Stream.Stream<Uint8Array, E>, limit: number) =>
  Effect.suspend(() => {
    let left = limit
    let truncated = false
    return stream.pipe(
      Stream.map((chunk) => {
        const part = chunk.subarray(0, left)
        left -= part.length
        truncated ||= part.length < chunk.length
        return part
      }),
      Stream.decodeText(),
      Stream.mkString,
      Effect.map((text) => ({ text, truncated }))
    )
  })

/**
 * Waits for the end of a program and gives what it wrote, at most `limit` bytes of each stream (1 MiB by default); the
 * rest is read and dropped, so that the program is not held up.
 *
 * @since 0.1.0
 * @category running
 */
export const collect = Effect.fn("Attaching.collect")(function*(execution: Execution, limit: number = 1024 * 1024) {
  const [stdout, stderr, exitCode] = yield* Effect.all(
    [keep(execution.stdout, limit), keep(execution.stderr, limit), execution.exitCode],
    { concurrency: "unbounded" }
  )
  return {
    exitCode,
    stdout: stdout.text,
    stderr: stderr.text,
    truncated: stdout.truncated || stderr.truncated
  } satisfies Collected
})

/**
 * The service that an application embeds: containers of one host, by name.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { defaultDirectories, type Directories } from "../host/Directories.ts"
import type { HostInfo } from "../host/HostInfo.ts"
import type { HostFacts } from "../host/HostFacts.ts"
import type { GuestCommand } from "../model/GuestCommand.ts"
import type { Instance } from "../model/Instance.ts"
import type { InstanceName } from "../model/InstanceName.ts"
import type { FreezeOptions } from "../plan/FreezePlan.ts"
import type { HostPath } from "../model/HostPath.ts"
import type { CheckpointOptions } from "../plan/CheckpointPlan.ts"
import { decodeExportHead } from "../plan/ExportFormat.ts"
import type { ArchivePath, ExportOptions } from "../plan/ExportPlan.ts"
import { type ImportOptions, nameOf } from "../plan/ImportPlan.ts"
import type { InvalidSpec } from "../model/InvalidSpec.ts"
import { hostItself } from "../plan/PowercyclePlan.ts"
import type { Plan } from "../plan/Plan.ts"
import type { ResizeOptions, Resizing } from "../plan/ResizePlan.ts"
import type { StartOptions } from "../plan/StartPlan.ts"
import type { StopOptions } from "../plan/StopPlan.ts"
import { type CannotAttach, type ConsoleOptions, type ExecOptions, makeAttaching, type NoConsole } from "./Attaching.ts"
import type { Verification } from "../plan/Verification.ts"
import { type ChangeError, makeChanges } from "./Changes.ts"
import { type Fleet, makeFleet } from "./Fleet.ts"
import { Host, type HostError } from "./Host.ts"
import { makeHostQueries } from "./HostQueries.ts"
import type { Report } from "./Interpreter.ts"
import { Journal } from "./Journal.ts"
import { type LogOptions, makeLogs } from "./Logs.ts"
import { Locks } from "./Locks.ts"
import { makePlanning, type Planning, type RebootRequest, sourceOf } from "./Planning.ts"
import { clearLocks, makeRecover, type RecoverReport } from "./Recovery.ts"
import { type ContainerInfo, type ContainerSummary, type InfoOptions, makeQueries, type UnknownContainer } from "./Queries.ts"
import { type Execution, Sessions } from "./Sessions.ts"
import { makeWatching, type StateChange, type WatchOptions } from "./Watching.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface HypervisorOptions {
  readonly directories?: Directories | undefined
  /** How long an operation waits for another one on the same instance, in milliseconds; 30 s by default. */
  readonly lockWaitMs?: number | undefined
  /**
   * How long undoing may take in all when an operation fails or is interrupted, in milliseconds; 60 s by default. What is
   * not undone by then is told, and stays in the journal for `recover`.
   */
  readonly rollbackLimitMs?: number | undefined
}

type Changed = Effect.Effect<Report, ChangeError>

/**
 * Containers of one host. What changes the host is planned under the instance's lock, and the plan is carried out;
 * what only looks takes no lock and is never held up by a container.
 *
 * @since 0.1.0
 * @category services
 */
export class Hypervisor extends Context.Service<Hypervisor, {
  readonly directories: Directories
  readonly facts: (paths?: ReadonlyArray<string>) => Effect.Effect<HostFacts, HostError>
  /** Containers under this library's lxcpath; with `all` every container of the host. Sorted by name. */
  readonly list: (options?: { readonly all?: boolean }) => Effect.Effect<ReadonlyArray<ContainerSummary>, HostError>
  /** Names of what runs under this library's lxcpath, sorted: the least that can be asked, one read of /proc/net/unix. */
  readonly names: Effect.Effect<ReadonlyArray<string>, HostError>
  readonly info: (name: string, options?: InfoOptions) => Effect.Effect<ContainerInfo, HostError | UnknownContainer>
  readonly infoAll: (options?: InfoOptions) => Effect.Effect<ReadonlyArray<ContainerInfo>, HostError>
  /** The host in numbers, and what it has promised to what runs. */
  readonly host: Effect.Effect<HostInfo, HostError>
  /** Everything that is wrong with the host; what cannot be looked at is a finding, too. */
  readonly verify: Effect.Effect<Verification, HostError>
  readonly plan: Planning
  /** Carries out a stored plan, if what it was made for still holds. */
  readonly run: (plan: Plan) => Changed
  readonly start: (instance: Instance, options?: StartOptions) => Changed
  readonly stop: (name: InstanceName, options?: StopOptions) => Changed
  readonly startAll: Fleet["startAll"]
  readonly stopAll: Fleet["stopAll"]
  /** Ends the instance without asking its guest. */
  readonly kill: (name: InstanceName) => Changed
  /** Removes what is left of an instance that does not run in order. */
  readonly cleanup: (name: InstanceName) => Changed
  readonly freeze: (name: InstanceName, options?: FreezeOptions) => Changed
  readonly thaw: (name: InstanceName, options?: FreezeOptions) => Changed
  readonly reboot: (name: InstanceName, options?: RebootRequest) => Changed
  /** Changes limits of a running container, all or none. Its record follows. */
  readonly resize: (name: InstanceName, wanted: Resizing, options?: ResizeOptions) => Changed
  /** Keeps the processes of a running container in a directory. */
  readonly checkpoint: (name: InstanceName, directory: HostPath, options?: CheckpointOptions) => Changed
  /** Brings them back. */
  readonly restore: (instance: Instance, directory: HostPath, options?: StartOptions) => Changed
  /** Restarts the host itself, at once and with all that runs on it. */
  readonly powercycle: Changed
  /** Packs the spec and the root into one stream; what runs is refused, or stopped first. */
  readonly export: (name: InstanceName, archive: ArchivePath, options?: ExportOptions) => Changed
  /** Checks an export, restores it and starts it. */
  readonly import: (archive: ArchivePath, options?: ImportOptions) => Effect.Effect<Report, ChangeError | InvalidSpec>
  /** Deals with operations that did not end, of one instance or of all. */
  readonly recover: (name?: InstanceName) => Effect.Effect<RecoverReport, HostError>
  /** Clears away what those who died have left of locks, as far as it can; `recover` does it, too. */
  readonly clearLocks: Effect.Effect<void>
  /**
   * Runs a program in a container that runs; it is killed where the scope is closed before its end. A process that is killed by
   * SIGKILL closes none: then the program runs on until it ends by itself or with the container.
   */
  readonly exec: (
    name: InstanceName,
    command: GuestCommand,
    options?: ExecOptions
  ) => Effect.Effect<Execution, HostError | UnknownContainer | CannotAttach, Scope.Scope>
  /** The command that connects a terminal with one of the container's, for other programs to run. */
  readonly consoleCommand: (
    name: InstanceName,
    options?: ConsoleOptions
  ) => Effect.Effect<ReadonlyArray<string>, HostError | UnknownContainer | CannotAttach | NoConsole>
  /** Connects the terminal of this process with one of the container's. */
  readonly console: (
    name: InstanceName,
    options?: ConsoleOptions
  ) => Effect.Effect<Execution, HostError | UnknownContainer | CannotAttach | NoConsole, Scope.Scope>
  /** What LXC says of an instance, or what its guest wrote to the console: bytes, not to be trusted on a terminal. */
  readonly logs: (name: InstanceName, options?: LogOptions) => Stream.Stream<Uint8Array, HostError>
  /** Every change of a state from now on. It does not end, and keeps nothing for a slow reader but the states. */
  readonly watch: (options?: WatchOptions) => Stream.Stream<StateChange, HostError>
}>()("@effect-lxc/core/Hypervisor") {
  /**
   * The hypervisor of a host.
   *
   * @since 0.1.0
   */
  static readonly layer = (options: HypervisorOptions = {}): Layer.Layer<Hypervisor, never, Host | Journal | Locks | Sessions> =>
    Layer.effect(Hypervisor, make(options))
}

const make = Effect.fnUntraced(function*(options: HypervisorOptions) {
  const directories = options.directories ?? defaultDirectories
  const host = yield* Host
  const journals = yield* Journal
  const locks = yield* Locks
  const sessions = yield* Sessions
  const plan = makePlanning(host, journals, directories)
  const lockWaitMs = options.lockWaitMs ?? 30_000
  const { change, recover, run, takeAway } = makeChanges(host, journals, locks, plan, directories, {
    lockWaitMs,
    rollbackLimitMs: options.rollbackLimitMs
  })
  const start = Effect.fn("Hypervisor.start")((instance: Instance, options?: StartOptions) =>
    change(instance.name, "start", plan.start(instance, options), { wanted: instance })
  )
  const stop = Effect.fn("Hypervisor.stop")((name: InstanceName, options?: StopOptions) => {
    const patienceMs = options?.force === true ? options.timeoutMs ?? lockWaitMs : undefined
    return takeAway(name, "stop", plan.stop(name, options), patienceMs)
  })
  return Hypervisor.of({
    directories,
    facts: (paths = []) => host.facts({ directories, paths }),
    ...makeQueries(host, directories),
    ...makeHostQueries(host, journals, locks, directories),
    ...makeAttaching(host, sessions, directories),
    ...makeLogs(sessions, directories),
    ...makeWatching(host, sessions, directories),
    plan,
    run,
    recover: makeRecover(host, journals, locks, directories, lockWaitMs, recover),
    clearLocks: clearLocks(locks, directories),
    start,
    stop,
    ...makeFleet(start, stop),
    kill: Effect.fn("Hypervisor.kill")((name) => takeAway(name, "kill", plan.kill(name), 0)),
    cleanup: Effect.fn("Hypervisor.cleanup")((name) => takeAway(name, "cleanup", plan.cleanup(name))),
    freeze: Effect.fn("Hypervisor.freeze")((name, options) => change(name, "freeze", plan.freeze(name, options))),
    thaw: Effect.fn("Hypervisor.thaw")((name, options) => change(name, "thaw", plan.thaw(name, options))),
    resize: Effect.fn("Hypervisor.resize")((name, wanted, options) =>
      change(name, "resize", plan.resize(name, wanted, options))
    ),
    reboot: Effect.fn("Hypervisor.reboot")((name, options) => change(name, "reboot", plan.reboot(name, options))),
    checkpoint: Effect.fn("Hypervisor.checkpoint")((name, directory, options) =>
      change(name, "checkpoint", plan.checkpoint(name, directory, options))
    ),
    restore: Effect.fn("Hypervisor.restore")((instance, directory, options) =>
      change(instance.name, "restore", plan.restore(instance, directory, options), { wanted: instance })
    ),
    powercycle: Effect.withSpan(change(hostItself, "powercycle", plan.powercycle), "Hypervisor.powercycle"),
    export: Effect.fn("Hypervisor.export")((name, archive, options) =>
      change(name, "export", plan.export(name, archive, options))
    ),
    import: Effect.fn("Hypervisor.import")(function*(archive, options) {
      const exported = yield* Effect.fromResult(decodeExportHead(yield* host.exportHead(archive), sourceOf(archive)))
      return yield* change(nameOf(exported, options), "import", plan.import(archive, options))
    })
  })
})

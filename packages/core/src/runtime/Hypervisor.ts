/**
 * The service that an application embeds: containers of one host, by name.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { type ContainerStatus, statusOf } from "../host/ContainerStatus.ts"
import type { ContainerUsage } from "../host/ContainerUsage.ts"
import { defaultDirectories, type Directories } from "../host/Directories.ts"
import type { ContainerFacts, HostFacts } from "../host/HostFacts.ts"
import { isNothing, namesake, remainsOf } from "../host/Remains.ts"
import type { Instance } from "../model/Instance.ts"
import type { InstanceName } from "../model/InstanceName.ts"
import { basisOf, differences } from "../plan/Basis.ts"
import type { Operation } from "../plan/Operation.ts"
import type { Plan } from "../plan/Plan.ts"
import { type PlanRejected, PlanStale } from "../plan/PlanRejected.ts"
import { planStart, type StartOptions } from "../plan/StartPlan.ts"
import { planStop, type StopOptions } from "../plan/StopPlan.ts"
import { Host, type HostError } from "./Host.ts"
import { execute, type Report } from "./Interpreter.ts"
import { Journal } from "./Journal.ts"
import { type LockError, type LockHeld, Locks } from "./Locks.ts"
import type { OperationFailed } from "./OperationFailed.ts"

/**
 * A container as `list` shows it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ContainerSummary extends ContainerStatus {
  /** Whether it lives under this library's lxcpath. */
  readonly managed: boolean
}

/**
 * A container as `info` shows it. Where nothing runs there is no usage.
 *
 * @since 0.1.0
 * @category models
 */
export interface ContainerInfo extends ContainerSummary, ContainerUsage {
  readonly logs: { readonly lxc: string; readonly console: string }
}

/**
 * Nothing by that name is on the host.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnknownContainer extends Schema.TaggedError<UnknownContainer>()("UnknownContainer", {
  instance: Schema.String
}) {
  override get message(): string {
    return `there is no container ${this.instance}; effect-lxc list shows which there are`
  }
}

/**
 * Everything by which an operation that changes the host can fail.
 *
 * @since 0.1.0
 * @category errors
 */
export type ChangeError = PlanRejected | PlanStale | OperationFailed | HostError | LockHeld | LockError

/**
 * @since 0.1.0
 * @category models
 */
export interface HypervisorOptions {
  readonly directories?: Directories | undefined
  /** How long an operation waits for another one on the same instance, in milliseconds; 30 s by default. */
  readonly lockWaitMs?: number | undefined
}

const noUsage: ContainerUsage = {
  memory: { limitBytes: null, usageBytes: null },
  cpu: { count: null, usageSeconds: null },
  pids: { current: null, limit: null },
  startedAt: null
}

const diskPaths = (instance: Instance): ReadonlyArray<string> => instance.disks.map((disk) => disk.path)

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
  readonly info: (name: string) => Effect.Effect<ContainerInfo, HostError | UnknownContainer>
  readonly infoAll: Effect.Effect<ReadonlyArray<ContainerInfo>, HostError>
  readonly plan: {
    readonly start: (instance: Instance, options?: StartOptions) => Effect.Effect<Plan, PlanRejected | HostError>
    readonly stop: (name: InstanceName, options?: StopOptions) => Effect.Effect<Plan, PlanRejected | HostError>
  }
  /** Carries out a stored plan, if what it was made for still holds. */
  readonly run: (plan: Plan) => Effect.Effect<Report, ChangeError>
  readonly start: (instance: Instance, options?: StartOptions) => Effect.Effect<Report, ChangeError>
  readonly stop: (name: InstanceName, options?: StopOptions) => Effect.Effect<Report, ChangeError>
}>()("@effect-lxc/core/Hypervisor") {
  /**
   * The hypervisor of a host.
   *
   * @since 0.1.0
   */
  static readonly layer = (options: HypervisorOptions = {}): Layer.Layer<Hypervisor, never, Host | Journal | Locks> =>
    Layer.effect(Hypervisor, make(options))
}

const make = Effect.fnUntraced(function*(options: HypervisorOptions) {
  const directories = options.directories ?? defaultDirectories
  const lockWaitMs = options.lockWaitMs ?? 30_000
  const host = yield* Host
  const locks = yield* Locks
  const services = Context.make(Host, host).pipe(Context.add(Journal, yield* Journal))
  const carryOut = (plan: Plan) => Effect.provideContext(execute(plan), services)
  const facts = (paths: ReadonlyArray<string> = []) => host.facts({ directories, paths })
  const queries = makeQueries(host, directories)

  const locked = <A, E>(name: string, operation: Operation, body: Effect.Effect<A, E>) =>
    Effect.scoped(Effect.andThen(locks.acquire(directories, name, operation, lockWaitMs), body))

  const plan = {
    start: Effect.fn("Hypervisor.plan.start")(function*(instance: Instance, options?: StartOptions) {
      return yield* Effect.fromResult(planStart(instance, directories, yield* facts(diskPaths(instance)), options))
    }),
    stop: Effect.fn("Hypervisor.plan.stop")(function*(name: InstanceName, options?: StopOptions) {
      return yield* Effect.fromResult(planStop(name, directories, yield* facts(), options))
    })
  }

  const checkBasis = Effect.fnUntraced(function*(stored: Plan) {
    const paths = stored.basis.paths.map((each) => each.path)
    const links = stored.basis.interfaces.map((each) => each.name)
    const found = basisOf(directories, stored.instance, { paths, links }, yield* facts(paths))
    const changed = [
      ...differences(stored.basis, found),
      ...(sameDirectories(stored.directories, directories)
        ? []
        : [`directories: planned for ${stored.directories.run}, this is ${directories.run}`])
    ]
    if (changed.length > 0) {
      return yield* new PlanStale({ operation: stored.operation, instance: stored.instance, differences: changed })
    }
  })

  return Hypervisor.of({
    directories,
    facts,
    ...queries,
    plan,
    run: Effect.fn("Hypervisor.run")((stored: Plan) =>
      locked(stored.instance, stored.operation, Effect.andThen(checkBasis(stored), carryOut(stored)))
    ),
    start: Effect.fn("Hypervisor.start")((instance: Instance, options?: StartOptions) =>
      locked(instance.name, "start", Effect.flatMap(plan.start(instance, options), carryOut))
    ),
    stop: Effect.fn("Hypervisor.stop")(function*(name: InstanceName, options?: StopOptions) {
      const before = yield* facts()
      const nothing = isNothing(remainsOf(directories, name, before)) && namesake(directories, name, before) === undefined
      if (nothing) return { operation: "stop", instance: name, acted: 0, alreadyDone: 0, warnings: [] } as const
      return yield* locked(name, "stop", Effect.flatMap(plan.stop(name, options), carryOut))
    })
  })
})

const sameDirectories = (one: Directories, other: Directories): boolean =>
  one.run === other.run && one.log === other.log && one.state === other.state

const makeQueries = (host: Host["Service"], directories: Directories) => {
  const summarise = (facts: ContainerFacts): ContainerSummary => ({
    ...statusOf(facts),
    managed: facts.lxcPath === directories.containers
  })
  const inspect = Effect.fnUntraced(function*(facts: ContainerFacts) {
    const summary = summarise(facts)
    const usage = summary.initPid === null && !facts.populated ? noUsage : yield* host.usage(facts)
    return usage === undefined ? undefined : {
      ...summary,
      ...usage,
      logs: { lxc: directories.lxcLog(facts.name), console: directories.consoleLog(facts.name) }
    }
  })
  const own = host.containers({ directories })
  return {
    list: Effect.fn("Hypervisor.list")(function*(options: { readonly all?: boolean } = {}) {
      const containers = yield* host.containers({ directories, all: options.all ?? false })
      return containers.map(summarise).sort(byName)
    }),
    info: Effect.fn("Hypervisor.info")(function*(name: string) {
      const facts = (yield* own).find((each) => each.name === name)
      const info = facts === undefined ? undefined : yield* inspect(facts)
      return info ?? (yield* new UnknownContainer({ instance: name }))
    }),
    infoAll: Effect.gen(function*() {
      const containers = yield* own
      const infos = yield* Effect.forEach(containers, inspect)
      return infos.filter((info) => info !== undefined).sort(byName)
    }).pipe(Effect.withSpan("Hypervisor.infoAll"))
  }
}

const byName = (one: ContainerSummary, other: ContainerSummary): number =>
  one.name < other.name ? -1 : one.name > other.name ? 1 : one.lxcPath < other.lxcPath ? -1 : 1

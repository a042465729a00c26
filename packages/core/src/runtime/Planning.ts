/**
 * Planning against the host as it is now.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Directories } from "../host/Directories.ts"
import type { Instance } from "../model/Instance.ts"
import type { InstanceName } from "../model/InstanceName.ts"
import { type FreezeOptions, planFreeze, planThaw } from "../plan/FreezePlan.ts"
import type { HostPath } from "../model/HostPath.ts"
import { type CheckpointOptions, checkpointPaths, planCheckpoint, planRestore } from "../plan/CheckpointPlan.ts"
import { decodeExportHead } from "../plan/ExportFormat.ts"
import { type ArchivePath, type ExportOptions, exportPaths, planExport } from "../plan/ExportPlan.ts"
import { type ImportOptions, importPaths, nameOf, planImport } from "../plan/ImportPlan.ts"
import type { InvalidSpec } from "../model/InvalidSpec.ts"
import type { Named } from "../plan/Basis.ts"
import type { Plan } from "../plan/Plan.ts"
import type { PlanRejected } from "../plan/PlanRejected.ts"
import { planPowercycle } from "../plan/PowercyclePlan.ts"
import { planReboot, planRebootInPlace, type RebootOptions } from "../plan/RebootPlan.ts"
import { planResize, type ResizeOptions, type Resizing } from "../plan/ResizePlan.ts"
import { namedBy, planStart, type StartOptions } from "../plan/StartPlan.ts"
import { planCleanup, planKill, planStop, type StopOptions } from "../plan/StopPlan.ts"
import type { Host, HostError } from "./Host.ts"
import type { Journal } from "./Journal.ts"
import { type KeptPlans, makeKeptPlans } from "./KeptPlans.ts"

type Planned = Effect.Effect<Plan, PlanRejected | HostError>
type PlannedImport = Effect.Effect<Plan, PlanRejected | HostError | InvalidSpec>

/**
 * @since 0.1.0
 * @category models
 */
export interface RebootRequest extends RebootOptions {
  /** LXC's own reboot, with the config it was started with. */
  readonly inPlace?: boolean | undefined
}

/**
 * One planner for each operation that changes the host; nothing is changed by planning.
 *
 * @since 0.1.0
 * @category models
 */
export interface Planning extends KeptPlans {
  readonly start: (instance: Instance, options?: StartOptions) => Planned
  readonly stop: (name: InstanceName, options?: StopOptions) => Planned
  readonly kill: (name: InstanceName) => Planned
  readonly cleanup: (name: InstanceName) => Planned
  readonly freeze: (name: InstanceName, options?: FreezeOptions) => Planned
  readonly thaw: (name: InstanceName, options?: FreezeOptions) => Planned
  readonly reboot: (name: InstanceName, options?: RebootRequest) => Planned
  readonly resize: (name: InstanceName, wanted: Resizing, options?: ResizeOptions) => Planned
  readonly export: (name: InstanceName, archive: ArchivePath, options?: ExportOptions) => Planned
  readonly checkpoint: (name: InstanceName, directory: HostPath, options?: CheckpointOptions) => Planned
  readonly restore: (instance: Instance, directory: HostPath, options?: StartOptions) => Planned
  /** Never rejected: a host may have to be restarted whatever its state. */
  readonly powercycle: Effect.Effect<Plan, HostError>
  readonly import: (archive: ArchivePath, options?: ImportOptions) => PlannedImport
}

/** What a planner has looked at beside the instance itself. */
type LookedAt = Partial<Pick<Named, "paths" | "links">>

const namedIn = (instance: Instance | undefined): LookedAt => instance === undefined ? {} : namedBy(instance)

/**
 * An export by the name it has in messages.
 *
 * @since 0.1.0
 * @category rendering
 */
export const sourceOf = (archive: ArchivePath): string => archive === "-" ? "standard input" : archive

/**
 * @since 0.1.0
 * @category constructors
 */
export const makePlanning = (
  host: Host["Service"],
  journals: Journal["Service"],
  directories: Directories
): Planning => {
  const facts = (instance: string, { links, paths }: LookedAt = {}) => host.facts({ directories, links, paths, instance })
  /** For a plan that takes nothing which another instance could have. */
  const factsAlone = (instance: string) => host.facts({ directories, instance, alone: true })
  return {
    start: Effect.fn("Hypervisor.plan.start")(function*(instance, options) {
      return yield* Effect.fromResult(planStart(instance, directories, yield* facts(instance.name, namedIn(instance)), options))
    }),
    stop: Effect.fn("Hypervisor.plan.stop")(function*(name, options) {
      return yield* Effect.fromResult(planStop(name, directories, yield* factsAlone(name), options))
    }),
    kill: Effect.fn("Hypervisor.plan.kill")(function*(name) {
      return yield* Effect.fromResult(planKill(name, directories, yield* factsAlone(name)))
    }),
    cleanup: Effect.fn("Hypervisor.plan.cleanup")(function*(name) {
      return yield* Effect.fromResult(planCleanup(name, directories, yield* factsAlone(name)))
    }),
    ...makeKeptPlans(host, journals, directories),
    freeze: Effect.fn("Hypervisor.plan.freeze")(function*(name, options) {
      return yield* Effect.fromResult(planFreeze(name, directories, yield* factsAlone(name), options))
    }),
    thaw: Effect.fn("Hypervisor.plan.thaw")(function*(name, options) {
      return yield* Effect.fromResult(planThaw(name, directories, yield* factsAlone(name), options))
    }),
    resize: Effect.fn("Hypervisor.plan.resize")(function*(name, wanted, options) {
      return yield* Effect.fromResult(planResize(name, wanted, directories, yield* factsAlone(name), options))
    }),
    export: Effect.fn("Hypervisor.plan.export")(function*(name, archive, options = {}) {
      const observed = yield* facts(name, { paths: exportPaths(name, options.instance, archive, directories) })
      return yield* Effect.fromResult(planExport(name, archive, directories, observed, options))
    }),
    checkpoint: Effect.fn("Hypervisor.plan.checkpoint")(function*(name, directory, options) {
      const observed = yield* facts(name, { paths: checkpointPaths(directory) })
      return yield* Effect.fromResult(planCheckpoint(name, directory, directories, observed, options))
    }),
    restore: Effect.fn("Hypervisor.plan.restore")(function*(instance, directory, options) {
      const { links, paths } = namedBy(instance)
      const observed = yield* facts(instance.name, { links, paths: [...paths, ...checkpointPaths(directory)] })
      return yield* Effect.fromResult(planRestore(instance, directory, directories, observed, options))
    }),
    powercycle: Effect.suspend(() => host.facts({ directories })).pipe(
      Effect.map((observed) => planPowercycle(directories, observed)),
      Effect.withSpan("Hypervisor.plan.powercycle")
    ),
    import: Effect.fn("Hypervisor.plan.import")(function*(archive, options) {
      const exported = yield* Effect.fromResult(decodeExportHead(yield* host.exportHead(archive), sourceOf(archive)))
      const paths = importPaths(exported, archive, directories, options)
      const observed = yield* facts(nameOf(exported, options), { paths, links: namedBy(exported.instance).links })
      return yield* Effect.fromResult(planImport(exported, archive, directories, observed, options))
    }),
    reboot: Effect.fn("Hypervisor.plan.reboot")(function*(name, { inPlace = false, ...options } = {}) {
      const observed = yield* facts(name, namedIn(options.instance))
      return yield* Effect.fromResult(
        inPlace
          ? planRebootInPlace(name, directories, observed, options)
          : planReboot(name, directories, observed, options)
      )
    })
  }
}

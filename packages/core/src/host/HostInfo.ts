/**
 * A host in numbers: what it has, what is free, and what it has promised.
 *
 * @since 0.1.0
 */
import type { CgroupLayoutName } from "./CgroupLayout.ts"
import { type ContainerState, isActive, statusOf } from "./ContainerStatus.ts"
import type { Directories } from "./Directories.ts"
import type { ContainerFacts, HostFacts } from "./HostFacts.ts"
import type { HostSurvey } from "./HostSurvey.ts"

/**
 * What a container was promised by its spec; null is no limit, or no record.
 *
 * @since 0.1.0
 * @category models
 */
export interface Promised {
  readonly name: string
  readonly state: ContainerState
  readonly memoryMiB: number | null
  readonly vcpus: number | null
  /** What it uses of memory now. */
  readonly usedMiB: number | null
}

/**
 * @since 0.1.0
 * @category models
 */
export interface HostInfo {
  readonly memory: {
    readonly totalMiB: number
    /** What programs can have without swapping (MemAvailable). */
    readonly freeMiB: number
    /** What is in use on the host, its containers included: all that is not free. */
    readonly hostMiB: number
    /** The limits of what runs, added up; what has no limit is not in it. */
    readonly promisedMiB: number
  }
  readonly cpu: {
    readonly total: number
    readonly numaNodes: number
    readonly sockets: number
    readonly promised: number
  }
  readonly kernel: string
  readonly lxcVersion: string | null
  readonly cgroupLayout: CgroupLayoutName
  /** Sorted; of all mounted trees. */
  readonly controllers: ReadonlyArray<string>
  readonly swapAccounting: boolean
  /** The file that takes a proportional I/O weight; null where there is none. */
  readonly ioWeightFile: string | null
  /** What runs under this library, sorted by name. */
  readonly instances: ReadonlyArray<Promised>
}

const mebibytes = (bytes: number): number => Math.floor(bytes / 2 ** 20)

const promisedTo = (container: ContainerFacts): Promised => {
  const { cpuMask, memory, vcpus } = container.record?.resources ?? {}
  return {
    name: container.name,
    state: statusOf(container).state,
    memoryMiB: memory === undefined ? null : mebibytes(memory),
    vcpus: vcpus ?? cpuMask?.length ?? null,
    usedMiB: container.memoryUsage === undefined ? null : mebibytes(container.memoryUsage)
  }
}

const sum = (values: ReadonlyArray<number | null>): number =>
  values.reduce<number>((total, value) => total + (value ?? 0), 0)

/**
 * The controllers of all mounted trees, sorted; a named v1 tree has none.
 *
 * @since 0.1.0
 * @category queries
 */
export const controllersOf = ({ cgroups }: HostFacts): ReadonlyArray<string> =>
  [...new Set(cgroups.hierarchies.flatMap((each) => each.controllers))].filter((name) => !name.includes("=")).sort()

/**
 * @since 0.1.0
 * @category conclusions
 */
export const hostInfo = (directories: Directories, facts: HostFacts, survey: HostSurvey): HostInfo => {
  const instances = facts.containers
    .filter((each) => each.lxcPath === directories.containers && isActive(statusOf(each)))
    .map(promisedTo)
    .sort((one, other) => one.name < other.name ? -1 : 1)
  const { availableBytes, totalBytes } = survey.memory
  return {
    memory: {
      totalMiB: mebibytes(totalBytes),
      freeMiB: mebibytes(availableBytes),
      hostMiB: mebibytes(totalBytes) - mebibytes(availableBytes),
      promisedMiB: sum(instances.map((each) => each.memoryMiB))
    },
    cpu: {
      total: survey.cpus,
      numaNodes: survey.numaNodes,
      sockets: survey.sockets,
      promised: sum(instances.map((each) => each.vcpus))
    },
    kernel: facts.kernel,
    lxcVersion: facts.lxcVersion,
    cgroupLayout: facts.cgroups.layout,
    controllers: controllersOf(facts),
    swapAccounting: facts.cgroups.swapAccounting,
    ioWeightFile: facts.cgroups.ioWeightFile,
    instances
  }
}

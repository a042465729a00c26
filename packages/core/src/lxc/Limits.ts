/**
 * The resources of a spec as files of a cgroup.
 *
 * @since 0.1.0
 */
import { render } from "../model/CpuSet.ts"
import type { Resources } from "../model/Resources.ts"
import type { ExpectedLimit } from "./ExpectedLimit.ts"
import type { Refusal } from "./Refusal.ts"

/**
 * What the kernel of the host offers. What is not known is taken for what a kernel has by default; a limit that is not
 * in force after all is found out after the start.
 *
 * @since 0.1.0
 * @category models
 */
export interface KernelFeatures {
  /** Whether swap can be limited. */
  readonly swapAccounting?: boolean
  /** The file that takes a proportional I/O weight; null where there is none. */
  readonly ioWeightFile?: string | null
}

/**
 * One value for one file of the container's cgroup, and what the file holds once it is in force.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limit {
  readonly field: string
  readonly file: string
  readonly value: string
  readonly expected: ExpectedLimit
}

/** The kernel counts memory in pages and rounds down; those of 4 KiB are what nearly every host has. */
const pageBytes = 4096

/** The period of cpu quotas in microseconds, the kernel's default. */
const periodUs = 100_000

const wholePages = (bytes: number): number => bytes - bytes % pageBytes

const limit = (field: string, controller: string, file: string, value: number | string, readBack = value): Limit => ({
  field: `resources.${field}`,
  file,
  value: String(value),
  expected: { controller, file, value: String(readBack) }
})

/**
 * The shares of cgroup v1 for a weight of v2, in proportion: the defaults 100 and 1024 are the same thing, so that
 * containers share as they would on v2. At least 2, as in the kernel; 10000 is 102400, well below its maximum.
 *
 * @since 0.1.0
 * @category conversions
 */
export const sharesOf = (weight: number): number => Math.max(2, Math.round(weight * 1024 / 100))

/**
 * The weight of v2 for shares of cgroup v1: the inverse of {@link sharesOf}, within the scale.
 *
 * @since 0.1.0
 * @category conversions
 */
export const weightOf = (shares: number): number => Math.min(10_000, Math.max(1, Math.round(shares * 100 / 1024)))

/**
 * The weight of v1's `blkio.weight` (10 to 1000) for one of v2's `io.weight` (1 to 10000): the inverse of the linear rule
 * by which runtimes carry v1 weights over to v2.
 *
 * @since 0.1.0
 * @category conversions
 */
export const blkioWeightOf = (weight: number): number => 10 + Math.round((weight - 1) * 990 / 9999)

/**
 * The limits of a spec on cgroup v1 or v2, in the order in which they are to be written, and what this kernel cannot do.
 *
 * @since 0.1.0
 * @category conversions
 */
export const limitsOf = (
  resources: Resources,
  layout: "v1" | "v2",
  features: KernelFeatures
): { readonly limits: ReadonlyArray<Limit>; readonly refusals: ReadonlyArray<Refusal> } => {
  const io = ioWeight(resources, layout, features)
  return {
    limits: [...memory(resources, layout), ...cpu(resources, layout), ...pids(resources), ...io.limits],
    refusals: [...swapRefusals(resources, features), ...io.refusals]
  }
}

const memory = (resources: Resources, layout: "v1" | "v2"): ReadonlyArray<Limit> => {
  if (resources.memory === undefined) {
    return []
  }
  const bytes = wholePages(resources.memory)
  const swap = resources.swap === undefined ? undefined : wholePages(resources.swap)
  if (layout === "v2") {
    return [
      limit("memory", "memory", "memory.max", bytes),
      ...(swap === undefined ? [] : [limit("swap", "memory", "memory.swap.max", swap)])
    ]
  }
  return [
    limit("memory", "memory", "memory.limit_in_bytes", bytes),
    ...(swap === undefined ? [] : [limit("swap", "memory", "memory.memsw.limit_in_bytes", bytes + swap)])
  ]
}

const swapRefusals = (resources: Resources, features: KernelFeatures): ReadonlyArray<Refusal> =>
  resources.swap === undefined || features.swapAccounting !== false ? [] : [{
    code: "swap-accounting",
    field: "resources.swap",
    message: "the kernel of this host does not limit swap",
    advice: "boot it with swapaccount=1 (or with a memory controller that counts swap), or leave swap out"
  }]

const cpu = ({ cpuMask, cpuWeight, vcpus }: Resources, layout: "v1" | "v2"): ReadonlyArray<Limit> => {
  const limits: Array<Limit> = []
  if (cpuMask !== undefined) {
    limits.push(limit("cpuMask", "cpuset", "cpuset.cpus", render(cpuMask)))
  }
  if (vcpus !== undefined) {
    const quotaUs = Math.round(vcpus * periodUs)
    limits.push(...(layout === "v2"
      ? [limit("vcpus", "cpu", "cpu.max", `${quotaUs} ${periodUs}`)]
      : [
        limit("vcpus", "cpu", "cpu.cfs_period_us", periodUs),
        limit("vcpus", "cpu", "cpu.cfs_quota_us", quotaUs)
      ]))
  }
  if (cpuWeight !== undefined) {
    limits.push(layout === "v2"
      ? limit("cpuWeight", "cpu", "cpu.weight", cpuWeight)
      : limit("cpuWeight", "cpu", "cpu.shares", sharesOf(cpuWeight)))
  }
  return limits
}

const pids = (resources: Resources): ReadonlyArray<Limit> =>
  resources.pids === undefined ? [] : [limit("pids", "pids", "pids.max", resources.pids)]

const ioWeight = (
  resources: Resources,
  layout: "v1" | "v2",
  features: KernelFeatures
): { readonly limits: ReadonlyArray<Limit>; readonly refusals: ReadonlyArray<Refusal> } => {
  const weight = resources.ioWeight
  if (weight === undefined) {
    return { limits: [], refusals: [] }
  }
  const { ioWeightFile: file = layout === "v2" ? "io.weight" : "blkio.weight" } = features
  switch (file) {
    case "io.weight":
      return { limits: [limit("ioWeight", "io", file, weight, `default ${weight}`)], refusals: [] }
    case "blkio.weight":
      return { limits: [limit("ioWeight", "blkio", file, blkioWeightOf(weight))], refusals: [] }
    case "io.bfq.weight":
    case "blkio.bfq.weight":
      return weight > 1000
        ? { limits: [], refusals: [ioRefusal("the BFQ scheduler of this host has weights up to 1000", "give at most 1000")] }
        : { limits: [bfqLimit(file, weight)], refusals: [] }
    default:
      return {
        limits: [],
        refusals: [ioRefusal(
          "the kernel of this host has no proportional I/O weight",
          "use an I/O scheduler that has one (BFQ) for the disks, or leave ioWeight out"
        )]
      }
  }
}

/** A file of a cgroup, in the tree of its controller. */
interface LimitFile {
  readonly controller: string
  readonly file: string
}

const filesV1 = [
  ["memory", "memory.limit_in_bytes"],
  ["memory", "memory.memsw.limit_in_bytes"],
  ["cpuset", "cpuset.cpus"],
  ["cpu", "cpu.cfs_period_us"],
  ["cpu", "cpu.cfs_quota_us"],
  ["cpu", "cpu.shares"],
  ["pids", "pids.max"]
] as const

const filesV2 = [
  ["memory", "memory.max"],
  ["memory", "memory.swap.max"],
  ["cpuset", "cpuset.cpus"],
  ["cpu", "cpu.max"],
  ["cpu", "cpu.weight"],
  ["pids", "pids.max"]
] as const

/**
 * Every file that {@link limitsOf} may write on a host.
 *
 * @since 0.1.0
 * @category queries
 */
export const limitFiles = (layout: "v1" | "v2", ioWeightFile: string | null): ReadonlyArray<LimitFile> => [
  ...(layout === "v2" ? filesV2 : filesV1).map(([controller, file]) => ({ controller, file })),
  ...(ioWeightFile === null ? [] : [{ controller: layout === "v2" ? "io" : "blkio", file: ioWeightFile }])
]

const known: ReadonlySet<string> = new Set([
  ...limitFiles("v1", "blkio.weight"),
  ...limitFiles("v2", "io.weight"),
  { controller: "blkio", file: "blkio.bfq.weight" },
  { controller: "io", file: "io.bfq.weight" }
].map(({ controller, file }) => `${controller} ${file}`))

/**
 * Whether a file of a cgroup is one by which this library limits, of any layout; cgroup.procs and the like are not.
 *
 * @since 0.1.0
 * @category queries
 */
export const isLimitFile = ({ controller, file }: LimitFile): boolean => known.has(`${controller} ${file}`)

/**
 * What to write to have a limit as it is: of several lines of a weight the first, and the processors in effect where none
 * are named. Undefined where the host has no such file.
 *
 * @since 0.1.0
 * @category conversions
 */
export const currentLimit = (
  file: string,
  text: string | undefined,
  effectiveCpus: () => string | undefined
): string | undefined => {
  const [line = ""] = (text ?? "").split("\n")
  return text === undefined || line !== "" || file !== "cpuset.cpus" ? (line === "" ? undefined : line) : effectiveCpus()?.trim()
}

const bfqLimit = (file: "io.bfq.weight" | "blkio.bfq.weight", weight: number): Limit =>
  file === "io.bfq.weight"
    ? limit("ioWeight", "io", file, weight, `default ${weight}`)
    : limit("ioWeight", "blkio", file, weight)

const ioRefusal = (message: string, advice: string): Refusal => ({
  code: "io-weight",
  field: "resources.ioWeight",
  message,
  advice
})

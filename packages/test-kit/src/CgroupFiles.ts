/**
 * What the kernel makes of values that are written into the files of a cgroup.
 *
 * @since 0.1.0
 */
import { parseKernel } from "@effect-lxc/core/model/CpuSet"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { errorLine, type LogMessage } from "./LxcLogText.ts"
import type { LimitSetting } from "./LxcSettings.ts"
import type { CgroupTree, SimulatedState } from "./SimulatedState.ts"

/**
 * The errno of a refused value, in words as LXC logs it.
 *
 * @since 0.1.0
 * @category models
 */
export type Errno = "Invalid argument" | "No such file or directory" | "Numerical result out of range"

type Files = Readonly<Record<string, string>>

const pageBytes = 4_096n

/**
 * What v1 shows where there is no limit: the largest whole number of pages.
 *
 * @since 0.1.0
 * @category constants
 */
export const unlimitedV1 = "9223372036854771712"

/**
 * Whether a limit is in force: the kernel rounds bytes to pages.
 *
 * @since 0.1.0
 * @category queries
 */
export const sameLimit = (wanted: string, found: string): boolean => {
  if (wanted === found) return true
  if (!/^\d+$/.test(wanted) || !/^\d+$/.test(found)) return false
  return BigInt(wanted) >= pageBytes && BigInt(wanted) / pageBytes === BigInt(found) / pageBytes
}

/**
 * The files of a group in which nothing was limited, by what the kernel shows in them.
 *
 * @since 0.1.0
 * @category queries
 */
export const unlimited = (state: SimulatedState): Files => {
  const cpus = { "cpuset.cpus": `0-${state.cpus - 1}`, "pids.max": "max" }
  const io = (weight: string): Files => state.ioWeightFile === null ? {} : { [state.ioWeightFile]: weight }
  return state.trees.every((tree) => tree.version === 2)
    ? {
      ...cpus,
      ...io("default 100"),
      "memory.max": "max",
      ...(state.swapAccounting ? { "memory.swap.max": "max" } : {}),
      "cpu.max": "max 100000",
      "cpu.weight": "100"
    }
    : {
      ...cpus,
      ...io("100"),
      "memory.limit_in_bytes": unlimitedV1,
      ...(state.swapAccounting ? { "memory.memsw.limit_in_bytes": unlimitedV1 } : {}),
      "cpu.cfs_quota_us": "-1",
      "cpu.cfs_period_us": "100000",
      "cpu.shares": "1024"
    }
}

/** Where the kernel counts whom it killed for want of memory, and how it says so. */
const countFile = (state: SimulatedState): string =>
  state.trees.every((tree) => tree.version === 2) ? "memory.events" : "memory.oom_control"

/**
 * What a group says of how many of its processes the kernel has killed for want of memory.
 *
 * @since 0.1.0
 * @category queries
 */
export const killsFile = (state: SimulatedState, kills: number): Files => {
  const file = countFile(state)
  return { [file]: file === "memory.events" ? `oom ${kills}\noom_kill ${kills}\n` : `oom_kill_disable 0\nunder_oom 0\noom_kill ${kills}\n` }
}

/**
 * Whether a file of a group is a count, which limits nothing.
 *
 * @since 0.1.0
 * @category queries
 */
export const isCount = (file: string): boolean => file === "memory.events" || file === "memory.oom_control"

/**
 * The kernel kills a process of a group for want of memory, and counts it there.
 *
 * @since 0.1.0
 * @category transitions
 */
export const countKill = (state: SimulatedState, group: string): SimulatedState => ({
  ...state,
  trees: state.trees.map((tree) => {
    const files = tree.groups[group]
    if (files === undefined || !tree.controllers.includes("memory")) return tree
    const before = Number(files[countFile(state)]?.split(" ").at(-1) ?? 0)
    return { ...tree, groups: { ...tree.groups, [group]: { ...files, ...killsFile(state, before + 1) } } }
  })
})

/**
 * Whether a group may use only so much memory.
 *
 * @since 0.1.0
 * @category queries
 */
export const isMemoryLimited = ({ trees }: SimulatedState, group: string): boolean =>
  trees.some(({ groups }) => {
    const limit = groups[group]?.["memory.max"] ?? groups[group]?.["memory.limit_in_bytes"] ?? "max"
    return limit !== "max" && limit !== unlimitedV1
  })

const units = ["", "K", "M", "G"]

/** v1 has no word for what is not limited, but -1. */
const bytes = (file: string, value: string): Result.Result<string, Errno> => {
  const isV1 = file.endsWith("_in_bytes")
  if (value === (isV1 ? "-1" : "max")) return Result.succeed(isV1 ? unlimitedV1 : value)
  const digits = value.replace(/[KMG]$/i, "")
  if (!/^\d+$/.test(digits)) return Result.fail("Invalid argument")
  const whole = BigInt(digits) * 1_024n ** BigInt(units.indexOf(value.slice(digits.length).toUpperCase()))
  return Result.succeed(String(whole - whole % pageBytes))
}

const between = (value: string, minimum: number, maximum: number): Result.Result<string, Errno> => {
  const number = Number(value)
  return /^\d+$/.test(value) && number >= minimum && number <= maximum
    ? Result.succeed(String(number))
    : Result.fail("Invalid argument")
}

const clamped = (value: string, minimum: number, maximum: number): Result.Result<string, Errno> =>
  /^\d+$/.test(value)
    ? Result.succeed(String(Math.min(maximum, Math.max(minimum, Number(value)))))
    : Result.fail("Invalid argument")

const cpus = (state: SimulatedState, value: string): Result.Result<string, Errno> => {
  const numbers = Option.getOrElse(parseKernel(value), (): ReadonlyArray<number> => [])
  if (numbers.length === 0) return Result.fail("Invalid argument")
  return numbers.every((each) => each < state.cpus) ? Result.succeed(value) : Result.fail("Numerical result out of range")
}

/** Together they are at least the first of them, which is all that can be where nobody limited it. */
const memoryAndSwap = (state: SimulatedState, files: Files, file: string, value: string): Result.Result<string, Errno> => {
  if (!state.swapAccounting) return Result.fail("No such file or directory")
  const limit = files["memory.limit_in_bytes"] ?? unlimitedV1
  return Result.flatMap(bytes(file, value), (total) =>
    Number(total) < Number(limit) ? Result.fail("Invalid argument") : Result.succeed(total))
}

const bandwidth = (value: string): Result.Result<string, Errno> => {
  const [, quota, period] = /^(\d+|max)(?: (\d+))?$/.exec(value) ?? []
  if (quota === undefined || Number(quota) < 1_000) return Result.fail("Invalid argument")
  return Result.succeed(`${quota} ${period ?? "100000"}`)
}

const ioWeight = (state: SimulatedState, file: string, value: string): Result.Result<string, Errno> => {
  if (state.ioWeightFile !== file) return Result.fail("No such file or directory")
  const v2 = file.startsWith("io.")
  const weight = between(v2 ? value.replace(/^default /, "") : value, v2 ? 1 : 10, file === "io.weight" ? 10_000 : 1_000)
  return v2 ? Result.map(weight, (each) => `default ${each}`) : weight
}

const device = (value: string): Result.Result<string, Errno> =>
  /^(?:a|[abc] (?:\d+|\*):(?:\d+|\*) [rwm]+)$/.test(value) ? Result.succeed(value) : Result.fail("Invalid argument")

/** No number is more than one that is not there. */
const memoryAlone = (files: Files, file: string, value: string): Result.Result<string, Errno> => {
  const total = files["memory.memsw.limit_in_bytes"]
  return Result.flatMap(bytes(file, value), (limit) =>
    Number(limit) > Number(total) ? Result.fail("Invalid argument") : Result.succeed(limit))
}

/**
 * What a file of a group holds once `value` was written to it, next to the group's other files.
 *
 * @since 0.1.0
 * @category transitions
 */
export const written = (state: SimulatedState, files: Files, file: string, value: string): Result.Result<string, Errno> => {
  switch (file) {
    case "memory.limit_in_bytes":
      return memoryAlone(files, file, value)
    case "memory.max":
    case "memory.high":
      return bytes(file, value)
    case "memory.memsw.limit_in_bytes":
      return memoryAndSwap(state, files, file, value)
    case "memory.swap.max":
      return state.swapAccounting ? bytes(file, value) : Result.fail("No such file or directory")
    case "cpuset.cpus":
      return cpus(state, value)
    case "cpu.shares":
      return clamped(value, 2, 262_144)
    case "cpu.cfs_quota_us":
      return value === "-1" ? Result.succeed(value) : between(value, 1_000, 10 ** 12)
    case "cpu.cfs_period_us":
      return between(value, 1_000, 1_000_000)
    case "cpu.max":
      return bandwidth(value)
    case "cpu.weight":
      return between(value, 1, 10_000)
    case "pids.max":
      return value === "max" ? Result.succeed(value) : between(value, 0, 4_194_304)
    case "io.weight":
    case "io.bfq.weight":
    case "blkio.weight":
    case "blkio.bfq.weight":
      return ioWeight(state, file, value)
    case "devices.allow":
    case "devices.deny":
      return device(value)
    default:
      return Result.fail("No such file or directory")
  }
}

const limitsSwap = ({ file }: LimitSetting): boolean => file.startsWith("memory.memsw.")

/** LXC writes what limits memory and swap together after what limits memory. */
const bySwap = (one: LimitSetting, other: LimitSetting): number => Number(limitsSwap(one)) - Number(limitsSwap(other))

const notSet = (errno: Errno, file: string, value: string): LogMessage =>
  errorLine("cgfsng.c:cgfsng_setup_limits_legacy:3165", `${errno} - Failed to set "${file}" to "${value}"`)

const noController = (controller: string): LogMessage =>
  errorLine(
    "cgfsng.c:cg_legacy_set_data:3098",
    `No such file or directory - Failed to setup limits for the "${controller}" controller. The controller seems to be unused by "cgfsng" cgroup driver or not enabled on the cgroup hierarchy`
  )

/**
 * Files of a container's group in each tree, by the tree's mount point; fails with the lines that LXC logs.
 *
 * LXC ignores the keys of the other layout without a word: a hybrid host counts as v1.
 *
 * @since 0.1.0
 * @category transitions
 */
export const applyLimits = (
  state: SimulatedState,
  limits: ReadonlyArray<LimitSetting>
): Result.Result<ReadonlyMap<string, Files>, ReadonlyArray<LogMessage>> => {
  const layout = state.trees.every((tree) => tree.version === 2) ? 2 : 1
  const files = new Map<string, Files>()
  for (const { file, value, version } of limits.toSorted(bySwap)) {
    if (version !== layout || state.ignoredLimits.includes(file)) continue
    const controller = file.replace(/\..*/, "")
    const tree = treeOf(state, layout, controller)
    if (tree === undefined) return Result.fail([noController(controller), notSet("No such file or directory", file, value)])
    const before = files.get(tree.mountPoint) ?? {}
    const after = written(state, before, file, value)
    if (Result.isFailure(after)) return Result.fail([notSet(after.failure, file, value)])
    // Device rules are a program, or a list of their own: what was written cannot be read back from the same file.
    files.set(tree.mountPoint, controller === "devices" ? before : { ...before, [file]: after.success })
  }
  return Result.succeed(files)
}

const treeOf = (state: SimulatedState, layout: 1 | 2, controller: string): CgroupTree | undefined =>
  layout === 2
    ? state.trees.find((tree) => controller === "devices" || tree.controllers.includes(controller))
    : state.trees.find((tree) => tree.version === 1 && tree.controllers.includes(controller))

/**
 * What the control groups of a container say about it.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { weightOf } from "../lxc/Limits.ts"
import { parseKernel, render } from "../model/CpuSet.ts"
import type { CgroupLayoutName } from "./CgroupLayout.ts"

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const OrNull = Schema.NullOr(Count)

/**
 * A limit that is not set is null, and so is what this kernel does not tell.
 *
 * @since 0.1.0
 * @category models
 */
export const CgroupUsage = Schema.Struct({
  memory: Schema.Struct({
    limitBytes: OrNull,
    usageBytes: OrNull,
    /** The most that was used since the start. */
    peakBytes: OrNull,
    /** Swap beyond memory. */
    swapLimitBytes: OrNull,
    swapUsageBytes: OrNull,
    /** Processes that the kernel killed because the limit of memory was reached. */
    oomKills: OrNull
  }),
  cpu: Schema.Struct({
    /** How many cpus' worth of time it may use: its quota, else the cpus it may run on. */
    count: Schema.NullOr(Schema.Finite),
    /** Time used since the start, in seconds. */
    usageSeconds: Schema.NullOr(Schema.Finite),
    /** The cpus it may run on, as in `0-2,5`. */
    set: Schema.NullOr(Schema.String),
    /** Its share where cpus are short, on the scale of cgroup v2: 100 is everyone's. */
    weight: OrNull,
    /** How many cpus' worth of time it is limited to. */
    quota: Schema.NullOr(Schema.Finite)
  }),
  pids: Schema.Struct({ current: OrNull, limit: OrNull }),
  /** Bytes read from and written to block devices since the start; what goes through a loop device is counted once. */
  io: Schema.Struct({ readBytes: OrNull, writtenBytes: OrNull })
})

/**
 * @since 0.1.0
 * @category models
 */
export type CgroupUsage = typeof CgroupUsage.Type

/**
 * What uses nothing.
 *
 * @since 0.1.0
 * @category constants
 */
export const noCgroupUsage: CgroupUsage = {
  memory: {
    limitBytes: null,
    usageBytes: null,
    peakBytes: null,
    swapLimitBytes: null,
    swapUsageBytes: null,
    oomKills: null
  },
  cpu: { count: null, usageSeconds: null, set: null, weight: null, quota: null },
  pids: { current: null, limit: null },
  io: { readBytes: null, writtenBytes: null }
}

/**
 * The text of a file of the container's group in the tree of a controller; undefined where there is none.
 *
 * @since 0.1.0
 * @category models
 */
export type ReadCgroup = (controller: string, file: string) => string | undefined

const integer = (text: string | undefined): number | null => /^-?\d+$/.test(text?.trim() ?? "") ? Number(text) : null

/** v1 shows "no limit" as the largest multiple of the page size. */
const unlimited = 2 ** 62

const limit = (text: string | undefined): number | null => {
  const bytes = integer(text)
  return bytes === null || bytes < 0 || bytes >= unlimited ? null : bytes
}

/** The number behind a word at the beginning of a line. */
const field = (text: string | undefined, word: string): number | null => {
  for (const line of (text ?? "").split("\n")) {
    const [name, value] = line.split(" ")
    if (name === word) return integer(value)
  }
  return null
}

const difference = (whole: number | null, part: number | null): number | null =>
  whole === null || part === null ? null : Math.max(0, whole - part)

const cpusOf = (text: string | undefined): ReadonlyArray<number> => Option.getOrElse(parseKernel(text ?? ""), () => [])

const cpuOf = (usageSeconds: number | null, set: string | undefined, quota: number | null, weight: number | null) => {
  const cpus = cpusOf(set)
  return {
    count: quota ?? (cpus.length === 0 ? null : cpus.length),
    usageSeconds,
    set: cpus.length === 0 ? null : render(cpus),
    weight,
    quota
  }
}

const ratio = (quota: number | null, period: number | null): number | null =>
  quota === null || quota <= 0 || period === null || period <= 0 ? null : quota / period

const per = (amount: number | null, unit: number): number | null => amount === null ? null : amount / unit

/** Majors of loop devices: what goes through one is charged again at the device below it. Source: devices.txt. */
const loopMajor = "7"

/** Adds up a column over all devices, but for loop devices that are not the only ones. */
const sumOf = (entries: ReadonlyArray<readonly [device: string, bytes: number]>): number => {
  const below = entries.filter(([device, bytes]) => bytes > 0 && !device.startsWith(`${loopMajor}:`))
  return (below.length > 0 ? below : entries).reduce((sum, [, bytes]) => sum + bytes, 0)
}

/** How each part is read from the files of a layout. */
type Readers = { readonly [Field in keyof CgroupUsage]: (read: ReadCgroup) => CgroupUsage[Field] }

const ioV1 = (text: string | undefined): CgroupUsage["io"] => {
  if (text === undefined) return noCgroupUsage.io
  const of = (word: string) =>
    sumOf(text.split("\n").flatMap((line) => {
      const [device = "", kind, bytes] = line.split(" ")
      return kind === word ? [[device, Number(bytes)] as const] : []
    }))
  return { readBytes: of("Read"), writtenBytes: of("Write") }
}

const ioV2 = (text: string | undefined): CgroupUsage["io"] => {
  if (text === undefined) return noCgroupUsage.io
  const of = (word: string) =>
    sumOf(text.split("\n").flatMap((line) => {
      const [device = "", ...counts] = line.split(" ")
      const found = counts.find((each) => each.startsWith(`${word}=`))
      return found === undefined ? [] : [[device, Number(found.slice(word.length + 1))] as const]
    }))
  return { readBytes: of("rbytes"), writtenBytes: of("wbytes") }
}

const pidsOf = (read: ReadCgroup): CgroupUsage["pids"] => ({
  current: integer(read("pids", "pids.current")),
  limit: integer(read("pids", "pids.max"))
})

const memoryV1 = (read: ReadCgroup): CgroupUsage["memory"] => {
  const limitBytes = limit(read("memory", "memory.limit_in_bytes"))
  const stat = read("memory", "memory.stat")
  return {
    limitBytes,
    usageBytes: integer(read("memory", "memory.usage_in_bytes")),
    peakBytes: integer(read("memory", "memory.max_usage_in_bytes")),
    swapLimitBytes: difference(limit(read("memory", "memory.memsw.limit_in_bytes")), limitBytes),
    swapUsageBytes: field(stat, "total_swap") ?? field(stat, "swap"),
    oomKills: field(read("memory", "memory.oom_control"), "oom_kill")
  }
}

const cpuV1 = (read: ReadCgroup): CgroupUsage["cpu"] => {
  const shares = integer(read("cpu", "cpu.shares"))
  return cpuOf(
    per(integer(read("cpuacct", "cpuacct.usage")), 1e9),
    read("cpuset", "cpuset.effective_cpus"),
    ratio(integer(read("cpu", "cpu.cfs_quota_us")), integer(read("cpu", "cpu.cfs_period_us"))),
    shares === null ? null : weightOf(shares)
  )
}

const readersV1: Readers = {
  memory: memoryV1,
  cpu: cpuV1,
  pids: pidsOf,
  io: (read) =>
    ioV1(read("blkio", "blkio.throttle.io_service_bytes_recursive") ?? read("blkio", "blkio.throttle.io_service_bytes"))
}

const memoryV2 = (read: ReadCgroup): CgroupUsage["memory"] => ({
  limitBytes: limit(read("memory", "memory.max")),
  usageBytes: integer(read("memory", "memory.current")),
  peakBytes: integer(read("memory", "memory.peak")),
  swapLimitBytes: limit(read("memory", "memory.swap.max")),
  swapUsageBytes: integer(read("memory", "memory.swap.current")),
  oomKills: field(read("memory", "memory.events"), "oom_kill")
})

const cpuV2 = (read: ReadCgroup): CgroupUsage["cpu"] => {
  const [quota, period] = (read("cpu", "cpu.max") ?? "").trim().split(" ")
  return cpuOf(
    per(field(read("cpu", "cpu.stat"), "usage_usec"), 1e6),
    read("cpuset", "cpuset.cpus.effective"),
    ratio(integer(quota), integer(period)),
    integer(read("cpu", "cpu.weight"))
  )
}

const readersV2: Readers = { memory: memoryV2, cpu: cpuV2, pids: pidsOf, io: (read) => ioV2(read("io", "io.stat")) }

/**
 * What the files of a container's groups say; of what is not wanted no file is read, and it is as in {@link noCgroupUsage}.
 * Source: cgroup-v2.rst, cgroup-v1/{memory,cpusets,blkio-controller}.rst of the kernel; `memory.peak` since 5.19.
 *
 * @since 0.1.0
 * @category decoding
 */
export const cgroupUsage = (
  layout: CgroupLayoutName,
  read: ReadCgroup,
  wanted: (field: keyof CgroupUsage) => boolean = () => true
): CgroupUsage => {
  const readers = layout === "v2" ? readersV2 : readersV1
  return {
    memory: wanted("memory") ? readers.memory(read) : noCgroupUsage.memory,
    cpu: wanted("cpu") ? readers.cpu(read) : noCgroupUsage.cpu,
    pids: wanted("pids") ? readers.pids(read) : noCgroupUsage.pids,
    io: wanted("io") ? readers.io(read) : noCgroupUsage.io
  }
}

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
 * One of the numbers, such as `memory.usageBytes`.
 *
 * @since 0.1.0
 * @category models
 */
export type CgroupNumber = { [Part in keyof CgroupUsage]: `${Part}.${keyof CgroupUsage[Part] & string}` }[keyof CgroupUsage]

/**
 * Which numbers of each part are wanted.
 *
 * @since 0.1.0
 * @category models
 */
export type CgroupNumbers = { readonly [Part in keyof CgroupUsage]: ReadonlyArray<keyof CgroupUsage[Part]> }

const numbersOf = <Part extends keyof CgroupUsage>(part: Part, isWanted: (field: Part | CgroupNumber) => boolean) => {
  const all = Object.keys(noCgroupUsage[part]) as Array<keyof CgroupUsage[Part] & string> // the keys of the record are its numbers
  return isWanted(part) ? all : all.filter((number) => isWanted(`${part}.${number}` as CgroupNumber)) // of that very part
}

/**
 * Those that are wanted as a whole part or each by itself.
 *
 * @since 0.1.0
 * @category constructors
 */
export const cgroupNumbers = (isWanted: (field: keyof CgroupUsage | CgroupNumber) => boolean): CgroupNumbers => ({
  memory: numbersOf("memory", isWanted),
  cpu: numbersOf("cpu", isWanted),
  pids: numbersOf("pids", isWanted),
  io: numbersOf("io", isWanted)
})

const everyNumber = cgroupNumbers(() => true)

const partOf = <Part extends object>(
  none: Part,
  numbers: ReadonlyArray<keyof Part>,
  valueOf: <Number extends keyof Part>(number: Number) => Part[Number]
): Part => {
  if (numbers.length === 0) return none
  const found = { ...none }
  for (const number of numbers) found[number] = valueOf(number)
  return found
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

/** How each number is read from the files of a layout. */
type Values<Part> = { readonly [Number in keyof Part]: (read: ReadCgroup) => Part[Number] }
type Readers = { readonly [Part in keyof CgroupUsage]: Values<CgroupUsage[Part]> }

const ioV1 = (text: string | undefined, word: "Read" | "Write"): number | null =>
  text === undefined ? null : sumOf(text.split("\n").flatMap((line) => {
    const [device = "", kind, bytes] = line.split(" ")
    return kind === word ? [[device, Number(bytes)] as const] : []
  }))

const ioV2 = (text: string | undefined, word: "rbytes" | "wbytes"): number | null =>
  text === undefined ? null : sumOf(text.split("\n").flatMap((line) => {
    const [device = "", ...counts] = line.split(" ")
    const found = counts.find((each) => each.startsWith(`${word}=`))
    return found === undefined ? [] : [[device, Number(found.slice(word.length + 1))] as const]
  }))

const pids: Readers["pids"] = {
  current: (read) => integer(read("pids", "pids.current")),
  limit: (read) => integer(read("pids", "pids.max"))
}

const limitV1 = (read: ReadCgroup): number | null => limit(read("memory", "memory.limit_in_bytes"))

const memoryV1: Readers["memory"] = {
  limitBytes: limitV1,
  usageBytes: (read) => integer(read("memory", "memory.usage_in_bytes")),
  peakBytes: (read) => integer(read("memory", "memory.max_usage_in_bytes")),
  swapLimitBytes: (read) => difference(limit(read("memory", "memory.memsw.limit_in_bytes")), limitV1(read)),
  swapUsageBytes: (read) => {
    const stat = read("memory", "memory.stat")
    return field(stat, "total_swap") ?? field(stat, "swap")
  },
  oomKills: (read) => field(read("memory", "memory.oom_control"), "oom_kill")
}

/** The same on both layouts, but for what is read. */
const cpuFrom = (
  quota: (read: ReadCgroup) => number | null,
  cpusText: (read: ReadCgroup) => string | undefined,
  { usageSeconds, weight }: Pick<Readers["cpu"], "usageSeconds" | "weight">
): Readers["cpu"] => ({
  count: (read) => quota(read) ?? (cpusOf(cpusText(read)).length || null),
  usageSeconds,
  set: (read) => {
    const cpus = cpusOf(cpusText(read))
    return cpus.length === 0 ? null : render(cpus)
  },
  weight,
  quota
})

const quotaV1 = (read: ReadCgroup): number | null =>
  ratio(integer(read("cpu", "cpu.cfs_quota_us")), integer(read("cpu", "cpu.cfs_period_us")))

const bytesV1 = (read: ReadCgroup): string | undefined =>
  read("blkio", "blkio.throttle.io_service_bytes_recursive") ?? read("blkio", "blkio.throttle.io_service_bytes")

const readersV1: Readers = {
  memory: memoryV1,
  cpu: cpuFrom(quotaV1, (read) => read("cpuset", "cpuset.effective_cpus"), {
    usageSeconds: (read) => per(integer(read("cpuacct", "cpuacct.usage")), 1e9),
    weight: (read) => {
      const shares = integer(read("cpu", "cpu.shares"))
      return shares === null ? null : weightOf(shares)
    }
  }),
  pids,
  io: { readBytes: (read) => ioV1(bytesV1(read), "Read"), writtenBytes: (read) => ioV1(bytesV1(read), "Write") }
}

const memoryV2: Readers["memory"] = {
  limitBytes: (read) => limit(read("memory", "memory.max")),
  usageBytes: (read) => integer(read("memory", "memory.current")),
  peakBytes: (read) => integer(read("memory", "memory.peak")),
  swapLimitBytes: (read) => limit(read("memory", "memory.swap.max")),
  swapUsageBytes: (read) => integer(read("memory", "memory.swap.current")),
  oomKills: (read) => field(read("memory", "memory.events"), "oom_kill")
}

const quotaV2 = (read: ReadCgroup): number | null => {
  const [quota, period] = (read("cpu", "cpu.max") ?? "").trim().split(" ")
  return ratio(integer(quota), integer(period))
}

const readersV2: Readers = {
  memory: memoryV2,
  cpu: cpuFrom(quotaV2, (read) => read("cpuset", "cpuset.cpus.effective"), {
    usageSeconds: (read) => per(field(read("cpu", "cpu.stat"), "usage_usec"), 1e6),
    weight: (read) => integer(read("cpu", "cpu.weight"))
  }),
  pids,
  io: { readBytes: (read) => ioV2(read("io", "io.stat"), "rbytes"), writtenBytes: (read) => ioV2(read("io", "io.stat"), "wbytes") }
}

/** Several numbers are in one file. */
const readOnce = (read: ReadCgroup): ReadCgroup => {
  const texts = new Map<string, string | undefined>()
  return (controller, file) => {
    if (!texts.has(file)) texts.set(file, read(controller, file))
    return texts.get(file)
  }
}

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
  wanted: CgroupNumbers = everyNumber
): CgroupUsage => {
  const { cpu, io, memory, pids } = layout === "v2" ? readersV2 : readersV1
  const text = readOnce(read)
  return {
    memory: partOf(noCgroupUsage.memory, wanted.memory, (number) => memory[number](text)),
    cpu: partOf(noCgroupUsage.cpu, wanted.cpu, (number) => cpu[number](text)),
    pids: partOf(noCgroupUsage.pids, wanted.pids, (number) => pids[number](text)),
    io: partOf(noCgroupUsage.io, wanted.io, (number) => io[number](text))
  }
}

/**
 * A use with the numbers that are wanted alone.
 *
 * @since 0.1.0
 * @category conversions
 */
export const withNumbers = (usage: CgroupUsage, wanted: CgroupNumbers): CgroupUsage => ({
  memory: partOf(noCgroupUsage.memory, wanted.memory, (number) => usage.memory[number]),
  cpu: partOf(noCgroupUsage.cpu, wanted.cpu, (number) => usage.cpu[number]),
  pids: partOf(noCgroupUsage.pids, wanted.pids, (number) => usage.pids[number]),
  io: partOf(noCgroupUsage.io, wanted.io, (number) => usage.io[number])
})

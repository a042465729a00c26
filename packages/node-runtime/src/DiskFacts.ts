/**
 * What block devices and image files are.
 *
 * @since 0.1.0
 */
import type { PathFacts } from "@effect-lxc/core/host/HostFacts"
import { type Partition, readPartitionTable } from "@effect-lxc/core/host/PartitionTable"
import * as fs from "node:fs"
import { fileKey, names, readInteger, readText } from "./KernelFiles.ts"

/** As the kernel's `makedev` packs them for user space (sys/sysmacros.h of glibc). */
const numberOf = (rdev: number): string => {
  const packed = BigInt(rdev)
  const major = ((packed >> 8n) & 0xfffn) | ((packed >> 32n) & 0xfffff000n)
  const minor = (packed & 0xffn) | ((packed >> 12n) & 0xffffff00n)
  return `${major}:${minor}`
}

/**
 * `major:minor` of the block device at a path; undefined where there is none.
 *
 * @since 0.1.0
 * @category reading
 */
export const deviceNumberOf = (path: string): string | undefined => {
  const stats = fs.statSync(path, { throwIfNoEntry: false })
  return stats?.isBlockDevice() === true ? numberOf(stats.rdev) : undefined
}

const reader = (file: number) => (offset: number, length: number): Uint8Array => {
  const bytes = new Uint8Array(length)
  return bytes.subarray(0, fs.readSync(file, bytes, 0, length, offset))
}

const tableOf = (path: string, size: number): ReadonlyArray<Partition> | undefined => {
  const file = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK)
  try {
    return readPartitionTable(reader(file), size)
  } finally {
    fs.closeSync(file)
  }
}

/** The kernel's own devices of the partitions of a device, by where they begin, in bytes. */
const nodesOf = (device: string): ReadonlyMap<number, NonNullable<Partition["node"]>> =>
  new Map(names(`/sys/dev/block/${device}`).flatMap((name) => {
    const at = `/sys/dev/block/${device}/${name}`
    const start = readInteger(`${at}/partition`) === undefined ? undefined : readInteger(`${at}/start`)
    const number = readText(`${at}/dev`)?.trim()
    return start === undefined || number === undefined ? [] : [[start * 512, { path: `/dev/${name}`, device: number }] as const]
  }))

const blockFacts = (path: string, device: string, wanted: boolean): Pick<PathFacts, "device" | "partitions"> => {
  const partitions = !wanted ? undefined : tableOf(path, (readInteger(`/sys/dev/block/${device}/size`) ?? 0) * 512)
  if (partitions === undefined) return { device }
  const nodes = nodesOf(device)
  return {
    device,
    partitions: partitions.map((each) => {
      const node = nodes.get(each.start)
      return node === undefined ? each : { ...each, node }
    })
  }
}

/**
 * What tells a device or image from others, and, where they are wanted, the partitions that it has.
 *
 * @since 0.1.0
 * @category reading
 */
export const diskFacts = (
  path: string,
  stats: fs.Stats,
  wanted: boolean
): Pick<PathFacts, "device" | "inode" | "partitions"> => {
  if (stats.isBlockDevice()) return blockFacts(path, numberOf(stats.rdev), wanted)
  if (!stats.isFile()) return {}
  const inode = fileKey(stats)
  const partitions = wanted ? tableOf(path, stats.size) : undefined
  return partitions === undefined ? { inode } : { inode, partitions }
}

/**
 * Where a disk of an instance comes from, and whether it is free.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { isActive, statusOf } from "../host/ContainerStatus.ts"
import type { Directories } from "../host/Directories.ts"
import { loopsAt, pathAt } from "../host/FactsIndex.ts"
import type { HostFacts, LoopDevice, PathFacts } from "../host/HostFacts.ts"
import { isMountOf, type MountEntry } from "../host/MountTable.ts"
import type { Partition } from "../host/PartitionTable.ts"
import { isBelow } from "../model/HostPath.ts"
import type { Disk } from "../model/Disk.ts"
import type { Instance } from "../model/Instance.ts"
import type { Rejection } from "./PlanRejected.ts"

/**
 * `loop` is attached to a loop device, `block` is mounted as it is, `directory` is bound.
 *
 * @since 0.1.0
 * @category models
 */
export interface DiskSource {
  readonly kind: "loop" | "block" | "directory"
  /** Without symbolic links. */
  readonly path: string
  /** `major:minor`, where it is a block device of which the facts know it. */
  readonly device: string | undefined
  /** `device:inode`, where it is an image file of which the facts know it. */
  readonly inode: string | undefined
  /** In bytes; 0 for the beginning, and for all that follows. */
  readonly offset: number
  readonly sizeLimit: number
  readonly warnings: ReadonlyArray<string>
}

type Named = Pick<Disk, "path" | "partition">

const fieldOf = (index: number): string => `disks[${index}].path`

const reject = (code: string, field: string, message: string, advice: string): Result.Result<never, Rejection> =>
  Result.fail({ code, field, message, advice })

const guess = (disk: Named, index: number): Result.Result<DiskSource, Rejection> => {
  if (disk.partition !== undefined) {
    return reject(
      "partition-unknown",
      `disks[${index}].partition`,
      `the facts do not say what partitions ${disk.path} has`,
      "observe the host with this spec: effect-lxc facts SPEC"
    )
  }
  const kind = disk.path.startsWith("/dev/") ? "block" : "loop"
  const what = kind === "block" ? "a block device" : "an image file"
  return Result.succeed({
    kind,
    path: disk.path,
    device: undefined,
    inode: undefined,
    offset: 0,
    sizeLimit: 0,
    warnings: [`the facts do not say what ${disk.path} is: ${what} is assumed`]
  })
}

const numbers = (partitions: ReadonlyArray<Partition>): string => {
  const all = partitions.map(({ number }) => number).join(", ")
  return partitions.length === 0 ? "its table is empty" : `it has ${all}`
}

const partitionOf = (disk: Named, index: number, known: PathFacts): Result.Result<DiskSource, Rejection> => {
  const field = `disks[${index}].partition`
  if (known.kind === "directory") {
    return reject("partition-of-directory", field, `${disk.path} is a directory and has no partitions`, "leave it out")
  }
  if (known.partitions === undefined) {
    return reject("partition-table-missing", field, `${disk.path} has no partition table`, "leave it out, or correct the path")
  }
  const found = known.partitions.find(({ number }) => number === disk.partition)
  if (found === undefined) {
    return reject(
      "partition-missing",
      field,
      `${disk.path} has no partition ${disk.partition}: ${numbers(known.partitions)}`,
      "name one that it has"
    )
  }
  const { node, size, start } = found
  return Result.succeed(
    node === undefined
      ? { kind: "loop", path: known.realPath, device: known.device, inode: known.inode, offset: start, sizeLimit: size, warnings: [] }
      : { kind: "block", path: node.path, device: node.device, inode: undefined, offset: 0, sizeLimit: 0, warnings: [] }
  )
}

/** What a disk is, as far as the facts know. */
const look = (disk: Named, index: number, facts: HostFacts): Result.Result<DiskSource, Rejection> => {
  const known = pathAt(facts, disk.path)
  if (known === undefined) return guess(disk, index)
  if (known.kind === "missing") {
    return reject("disk-missing", fieldOf(index), `there is nothing at ${disk.path}`, "create the image, or correct the path")
  }
  if (known.kind === "other") {
    return reject(
      "disk-unusable",
      fieldOf(index),
      `${disk.path} is neither a block device, nor a file, nor a directory`,
      "name one of these"
    )
  }
  if (disk.partition !== undefined) return partitionOf(disk, index, known)
  return Result.succeed({
    kind: known.kind === "file" ? "loop" : known.kind,
    path: known.realPath,
    device: known.device,
    inode: known.inode,
    offset: 0,
    sizeLimit: 0,
    warnings: []
  })
}

/** Whether two disks have bytes in common: a whole one has those of each of its partitions. */
const overlap = (one: DiskSource, other: DiskSource): boolean => {
  const same = one.path === other.path || (one.device !== undefined && one.device === other.device) ||
    (one.inode !== undefined && one.inode === other.inode)
  const end = ({ offset, sizeLimit }: DiskSource) => sizeLimit === 0 ? Number.POSITIVE_INFINITY : offset + sizeLimit
  return same && one.offset < end(other) && other.offset < end(one)
}

const sourcesOf = (instance: Instance, facts: HostFacts): ReadonlyArray<DiskSource> =>
  instance.disks.flatMap((disk, index) => Result.match(look(disk, index, facts), {
    onFailure: () => [],
    onSuccess: (source) => [source]
  }))

const usedBy = (instance: Instance, index: number, source: DiskSource, facts: HostFacts): ReadonlyArray<Rejection> => {
  const path = instance.disks[index]?.path ?? ""
  const user = facts.containers.find((each) =>
    each.name !== instance.name && isActive(statusOf(each)) && each.record !== null &&
    sourcesOf(each.record, facts).some((other) => overlap(source, other))
  )
  return user === undefined ? [] : [{
    code: "disk-in-use",
    field: fieldOf(index),
    message: `${path} is the disk of ${user.name}, which is running`,
    advice: `stop ${user.name} first, or name another disk`
  }]
}

/** Whether a mount shows bytes of a disk; `loops` have its file behind them, by their devices. */
const shows = (mount: MountEntry, source: DiskSource, loops: ReadonlyMap<string, LoopDevice>): boolean => {
  if (source.kind === "directory") return false
  if (source.device !== undefined && mount.device === source.device || mount.source === source.path) return true
  const loop = loops.get(mount.source)
  const offset = loop?.offset ?? 0
  return loop !== undefined && (offset === 0 || offset === source.offset || source.sizeLimit === 0)
}

const mountedElsewhere = (
  instance: Instance,
  index: number,
  source: DiskSource,
  directories: Directories,
  facts: HostFacts
): ReadonlyArray<Rejection> => {
  const own = directories.container(instance.name)
  const isOfFile = ({ backingFile, inode }: LoopDevice): boolean =>
    backingFile === source.path || (inode !== undefined && inode === source.inode)
  const loops = new Map(facts.loops.filter(isOfFile).map((each) => [each.device, each]))
  const elsewhere = facts.mounts.find((mount) => shows(mount, source, loops) && !isBelow(own, mount.target))
  return elsewhere === undefined ? [] : [{
    code: "disk-in-use",
    field: fieldOf(index),
    message: `${instance.disks[index]?.path ?? ""} is mounted on ${elsewhere.target} (${elsewhere.source})`,
    advice: "unmount it there first: two mounts by two users ruin a file system"
  }]
}

const namedTwice = (instance: Instance, index: number, source: DiskSource, facts: HostFacts): ReadonlyArray<Rejection> => {
  const earlier = instance.disks.slice(0, index).findIndex((disk, i) =>
    Result.match(look(disk, i, facts), { onFailure: () => false, onSuccess: (other) => overlap(source, other) })
  )
  return earlier < 0 ? [] : [{
    code: "disk-twice",
    field: fieldOf(index),
    message: `${instance.disks[index]?.path ?? ""} is disks[${earlier}] already, or a part of it`,
    advice: "name another disk or partition"
  }]
}

/** A guest must not have the library's own files in its root, and the library must not find a guest's among its own. */
const holdsOurs = (source: DiskSource, index: number, directories: Directories): ReadonlyArray<Rejection> => {
  const imported = isBelow(`${directories.state}/images`, source.path)
  const ours = [directories.run, directories.log, directories.state].find((each) =>
    each === source.path || isBelow(each, source.path) || isBelow(source.path, each)
  )
  return source.kind !== "directory" || imported || ours === undefined ? [] : [{
    code: "disk-unusable",
    field: fieldOf(index),
    message: `${source.path} and ${ours}, where this library keeps its own files, hold one another`,
    advice: "name a directory apart from it"
  }]
}

/**
 * Where disk `index` of an instance comes from. One that is missing, has no such partition, is a disk of an instance that
 * runs, is mounted elsewhere or is named twice is a rejection. Devices are compared by their numbers, whatever symbolic
 * link names them.
 *
 * @since 0.1.0
 * @category planners
 */
export const diskSource = (
  instance: Instance,
  index: number,
  directories: Directories,
  facts: HostFacts
): Result.Result<DiskSource, ReadonlyArray<Rejection>> => {
  const disk = instance.disks[index]
  if (disk === undefined) {
    return Result.fail([{ code: "disk-required", field: "disks", message: "a disk is required", advice: "name one" }])
  }
  const found = look(disk, index, facts)
  if (Result.isFailure(found)) return Result.fail([found.failure])
  const source = found.success
  const used = usedBy(instance, index, source, facts)
  const rejections = [
    ...(used.length > 0 ? used : mountedElsewhere(instance, index, source, directories, facts)),
    ...namedTwice(instance, index, source, facts),
    ...holdsOurs(source, index, directories)
  ]
  return rejections.length > 0 ? Result.fail(rejections) : Result.succeed(source)
}

/**
 * Whether a mount is the one that mounting a disk would make.
 *
 * @since 0.1.0
 * @category queries
 */
export const isMountOfDisk = (mount: MountEntry, source: DiskSource, facts: HostFacts): boolean => {
  switch (source.kind) {
    case "loop":
      return loopsAt(facts, mount.source).some((loop) =>
        loop.backingFile === source.path && (loop.offset ?? 0) === source.offset
      )
    case "block":
      return isMountOf(facts.mounts, mount, source.path, false) ||
        (source.device !== undefined && mount.device === source.device)
    case "directory":
      return isMountOf(facts.mounts, mount, source.path, true)
  }
}

/**
 * The steps that put the first disk of an instance on its root directory.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { isActive, statusOf } from "../host/ContainerStatus.ts"
import type { Directories } from "../host/Directories.ts"
import type { HostFacts, PathFacts } from "../host/HostFacts.ts"
import { isMountOf, type MountEntry } from "../host/MountTable.ts"
import { realPathOf, rootMount } from "../host/Remains.ts"
import type { Disk } from "../model/Disk.ts"
import { HostPath } from "../model/HostPath.ts"
import type { Instance } from "../model/Instance.ts"
import type { Rejection } from "./PlanRejected.ts"
import type { Step } from "./Step.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface RootDisk {
  readonly steps: ReadonlyArray<Step>
  readonly warnings: ReadonlyArray<string>
  /** Whether the root is mounted already, from an earlier run of the same instance. */
  readonly mounted: boolean
}

type Kind = "file" | "directory" | "block"

interface Found {
  readonly kind: Kind
  readonly realPath: string
  readonly warnings: ReadonlyArray<string>
}

const field = "disks[0].path"

const guess = (disk: Disk): Found => {
  const kind: Kind = disk.path.startsWith("/dev/") ? "block" : "file"
  const what = kind === "block" ? "a block device" : "an image file"
  return { kind, realPath: disk.path, warnings: [`the facts do not say what ${disk.path} is: ${what} is assumed`] }
}

const look = (disk: Disk, known: PathFacts | undefined): Result.Result<Found, Rejection> => {
  if (known === undefined) return Result.succeed(guess(disk))
  if (known.kind === "missing") {
    return Result.fail({
      code: "disk-missing",
      field,
      message: `there is nothing at ${disk.path}`,
      advice: "create the image, or correct the path"
    })
  }
  if (known.kind === "other") {
    return Result.fail({
      code: "disk-unusable",
      field,
      message: `${disk.path} is neither a block device, nor a file, nor a directory`,
      advice: "name one of these"
    })
  }
  return Result.succeed({ kind: known.kind, realPath: known.realPath, warnings: [] })
}

/** Mounts of the same device or image in other places than the instance's own. */
const otherMounts = (found: Found, rootfs: string, facts: HostFacts): ReadonlyArray<MountEntry> => {
  if (found.kind === "directory") return []
  const loops = facts.loops.filter((loop) => loop.backingFile === found.realPath).map((loop) => loop.device)
  const sources = new Set(found.kind === "block" ? [found.realPath] : loops)
  return facts.mounts.filter((mount) => mount.target !== rootfs && sources.has(mount.source))
}

const checkUse = (
  instance: Instance,
  directories: Directories,
  facts: HostFacts,
  found: Found
): ReadonlyArray<Rejection> => {
  const rejections: Array<Rejection> = []
  const path = instance.disks[0]?.path ?? ""
  const user = facts.containers.find((each) =>
    each.name !== instance.name && isActive(statusOf(each)) &&
    each.record?.disks.some((disk) => realPathOf(facts, disk.path) === found.realPath)
  )
  if (user !== undefined) {
    rejections.push({
      code: "disk-in-use",
      field,
      message: `${path} is the disk of ${user.name}, which is running`,
      advice: `stop ${user.name} first, or name another disk`
    })
  }
  const elsewhere = user === undefined ? otherMounts(found, directories.rootfs(instance.name), facts)[0] : undefined
  if (elsewhere !== undefined) {
    rejections.push({
      code: "disk-in-use",
      field,
      message: `${path} is mounted on ${elsewhere.target} (${elsewhere.source})`,
      advice: "unmount it there first: two mounts by two users ruin a file system"
    })
  }
  return rejections
}

const isOurs = (mount: MountEntry, found: Found, facts: HostFacts): boolean =>
  found.kind === "file"
    ? facts.loops.some((loop) => loop.device === mount.source && loop.backingFile === found.realPath)
    : isMountOf(facts.mounts, mount, found.realPath, found.kind === "directory")

const stepsFor = (disk: Disk, found: Found, rootfs: HostPath): ReadonlyArray<Step> => {
  const options = [...(found.kind === "directory" ? ["bind"] : []), ...disk.options, ...(disk.readOnly ? ["ro"] : [])]
  const fsType = disk.fsType ?? null
  const path = HostPath.make(found.realPath)
  return found.kind === "file"
    ? [
      { _tag: "AttachLoop", file: path, offset: 0, sizeLimit: 0, readOnly: disk.readOnly, result: "root" },
      { _tag: "Mount", source: "$root", target: rootfs, fsType, options }
    ]
    : [{ _tag: "Mount", source: path, target: rootfs, fsType: found.kind === "directory" ? null : fsType, options }]
}

/**
 * An image file is attached to a loop device and mounted, a block device is mounted, a directory is bound. A disk that
 * is missing, in use elsewhere, or kept out by another mount on the root directory is a rejection that names it.
 *
 * @since 0.1.0
 * @category planners
 */
export const rootDisk = (
  instance: Instance,
  directories: Directories,
  facts: HostFacts
): Result.Result<RootDisk, ReadonlyArray<Rejection>> => {
  const disk = instance.disks[0]
  if (disk === undefined) {
    return Result.fail([{ code: "disk-required", field: "disks", message: "a disk is required", advice: "name one" }])
  }
  const found = look(disk, facts.paths.find((each) => each.path === disk.path))
  if (Result.isFailure(found)) return Result.fail([found.failure])
  const rejections = [...checkUse(instance, directories, facts, found.success)]
  const mount = rootMount(directories, instance.name, facts)
  const mounted = mount !== undefined && isOurs(mount, found.success, facts)
  if (mount !== undefined && !mounted) {
    rejections.push({
      code: "root-occupied",
      field,
      message: `${mount.source} is mounted on ${mount.target}, which is not ${disk.path}`,
      advice: `free it first: effect-lxc stop ${instance.name}`
    })
  }
  if (rejections.length > 0) return Result.fail(rejections)
  return Result.succeed({
    steps: stepsFor(disk, found.success, HostPath.make(directories.rootfs(instance.name))),
    warnings: found.success.warnings,
    mounted
  })
}

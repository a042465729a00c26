/**
 * The steps that put the disks of an instance where it can use them.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { Directories } from "../host/Directories.ts"
import { pathAt } from "../host/FactsIndex.ts"
import type { HostFacts } from "../host/HostFacts.ts"
import { rootMount } from "../host/Remains.ts"
import { defaultVolatileSize, type Disk } from "../model/Disk.ts"
import { hostPath } from "../model/HostPath.ts"
import type { Instance } from "../model/Instance.ts"
import { type DiskSource, diskSource, isMountOfDisk } from "./DiskSource.ts"
import type { Rejection } from "./PlanRejected.ts"
import type { Step } from "./Step.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface InstanceDisks {
  readonly steps: ReadonlyArray<Step>
  readonly warnings: ReadonlyArray<string>
  /** Whether the root is mounted already, from an earlier run of the same instance. */
  readonly mounted: boolean
}

const directory = (at: string): Step => ({ _tag: "MakeDirectory", path: hostPath(at), mode: "0755", keep: false })

const stepsFor = (disk: Disk, source: DiskSource, target: string, result: string): ReadonlyArray<Step> => {
  const { kind, offset, sizeLimit } = source
  const readOnly = disk.readOnly || disk.volatile === true
  const options = [...(kind === "directory" ? ["bind"] : []), ...disk.options, ...(readOnly ? ["ro"] : [])]
  const fsType = kind === "directory" ? null : disk.fsType ?? null
  const at = hostPath(target)
  const file = hostPath(source.path)
  return kind === "loop"
    ? [
      { _tag: "AttachLoop", file, offset, sizeLimit, readOnly, result },
      { _tag: "Mount", source: `$${result}`, target: at, fsType, options }
    ]
    : [{ _tag: "Mount", source: file, target: at, fsType, options }]
}

/**
 * The layers of a volatile root.
 *
 * @since 0.1.0
 * @category accessors
 */
export const overlayOptions = (directories: Directories, name: string): ReadonlyArray<string> => {
  const memory = directories.memory(name)
  return [`lowerdir=${directories.lower(name)}`, `upperdir=${memory}/upper`, `workdir=${memory}/work`]
}

/** The disk read-only, memory for what is written, and both as one file system on the root directory. */
const volatileRoot = (disk: Disk, source: DiskSource, directories: Directories, name: string): ReadonlyArray<Step> => {
  const lower = directories.lower(name)
  const memory = directories.memory(name)
  const size = disk.volatileSize ?? defaultVolatileSize
  return [
    directory(lower),
    ...stepsFor(disk, source, lower, "root"),
    directory(memory),
    { _tag: "Mount", source: "tmpfs", target: hostPath(memory), fsType: "tmpfs", options: [`size=${size}`, "mode=0700"] },
    directory(`${memory}/upper`),
    directory(`${memory}/work`),
    {
      _tag: "Mount",
      source: "overlay",
      target: hostPath(directories.rootfs(name)),
      fsType: "overlay",
      options: overlayOptions(directories, name)
    }
  ]
}

/** overlay takes its directories as one text, and mount(8) takes it apart at commas. */
const cannotOverlay = (directories: Directories): ReadonlyArray<Rejection> =>
  /[:,\\"]/.test(directories.run)
    ? [{
      code: "volatile-run-directory",
      field: "disks[0].volatile",
      message: `the run directory ${directories.run} has a character that the options of an overlay cannot have`,
      advice: "choose a run directory without : , \\ and \""
    }]
    : []

const occupied = (
  instance: Instance,
  source: DiskSource,
  directories: Directories,
  facts: HostFacts
): { readonly mounted: boolean; readonly rejections: ReadonlyArray<Rejection> } => {
  const disk = instance.disks[0]
  const mount = rootMount(directories, instance.name, facts)
  if (mount === undefined) return { mounted: false, rejections: [] }
  // What an earlier run wrote to a volatile root is not for this one to see.
  if (disk?.volatile === true && mount.source === "overlay") return { mounted: false, rejections: [] }
  if (disk?.volatile !== true && isMountOfDisk(mount, source, facts)) return { mounted: true, rejections: [] }
  return {
    mounted: false,
    rejections: [{
      code: "root-occupied",
      field: "disks[0].path",
      message: `${mount.source} is mounted on ${mount.target}, which is not ${disk?.path ?? ""}`,
      advice: `free it first: effect-lxc stop ${instance.name}`
    }]
  }
}

const rootDisk = (
  instance: Instance,
  directories: Directories,
  facts: HostFacts
): Result.Result<InstanceDisks, ReadonlyArray<Rejection>> => {
  const disk = instance.disks[0]
  const found = diskSource(instance, 0, directories, facts)
  if (Result.isFailure(found) || disk === undefined) return Result.fail(Result.isFailure(found) ? found.failure : [])
  const source = found.success
  const { mounted, rejections } = occupied(instance, source, directories, facts)
  const all = [...rejections, ...(disk.volatile === true ? cannotOverlay(directories) : [])]
  if (all.length > 0) return Result.fail(all)
  const steps = disk.volatile === true
    ? volatileRoot(disk, source, directories, instance.name)
    : stepsFor(disk, source, directories.rootfs(instance.name), "root")
  return Result.succeed({ steps, warnings: source.warnings, mounted })
}

const furtherDisk = (
  instance: Instance,
  index: number,
  directories: Directories,
  facts: HostFacts
): Result.Result<InstanceDisks, ReadonlyArray<Rejection>> =>
  Result.map(diskSource(instance, index, directories, facts), (source) => {
    const disk = instance.disks[index]
    const target = directories.disk(instance.name, index)
    return {
      steps: disk === undefined ? [] : [directory(target), ...stepsFor(disk, source, target, `disk${index}`)],
      warnings: source.warnings,
      mounted: false
    }
  })

const checkMounts = (instance: Instance, facts: HostFacts): ReadonlyArray<Rejection> =>
  instance.lxc.mounts.flatMap(({ source }, index): ReadonlyArray<Rejection> => {
    const field = `lxc.mounts[${index}].source`
    const kind = pathAt(facts, source)?.kind
    if (kind === "missing") {
      return [{ code: "mount-missing", field, message: `there is nothing at ${source}`, advice: "make it, or correct the path" }]
    }
    return kind === "block"
      ? [{
        code: "mount-of-device",
        field,
        message: `${source} is a block device`,
        advice: "name it as one of the disks, with its target"
      }]
      : []
  })

/**
 * An image file is attached to a loop device and mounted, a block device is mounted, a directory is bound: the first on the
 * root directory, the others beside it, from where LXC brings them inside. Every reason against any of them is a rejection.
 *
 * @since 0.1.0
 * @category planners
 */
export const instanceDisks = (
  instance: Instance,
  directories: Directories,
  facts: HostFacts
): Result.Result<InstanceDisks, ReadonlyArray<Rejection>> => {
  const root = rootDisk(instance, directories, facts)
  const further = instance.disks.slice(1).map((_, i) => furtherDisk(instance, i + 1, directories, facts))
  const disks: Array<InstanceDisks> = []
  const rejections: Array<Rejection> = []
  for (const each of [root, ...further]) {
    if (Result.isSuccess(each)) disks.push(each.success)
    else rejections.push(...each.failure)
  }
  rejections.push(...checkMounts(instance, facts))
  if (rejections.length > 0 || Result.isFailure(root)) return Result.fail(rejections)
  return Result.succeed({
    steps: disks.flatMap(({ steps }) => steps),
    warnings: disks.flatMap(({ warnings }) => warnings),
    mounted: root.success.mounted
  })
}

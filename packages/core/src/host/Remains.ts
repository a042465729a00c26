/**
 * What is on a host in the name of one instance: attributed by name, never guessed.
 *
 * @since 0.1.0
 */
import type { Directories } from "./Directories.ts"
import { isNumbered, monitorCgroup, payloadCgroup } from "./CgroupLayout.ts"
import { isActive, statusOf } from "./ContainerStatus.ts"
import { pathAt } from "./FactsIndex.ts"
import type { CgroupDirectory, ContainerFacts, HostFacts, Interface, LoopDevice } from "./HostFacts.ts"
import { mountedAt, type MountEntry, unmountOrder } from "./MountTable.ts"
import type { Disk } from "../model/Disk.ts"
import { isVethName, vethPrefix } from "../model/VethName.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Remains {
  readonly container: ContainerFacts | undefined
  /** The namesake whose are the cgroups, interfaces and processes that have the instance's names: nothing of ours lives. */
  readonly elsewhere: ContainerFacts | undefined
  /** In the order to unmount them: the root comes last. */
  readonly mounts: ReadonlyArray<MountEntry>
  readonly loops: ReadonlyArray<LoopDevice>
  readonly interfaces: ReadonlyArray<Interface>
  readonly cgroups: ReadonlyArray<CgroupDirectory>
}

/**
 * Whether a cgroup directory is the instance's: `lxc.payload.NAME`, `lxc.monitor.NAME`, or one of them with a number. A
 * directory belongs to the instance that is known by exactly its name.
 */
const isCgroupOf = (directory: string, name: string, { containers }: HostFacts): boolean => {
  for (const prefix of [payloadCgroup(""), monitorCgroup("")]) {
    if (!directory.startsWith(prefix)) continue
    const rest = directory.slice(prefix.length)
    if (rest === name) return true
    return isNumbered(rest, name) && !containers.some((each) => each.name === rest)
  }
  return false
}

const containerOf = ({ containers: ours }: Directories, name: string, facts: HostFacts): ContainerFacts | undefined =>
  facts.containers.find((each) => each.name === name && each.lxcPath === ours)

/** Where a disk begins in its file: another partition of it is somebody else's. Undefined where its table does not say it. */
const startOf = (facts: HostFacts, { partition, path }: Disk): number | undefined =>
  partition === undefined ? 0 : pathAt(facts, path)?.partitions?.find(({ number }) => number === partition)?.start

const loopsOf = (
  facts: HostFacts,
  mounts: ReadonlyArray<MountEntry>,
  container: ContainerFacts | undefined
): ReadonlyArray<LoopDevice> => {
  const mounted = new Set(mounts.map((mount) => mount.source))
  const recorded = (container?.record?.disks ?? []).map((disk) => ({ file: realPathOf(facts, disk.path), start: startOf(facts, disk) }))
  const isRecorded = ({ backingFile, offset = 0 }: LoopDevice): boolean =>
    recorded.some(({ file, start }) => file === backingFile && start === offset)
  const unused = new Set(facts.loops.filter(isRecorded).map((loop) => loop.device))
  if (unused.size > 0) {
    const own = new Set(mounts)
    for (const mount of facts.mounts) if (!own.has(mount)) unused.delete(mount.source)
  }
  return facts.loops.filter((loop) => mounted.has(loop.device) || (isRecorded(loop) && unused.has(loop.device)))
}

/**
 * The path without symbolic links, where the facts say it.
 *
 * @since 0.1.0
 * @category queries
 */
export const realPathOf = (facts: HostFacts, path: string): string =>
  pathAt(facts, path)?.realPath ?? path

/**
 * A container of the same name under another lxcpath. Its cgroups have the names that ours would have.
 *
 * @since 0.1.0
 * @category queries
 */
export const namesake = ({ containers: ours }: Directories, name: string, facts: HostFacts): ContainerFacts | undefined =>
  facts.containers.find((each) => each.name === name && each.lxcPath !== ours && each.socket)

/**
 * Everything of the instance that can be seen on the host.
 *
 * @since 0.1.0
 * @category queries
 */
export const remainsOf = (directories: Directories, name: string, facts: HostFacts): Remains => {
  const container = containerOf(directories, name, facts)
  const mounts = unmountOrder(facts.mounts, directories.container(name))
  const prefix = vethPrefix(name)
  const other = namesake(directories, name, facts)
  const elsewhere = container !== undefined && isActive(statusOf(container)) ? undefined : other
  return {
    container,
    elsewhere,
    mounts,
    loops: loopsOf(facts, mounts, container),
    interfaces: elsewhere === undefined
      ? facts.interfaces.filter((each) => each.name.startsWith(prefix) && isVethName(each.name))
      : [],
    cgroups: other !== undefined ? [] : facts.cgroupDirectories.filter((each) => isCgroupOf(each.name, name, facts))
  }
}

/**
 * Whether nothing at all is there.
 *
 * @since 0.1.0
 * @category queries
 */
export const isNothing = (remains: Remains): boolean =>
  remains.container === undefined && remains.mounts.length === 0 && remains.loops.length === 0 &&
  remains.interfaces.length === 0 && remains.cgroups.length === 0

/**
 * Whether no more is known of a container than that it is meant to run.
 *
 * @since 0.1.0
 * @category queries
 */
export const isOnlyMeantToRun = (container: ContainerFacts): boolean =>
  container.meantToRun && container.files.length === 0 && !isActive(statusOf(container))

/**
 * Whether nothing is there of this run directory. That it is meant to run is no sign of that: several run directories may have one
 * state directory.
 *
 * @since 0.1.0
 * @category queries
 */
export const isNothingHere = ({ container, ...remains }: Remains): boolean =>
  isNothing({ ...remains, container: container !== undefined && isOnlyMeantToRun(container) ? undefined : container })

/**
 * The mount on the instance's root directory, if any.
 *
 * @since 0.1.0
 * @category queries
 */
export const rootMount = (directories: Directories, name: string, facts: HostFacts): MountEntry | undefined =>
  mountedAt(facts.mounts, directories.rootfs(name))

const ownFiles = new Set(["config", "instance.json", "monitor.pid"])

/** The file that an interrupted write was to become. */
const meant = (file: string): string => file.endsWith(".new") ? file.slice(0, -".new".length) : file

const ownDirectory = /^(?:rootfs|lower|memory|disk[1-9]\d?)$/

/**
 * Whether a name in the instance's run directory is that of a mount point that a start makes.
 *
 * @since 0.1.0
 * @category queries
 */
export const isOurDirectory = (file: string): boolean => ownDirectory.test(file)

/**
 * Whether a file in the instance's run directory is one that a start makes, or what an interrupted write of it left.
 *
 * @since 0.1.0
 * @category queries
 */
export const isOurFile = (file: string): boolean => ownFiles.has(meant(file))

/**
 * The names in the instance's run directory. What somebody has mounted over it hides them, and its own names go with it: then
 * those of all that a start makes, and of the mount points that the mount table tells.
 *
 * @since 0.1.0
 * @category queries
 */
export const namesOf = (directories: Directories, { container, mounts }: Remains): ReadonlyArray<string> => {
  if (container === undefined) return []
  const own = directories.container(container.name)
  if (mounts.every(({ target }) => target !== own)) return container.files
  const points = mounts.filter(({ target }) => target !== own).flatMap(({ target }) => target.slice(own.length + 1).split("/", 1))
  return [...new Set([...ownFiles, "rootfs", ...points])]
}

/**
 * The files that a start makes and of which anything is there, each once.
 *
 * @since 0.1.0
 * @category queries
 */
export const ownFilesIn = (files: ReadonlyArray<string>): ReadonlyArray<string> =>
  [...new Set(files.filter(isOurFile).map(meant))].sort()

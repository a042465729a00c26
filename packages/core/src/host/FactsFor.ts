/**
 * The part of what is known of a host on which the plan for one instance rests.
 *
 * A host with many instances has as many disks, devices and processes of others, which say nothing to that plan: what
 * need not be known need not be read. Least of all where nothing is taken, as by a stop. A law of planners says that this
 * part gives the plan that everything gives.
 *
 * @since 0.1.0
 */
import { vethPrefix } from "../model/VethName.ts"
import { isNumbered, monitorCgroup, payloadCgroup } from "./CgroupLayout.ts"
import type { Directories } from "./Directories.ts"
import type { ContainerFacts, HostFacts, LoopDevice, PathFacts } from "./HostFacts.ts"
import { type MountEntry, unmountOrder } from "./MountTable.ts"

/**
 * What is planned for: an instance, and what its spec names on the host. What its record names counts in any case.
 *
 * @since 0.1.0
 * @category models
 */
export interface PlannedFor {
  readonly directories: Directories
  readonly instance: string
  readonly paths?: ReadonlyArray<string> | undefined
  /** Interfaces to which its nics are linked. */
  readonly links?: ReadonlyArray<string> | undefined
  /** Whether it takes nothing that another could have: then others do not matter but those of which the cgroups may seem to be its own. */
  readonly alone?: boolean | undefined
}

/**
 * All that need be known of another container whose monitor listens: that it lives, and by its record with what disks.
 *
 * @since 0.1.0
 * @category constructors
 */
export const glimpse = ({ lxcPath, meantToRun, name, record }: Pick<ContainerFacts, "lxcPath" | "meantToRun" | "name" | "record">): ContainerFacts => ({
  name,
  lxcPath,
  socket: true,
  monitor: null,
  init: null,
  populated: true,
  freezer: "thawed",
  files: [],
  record,
  meantToRun
})

const withoutLimits = ({ limits: _, memoryUsage: __, pids: ___, ...container }: ContainerFacts): ContainerFacts => container

/**
 * Whether a container matters to a plan, by its name.
 *
 * @since 0.1.0
 * @category queries
 */
export const nameMatters = ({ alone = false, instance }: PlannedFor, name: string): boolean =>
  !alone || name === instance || isNumbered(name, instance)

/** What of another container matters. */
const ofAnother = ({ alone = false }: PlannedFor, { record, ...container }: ContainerFacts): ContainerFacts => {
  const seen = { ...container, record: alone ? null : record }
  return seen.socket ? glimpse(seen) : withoutLimits(seen)
}

/** The record as which the instance was started, null without one. */
const recordIn = ({ directories, instance }: PlannedFor, containers: ReadonlyArray<ContainerFacts>) =>
  containers.find((each) => each.name === instance && each.lxcPath === directories.containers)?.record ?? null

/**
 * Which interfaces matter, by their names: the instance's own pairs, and what its nics are linked to.
 *
 * @since 0.1.0
 * @category queries
 */
export const interfaceMatters = (planned: PlannedFor, containers: ReadonlyArray<ContainerFacts>): (name: string) => boolean => {
  const own = vethPrefix(planned.instance)
  const links = new Set([...planned.links ?? [], ...recordIn(planned, containers)?.nics.map((nic) => nic.link) ?? []])
  return (name) => name.startsWith(own) || links.has(name)
}

/**
 * The paths of its own disks, and all else that its spec names.
 *
 * @since 0.1.0
 * @category queries
 */
export const pathsNamed = (planned: PlannedFor, containers: ReadonlyArray<ContainerFacts>): ReadonlySet<string> =>
  new Set([...planned.paths ?? [], ...recordIn(planned, containers)?.disks.map((disk) => disk.path) ?? []])

/**
 * The paths of disks of which a partition is named: whether that is taken is told by its place in the table.
 *
 * @since 0.1.0
 * @category queries
 */
export const pathsInParts = (containers: ReadonlyArray<ContainerFacts>): ReadonlySet<string> =>
  new Set(containers.flatMap((each) => each.record?.disks ?? []).flatMap((disk) => disk.partition === undefined ? [] : [disk.path]))

/**
 * By what loop devices matter.
 *
 * @since 0.1.0
 * @category models
 */
export interface LoopsThatMatter {
  /** Whether one may matter, by its device: of others need not be read what file they have. */
  readonly device: (device: string) => boolean
  readonly loop: (loop: LoopDevice) => boolean
}

/**
 * Which loop devices matter: those with one of these files, and those that are mounted below the instance's own directory.
 * Those with its files that are mounted elsewhere matter only to who would take the files.
 *
 * @since 0.1.0
 * @category queries
 */
export const loopMatters = (
  { alone = false, directories, instance }: PlannedFor,
  mounts: ReadonlyArray<MountEntry>,
  paths: ReadonlyArray<PathFacts>
): LoopsThatMatter => {
  const own = new Set(unmountOrder(mounts, directories.container(instance)).map((mount) => mount.source))
  const elsewhere = new Set(alone ? mounts.map((mount) => mount.source).filter((source) => !own.has(source)) : [])
  const partitions = paths.flatMap((each) => each.partitions ?? []).flatMap(({ node }) => node === undefined ? [] : [node.path])
  const files = new Set([...paths.flatMap((each) => [each.path, each.realPath]), ...partitions])
  const inodes = new Set(paths.flatMap((each) => each.inode ?? []))
  const device = (name: string): boolean => !elsewhere.has(name)
  const isOfFile = ({ backingFile, inode }: LoopDevice): boolean => files.has(backingFile) || (inode !== undefined && inodes.has(inode))
  return { device, loop: (loop) => device(loop.device) && (own.has(loop.device) || isOfFile(loop)) }
}

/**
 * Which paths matter: files and directories of others do where they are the instance's own by another name.
 *
 * @since 0.1.0
 * @category queries
 */
export const pathsFor = (
  planned: PlannedFor,
  { containers, paths }: Pick<HostFacts, "containers" | "paths">
): ReadonlyArray<PathFacts> => {
  const named = pathsNamed(planned, containers)
  const own = paths.filter((each) => named.has(each.path))
  if (planned.alone === true) return own
  const real = new Set(own.map((each) => each.realPath))
  const inodes = new Set(own.map((each) => each.inode))
  const parted = pathsInParts(containers)
  return paths.flatMap((each) => {
    if (named.has(each.path)) return [each]
    const shared = real.has(each.realPath) || (each.inode !== undefined && inodes.has(each.inode))
    if (!shared && (each.kind === "file" || each.kind === "directory")) return []
    const { partitions: _, ...whole } = each
    return [parted.has(each.path) ? each : whole]
  })
}

/**
 * Facts without what only other instances have.
 *
 * @since 0.1.0
 * @category queries
 */
export const factsFor = (planned: PlannedFor, facts: HostFacts): HostFacts => {
  const { containers, mounts } = facts
  const { instance } = planned
  const paths = pathsFor(planned, facts)
  const loops = loopMatters(planned, mounts, paths)
  const interfaces = interfaceMatters(planned, containers)
  const groups = [payloadCgroup(instance), monitorCgroup(instance)]
  return {
    ...facts,
    loops: facts.loops.filter(loops.loop),
    interfaces: facts.interfaces.filter(({ name }) => interfaces(name)),
    containers: containers.filter(({ name }) => nameMatters(planned, name))
      .map((each) => each.name === instance ? each : ofAnother(planned, each)),
    cgroupDirectories: facts.cgroupDirectories.filter(({ name }) => groups.some((group) => name.startsWith(group))),
    paths
  }
}

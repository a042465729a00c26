/**
 * What a container uses, from its cgroups, /proc and the file system on its root directory.
 *
 * @since 0.1.0
 */
import { payloadCgroup } from "@effect-lxc/core/host/CgroupLayout"
import { cgroupNumbers, type CgroupNumbers, cgroupUsage, type ReadCgroup } from "@effect-lxc/core/host/CgroupUsage"
import { type ContainerUsage, noUsage, type RootUsage, type UsageField } from "@effect-lxc/core/host/ContainerUsage"
import { type GuestInterface, guestInterfaces, type HostPeer } from "@effect-lxc/core/host/GuestNetwork"
import type { ContainerFacts } from "@effect-lxc/core/host/HostFacts"
import type { MountEntry } from "@effect-lxc/core/host/MountTable"
import { isAlive, type ProcessStat } from "@effect-lxc/core/host/ProcessStat"
import { prefixIn, vethPrefix } from "@effect-lxc/core/model/VethName"
import * as fs from "node:fs"
import { type CgroupTrees, type GroupOf, groupsOfInit, treeOf } from "./CgroupTree.ts"
import { names, readInteger, readText } from "./KernelFiles.ts"
import { backingFileOf } from "./LoopDevices.ts"
import { mountTable } from "./Mounts.ts"
import { once } from "./Once.ts"
import { ageOf, isStillThere, startedAfterBoot, upFor } from "./Processes.ts"

/** What is the same for every container of one query, each read when it is first needed. */
interface Surroundings {
  readonly trees: CgroupTrees
  readonly mounts: () => ReadonlyMap<string, MountEntry>
  /** Interfaces of the host, by what their names begin with where this library has given them. */
  readonly interfaces: () => ReadonlyMap<string, ReadonlyArray<string>>
  /** How long the host has been up, in milliseconds. */
  readonly upFor: () => number
  /** When the host was booted, in milliseconds since the epoch. */
  readonly bootedAt: () => number | undefined
}

const readBootedAt = (): number | undefined => {
  const boot = /^btime (\d+)$/m.exec(readText("/proc/stat") ?? "")?.[1]
  return boot === undefined ? undefined : Number(boot) * 1000
}

const startedAt = (init: ProcessStat, bootedAt: number | undefined): string | null =>
  bootedAt === undefined ? null : new Date(bootedAt + startedAfterBoot(init)).toISOString()

/** Whether the config names the group of the container, so that it is known without a process in it. */
const pinsGroup = ({ lxcPath, name }: ContainerFacts): boolean =>
  (readText(`${lxcPath}/${name}/config`) ?? "").split("\n")
    .some((line) => /^lxc\.cgroup\.dir\.container\s*=\s*(.*)$/.exec(line)?.[1] === payloadCgroup(name))

const readerOf = (trees: CgroupTrees, container: ContainerFacts): ReadCgroup => {
  const { init } = container
  const pinned = once(() => pinsGroup(container))
  const pinnedGroup: GroupOf = (controller) => {
    const tree = pinned() ? treeOf(trees, controller) : undefined
    return tree === undefined ? undefined : `${tree.mountPoint}/${payloadCgroup(container.name)}`
  }
  const groups = once(() => isAlive(init) ? groupsOfInit(trees, init) : pinnedGroup)
  return (controller, file) => {
    const group = groups()(controller)
    return group === undefined ? undefined : readText(`${group}/${file}`)
  }
}

const interfacesOfHost = (): ReadonlyMap<string, ReadonlyArray<string>> => {
  const found = new Map<string, Array<string>>()
  for (const name of names("/sys/class/net")) {
    const alike = found.get(prefixIn(name))
    if (alike === undefined) found.set(prefixIn(name), [name])
    else alike.push(name)
  }
  return found
}

/** The host's ends of the container's pairs, by their names; `iflink` is the index of the other end. */
const peersOf = (interfaces: ReturnType<Surroundings["interfaces"]>, name: string): ReadonlyArray<HostPeer> =>
  (interfaces.get(vethPrefix(name)) ?? []).map((each) => ({
    name: each,
    guestIndex: () => readInteger(`/sys/class/net/${each}/iflink`)
  }))

const interfacesOf = (
  init: ProcessStat,
  name: string,
  interfaces: ReturnType<Surroundings["interfaces"]>
): ReadonlyArray<GuestInterface> =>
  guestInterfaces((file) => readText(`/proc/${init.pid}/net/${file}`) ?? "", peersOf(interfaces, name))

const spaceOn = (path: string): Pick<RootUsage, "sizeBytes" | "usedBytes"> => {
  try {
    const { bfree, blocks, bsize } = fs.statfsSync(path)
    return { sizeBytes: blocks * bsize, usedBytes: (blocks - bfree) * bsize }
  } catch {
    return { sizeBytes: null, usedBytes: null } // unmounted meanwhile, or a disk that fails: the rest is shown all the same
  }
}

/** Asks the mount point, which is ours; nothing in the guest's own tree is looked at. */
const rootOf = ({ lxcPath, name }: ContainerFacts, mounts: ReadonlyMap<string, MountEntry>): RootUsage | null => {
  const path = `${lxcPath}/${name}/rootfs`
  const mount = mounts.get(path)
  if (mount === undefined) return null
  const { fsType, source } = mount
  return { source, backingFile: backingFileOf(source) ?? null, fsType, ...spaceOn(path) }
}

/**
 * A reader for the containers of one query. It reads only what is asked for, and what they have in common once; it gives
 * undefined for a container that has ended since it was observed. The cgroup is that of its first process; where that is
 * dead, the one that its config pins.
 *
 * @since 0.1.0
 * @category reading
 */
export const usageReader = (trees: CgroupTrees, fields: ReadonlyArray<UsageField>) => {
  const wanted = new Set(fields)
  const numbers = cgroupNumbers((field) => wanted.has(field))
  const surroundings: Surroundings = {
    trees,
    mounts: once(() => new Map(mountTable().map((mount) => [mount.target, mount]))), // the last one, on top, stays
    interfaces: once(interfacesOfHost),
    upFor: once(upFor),
    bootedAt: once(readBootedAt)
  }
  return (container: ContainerFacts): ContainerUsage | undefined => usageOf(surroundings, container, wanted, numbers)
}

const usageOf = (
  { bootedAt, interfaces, mounts, trees, upFor }: Surroundings,
  container: ContainerFacts,
  wanted: ReadonlySet<UsageField>,
  numbers: CgroupNumbers
): ContainerUsage | undefined => {
  const { init, name } = container
  const cgroup = cgroupUsage(trees.layout, readerOf(trees, container), numbers)
  const root = wanted.has("root") ? rootOf(container, mounts()) : null
  if (!isAlive(init)) return { ...noUsage, ...cgroup, root }
  const usage = {
    ...cgroup,
    root,
    interfaces: wanted.has("interfaces") ? interfacesOf(init, name, interfaces()) : [],
    startedAt: wanted.has("startedAt") ? startedAt(init, bootedAt()) : null,
    uptimeSeconds: wanted.has("uptimeSeconds") ? ageOf(init, upFor()) / 1000 : null
  }
  return isStillThere(init) ? usage : undefined
}

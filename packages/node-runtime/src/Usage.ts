/**
 * What a container uses, from its cgroups, /proc and the file system on its root directory.
 *
 * @since 0.1.0
 */
import { payloadCgroup } from "@effect-lxc/core/host/CgroupLayout"
import { cgroupUsage, type ReadCgroup } from "@effect-lxc/core/host/CgroupUsage"
import { type ContainerUsage, noUsage, type RootUsage } from "@effect-lxc/core/host/ContainerUsage"
import { type GuestInterface, guestInterfaces, type HostPeer } from "@effect-lxc/core/host/GuestNetwork"
import type { ContainerFacts } from "@effect-lxc/core/host/HostFacts"
import { mountedAt } from "@effect-lxc/core/host/MountTable"
import { isAlive, isSameProcess, type ProcessStat } from "@effect-lxc/core/host/ProcessStat"
import { vethPrefix } from "@effect-lxc/core/model/VethName"
import * as fs from "node:fs"
import { type CgroupTrees, groupOf, treeOf } from "./CgroupTree.ts"
import { loopDevices, mountTable } from "./Disks.ts"
import { names, readInteger, readText } from "./KernelFiles.ts"
import { ageOf, processStat, startedAfterBoot } from "./Processes.ts"

const startedAt = (init: ProcessStat): string | null => {
  const boot = /^btime (\d+)$/m.exec(readText("/proc/stat") ?? "")?.[1]
  return boot === undefined ? null : new Date(Number(boot) * 1000 + startedAfterBoot(init)).toISOString()
}

/** Whether the config names the group of the container, so that it is known without a process in it. */
const pinsGroup = ({ lxcPath, name }: ContainerFacts): boolean =>
  (readText(`${lxcPath}/${name}/config`) ?? "").split("\n")
    .some((line) => /^lxc\.cgroup\.dir\.container\s*=\s*(.*)$/.exec(line)?.[1] === payloadCgroup(name))

const readerOf = (trees: CgroupTrees, container: ContainerFacts): ReadCgroup => {
  const { init } = container
  const groups = new Map<string, string | undefined>()
  const groupFor = (controller: string): string | undefined => {
    if (!groups.has(controller)) groups.set(controller, isAlive(init) ? groupOf(trees, init.pid, controller) : pinned(controller))
    return groups.get(controller)
  }
  const pinned = (controller: string): string | undefined => {
    const tree = pinsGroup(container) ? treeOf(trees, controller) : undefined
    return tree === undefined ? undefined : `${tree.mountPoint}/${payloadCgroup(container.name)}`
  }
  return (controller, file) => {
    const group = groupFor(controller)
    return group === undefined ? undefined : readText(`${group}/${file}`)
  }
}

/** The host's ends of the container's pairs, by their names; `iflink` is the index of the other end. */
const peersOf = (name: string): ReadonlyArray<HostPeer> =>
  names("/sys/class/net").filter((each) => each.startsWith(vethPrefix(name))).flatMap((each) => {
    const guestIndex = readInteger(`/sys/class/net/${each}/iflink`)
    return guestIndex === undefined ? [] : [{ name: each, guestIndex }]
  })

const interfacesOf = (init: ProcessStat, name: string): ReadonlyArray<GuestInterface> => {
  const read = (file: string): string => readText(`/proc/${init.pid}/net/${file}`) ?? ""
  return guestInterfaces(
    { dev: read("dev"), route: read("route"), fibTrie: read("fib_trie"), ifInet6: read("if_inet6"), igmp: read("igmp") },
    peersOf(name)
  )
}

const spaceOn = (path: string): Pick<RootUsage, "sizeBytes" | "usedBytes"> => {
  try {
    const { bfree, blocks, bsize } = fs.statfsSync(path)
    return { sizeBytes: blocks * bsize, usedBytes: (blocks - bfree) * bsize }
  } catch {
    return { sizeBytes: null, usedBytes: null } // unmounted meanwhile, or a disk that fails: the rest is shown all the same
  }
}

/** Asks the mount point, which is ours; nothing in the guest's own tree is looked at. */
const rootOf = ({ lxcPath, name }: ContainerFacts): RootUsage | null => {
  const path = `${lxcPath}/${name}/rootfs`
  const mount = mountedAt(mountTable(), path)
  if (mount === undefined) return null
  const backingFile = loopDevices().find((loop) => loop.device === mount.source)?.backingFile ?? null
  return { source: mount.source, backingFile, fsType: mount.fsType, ...spaceOn(path) }
}

/**
 * Reads only what is asked for; undefined where the container has ended since it was observed. The cgroup is that of its
 * first process; where that is dead, the one that its config pins.
 *
 * @since 0.1.0
 * @category reading
 */
export const usageOf = (trees: CgroupTrees, container: ContainerFacts): ContainerUsage | undefined => {
  const { init } = container
  const cgroup = cgroupUsage(trees.layout, readerOf(trees, container))
  const root = rootOf(container)
  if (!isAlive(init)) return { ...noUsage, ...cgroup, root }
  const usage = {
    ...cgroup,
    root,
    interfaces: interfacesOf(init, container.name),
    startedAt: startedAt(init),
    uptimeSeconds: ageOf(init) / 1000
  }
  return isSameProcess(init, processStat(init.pid)) ? usage : undefined
}

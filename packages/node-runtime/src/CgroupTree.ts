/**
 * The control groups of containers, in every mounted tree.
 *
 * @since 0.1.0
 */
import {
  type Cgroups,
  type CgroupLayoutName,
  hierarchiesOf,
  type Hierarchy,
  layoutOf,
  monitorCgroup,
  parseProcessCgroups,
  payloadCgroup
} from "@effect-lxc/core/host/CgroupLayout"
import type { CgroupDirectory } from "@effect-lxc/core/host/HostFacts"
import type { MountEntry } from "@effect-lxc/core/host/MountTable"
import { isSameProcess, type ProcessStat } from "@effect-lxc/core/host/ProcessStat"
import * as fs from "node:fs"
import { directoryNames, names, readText } from "./KernelFiles.ts"
import { isContainerInit } from "./Processes.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface CgroupTrees {
  readonly layout: CgroupLayoutName
  readonly hierarchies: ReadonlyArray<Hierarchy>
}

/**
 * The trees in the mount table; undefined where none is mounted.
 *
 * @since 0.1.0
 * @category reading
 */
export const cgroupTrees = (mounts: ReadonlyArray<MountEntry>): CgroupTrees | undefined => {
  const unified = mounts.find((mount) => mount.fsType === "cgroup2")
  const controllers = unified === undefined ? "" : readText(`${unified.target}/cgroup.controllers`) ?? ""
  const hierarchies = hierarchiesOf(mounts, controllers)
  const layout = layoutOf(hierarchies)
  return layout === undefined ? undefined : { layout, hierarchies }
}

const unifiedTree = (trees: CgroupTrees): Hierarchy | undefined =>
  trees.hierarchies.find((hierarchy) => hierarchy.version === 2)

const v1Tree = (trees: CgroupTrees, controller: string): Hierarchy | undefined =>
  trees.hierarchies.find((hierarchy) => hierarchy.version === 1 && hierarchy.controllers.includes(controller))

/** Files of a v2 controller are in no root, only in groups below it. */
const someGroupHas = (root: string, file: string): boolean =>
  directoryNames(root).some((name) => fs.existsSync(`${root}/${name}/${file}`))

const firstFile = (candidates: ReadonlyArray<string>, exists: (file: string) => boolean): string | null =>
  candidates.find(exists) ?? null

/**
 * What the kernel offers beyond the layout: swap accounting and the file for an I/O weight.
 *
 * @since 0.1.0
 * @category reading
 */
export const cgroupFacts = (trees: CgroupTrees): Cgroups => {
  const unified = unifiedTree(trees)
  if (trees.layout === "v2" && unified !== undefined) {
    const { mountPoint } = unified
    return {
      ...trees,
      swapAccounting: unified.controllers.includes("memory") && someGroupHas(mountPoint, "memory.swap.max"),
      ioWeightFile: unified.controllers.includes("io")
        ? firstFile(["io.weight", "io.bfq.weight"], (file) => someGroupHas(mountPoint, file))
        : null
    }
  }
  const memory = v1Tree(trees, "memory")?.mountPoint
  const blkio = v1Tree(trees, "blkio")?.mountPoint
  return {
    ...trees,
    swapAccounting: memory !== undefined && fs.existsSync(`${memory}/memory.memsw.limit_in_bytes`),
    ioWeightFile: blkio === undefined
      ? null
      : firstFile(["blkio.weight", "blkio.bfq.weight"], (file) => fs.existsSync(`${blkio}/${file}`))
  }
}

/**
 * Whether a group or one below it has a process. A v2 group says so itself; a v1 group has to be walked.
 *
 * @since 0.1.0
 * @category reading
 */
export const isPopulated = (group: string): boolean => {
  const events = readText(`${group}/cgroup.events`)
  if (events !== undefined) return /^populated 1$/m.test(events)
  return (readText(`${group}/cgroup.procs`) ?? "") !== "" ||
    directoryNames(group).some((name) => isPopulated(`${group}/${name}`))
}

/**
 * The pids in a group and all below it.
 *
 * @since 0.1.0
 * @category reading
 */
export const pidsBelow = (group: string): ReadonlyArray<number> => [
  ...(readText(`${group}/cgroup.procs`) ?? "").split("\n").filter((line) => line !== "").map(Number),
  ...directoryNames(group).flatMap((name) => pidsBelow(`${group}/${name}`))
]

/**
 * The tree to ask which processes a container has: the unified one, else that of the freezer, else any.
 *
 * @since 0.1.0
 * @category reading
 */
export const trackingTree = (trees: CgroupTrees): Hierarchy | undefined =>
  unifiedTree(trees) ?? v1Tree(trees, "freezer") ?? trees.hierarchies[0]

/**
 * The first process of the container that lives in a group, found without its monitor.
 *
 * @since 0.1.0
 * @category reading
 */
export const initIn = (group: string): number | undefined => pidsBelow(group).find(isContainerInit)

/**
 * `v2` says `frozen` in cgroup.events and what is wanted in cgroup.freeze; the v1 freezer says all in freezer.state.
 *
 * @since 0.1.0
 * @category reading
 */
export const freezerState = (trees: CgroupTrees, groupName: string): "thawed" | "freezing" | "frozen" => {
  const v1 = v1Tree(trees, "freezer")
  if (v1 !== undefined) {
    const state = (readText(`${v1.mountPoint}/${groupName}/freezer.state`) ?? "").trim()
    return state === "FROZEN" ? "frozen" : state === "FREEZING" ? "freezing" : "thawed"
  }
  const group = `${unifiedTree(trees)?.mountPoint ?? ""}/${groupName}`
  if (/^frozen 1$/m.test(readText(`${group}/cgroup.events`) ?? "")) return "frozen"
  return (readText(`${group}/cgroup.freeze`) ?? "").trim() === "1" ? "freezing" : "thawed"
}

const isOfLxc = (name: string): boolean => name.startsWith(payloadCgroup("")) || name.startsWith(monitorCgroup(""))

/**
 * Names that the directories of an instance may have. LXC takes the same in every tree, where it numbers them the lowest
 * that is free: other numbers than these are left by nobody in a tree alone.
 */
const likelyNames = (instance: string): ReadonlyArray<string> =>
  [payloadCgroup(instance), monitorCgroup(instance)].flatMap((name) => [name, `${name}-1`, `${name}-2`, `${name}-3`])

/** What there is of an instance in each tree. One tree is listed, in others is asked for names: to list all takes as long as the rest of a plan. */
const namesOf = (trees: CgroupTrees, instance: string): (mountPoint: string) => ReadonlyArray<string> => {
  const tracking = trackingTree(trees)?.mountPoint ?? ""
  const beginnings = [payloadCgroup(instance), monitorCgroup(instance)]
  const listed = names(tracking).filter((name) => beginnings.some((beginning) => name.startsWith(beginning)))
  const asked = [...new Set([...likelyNames(instance), ...listed])]
  return (mountPoint) => mountPoint === tracking ? listed : asked.filter((name) => fs.existsSync(`${mountPoint}/${name}`))
}

/**
 * The directories that LXC made at the top of the trees, for whatever container or for one instance, sorted: each to be
 * looked at.
 *
 * @since 0.1.0
 * @category reading
 */
export const cgroupDirectories = (trees: CgroupTrees, instance?: string): ReadonlyArray<() => CgroupDirectory> => {
  const namesIn = instance === undefined ? (mountPoint: string) => names(mountPoint).filter(isOfLxc) : namesOf(trees, instance)
  const found = new Map<string, Array<string>>()
  for (const { mountPoint } of trees.hierarchies) {
    for (const name of namesIn(mountPoint)) {
      const hierarchies = found.get(name)
      if (hierarchies === undefined) found.set(name, [mountPoint])
      else hierarchies.push(mountPoint)
    }
  }
  const tracking = trackingTree(trees)?.mountPoint
  return [...found].sort(([one], [other]) => one < other ? -1 : 1).map(([name, hierarchies]) => () => ({
    name,
    hierarchies,
    populated: isPopulated(`${tracking !== undefined && hierarchies.includes(tracking) ? tracking : hierarchies[0] ?? ""}/${name}`)
  }))
}

/**
 * The tree in which the files of a controller are: its own, else the unified one.
 *
 * @since 0.1.0
 * @category reading
 */
export const treeOf = (trees: CgroupTrees, controller: string): Hierarchy | undefined =>
  v1Tree(trees, controller) ?? unifiedTree(trees)

/** The path up to the group that LXC made: a guest's own groups below it are cut off. */
const payloadOf = (path: string): string | undefined => {
  const at = path.indexOf(`/${payloadCgroup("")}`)
  if (at < 0) return undefined
  const end = path.indexOf("/", at + 1)
  return end < 0 ? path : path.slice(0, end)
}

/**
 * The group of a container in the tree of a controller.
 *
 * @since 0.1.0
 * @category models
 */
export type GroupOf = (controller: string) => string | undefined

type ProcessCgroups = ReturnType<typeof parseProcessCgroups>

const cgroupsOfProcess = (pid: number): ProcessCgroups => parseProcessCgroups(readText(`/proc/${pid}/cgroup`) ?? "")

const groupsAmong = (trees: CgroupTrees, groups: ProcessCgroups): GroupOf => (controller) => {
  const v1 = v1Tree(trees, controller)
  const tree = v1 ?? unifiedTree(trees)
  const path = v1 === undefined
    ? groups.find((group) => group.controllers.length === 0)?.path
    : groups.find((group) => group.controllers.includes(controller))?.path
  const payload = path === undefined ? undefined : payloadOf(path)
  return payload === undefined || tree === undefined ? undefined : `${tree.mountPoint}${payload}`
}

/**
 * The groups of a container, from one look at its first process: pinned or not, with or without a number behind them.
 *
 * @since 0.1.0
 * @category reading
 */
export const groupsOfProcess = (trees: CgroupTrees, initPid: number): GroupOf => groupsAmong(trees, cgroupsOfProcess(initPid))

/**
 * First processes that LXC has put into groups of its making in every tree, by their pids. It does that once, before they
 * run, and a guest moves them only further down.
 */
const placed = new Map<number, { readonly init: ProcessStat; readonly groups: ProcessCgroups }>()
const mostPlaced = 5_000

/**
 * The same, and remembered: to be asked again and again for what a container uses.
 *
 * @since 0.1.0
 * @category reading
 */
export const groupsOfInit = (trees: CgroupTrees, init: ProcessStat): GroupOf => {
  const known = placed.get(init.pid)
  if (known !== undefined && isSameProcess(known.init, init)) return groupsAmong(trees, known.groups)
  const groups = cgroupsOfProcess(init.pid)
  if (groups.length > 0 && groups.every(({ path }) => payloadOf(path) !== undefined)) {
    if (placed.size >= mostPlaced) placed.clear()
    placed.set(init.pid, { init, groups })
  }
  return groupsAmong(trees, groups)
}

/**
 * One of them.
 *
 * @since 0.1.0
 * @category reading
 */
export const groupOf = (trees: CgroupTrees, initPid: number, controller: string): string | undefined =>
  groupsOfProcess(trees, initPid)(controller)

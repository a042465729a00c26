/**
 * Everything a planner may know, read from /proc, /sys and the library's own directories.
 *
 * @since 0.1.0
 */
import {
  interfaceMatters,
  loopMatters,
  nameMatters,
  pathsFor,
  pathsInParts,
  pathsNamed,
  type PlannedFor
} from "@effect-lxc/core/host/FactsFor"
import type { ContainerFacts, HostFacts, Interface, PathFacts } from "@effect-lxc/core/host/HostFacts"
import { isObservedPath } from "@effect-lxc/core/model/HostPath"
import type { FactsQuery, HostError } from "@effect-lxc/core/runtime/Host"
import { parseKernel } from "@effect-lxc/core/model/CpuSet"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as fs from "node:fs"
import * as os from "node:os"
import { cgroupDirectories, cgroupFacts } from "./CgroupTree.ts"
import { containersToObserve } from "./Containers.ts"
import { diskFacts } from "./DiskFacts.ts"
import { systemCall } from "./HostFiles.ts"
import { loopsToObserve } from "./LoopDevices.ts"
import { requireMountsAndTrees } from "./Mounts.ts"
import { onceEach } from "./Once.ts"
import { recordOf } from "./Records.ts"
import { inSlices } from "./Slices.ts"
import { securityFacts } from "./SecurityFacts.ts"
import { toolPath } from "./Tools.ts"
import { errnoOf, fileKey, names, readInteger, readText, statOf } from "./KernelFiles.ts"

const reading = <A>(what: string, body: () => A): Effect.Effect<A, HostError> => systemCall("read", what, body)

const isLinked = (name: string): boolean => names(`/sys/class/net/${name}`).some((file) => file.startsWith("lower_"))

const kindOf = (name: string): Interface["kind"] => {
  const at = `/sys/class/net/${name}`
  if (name === "lo") return "loopback"
  if (fs.existsSync(`${at}/bridge`)) return "bridge"
  return readInteger(`${at}/iflink`) !== readInteger(`${at}/ifindex`) && !isLinked(name) ? "veth" : "other"
}

const interfaceAt = (name: string): Interface | undefined => {
  const mtu = readInteger(`/sys/class/net/${name}/mtu`)
  return mtu === undefined ? undefined : { name, kind: kindOf(name), mtu }
}

const observeInterfaces = Effect.fnUntraced(function*(matters: (name: string) => boolean) {
  const all = yield* reading("/sys/class/net", () => names("/sys/class/net"))
  const found = yield* inSlices("/sys/class/net", all.filter(matters), interfaceAt)
  return found.filter((each) => each !== undefined).sort((one, other) => one.name < other.name ? -1 : 1)
})

const kindOfStats = (stats: fs.Stats): PathFacts["kind"] =>
  stats.isFile() ? "file" : stats.isDirectory() ? "directory" : stats.isBlockDevice() ? "block" : "other"

/** Partition tables only where they are wanted: reading one costs ten times the rest. */
const lookAt = (path: string, partitions: boolean): PathFacts => {
  try {
    const realPath = fs.realpathSync.native(path)
    const stats = fs.statSync(realPath)
    if (!isObservedPath(realPath)) return { path, kind: "other", realPath: path }
    return { path, kind: kindOfStats(stats), realPath, ...diskFacts(realPath, stats, partitions) }
  } catch (error) {
    const code = errnoOf(error)
    return { path, kind: code === "ENOENT" || code === "ENOTDIR" ? "missing" : "other", realPath: path }
  }
}

/**
 * What is at each path, without partition tables.
 *
 * @since 0.1.0
 * @category reading
 */
export const gatherPaths = (paths: ReadonlyArray<string>) => inSlices("/", paths, (path) => lookAt(path, false))

/** Whether a disk of another can be left out: a file or a directory that is none of those that are known. */
const isElsewhere = (stats: fs.Stats | undefined, known: ReadonlySet<string>): boolean => {
  return stats !== undefined && (stats.isFile() || stats.isDirectory()) && !known.has(fileKey(stats))
}

const observePaths = Effect.fnUntraced(function*(
  asked: ReadonlyArray<string>,
  containers: ReadonlyArray<ContainerFacts>,
  planned: PlannedFor | undefined,
  look: typeof statOf
) {
  const recorded = containers.flatMap((container) => container.record?.disks ?? []).map((disk) => disk.path)
  const paths = [...new Set([...asked, ...recorded])]
  if (planned === undefined) return yield* inSlices("/", paths, (path) => lookAt(path, true))
  const own = pathsNamed(planned, containers)
  const parted = pathsInParts(containers)
  const known = new Set((yield* inSlices("/", [...own], look)).filter((each) => each !== undefined).map(fileKey))
  const found = yield* inSlices("/", paths, (path) =>
    own.has(path) || !isElsewhere(look(path), known) ? lookAt(path, own.has(path) || parted.has(path)) : undefined)
  return pathsFor(planned, { containers, paths: found.filter((each) => each !== undefined) })
})

/**
 * Looks at everything, or at what matters to the plan for one instance; `tools` are the directories of tools.
 *
 * @since 0.1.0
 * @category reading
 */
export const gatherFacts = Effect.fnUntraced(function*(
  { alone, directories, instance, links, paths: asked = [] }: FactsQuery,
  lxcVersion: string | null,
  tools: ReadonlyArray<string>
) {
  const { mounts, trees } = yield* requireMountsAndTrees
  const planned = instance === undefined ? undefined : { alone, directories, instance, links, paths: asked }
  const named = planned === undefined ? undefined : (name: string) => nameMatters(planned, name)
  const options = { all: true, recordOf, limits: true, instance, alone, named }
  const signs = yield* reading("/proc and /sys", () => containersToObserve(directories, trees, options))
  const containers = yield* inSlices("/proc and /sys", signs, (observed) => observed())
  const look = onceEach(statOf) // the disk of a record is for the most part the file of a loop device, too
  const paths = yield* observePaths(asked, containers, planned, look)
  const matters = planned === undefined ? undefined : loopMatters(planned, mounts, paths)
  const loops = yield* reading("/sys/block", () => loopsToObserve({ mounts, look }, matters))
  return {
    lxcVersion,
    kernel: os.release(),
    bootId: (yield* reading("/proc", () => readText("/proc/sys/kernel/random/boot_id") ?? "")).trim(),
    cgroups: yield* reading("/sys/fs/cgroup", () => cgroupFacts(trees)),
    mounts,
    // A file with a line break in its name is nobody's disk here: a spec cannot name it.
    loops: (yield* inSlices("/sys/block", loops, (observed) => observed()))
      .filter((each) => each !== undefined)
      .filter((each) => isObservedPath(each.backingFile)),
    interfaces: yield* observeInterfaces(planned === undefined ? () => true : interfaceMatters(planned, containers)),
    containers,
    cgroupDirectories: yield* inSlices(
      "/sys/fs/cgroup",
      yield* reading("/sys/fs/cgroup", () => cgroupDirectories(trees, instance)),
      (directory) => directory()
    ),
    cpus: yield* reading("/sys/devices/system/cpu", () =>
      Option.getOrElse(parseKernel(readText("/sys/devices/system/cpu/online") ?? ""), () => [])),
    memory: os.totalmem(),
    criu: toolPath("criu", tools) !== undefined,
    security: yield* reading("/etc/subuid", () => securityFacts(tools)),
    paths
  } satisfies HostFacts
})

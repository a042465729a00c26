/**
 * Everything a planner may know, read from /proc, /sys and the library's own directories.
 *
 * @since 0.1.0
 */
import type { ContainerFacts, HostFacts, Interface, PathFacts } from "@effect-lxc/core/host/HostFacts"
import type { Disk } from "@effect-lxc/core/model/Disk"
import { isObservedPath } from "@effect-lxc/core/model/HostPath"
import { isVethName, vethPrefix } from "@effect-lxc/core/model/VethName"
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
import { loopDevice, loopNames } from "./LoopDevices.ts"
import { requireTrees } from "./Mounts.ts"
import { recordOf } from "./Records.ts"
import { inSlices } from "./Slices.ts"
import { securityFacts } from "./SecurityFacts.ts"
import { errnoOf, names, readInteger, readText } from "./KernelFiles.ts"

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

/** A host with many containers has as many pairs: those of others say nothing to the one that is planned for. */
const interfacesFor = Effect.fnUntraced(function*(instance: string | undefined) {
  const mine = instance === undefined ? "" : vethPrefix(instance)
  const all = yield* reading("/sys/class/net", () => names("/sys/class/net"))
  const wanted = all.filter((name) => !isVethName(name) || name.startsWith(mine))
  const found = yield* inSlices("/sys/class/net", wanted, interfaceAt)
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

const recordedDisks = (containers: ReadonlyArray<ContainerFacts>): ReadonlyArray<Disk> =>
  containers.flatMap((container) => container.record?.disks ?? [])

/**
 * Looks at everything; `tools` are the directories of tools.
 *
 * @since 0.1.0
 * @category reading
 */
export const gatherFacts = Effect.fnUntraced(function*(
  { directories, instance, paths: asked = [] }: FactsQuery,
  lxcVersion: string | null,
  tools: ReadonlyArray<string>
) {
  const { mounts, trees } = yield* requireTrees
  const isPlannedFor = (name: string): boolean => instance === undefined || name === instance
  const options = { all: true, recordOf, limitsOf: isPlannedFor }
  const signs = yield* reading("/proc and /sys", () => containersToObserve(directories, trees, options))
  const containers = yield* inSlices("/proc and /sys", signs, (observed) => observed())
  const disks = recordedDisks(containers)
  const paths = [...new Set([...asked, ...disks.map((disk) => disk.path)])]
  // Whether a partition of another instance is taken is told by its place on the disk.
  const own = recordedDisks(containers.filter((each) => isPlannedFor(each.name)))
  const whole = new Set([...asked, ...[...own, ...disks.filter((disk) => disk.partition !== undefined)].map((disk) => disk.path)])
  return {
    lxcVersion,
    kernel: os.release(),
    bootId: (yield* reading("/proc", () => readText("/proc/sys/kernel/random/boot_id") ?? "")).trim(),
    cgroups: yield* reading("/sys/fs/cgroup", () => cgroupFacts(trees)),
    mounts,
    // A file with a line break in its name is nobody's disk here: a spec cannot name it.
    loops: (yield* inSlices("/sys/block", yield* reading("/sys/block", loopNames), loopDevice))
      .filter((each) => each !== undefined)
      .filter((each) => isObservedPath(each.backingFile)),
    interfaces: yield* interfacesFor(instance),
    containers,
    cgroupDirectories: yield* inSlices(
      "/sys/fs/cgroup",
      yield* reading("/sys/fs/cgroup", () => cgroupDirectories(trees, instance)),
      (directory) => directory()
    ),
    cpus: yield* reading("/sys/devices/system/cpu", () =>
      Option.getOrElse(parseKernel(readText("/sys/devices/system/cpu/online") ?? ""), () => [])),
    security: yield* reading("/etc/subuid", () => securityFacts(tools)),
    paths: yield* inSlices("/", paths, (path) => lookAt(path, whole.has(path)))
  } satisfies HostFacts
})

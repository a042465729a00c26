/**
 * Everything a planner may know, read from /proc, /sys and the library's own directories.
 *
 * @since 0.1.0
 */
import type { ContainerFacts, HostFacts, Interface, PathFacts } from "@effect-lxc/core/host/HostFacts"
import { type FactsQuery, HostError } from "@effect-lxc/core/runtime/Host"
import { parseKernel } from "@effect-lxc/core/model/CpuSet"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as fs from "node:fs"
import * as os from "node:os"
import { cgroupDirectories, cgroupFacts, type CgroupTrees, cgroupTrees } from "./CgroupTree.ts"
import { observeContainers } from "./Containers.ts"
import { diskFacts } from "./DiskFacts.ts"
import { loopDevices, mountTable } from "./Disks.ts"
import { securityFacts } from "./SecurityFacts.ts"
import { errnoOf, names, readInteger, readText } from "./KernelFiles.ts"

const isLinked = (name: string): boolean => names(`/sys/class/net/${name}`).some((file) => file.startsWith("lower_"))

const kindOf = (name: string): Interface["kind"] => {
  const at = `/sys/class/net/${name}`
  if (name === "lo") return "loopback"
  if (fs.existsSync(`${at}/bridge`)) return "bridge"
  return readInteger(`${at}/iflink`) !== readInteger(`${at}/ifindex`) && !isLinked(name) ? "veth" : "other"
}

const interfaces = (): ReadonlyArray<Interface> =>
  names("/sys/class/net").flatMap((name) => {
    const mtu = readInteger(`/sys/class/net/${name}/mtu`)
    return mtu === undefined ? [] : [{ name, kind: kindOf(name), mtu }]
  }).sort((one, other) => one.name < other.name ? -1 : 1)

const kindOfStats = (stats: fs.Stats): PathFacts["kind"] =>
  stats.isFile() ? "file" : stats.isDirectory() ? "directory" : stats.isBlockDevice() ? "block" : "other"

const lookAt = (path: string): PathFacts => {
  try {
    const realPath = fs.realpathSync(path)
    const stats = fs.statSync(realPath)
    return { path, kind: kindOfStats(stats), realPath, ...diskFacts(realPath, stats) }
  } catch (error) {
    const code = errnoOf(error)
    return { path, kind: code === "ENOENT" || code === "ENOTDIR" ? "missing" : "other", realPath: path }
  }
}

const recordedPaths = (containers: ReadonlyArray<ContainerFacts>): ReadonlyArray<string> =>
  containers.flatMap((container) => container.record?.disks.map((disk) => disk.path) ?? [])

/**
 * The cgroup trees; a host without any cannot run containers.
 *
 * @since 0.1.0
 * @category reading
 */
export const requireTrees: Effect.Effect<CgroupTrees, HostError> = Effect.suspend(() => {
  const trees = cgroupTrees(mountTable())
  return trees === undefined
    ? Effect.fail(
      new HostError({
        problem: {
          _tag: "Conflict",
          found: "no cgroup tree is mounted",
          advice: "mount one, as in: mount -t cgroup2 none /sys/fs/cgroup"
        }
      })
    )
    : Effect.succeed(trees)
})

/**
 * Looks at everything; `tools` are the directories of tools.
 *
 * @since 0.1.0
 * @category reading
 */
export const gatherFacts = (
  query: FactsQuery,
  trees: CgroupTrees,
  lxcVersion: string | null,
  tools: ReadonlyArray<string>
): HostFacts => {
  const containers = observeContainers(query.directories, trees, { all: true, records: true })
  const paths = [...new Set([...query.paths ?? [], ...recordedPaths(containers)])]
  return {
    lxcVersion,
    kernel: os.release(),
    bootId: (readText("/proc/sys/kernel/random/boot_id") ?? "").trim(),
    cgroups: cgroupFacts(trees),
    mounts: mountTable(),
    loops: loopDevices(),
    interfaces: interfaces(),
    containers,
    cgroupDirectories: cgroupDirectories(trees),
    cpus: Option.getOrElse(parseKernel(readText("/sys/devices/system/cpu/online") ?? ""), () => []),
    security: securityFacts(tools),
    paths: paths.map(lookAt)
  }
}

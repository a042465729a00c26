/**
 * How the control groups of a host are laid out.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { isObservedPath, ObservedPath } from "../model/HostPath.ts"
import type { MountEntry } from "./MountTable.ts"

/**
 * `v2`: only the unified tree. `v1`: only trees with a controller each. `hybrid`: both, which LXC treats as `v1`.
 *
 * @since 0.1.0
 * @category models
 */
export const CgroupLayoutName = Schema.Literals(["v1", "hybrid", "v2"])

/**
 * @since 0.1.0
 * @category models
 */
export type CgroupLayoutName = typeof CgroupLayoutName.Type

/**
 * One mounted tree.
 *
 * @since 0.1.0
 * @category models
 */
export const Hierarchy = Schema.Struct({
  mountPoint: ObservedPath,
  version: Schema.Literals([1, 2]),
  /** Controllers of the tree; a named v1 tree has `name=…`, the unified tree of a hybrid host usually none. */
  controllers: Schema.Array(Schema.String)
})

/**
 * @since 0.1.0
 * @category models
 */
export type Hierarchy = typeof Hierarchy.Type

/**
 * @since 0.1.0
 * @category models
 */
export const Cgroups = Schema.Struct({
  layout: CgroupLayoutName,
  hierarchies: Schema.Array(Hierarchy),
  /** Whether memory and swap can be limited together (v1 `memory.memsw.*`) or swap alone (v2 `memory.swap.max`). */
  swapAccounting: Schema.Boolean,
  /** The file that takes a proportional I/O weight, or null where the kernel has none. */
  ioWeightFile: Schema.NullOr(Schema.String)
})

/**
 * @since 0.1.0
 * @category models
 */
export type Cgroups = typeof Cgroups.Type

/** Mount options of a v1 tree that name no controller. Source: cgroups(7), kernel cgroup-v1/cgroups.rst. */
const plainOptions = new Set([
  "rw", "ro", "nosuid", "nodev", "noexec", "relatime", "noatime", "nodiratime", "strictatime", "lazytime", "seclabel",
  "xattr", "clone_children", "cpuset_v2_mode", "noprefix", "all", "none", "nsdelegate", "memory_recursiveprot",
  "favordynmods"
])

const isPlain = (option: string): boolean => plainOptions.has(option) || option.startsWith("release_agent=")

/**
 * Finds the trees in the mount table; the same tree mounted twice is listed once, at its first place. One at a place that
 * no plan can name is not used.
 *
 * `unifiedControllers` is the text of `cgroup.controllers` in the root of the unified tree.
 *
 * @since 0.1.0
 * @category decoding
 */
export const hierarchiesOf = (
  mounts: ReadonlyArray<MountEntry>,
  unifiedControllers: string
): ReadonlyArray<Hierarchy> => {
  const found = new Map<string, Hierarchy>()
  for (const mount of mounts) {
    if (mount.fsType !== "cgroup" && mount.fsType !== "cgroup2") continue
    if (!isObservedPath(mount.target)) continue
    if (mount.fsType === "cgroup2" && !found.has("2")) {
      const controllers = unifiedControllers.split(/\s+/).filter((word) => word !== "")
      found.set("2", { mountPoint: mount.target, version: 2, controllers })
    } else if (mount.fsType === "cgroup") {
      const controllers = mount.options.filter((option) => !isPlain(option))
      const key = `1:${controllers.join(",")}`
      if (!found.has(key)) found.set(key, { mountPoint: mount.target, version: 1, controllers })
    }
  }
  return [...found.values()]
}

/**
 * The layout that LXC will see: `v2` only where no v1 tree is mounted. Undefined without any tree.
 *
 * @since 0.1.0
 * @category decoding
 */
export const layoutOf = (hierarchies: ReadonlyArray<Hierarchy>): CgroupLayoutName | undefined => {
  const v1 = hierarchies.some((hierarchy) => hierarchy.version === 1)
  const v2 = hierarchies.some((hierarchy) => hierarchy.version === 2)
  return v1 ? (v2 ? "hybrid" : "v1") : v2 ? "v2" : undefined
}

/**
 * The tree in which a v1 controller lives, or the unified tree on a `v2` host.
 *
 * @since 0.1.0
 * @category queries
 */
export const hierarchyOf = (cgroups: Cgroups, controller: string): Hierarchy | undefined =>
  cgroups.layout === "v2"
    ? cgroups.hierarchies.find((hierarchy) => hierarchy.version === 2)
    : cgroups.hierarchies.find((hierarchy) => hierarchy.version === 1 && hierarchy.controllers.includes(controller))

/**
 * The paths of a process in each tree, from `/proc/PID/cgroup` (`ID:CONTROLLERS:PATH`; a path may hold colons).
 *
 * @since 0.1.0
 * @category decoding
 */
export const parseProcessCgroups = (text: string): ReadonlyArray<{ controllers: ReadonlyArray<string>; path: string }> => {
  const groups: Array<{ controllers: ReadonlyArray<string>; path: string }> = []
  for (const line of text.split("\n")) {
    const fields = /^\d+:([^:]*|name=[^:]*):(\/.*)$/.exec(line)
    if (fields?.[1] === undefined || fields[2] === undefined) continue
    groups.push({ controllers: fields[1] === "" ? [] : fields[1].split(","), path: fields[2] })
  }
  return groups
}

/**
 * The name of the cgroup directory in which LXC puts the processes of a container.
 *
 * Pinned in the config for LXC >= 5; older releases add `-1`, `-2`, … where the directory is there already.
 *
 * @since 0.1.0
 * @category names
 */
export const payloadCgroup = (name: string): string => `lxc.payload.${name}`

/**
 * The name of the cgroup directory in which LXC puts the monitor of a container.
 *
 * @since 0.1.0
 * @category names
 */
export const monitorCgroup = (name: string): string => `lxc.monitor.${name}`

/**
 * Whether a name is another one with a number behind it, as older releases of LXC give to directories: `web1-1` may be the second
 * of `web1` or the first of an instance `web1-1`.
 *
 * @since 0.1.0
 * @category names
 */
export const isNumbered = (name: string, of: string): boolean => name.startsWith(of) && /^-[1-9]\d{0,2}$/.test(name.slice(of.length))

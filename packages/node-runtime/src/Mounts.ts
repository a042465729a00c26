/**
 * What is mounted on this host.
 *
 * @since 0.1.0
 */
import { type MountEntry, mountedAt, parseMountinfo } from "@effect-lxc/core/host/MountTable"
import { HostError } from "@effect-lxc/core/runtime/Host"
import * as Effect from "effect/Effect"
import { type CgroupTrees, cgroupTrees } from "./CgroupTree.ts"
import { fileKey, readText, statOf } from "./KernelFiles.ts"

/** The last text as it was read: between two steps it seldom changes, and to take it apart takes as long as the kernel takes to write it. */
let last: { readonly text: string; readonly entries: ReadonlyArray<MountEntry> } = { text: "", entries: [] }

/**
 * The mount table, in the order of mounting.
 *
 * @since 0.1.0
 * @category reading
 */
export const mountTable = (): ReadonlyArray<MountEntry> => {
  const text = readText("/proc/self/mountinfo") ?? ""
  if (text !== last.text) last = { text, entries: parseMountinfo(text) }
  return last.entries
}

/** Those of cgroup trees, of a table that may have hundreds of others. */
const cgroupMounts = (): ReadonlyArray<MountEntry> => {
  const text = readText("/proc/self/mountinfo") ?? ""
  return text === last.text ? last.entries : parseMountinfo(text.match(/^.* - cgroup2? .*$/gm)?.join("\n") ?? "")
}

const noTrees: CgroupTrees = { layout: "v2", hierarchies: [] }

/** The trees as the mount table told them last, and what was at their roots. */
let known = { trees: noTrees, roots: "" }

const rootsOf = ({ hierarchies }: CgroupTrees): string =>
  hierarchies.map(({ mountPoint }) => {
    const root = statOf(mountPoint)
    return root === undefined ? "" : fileKey(root)
  }).join(" ")

const treesIn = (mounts: ReadonlyArray<MountEntry>): CgroupTrees | undefined => {
  const trees = cgroupTrees(mounts)
  if (trees !== undefined) known = { trees, roots: rootsOf(trees) }
  return trees
}

/**
 * The host's cgroup trees; a host without any has no containers. The kernel takes half a millisecond to write the table of a few
 * hundred mounts, so the trees that it told last are believed as long as they are where they were.
 *
 * @since 0.1.0
 * @category reading
 */
export const currentTrees = (): CgroupTrees =>
  known.trees.hierarchies.length > 0 && rootsOf(known.trees) === known.roots ? known.trees : treesIn(cgroupMounts()) ?? noTrees

const noTree = (): HostError =>
  new HostError({
    problem: {
      _tag: "Conflict",
      found: "no cgroup tree is mounted",
      advice: "mount one, as in: mount -t cgroup2 none /sys/fs/cgroup"
    }
  })

/**
 * The cgroup trees as they are mounted now; a host without any cannot run containers.
 *
 * @since 0.1.0
 * @category reading
 */
export const requireTrees: Effect.Effect<CgroupTrees, HostError> = Effect.suspend(() => {
  const trees = treesIn(cgroupMounts())
  return trees === undefined ? Effect.fail(noTree()) : Effect.succeed(trees)
})

/**
 * The same with the whole mount table.
 *
 * @since 0.1.0
 * @category reading
 */
export const requireMountsAndTrees: Effect.Effect<
  { readonly mounts: ReadonlyArray<MountEntry>; readonly trees: CgroupTrees },
  HostError
> = Effect.suspend(() => {
  const mounts = mountTable()
  const trees = treesIn(mounts)
  return trees === undefined ? Effect.fail(noTree()) : Effect.succeed({ mounts, trees })
})

/**
 * Fails where nothing is mounted on one of these: a container would find a bare directory of the host's there.
 *
 * @since 0.1.0
 * @category checks
 */
export const requireMounts = (targets: ReadonlyArray<string> = []): Effect.Effect<void, HostError> =>
  Effect.suspend(() => {
    const table = mountTable()
    const bare = targets.find((at) => mountedAt(table, at) === undefined)
    return bare === undefined ? Effect.void : Effect.fail(
      new HostError({
        problem: {
          _tag: "Conflict",
          found: `nothing is mounted on ${bare} any more`,
          advice: "somebody unmounted it: look who, and start again"
        }
      })
    )
  })

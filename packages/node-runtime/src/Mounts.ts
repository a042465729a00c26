/**
 * What is mounted on this host.
 *
 * @since 0.1.0
 */
import type { Hierarchy } from "@effect-lxc/core/host/CgroupLayout"
import { type MountEntry, mountedAt, parseMountinfo } from "@effect-lxc/core/host/MountTable"
import { HostError } from "@effect-lxc/core/runtime/Host"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { dirname } from "node:path"
import { type CgroupTrees, cgroupTrees, trackingTree } from "./CgroupTree.ts"
import { fileKey, readText, statOf } from "./KernelFiles.ts"

/** A line of the table. */
interface Line {
  readonly text: string
  readonly entry: MountEntry | undefined
}

interface Table {
  readonly text: string
  readonly lines: ReadonlyMap<string, Line>
  readonly entries: ReadonlyArray<MountEntry>
}

/** The table as it was read last: to take all of it apart takes as long as the kernel takes to write it, and few lines of it change. */
let last: Table = { text: "", lines: new Map(), entries: [] }

const readLine = (line: string): Line => {
  const text = Buffer.from(line).toString() // a text of its own: a part of the table would keep all of that
  return { text, entry: parseMountinfo(text)[0] }
}

const readTable = (text: string): Table => {
  const lines = new Map<string, Line>()
  for (const line of text.split("\n")) {
    const read = last.lines.get(line) ?? readLine(line)
    lines.set(read.text, read)
  }
  return { text, lines, entries: [...lines.values()].flatMap(({ entry }) => entry ?? []) }
}

/**
 * The mount table, in the order of mounting.
 *
 * @since 0.1.0
 * @category reading
 */
export const mountTable = (): ReadonlyArray<MountEntry> => {
  const text = readText("/proc/self/mountinfo") ?? ""
  if (text !== last.text) last = readTable(text)
  return last.entries
}

/** Those of cgroup trees, of a table that may have hundreds of others. */
const cgroupMounts = (): ReadonlyArray<MountEntry> => {
  const text = readText("/proc/self/mountinfo") ?? ""
  return text === last.text ? last.entries : parseMountinfo(text.match(/^.* - cgroup2? .*$/gm)?.join("\n") ?? "")
}

const noTrees: CgroupTrees = { layout: "v2", hierarchies: [] }

/** A tree, and what was at its root. */
interface Rooted {
  readonly tree: Hierarchy
  readonly root: string
}

/** The trees as the mount table told them last. */
let known: { readonly trees: CgroupTrees; readonly rooted: ReadonlyArray<Rooted> } = { trees: noTrees, rooted: [] }

const rootOf = ({ mountPoint }: Hierarchy): string => {
  const root = statOf(mountPoint)
  return root === undefined ? "" : fileKey(root)
}

const isWhereItWas = ({ root, tree }: Rooted): boolean => rootOf(tree) === root

const treesIn = (mounts: ReadonlyArray<MountEntry>): CgroupTrees | undefined => {
  const trees = cgroupTrees(mounts)
  if (trees !== undefined) known = { trees, rooted: trees.hierarchies.map((tree) => ({ tree, root: rootOf(tree) })) }
  return trees
}

/**
 * The host's cgroup trees; a host without any has no containers. The kernel takes half a millisecond to write the table of a few
 * hundred mounts, so the trees that it told last are believed as long as they are where they were: what is mounted beside them
 * the next plan finds, for which the whole table is read.
 *
 * @since 0.1.0
 * @category reading
 */
export const currentTrees = (): CgroupTrees =>
  known.rooted.length > 0 && known.rooted.every(isWhereItWas) ? known.trees : treesIn(cgroupMounts()) ?? noTrees

/**
 * The mount point of the tree that tells which processes a container has, empty without any tree: of the others is not looked
 * where they are.
 *
 * @since 0.1.0
 * @category reading
 */
export const trackingRoot = (): string => {
  const tracking = trackingTree(known.trees)
  const rooted = known.rooted.find(({ tree }) => tree === tracking)
  const tree = rooted !== undefined && isWhereItWas(rooted) ? tracking : trackingTree(treesIn(cgroupMounts()) ?? noTrees)
  return tree?.mountPoint ?? ""
}

const noTree = (): HostError =>
  new HostError({
    problem: {
      _tag: "Conflict",
      found: "no cgroup tree is mounted",
      advice: "mount one, as in: mount -t cgroup2 none /sys/fs/cgroup"
    }
  })

/**
 * The same; a host without any cannot run containers.
 *
 * @since 0.1.0
 * @category reading
 */
export const requireTrees: Effect.Effect<CgroupTrees, HostError> = Effect.suspend(() => {
  const trees = currentTrees()
  return trees.hierarchies.length === 0 ? Effect.fail(noTree()) : Effect.succeed(trees)
})

/**
 * The cgroup trees as they are mounted now, with the whole mount table.
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

/** open(2) of what only is to be named; Node has no name for it. The same number on every architecture that Node runs on but sparc. */
const O_PATH = 0o10000000

/** The number of the mount that a path is in. Source: proc_pid_fdinfo(5), `mnt_id`, Linux 3.15. */
const mountIdOf = (path: string): string | undefined => {
  let file: number | undefined
  try {
    file = fs.openSync(path, O_PATH | fs.constants.O_NOFOLLOW)
    return /^mnt_id:\s*(\d+)$/m.exec(readText(`/proc/self/fdinfo/${file}`) ?? "")?.[1]
  } catch {
    return undefined
  } finally {
    if (file !== undefined) fs.closeSync(file)
  }
}

/**
 * Whether something is mounted on a path, as whoever goes there finds it: one in another mount than its directory. The table
 * of a few hundred mounts takes twenty times as long, and is read where this cannot be told.
 *
 * @since 0.1.0
 * @category reading
 */
export const isMountPoint = (path: string): boolean => {
  const [own, above] = [mountIdOf(path), mountIdOf(dirname(path))]
  return own === undefined || above === undefined ? mountedAt(mountTable(), path) !== undefined : own !== above
}

/**
 * Fails where nothing is mounted on one of these: a container would find a bare directory of the host's there.
 *
 * @since 0.1.0
 * @category checks
 */
export const requireMounts = (targets: ReadonlyArray<string> = []): Effect.Effect<void, HostError> =>
  Effect.suspend(() => {
    const bare = targets.find((at) => !isMountPoint(at))
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

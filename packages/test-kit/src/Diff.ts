/**
 * Comparing simulated hosts.
 *
 * @since 0.1.0
 */
import type { Directories } from "@effect-lxc/core/host/Directories"
import { fnv1a64 } from "@effect-lxc/core/model/Hash"
import { isBelow } from "@effect-lxc/core/model/HostPath"
import type { SimulatedState } from "./SimulatedState.ts"

const digest = (text: string): string => fnv1a64(text).toString(16).padStart(16, "0").slice(0, 8)

const groupLines = ({ trees }: SimulatedState): ReadonlyArray<string> =>
  trees.flatMap((tree) =>
    Object.entries(tree.groups).map(([path, files]) => {
      const values = Object.entries(files).map(([file, value]) => ` ${file}=${value}`).sort()
      return `cgroup ${tree.mountPoint}/${path}${values.join("")}`
    }))

/**
 * A host as sorted lines, one for each thing that is there; mounts keep their order, for that matters.
 *
 * @since 0.1.0
 * @category rendering
 */
export const inventory = (state: SimulatedState): ReadonlyArray<string> => [
  ...[
    ...Object.entries(state.files).map(([path, node]) =>
      node.kind === "directory"
        ? `directory ${path} (${node.mode})`
        : `file ${path} (${node.mode}, ${node.text.length} characters, ${digest(node.text)})`
    ),
    ...Object.entries(state.links).map(([path, target]) => `link ${path} -> ${target}`),
    ...state.loops.map((loop) => `loop ${loop.device} ${loop.backingFile}${loop.autoclear ? " (detached)" : ""}`),
    ...state.interfaces.map((each) => `interface ${each.name} ${each.kind} mtu ${each.mtu}`),
    ...groupLines(state),
    ...state.processes.map((each) => `process ${each.command} (${each.state})`),
    ...state.containers.map((each) =>
      `container ${each.lxcPath}/${each.name} ${each.phase}${each.frozen ? " frozen" : ""}${each.monitor === null ? " without monitor" : ""}`
    )
  ].sort(),
  ...state.mounts.map((mount) => `mount ${mount.source} on ${mount.target} (${mount.options.join(",")})`)
]

/** Lines of one that the other has not, counting those that occur more than once. */
const without = (lines: ReadonlyArray<string>, others: ReadonlyArray<string>): ReadonlyArray<string> => {
  const left = new Map<string, number>()
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1)
  return lines.filter((line) => {
    const count = left.get(line) ?? 0
    left.set(line, count - 1)
    return count <= 0
  })
}

const compare = (before: ReadonlyArray<string>, after: ReadonlyArray<string>): string => {
  const gone = without(before, after).map((line) => `- ${line}\n`)
  const come = without(after, before).map((line) => `+ ${line}\n`)
  const mounts = (lines: ReadonlyArray<string>) => lines.filter((line) => line.startsWith("mount ")).join("\n")
  const reordered = gone.length === 0 && come.length === 0 && mounts(before) !== mounts(after)
  return [...gone, ...come, ...(reordered ? ["~ mounts are in another order\n"] : [])].join("")
}

/**
 * What is different, as lines of a patch; empty where nothing is. Times, pids and what will happen are left out.
 *
 * @since 0.1.0
 * @category comparisons
 */
export const diff = (before: SimulatedState, after: SimulatedState): string =>
  compare(inventory(before), inventory(after))

/**
 * What an operation may leave behind: logs, the empty roots of the library's directories with its locks, and the empty
 * `lxc.pivot` that LXC leaves for ever.
 */
const isPermanent = (line: string, directories: Directories): boolean => {
  const [kind, path = ""] = line.split(" ")
  if (kind === "cgroup") return path.endsWith("/lxc.pivot")
  if (kind !== "directory" && kind !== "file") return false
  return path === directories.run || path === directories.locks || isBelow(directories.locks, path) ||
    path === directories.log || isBelow(directories.log, path)
}

/**
 * As {@link diff}, without what an operation may leave for good: an empty text means that a host is as before.
 *
 * @since 0.1.0
 * @category comparisons
 */
export const traces = (before: SimulatedState, after: SimulatedState, directories: Directories): string => {
  const lines = (state: SimulatedState) => inventory(state).filter((line) => !isPermanent(line, directories))
  return compare(lines(before), lines(after))
}

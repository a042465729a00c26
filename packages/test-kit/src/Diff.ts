/**
 * Comparing simulated hosts.
 *
 * @since 0.1.0
 */
import type { Directories } from "@effect-lxc/core/host/Directories"
import { isBelow } from "@effect-lxc/core/model/HostPath"
import { unlimited } from "./CgroupFiles.ts"
import { hunks } from "./LineDiff.ts"
import { isLiving } from "./Process.ts"
import type { FileNode, SimulatedState } from "./SimulatedState.ts"

/** One thing that is on a host: what it is called, and what can be different about it. */
interface Thing {
  readonly name: string
  /** Where it is, if it is at a path. */
  readonly path?: string | undefined
  readonly shown: string
  /** The text of a file, the values in a cgroup: shown where they are different. */
  readonly text?: string | undefined
  readonly values?: Readonly<Record<string, string>> | undefined
}

const fileThing = (path: string, { kind, mode, text }: FileNode): Thing =>
  kind === "directory"
    ? { name: `directory ${path}`, path, shown: `(${mode})` }
    : { name: `file ${path}`, path, shown: `(${mode}, ${text.length} characters)`, text }

/** Limits that are none are left out: it is the same whether somebody wrote them. */
const groupThings = (state: SimulatedState): ReadonlyArray<Thing> => {
  const untouched = unlimited(state)
  return state.trees.flatMap((tree) =>
    Object.entries(tree.groups).map(([group, files]): Thing => {
      const path = `${tree.mountPoint}/${group}`
      const values = Object.fromEntries(Object.entries(files).filter(([file, value]) => untouched[file] !== value))
      const shown = Object.entries(values).map(([file, value]) => `${file}=${value}`).sort().join(" ")
      return { name: `cgroup ${path}`, path, shown, values }
    })
  )
}

const sortedThings = (state: SimulatedState): ReadonlyArray<Thing> => [
  { name: "boot", shown: state.bootId },
  ...Object.entries(state.files).map(([path, node]) => fileThing(path, node)),
  ...Object.entries(state.links).map(([path, target]): Thing => ({ name: `link ${path}`, path, shown: `-> ${target}` })),
  ...state.loops.map(({ autoclear, backingFile, device }): Thing => ({
    name: `loop ${device}`,
    shown: `${backingFile}${autoclear ? " (detached)" : ""}`
  })),
  ...state.interfaces.map(({ kind, mtu, name }): Thing => ({ name: `interface ${name}`, shown: `${kind} mtu ${mtu}` })),
  ...groupThings(state),
  ...state.processes.filter(isLiving).map((each): Thing => ({ name: `process ${each.command}`, shown: `(${each.state})` })),
  ...state.containers.map(({ frozen, lxcPath, monitor, name, phase }): Thing => ({
    name: `container ${lxcPath}/${name}`,
    shown: `${phase}${frozen ? " frozen" : ""}${monitor === null ? " without monitor" : ""}`
  }))
]

const mountLine = ({ options, source, target }: SimulatedState["mounts"][number]): string =>
  `mount ${source} on ${target} (${options.join(",")})`

const lineOf = ({ name, shown }: Thing): string => shown === "" ? name : `${name} ${shown}`

/**
 * A host as sorted lines, one for each thing that is there; mounts come last, in their order, for that matters.
 *
 * @since 0.1.0
 * @category rendering
 */
export const inventory = (state: SimulatedState): ReadonlyArray<string> => [
  ...sortedThings(state).map(lineOf).sort(),
  ...state.mounts.map(mountLine)
]

/** Things by their names; the second of a name has a number. */
const byName = (things: ReadonlyArray<Thing>): ReadonlyMap<string, Thing> => {
  const found = new Map<string, Thing>()
  for (const thing of things) {
    let key = thing.name
    for (let count = 2; found.has(key); count++) key = `${thing.name} #${count}`
    found.set(key, thing)
  }
  return found
}

const indented = (lines: ReadonlyArray<string>): ReadonlyArray<string> => lines.map((line) => `    ${line}`)

const changed = (was: Thing, is: Thing): ReadonlyArray<string> => {
  if (was.values !== undefined && is.values !== undefined) {
    const { values: old } = was
    const { values: now } = is
    const files = [...new Set([...Object.keys(old), ...Object.keys(now)])].sort().filter((file) => old[file] !== now[file])
    return files.map((file) => `~ ${is.name} ${file}: ${old[file] ?? "none"} -> ${now[file] ?? "none"}`)
  }
  if (was.shown === is.shown && was.text === is.text) return []
  const words = was.shown === is.shown ? `${is.name} ${is.shown}` : `${is.name} ${was.shown} -> ${is.shown}`
  return [`~ ${words}`, ...(was.text === is.text ? [] : indented(hunks((was.text ?? "").split("\n"), (is.text ?? "").split("\n"))))]
}

const compareThings = (before: ReadonlyArray<Thing>, after: ReadonlyArray<Thing>): ReadonlyArray<string> => {
  const old = byName(before)
  const now = byName(after)
  const names = [...new Set([...old.keys(), ...now.keys()])].sort()
  return names.flatMap((name) => {
    const was = old.get(name)
    const is = now.get(name)
    if (is === undefined) return was === undefined ? [] : [`- ${lineOf(was)}`]
    return was === undefined ? [`+ ${lineOf(is)}`] : changed(was, is)
  })
}

const compareMounts = (before: ReadonlyArray<string>, after: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (before.join("\n") === after.join("\n")) return []
  const lines = hunks(before, after)
  const moved = lines.filter((line) => line.startsWith("-")).some((line) => lines.includes(`+${line.slice(1)}`))
  return moved
    ? ["~ mounts are in another order", ...indented(lines)]
    : lines.flatMap((line) => /^[+-]/.test(line) ? [`${line.slice(0, 1)} ${line.slice(1)}`] : [])
}

const textOf = (lines: ReadonlyArray<string>): string => lines.map((line) => `${line}\n`).join("")

/**
 * What is different, as lines of a patch: `-` for what went, `+` for what came, `~` for what changed, with the lines of
 * its text or the value of a cgroup's file before and after. Empty where nothing is different. Times, pids, the dead and
 * what will happen are left out.
 *
 * @since 0.1.0
 * @category comparisons
 */
export const diff = (before: SimulatedState, after: SimulatedState): string =>
  textOf([
    ...compareThings(sortedThings(before), sortedThings(after)),
    ...compareMounts(before.mounts.map(mountLine), after.mounts.map(mountLine))
  ])

/**
 * What is no trace: that the host was booted, and what an operation may leave behind: logs, the empty roots of the library's
 * directories with its locks, and the empty `lxc.pivot` that LXC leaves for ever.
 */
const isPermanent = ({ name, path = "" }: Thing, directories: Directories): boolean => {
  if (name === "boot") return true
  if (name.startsWith("cgroup ")) return path.endsWith("/lxc.pivot")
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
  const things = (state: SimulatedState) => sortedThings(state).filter((thing) => !isPermanent(thing, directories))
  return textOf([
    ...compareThings(things(before), things(after)),
    ...compareMounts(before.mounts.map(mountLine), after.mounts.map(mountLine))
  ])
}

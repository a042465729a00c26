/**
 * What is different between two states of a simulated host, and whose it is. Only what is not the very same object is looked
 * at: states of one run share almost everything.
 *
 * @since 0.1.0
 */
import type { Directories } from "@effect-lxc/core/host/Directories"
import { isBelow } from "@effect-lxc/core/model/HostPath"
import { vethPrefix } from "@effect-lxc/core/model/VethName"
import type { SimulatedState } from "../SimulatedState.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface HostChange {
  readonly sign: "+" | "-"
  readonly kind: "file" | "directory" | "loop" | "mount" | "interface" | "cgroup" | "process" | "container"
  /** The path, name or device. */
  readonly what: string
  readonly line: string
}

type Item = Omit<HostChange, "sign">

const item = (kind: Item["kind"], what: string, detail = ""): Item => ({ kind, what, line: `${kind} ${what}${detail}` })

const filesOf = (before: SimulatedState["files"], after: SimulatedState["files"]): readonly [ReadonlyArray<Item>, ReadonlyArray<Item>] => {
  const differing = (these: SimulatedState["files"], others: SimulatedState["files"]) =>
    Object.entries(these).flatMap(([path, node]) => {
      const other = others[path]
      return node === other || (other !== undefined && other.text === node.text && other.mode === node.mode && other.kind === node.kind)
        ? []
        : [item(node.kind, path, ` ${node.mode} ${node.text.length}`)]
    })
  return [differing(before, after), differing(after, before)]
}

/** Written back after a change, they say what they said when nobody had written them. */
const unlimited = new Set(["max", "-1", "9223372036854771712"])

const limitsIn = (files: Readonly<Record<string, string>>): string =>
  Object.entries(files).filter(([, value]) => !unlimited.has(value)).map(([file, value]) => ` ${file}=${value}`).sort().join("")

const groupsOf = ({ trees }: SimulatedState): ReadonlyArray<Item> =>
  trees.flatMap((tree) => Object.entries(tree.groups).map(([path, files]) => item("cgroup", `${tree.mountPoint}/${path}`, limitsIn(files))))

const interfacesOf = ({ interfaces }: SimulatedState): ReadonlyArray<Item> => interfaces.map(({ name }) => item("interface", name))

const loopsOf = ({ loops }: SimulatedState): ReadonlyArray<Item> =>
  loops.map(({ autoclear, backingFile, device }) => item("loop", backingFile, ` ${device}${autoclear ? " detached" : ""}`))

const mountsOf = ({ mounts }: SimulatedState): ReadonlyArray<Item> => mounts.map(({ source, target }) => item("mount", target, ` ${source}`))

const processesOf = ({ processes }: SimulatedState): ReadonlyArray<Item> =>
  processes.filter(({ state }) => state !== "Z").map(({ cgroup, command }) => item("process", cgroup, ` ${command}`))

const containersOf = ({ containers }: SimulatedState): ReadonlyArray<Item> =>
  containers.map(({ frozen, lxcPath, monitor, name }) =>
    item("container", `${lxcPath}/${name}`, `${frozen ? " frozen" : ""}${monitor === null ? " without monitor" : ""}`)
  )

const parts = [
  ["trees", groupsOf],
  ["interfaces", interfacesOf],
  ["loops", loopsOf],
  ["mounts", mountsOf],
  ["processes", processesOf],
  ["containers", containersOf]
] as const

/** Items of one that the other has not, counting those that occur more than once. */
const without = (items: ReadonlyArray<Item>, others: ReadonlyArray<Item>): ReadonlyArray<Item> => {
  const left = new Map<string, number>()
  for (const { line } of others) left.set(line, (left.get(line) ?? 0) + 1)
  return items.filter(({ line }) => {
    const count = left.get(line) ?? 0
    left.set(line, count - 1)
    return count <= 0
  })
}

/**
 * What has gone and what has come, in no order.
 *
 * @since 0.1.0
 * @category comparisons
 */
export const changesBetween = (before: SimulatedState, after: SimulatedState): ReadonlyArray<HostChange> => {
  if (before === after) return []
  const pairs = parts.flatMap(([part, itemsOf]) => before[part] === after[part] ? [] : [[itemsOf(before), itemsOf(after)] as const])
  const [oldFiles, newFiles] = before.files === after.files ? [[], []] : filesOf(before.files, after.files)
  return [
    ...pairs.flatMap(([olds, news]) => [
      ...without(olds, news).map((each) => ({ sign: "-", ...each }) as const),
      ...without(news, olds).map((each) => ({ sign: "+", ...each }) as const)
    ]),
    ...oldFiles.map((each) => ({ sign: "-", ...each }) as const),
    ...newFiles.map((each) => ({ sign: "+", ...each }) as const)
  ]
}

/**
 * An instance of a case, with the disks and interfaces that its spec names.
 *
 * @since 0.1.0
 * @category models
 */
export interface Belongings {
  readonly name: string
  readonly disks: ReadonlyArray<string>
  readonly interfaces: ReadonlyArray<string>
}

const isIn = (root: string, path: string): boolean => path === root || isBelow(root, path)

/** LXC numbers a directory whose name is taken. */
const isGroupOf = (name: string, path: string): boolean =>
  path.split("/").some((part) =>
    [`lxc.payload.${name}`, `lxc.monitor.${name}`].some((own) =>
      part.startsWith(own) && /^(?:-\d+)?$/.test(part.slice(own.length))
    )
  )

/** What exports and imports make, in places that their user names. */
const isElsewhere = (path: string): boolean =>
  isBelow("/srv/exports", path) || isBelow("/srv/imported", path)

/**
 * Whether something is an instance's own, or was made by its exports and imports.
 *
 * @since 0.1.0
 * @category queries
 */
export const isOf = (directories: Directories, { disks, interfaces, name }: Belongings, { kind, what }: Item): boolean => {
  switch (kind) {
    case "file":
    case "directory":
      return isIn(directories.container(name), what) || isIn(directories.logs(name), what) ||
        isIn(directories.exported(name), what) || what === directories.meantToRun(name) || isElsewhere(what)
    case "mount":
      return isIn(directories.container(name), what)
    case "loop":
      return disks.includes(what) || isElsewhere(what)
    case "interface":
      return what.startsWith(vethPrefix(name)) || interfaces.includes(what)
    case "cgroup":
    case "process":
      return isGroupOf(name, what)
    case "container":
      return what === `${directories.containers}/${name}`
  }
}

/**
 * Whether something may be left for good, whatever happens: logs, the roots of the library's directories, and the empty
 * `lxc.pivot` that LXC leaves.
 *
 * @since 0.1.0
 * @category queries
 */
export const isPermanent = (directories: Directories, { kind, what }: Item): boolean =>
  kind === "cgroup"
    ? what.endsWith("/lxc.pivot")
    : (kind === "file" || kind === "directory") &&
      ([directories.run, directories.containers, directories.state, `${directories.run}/exports`].includes(what) || isIn(directories.log, what) ||
        isIn(directories.locks, what))

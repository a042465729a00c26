/**
 * What is different between two states of a simulated host. Only what is not the very same object is looked
 * at: states of one run share almost everything.
 *
 * @since 0.1.0
 */
import { isCount, unlimited } from "../CgroupFiles.ts"
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

/** What a file says that nobody wrote, it says all the same when that is written back after a change. */
const limitsIn = (files: Readonly<Record<string, string>>, unwritten: Readonly<Record<string, string>>): string =>
  Object.entries(files).filter(([file, value]) => value !== unwritten[file] && !isCount(file)).map(([file, value]) => ` ${file}=${value}`).sort().join("")

const groupsOf = (state: SimulatedState): ReadonlyArray<Item> => {
  const unwritten = unlimited(state)
  return state.trees.flatMap(({ groups, mountPoint }) =>
    Object.entries(groups).map(([path, files]) => item("cgroup", `${mountPoint}/${path}`, limitsIn(files, unwritten))))
}

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

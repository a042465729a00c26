/**
 * The mount table of the host, as `/proc/self/mountinfo` tells it.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { isBelow } from "../model/HostPath.ts"

/**
 * One line of `/proc/self/mountinfo`, unescaped. Source: proc_pid_mountinfo(5).
 *
 * @since 0.1.0
 * @category models
 */
export const MountEntry = Schema.Struct({
  /** The mount point (field 5): any text but NUL, which ends a path. */
  target: Schema.String.check(Schema.isPattern(/^[^\0]*$/)),
  /** What is mounted: a device, or a word of the file system's choice. */
  source: Schema.String,
  /** The path within the file system that is the root of this mount (field 4). */
  root: Schema.String,
  /** `major:minor` of the file system. */
  device: Schema.String,
  fsType: Schema.String,
  /** Options of the mount, then of the file system. */
  options: Schema.Array(Schema.String)
})

/**
 * @since 0.1.0
 * @category models
 */
export type MountEntry = typeof MountEntry.Type

const unescape = (field: string): string =>
  field.includes("\\")
    ? field.replace(/\\([0-7]{3})/g, (_, octal: string) => globalThis.String.fromCharCode(Number.parseInt(octal, 8)))
    : field

const entry = (line: string): MountEntry | undefined => {
  const separator = line.indexOf(" - ")
  if (separator < 0) return undefined
  const mount = line.slice(0, separator).split(" ")
  const [fsType, source, superOptions] = line.slice(separator + 3).split(" ")
  const [, , device, root, target, options] = mount
  if (device === undefined || root === undefined || target === undefined || options === undefined) return undefined
  if (fsType === undefined || source === undefined) return undefined
  return {
    target: unescape(target),
    source: unescape(source),
    root: unescape(root),
    device,
    fsType,
    options: [...new Set([...options.split(","), ...(superOptions === undefined ? [] : superOptions.split(","))])]
  }
}

/**
 * Reads the text of `/proc/self/mountinfo` in the kernel's order, which is the order of mounting.
 *
 * The kernel escapes blank, tab, line feed and backslash as three octal digits and nothing else; a line that has
 * not the shape of the format is left out.
 *
 * @since 0.1.0
 * @category decoding
 */
export const parseMountinfo = (text: string): ReadonlyArray<MountEntry> => {
  const entries: Array<MountEntry> = []
  for (const line of text.split("\n")) {
    const parsed = entry(line)
    if (parsed !== undefined) entries.push(parsed)
  }
  return entries
}

/**
 * The mount that is on top at `target`: the last one in the table.
 *
 * @since 0.1.0
 * @category queries
 */
export const mountedAt = (table: ReadonlyArray<MountEntry>, target: string): MountEntry | undefined =>
  table.findLast((mount) => mount.target === target)

/**
 * What must be unmounted to free `root`, in the order to do it: the reverse of the table.
 *
 * Deepest path first would be wrong where mounts are stacked; `web1` is not above `web10`. Holds the mounts on `root`
 * itself too.
 *
 * @since 0.1.0
 * @category queries
 */
export const unmountOrder = (table: ReadonlyArray<MountEntry>, root: string): ReadonlyArray<MountEntry> => {
  const below = root === "/" ? "/" : `${root}/`
  return table.filter(({ target }) => target === root || target.startsWith(below)).reverse()
}

/**
 * How the file system at a directory would show in the table if the directory were bound elsewhere: the device, and
 * the path within it.
 *
 * @since 0.1.0
 * @category queries
 */
export const originOf = (
  table: ReadonlyArray<MountEntry>,
  directory: string
): Pick<MountEntry, "device" | "root"> | undefined => {
  const below = table.filter((mount) => mount.target === directory || isBelow(mount.target, directory))
  const nearest = below.reduce<MountEntry | undefined>(
    (best, mount) => best === undefined || mount.target.length >= best.target.length ? mount : best,
    undefined
  )
  if (nearest === undefined) return undefined
  const rest = directory.slice(nearest.target === "/" ? 0 : nearest.target.length)
  const root = nearest.root === "/" ? rest : `${nearest.root}${rest}`
  return { device: nearest.device, root: root === "" ? "/" : root }
}

/**
 * Whether a mount is the one that mounting `source` would make, where `bind` says that `source` is a directory.
 *
 * @since 0.1.0
 * @category queries
 */
export const isMountOf = (
  table: ReadonlyArray<MountEntry>,
  mount: MountEntry,
  source: string,
  bind: boolean
): boolean => {
  if (!bind) return mount.source === source
  const origin = originOf(table.filter((each) => each !== mount), source)
  return origin !== undefined && mount.device === origin.device && mount.root === origin.root
}

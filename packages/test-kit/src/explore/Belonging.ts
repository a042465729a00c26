/**
 * Whose something on a host is, and what may stay there for good.
 *
 * @since 0.1.0
 */
import type { Directories } from "@effect-lxc/core/host/Directories"
import { isBelow } from "@effect-lxc/core/model/HostPath"
import { vethPrefix } from "@effect-lxc/core/model/VethName"
import type { SimulatedState } from "../SimulatedState.ts"
import type { HostChange } from "./HostChanges.ts"

type What = Pick<HostChange, "kind" | "what">

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

/**
 * Where exports, imports and checkpoints of every case put what they make.
 *
 * @since 0.1.0
 * @category constants
 */
export const places = { exports: "/srv/exports", imported: "/srv/imported", checkpoints: "/srv/checkpoints" } as const

/**
 * What somebody else puts where exports and imports put what they make.
 *
 * @since 0.1.0
 * @category constants
 */
export const strangersText = "somebody's\n"

/**
 * Whether a file is somebody else's.
 *
 * @since 0.1.0
 * @category queries
 */
export const isStrangers = ({ files }: Pick<SimulatedState, "files">, path: string): boolean => files[path]?.text === strangersText

/**
 * Whether it is what an export or import makes before it is put in its place.
 *
 * @since 0.1.0
 * @category queries
 */
export const isUnfinished = (path: string): boolean => Object.values(places).some((place) => path.startsWith(`${place}/.`))

/** What exports, imports and checkpoints make is called after the instance; a dot is before what is not whole yet. */
const isMadeFor = (name: string, path: string): boolean => {
  const place = Object.values(places).find((each) => isBelow(each, path))
  if (place === undefined) return false
  const entry = (path.slice(place.length + 1).split("/")[0] ?? "").replace(/^\./, "")
  return entry === name || entry.startsWith(`${name}.`)
}

/**
 * Whether something is an instance's own, or was made by its exports, imports and checkpoints.
 *
 * @since 0.1.0
 * @category queries
 */
export const isOf = (directories: Directories, { disks, interfaces, name }: Belongings, { kind, what }: What): boolean => {
  switch (kind) {
    case "file":
    case "directory":
      return isIn(directories.container(name), what) || isIn(directories.logs(name), what) ||
        isIn(directories.exported(name), what) || what === directories.meantToRun(name) || isMadeFor(name, what)
    case "mount":
      return isIn(directories.container(name), what)
    case "loop":
      return disks.includes(what) || isMadeFor(name, what)
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
export const isPermanent = (directories: Directories, { kind, what }: What): boolean =>
  kind === "cgroup"
    ? what.endsWith("/lxc.pivot")
    : (kind === "file" || kind === "directory") &&
      ([directories.run, directories.containers, directories.state, `${directories.run}/exports`].includes(what) || isIn(directories.log, what) ||
        isIn(directories.locks, what))

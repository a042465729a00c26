import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** What an operation may leave no trace in: one line for each thing that is there. */
export type HostSnapshot = ReadonlyArray<string>

const names = (path: string): ReadonlyArray<string> => existsSync(path) ? readdirSync(path) : []

/** The directory of locks may stay, and in it what two that clear away do not do at once by, and what is known of LXC; no lock may. */
const mayStay = (path: string): boolean => /\/locks(?:\/(?:\.guard|lxc-version))?$/.test(path)

const filesBelow = (directory: string): ReadonlyArray<string> =>
  names(directory).flatMap((name) => {
    const path = join(directory, name)
    const own = mayStay(path) ? [] : [path]
    try {
      return [...own, ...filesBelow(path)]
    } catch {
      return own // a file
    }
  })

const cgroupMounts = (): ReadonlyArray<string> =>
  readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([, , type]) => type === "cgroup" || type === "cgroup2")
    .map(([, target]) => target ?? "")

/** LXC makes `lxc.pivot` in every tree once, and keeps it, empty, for ever. */
const cgroups = (): ReadonlyArray<string> =>
  cgroupMounts().flatMap((mount) =>
    names(mount).filter((name) => name.startsWith("lxc.") && name !== "lxc.pivot").map((name) => `cgroup ${mount}/${name}`)
  )

const loops = (): ReadonlyArray<string> =>
  names("/sys/block").filter((name) => name.startsWith("loop")).flatMap((name) => {
    const file = `/sys/block/${name}/loop/backing_file`
    return existsSync(file) ? [`loop ${name} ${readFileSync(file, "utf8").trim()}`] : []
  })

const mounts = (): ReadonlyArray<string> =>
  readFileSync("/proc/self/mounts", "utf8").split("\n").filter((line) => line !== "").map((line) => `mount ${line.split(" ").slice(0, 3).join(" ")}`)

/** Mounts, loop devices, interfaces, LXC's cgroups in every tree, and the files below the given directories. */
export const hostSnapshot = (...directories: ReadonlyArray<string>): HostSnapshot => [
  ...mounts(),
  ...loops(),
  ...names("/sys/class/net").map((name) => `interface ${name}`),
  ...cgroups(),
  ...directories.flatMap(filesBelow).map((path) => `file ${path}`)
].sort()

/** What is there now and was not, `+`, and what was there and is not, `-`. */
export const hostDifferences = (before: HostSnapshot, after: HostSnapshot): ReadonlyArray<string> => [
  ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
  ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`)
]

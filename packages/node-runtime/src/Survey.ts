/**
 * The machine, as /proc and /sys show it.
 *
 * @since 0.1.0
 */
import type { Directories } from "@effect-lxc/core/host/Directories"
import { type HostSurvey, tools } from "@effect-lxc/core/host/HostSurvey"
import { MeantToRun } from "@effect-lxc/core/host/MeantToRun"
import { parseKernel } from "@effect-lxc/core/model/CpuSet"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { lstat, names, readInteger, readText } from "./KernelFiles.ts"
import { toolPath } from "./Tools.ts"

const meminfo = (text: string, field: string): number =>
  Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(text)?.[1] ?? 0) * 1024

const listOf = (path: string): ReadonlyArray<number> => Option.getOrElse(parseKernel(readText(path) ?? ""), () => [])

/** A kernel without a word on packages or nodes has one of them. */
const socketsOf = (cpus: ReadonlyArray<number>): number => {
  const packages = cpus.flatMap((cpu) => readInteger(`/sys/devices/system/cpu/cpu${cpu}/topology/physical_package_id`) ?? [])
  return Math.max(1, new Set(packages).size)
}

const directoryAt = (path: string): HostSurvey["directories"][number] => {
  const stats = lstat(path)
  return stats === undefined ? { path, kind: "missing", mode: "", uid: 0 } : {
    path,
    kind: stats.isDirectory() ? "directory" : "other",
    mode: (stats.mode & 0o7777).toString(8).padStart(4, "0"),
    uid: stats.uid
  }
}

const decodeWanted = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.toCodecJson(MeantToRun)))

const wantedIn = ({ state }: Directories): HostSurvey["wanted"] =>
  names(state).filter((name) => name.endsWith(".json")).sort().map((name) => {
    const file = `${state}/${name}`
    const unknown = { bootId: null, instance: null }
    return { file, ...Option.getOrElse(decodeWanted(readText(file)), () => unknown) }
  })

/**
 * Reads what it can; a file that is not there is a fact, not a failure.
 *
 * @since 0.1.0
 * @category reading
 */
export const surveyHost = (directories: Directories, toolDirectories: ReadonlyArray<string>): HostSurvey => {
  const memory = readText("/proc/meminfo") ?? ""
  const cpus = listOf("/sys/devices/system/cpu/online")
  return {
    memory: { totalBytes: meminfo(memory, "MemTotal"), availableBytes: meminfo(memory, "MemAvailable") },
    cpus: cpus.length,
    numaNodes: Math.max(1, listOf("/sys/devices/system/node/online").length),
    sockets: socketsOf(cpus),
    root: process.geteuid?.() === 0,
    tools: [...tools.keys()].map((name) => ({ name, path: toolPath(name, toolDirectories) ?? null })),
    namespaces: names("/proc/self/ns"),
    loopControl: lstat("/dev/loop-control") !== undefined,
    directories: [directories.run, directories.containers, directories.locks, directories.log, directories.state].map(directoryAt),
    wanted: wantedIn(directories)
  }
}

/**
 * What LXC makes of a configuration file.
 *
 * @since 0.1.0
 */
import { remembered } from "@effect-lxc/core/host/Remembered"
import { type LxcConfig, parse } from "@effect-lxc/core/lxc/LxcConfig"
import { Capability } from "@effect-lxc/core/model/Capability"
import { SignalName } from "@effect-lxc/core/model/Signal"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { errorLine, type LogMessage } from "./LxcLogText.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface NicSettings {
  readonly type: string
  readonly link?: string | undefined
  readonly pair?: string | undefined
  readonly mac?: string | undefined
  readonly mtu?: number | undefined
}

/**
 * One line that writes a file of the container's cgroup.
 *
 * @since 0.1.0
 * @category models
 */
export interface LimitSetting {
  readonly version: 1 | 2
  readonly file: string
  readonly value: string
}

/**
 * @since 0.1.0
 * @category models
 */
export interface LxcSettings {
  /** Undefined: LXC would start on the host's own root. */
  readonly root: string | undefined
  readonly nics: ReadonlyArray<NicSettings>
  readonly limits: ReadonlyArray<LimitSetting>
  /** Names that are pinned; undefined: LXC numbers them. */
  readonly payload: string | undefined
  readonly monitor: string | undefined
  readonly init: string
  /** Whether the container keeps the capability sys_boot. */
  readonly mayReboot: boolean
  readonly diesWithMonitor: boolean
  readonly mounts: ReadonlyArray<MountSetting>
}

/**
 * A line that LXC mounts inside: its fields as in fstab(5).
 *
 * @since 0.1.0
 * @category models
 */
export interface MountSetting {
  readonly source: string
  readonly target: string
  readonly options: ReadonlyArray<string>
}

/** Names that only LXC before 3.0 knows, and those that only LXC since 2.1 does. */
const legacyKeys = /^lxc\.(?:utsname|pts|tty|console|rootfs|network(?:\..*)?|aa_profile|haltsignal|id_map|init_cmd|seccomp)$/
const modernKeys = /^lxc\.(?:uts\.name|pty\.max|tty\.max|console\.path|rootfs\.path|net\..*|apparmor\..*|idmap|seccomp\..*|signal\..*|init\..*|monitor\..*)$/
const commonKeys =
  /^lxc\.(?:arch|autodev(?:\..*)?|cap\.(?:drop|keep)|cgroup2?\..*|environment|hook\..*|keyring\..*|mount\..*|no_new_privs|prlimit\..*|proc\..*|rootfs\.(?:mount|options)|sched\..*|sysctl\..*|time\..*|console\..*|log\..*|namespace\..*)$/

const startsWithOneOf = (key: string, ...starts: ReadonlyArray<string>): boolean => starts.some((start) => key.startsWith(start))

const isKnown = (key: string, version: string): boolean => {
  const release = Number.parseFloat(version)
  if (legacyKeys.test(key)) return release < 3
  if (modernKeys.test(key)) return release >= 2.1
  if (release >= 7 && key.startsWith("lxc.cgroup.") && !startsWithOneOf(key, "lxc.cgroup.dir", "lxc.cgroup.relative")) return false
  if (release < 3 && key.startsWith("lxc.cgroup2.")) return false
  if (release < 5 && startsWithOneOf(key, "lxc.cgroup.dir.container", "lxc.cgroup.dir.monitor")) return false
  return commonKeys.test(key)
}

const entriesOf = (config: LxcConfig): ReadonlyArray<readonly [key: string, value: string]> =>
  config.flatMap((line) => line._tag === "Entry" ? [[line.key, line.value] as const] : [])

const nicFields: ReadonlyMap<string | undefined, keyof NicSettings> = new Map([
  ["type", "type"],
  ["link", "link"],
  ["hwaddr", "mac"],
  ["mtu", "mtu"],
  ["veth.pair", "pair"]
])

/** A nic has a number in modern keys, and begins at its type in legacy ones. */
const nicsOf = (entries: ReadonlyArray<readonly [string, string]>): ReadonlyArray<NicSettings> => {
  const nics = new Map<number, Record<string, string>>()
  let legacy = -1
  for (const [key, value] of entries) {
    const [, number, modern] = /lxc\.net\.(\d+)\.(.+)/.exec(key) ?? []
    const [, old] = /lxc\.network\.(.+)/.exec(key) ?? []
    if (old === "type") legacy += 1
    const index = number === undefined ? legacy : Number(number)
    const field = nicFields.get(modern ?? old)
    if (field !== undefined && index >= 0) nics.set(index, { ...nics.get(index), [field]: value })
  }
  return [...nics].sort(([one], [other]) => one - other).map(([, { mtu, type = "empty", ...rest }]) => ({
    type,
    ...rest,
    ...(mtu === undefined ? {} : { mtu: Number(mtu) })
  }))
}

const limitsOf = (entries: ReadonlyArray<readonly [string, string]>): ReadonlyArray<LimitSetting> =>
  entries.flatMap(([key, value]) => {
    const [, two, file] = /lxc\.cgroup(2?)\.(.+)/.exec(key) ?? []
    return file === undefined || /^(?:dir|relative)(?:\.|$)/.test(file)
      ? []
      : [{ version: two === "2" ? 2 : 1, file, value }]
  })

const unescape = (field = ""): string =>
  field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

const mountsOf = (entries: ReadonlyArray<readonly [string, string]>): ReadonlyArray<MountSetting> =>
  entries.flatMap(([key, value]) => {
    const [source, target, , options = ""] = value.split(" ")
    return key === "lxc.mount.entry"
      ? [{ source: unescape(source), target: unescape(target), options: options.split(",") }]
      : []
  })

const last = (entries: ReadonlyArray<readonly [string, string]>, ...keys: ReadonlyArray<string>): string | undefined =>
  entries.findLast(([key]) => keys.includes(key))?.[1]

const words = (entries: ReadonlyArray<readonly [string, string]>, key: string): ReadonlyArray<string> =>
  entries.flatMap(([each, value]) => each === key ? value.split(/\s+/) : [])

const mayReboot = (entries: ReadonlyArray<readonly [string, string]>): boolean => {
  const kept = words(entries, "lxc.cap.keep")
  return !words(entries, "lxc.cap.drop").includes("sys_boot") && (kept.length === 0 || kept.includes("sys_boot"))
}

const isCapability = Schema.is(Capability)
const isSignal = Schema.is(SignalName)

/** Why LXC does not take a line whose key it knows; an empty text where it does not say. */
const whyUnreadable = (key: string, value: string): string | undefined => {
  if (key === "lxc.cap.drop" || key === "lxc.cap.keep") {
    return value.split(/\s+/).every((word) => word === "none" || isCapability(word)) ? undefined : "Invalid capability specified"
  }
  if (startsWithOneOf(key, "lxc.signal.", "lxc.haltsignal")) return isSignal(value) ? undefined : ""
  if (key.endsWith(".size")) return /^(?:auto|\d+ ?(?:[KMG]?B)?)$/.test(value) ? undefined : ""
  return (key === "lxc.uts.name" || key === "lxc.utsname") && value.length > 64 ? "" : undefined
}

/** What LXC says of a line that it does not read. */
const unreadable = (file: string, line: string, ...why: ReadonlyArray<LogMessage>): ReadonlyArray<LogMessage> => [
  ...why,
  errorLine("parse.c:lxc_file_for_each_line_mmap:129", `Failed to parse config file "${file}" at line "${line}"`),
  errorLine("lxc_start.c:main:240", "Failed to create lxc_container")
]

/**
 * Reads a configuration as a release of LXC does; fails with what lxc-start then prints on stderr, and logs.
 *
 * @since 0.1.0
 * @category decoding
 */
export const readSettings = (text: string, file: string, version: string): Result.Result<LxcSettings, ReadonlyArray<LogMessage>> =>
  read(text, file, version)

/** A start reads its config more than once. */
const read = remembered((text: string, file: string, version: string): Result.Result<LxcSettings, ReadonlyArray<LogMessage>> => {
  const parsed = parse(text)
  if (Result.isFailure(parsed)) {
    const why = errorLine("confile.c:parse_line:3099", `Invalid argument - Invalid configuration line: ${parsed.failure.text}`)
    return Result.fail(unreadable(file, parsed.failure.text, why))
  }
  const entries = entriesOf(parsed.success.config)
  const unknown = entries.find(([key]) => !isKnown(key, version))
  if (unknown !== undefined) {
    const why = errorLine("confile.c:set_config_unsupported_key:164", `Invalid argument - Unsupported config key "${unknown[0]}"`)
    return Result.fail(unreadable(file, unknown.join(" = "), why))
  }
  for (const [key, value] of entries) {
    const why = whyUnreadable(key, value)
    if (why === undefined) continue
    const said = why === "" ? [] : [errorLine("confile.c:add_cap_entry:2471", `Invalid argument - ${why}`)]
    return Result.fail(unreadable(file, `${key} = ${value}`, ...said))
  }
  return Result.succeed({
    root: last(entries, "lxc.rootfs.path", "lxc.rootfs")?.replace(/^dir:/, "").replace(/\/+(?=\/|$)/g, ""),
    nics: nicsOf(entries),
    limits: limitsOf(entries),
    payload: last(entries, "lxc.cgroup.dir.container"),
    monitor: last(entries, "lxc.cgroup.dir.monitor"),
    init: last(entries, "lxc.init.cmd", "lxc.init_cmd") ?? "/sbin/init",
    mayReboot: mayReboot(entries),
    diesWithMonitor: last(entries, "lxc.monitor.signal.pdeath") !== "0",
    mounts: mountsOf(entries)
  })
})

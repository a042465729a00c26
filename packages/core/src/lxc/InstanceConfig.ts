/**
 * The configuration with which a release of LXC runs an instance.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { CgroupLayoutName } from "../host/CgroupLayout.ts"
import { parseExtraLine } from "../model/ExtraConfig.ts"
import { isHostPath } from "../model/HostPath.ts"
import { escape } from "../model/HostText.ts"
import { idRanges } from "../model/IdMap.ts"
import type { Instance } from "../model/Instance.ts"
import { seccompProfile } from "../model/LxcParameters.ts"
import { cgroupPrefix, type CgroupRefusal, devicePrefix } from "./CgroupKeys.ts"
import { type Dialect, dialectFor, keyName, pinsCgroups, pinsVeth } from "./Dialect.ts"
import type { ExpectedLimit } from "./ExpectedLimit.ts"
import { type KernelFeatures, limitsOf } from "./Limits.ts"
import { entry, type LxcConfig, type LxcLine, render } from "./LxcConfig.ts"
import { atLeast, type LxcVersion } from "./LxcVersion.ts"
import { mountsSection } from "./MountConfig.ts"
import { nicsSection } from "./NicConfig.ts"
import type { Refusal } from "./Refusal.ts"
import { refused, type Section, section } from "./Section.ts"

/**
 * What the configuration is for: the LXC, the layout of its host's cgroups, and the directory where the root of the
 * instance is mounted.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConfigTarget {
  readonly version: LxcVersion
  readonly layout: CgroupLayoutName
  readonly rootDir: string
  readonly features?: KernelFeatures
}

/**
 * A configuration, the same as text, and what must be in force once the container runs. `pinsVeth` and `pinsCgroups` say
 * whether it fixes the names of host interfaces and of cgroups.
 *
 * @since 0.1.0
 * @category models
 */
export interface InstanceConfig {
  readonly config: LxcConfig
  readonly text: string
  readonly limits: ReadonlyArray<ExpectedLimit>
  readonly pinsVeth: boolean
  readonly pinsCgroups: boolean
}

/**
 * The configuration of an instance, or every reason why this LXC on this host cannot carry it out. A limit or device rule
 * that would be ignored is such a reason.
 *
 * @since 0.1.0
 * @category constructors
 */
export const instanceConfig = (
  instance: Instance,
  target: ConfigTarget
): Result.Result<InstanceConfig, ReadonlyArray<Refusal>> => {
  const dialect = dialectFor(target.version)
  const limits = limitSection(instance, target)
  const sections = [
    targetSection(target),
    base(instance, target, dialect),
    mountsSection(instance, target.rootDir, dialect),
    limits,
    devices(instance, target),
    nicsSection(instance, dialect),
    capabilities(instance, dialect),
    processes(instance, dialect),
    consoleLog(instance, dialect),
    confinement(instance, dialect),
    cgroupNames(instance, dialect),
    extraConfig(instance, dialect)
  ]
  const config: Array<LxcLine> = []
  const refusals: Array<Refusal> = []
  for (const each of sections) {
    config.push(...each.lines)
    refusals.push(...each.refusals)
  }
  const text = render(config)
  if (Result.isFailure(text)) refusals.push(unwritable(text.failure.message))
  return refusals.length > 0 || Result.isFailure(text) ? Result.fail(refusals) : Result.succeed({
    config,
    text: text.success,
    limits: limits.expected,
    pinsVeth: pinsVeth(dialect),
    pinsCgroups: pinsCgroups(dialect)
  })
}

const unwritable = (message: string): Refusal => ({
  code: "config-text",
  field: "",
  message: `the configuration cannot be written: ${message}`,
  advice: "leave out what LXC cannot read back"
})

/** What makes the target itself unfit, whatever the spec says. */
const targetSection = ({ layout, rootDir, version }: ConfigTarget): Section => {
  const refusals: Array<Refusal> = []
  if (!atLeast(version, "1.0.0")) {
    refusals.push({
      code: "lxc-too-old",
      field: "",
      message: `LXC ${version} is older than 1.0.0`,
      advice: "use LXC 1.0.0 or later"
    })
  } else if (layout === "v2" && !atLeast(version, "3.0.0")) {
    refusals.push(...Result.match(cgroupPrefix(version, layout), {
      onFailure: (reason) => [{ ...reason, field: "" }],
      onSuccess: () => []
    }))
  }
  if (!isHostPath(rootDir) || rootDir === "/") {
    refusals.push({
      code: "root-dir",
      field: "",
      message: `"${escape(rootDir)}" cannot be the directory of a container's root`,
      advice: "give an absolute path without . or .. components, and not /"
    })
  }
  return { lines: [], refusals }
}

const base = (instance: Instance, { rootDir }: ConfigTarget, dialect: Dialect): Section =>
  section(dialect, [
    { field: "name", key: "lxc.uts.name", value: instance.name },
    { field: "lxc.ptys", key: "lxc.pty.max", value: String(instance.lxc.ptys) },
    { field: "lxc.ttys", key: "lxc.tty.max", value: String(instance.lxc.ttys) },
    // Up to the first colon a modern value is the type: a path needs an explicit one.
    { field: "", key: "lxc.rootfs.path", value: dialect.name === "modern" ? `dir:${rootDir}` : rootDir }
  ])

const limitSection = (
  instance: Instance,
  { features = {}, layout, version }: ConfigTarget
): Section & { readonly expected: ReadonlyArray<ExpectedLimit> } => {
  const { limits, refusals } = limitsOf(instance.resources, layout === "v2" ? "v2" : "v1", features)
  const prefix = cgroupPrefix(version, layout)
  if (Result.isFailure(prefix)) {
    const fields = new Set([...limits, ...refusals].map(({ field }) => field))
    return { ...refused([...fields].map((field) => at(field, prefix.failure))), expected: [] }
  }
  return {
    lines: limits.map(({ file, value }) => entry(`${prefix.success}${file}`, value)),
    refusals,
    expected: limits.map(({ expected }) => expected)
  }
}

const at = (field: string, { advice, code, message }: CgroupRefusal): Refusal => ({ code, field, message, advice })

const devices = (instance: Instance, { layout, version }: ConfigTarget): Section => {
  const rules = instance.lxc.devices
  if (rules.includes("a")) {
    return refused([])
  }
  return Result.match(devicePrefix(version, layout), {
    onFailure: (reason) => refused([at("lxc.devices", reason)]),
    onSuccess: (prefix) => ({
      lines: [entry(`${prefix}devices.deny`, "a"), ...rules.map((rule) => entry(`${prefix}devices.allow`, rule))],
      refusals: []
    })
  })
}

const capabilities = ({ lxc }: Instance, dialect: Dialect): Section =>
  section(dialect, [
    ...lxc.dropCapabilities.map((value, i) => ({ field: `lxc.dropCapabilities[${i}]`, key: "lxc.cap.drop", value })),
    ...(lxc.keepCapabilities ?? []).map((value, i) => ({
      field: `lxc.keepCapabilities[${i}]`,
      key: "lxc.cap.keep",
      value
    }))
  ])

const processes = ({ lxc }: Instance, dialect: Dialect): Section => {
  const one = (field: string, key: string, value: string | undefined) =>
    value === undefined ? [] : [{ field: `lxc.${field}`, key, value }]
  const known = section(dialect, [
    ...one("haltSignal", "lxc.signal.halt", lxc.haltSignal),
    ...one("init", "lxc.init.cmd", lxc.init),
    ...Object.entries(lxc.environment).map(([name, value]) => ({
      field: `lxc.environment.${name}`,
      key: "lxc.environment",
      value: `${name}=${value}`
    })),
    ...one("apparmor", "lxc.apparmor.profile", lxc.apparmor),
    ...one("console", "lxc.console.path", lxc.console === "none" ? "none" : undefined)
  ])
  return lxc.apparmor === "generated" && !atLeast(dialect.version, "3.1.0")
    ? { ...known, refusals: [...known.refusals, noGeneratedProfile(dialect.version)] }
    : known
}

const confinement = ({ lxc }: Instance, dialect: Dialect): Section => {
  const seccomp = seccompProfile(lxc)
  const mapped = lxc.idmapRoot === "mapped"
  const known = section(dialect, [
    ...(lxc.noNewPrivs === true ? [{ field: "lxc.noNewPrivs", key: "lxc.no_new_privs", value: "1" }] : []),
    ...(seccomp === undefined ? [] : [{ field: "lxc.seccomp", key: "lxc.seccomp.profile", value: seccomp }]),
    ...idRanges(lxc.idmap).map(({ count, guest, host, index, kind }) => ({
      field: `lxc.idmap[${index}]`,
      key: "lxc.idmap",
      value: `${kind} ${guest} ${host} ${count}`
    })),
    ...(mapped ? [{ field: "lxc.idmapRoot", key: "lxc.rootfs.options", value: "idmap=container" }] : [])
  ])
  return mapped && !atLeast(dialect.version, "5.0.0")
    ? { ...known, refusals: [...known.refusals, noMappedRoot(dialect.version)] }
    : known
}

const noMappedRoot = (version: LxcVersion): Refusal => ({
  code: "key-unsupported",
  field: "lxc.idmapRoot",
  message: `LXC maps the root while it mounts since 5.0.0; this is ${version}`,
  advice: "shift the files of the root to the host's ids and leave it out, or use a newer LXC"
})

const noGeneratedProfile = (version: LxcVersion): Refusal => ({
  code: "key-unsupported",
  field: "lxc.apparmor",
  message: `LXC generates AppArmor profiles since 3.1.0; this is ${version}`,
  advice: "name a profile that is loaded, or unconfined"
})

/** A log that is full is moved to `.1`, whose content goes: a guest cannot fill the disk of its host. LXC rounds to a power of 2. */
const consoleLog = ({ lxc }: Instance, dialect: Dialect): Section =>
  atLeast(dialect.version, "3.0.0")
    ? section(dialect, [
      { field: "lxc.logSize", key: "lxc.console.size", value: String(lxc.logSize) },
      { field: "lxc.logSize", key: "lxc.console.rotate", value: "1" }
    ])
    : { lines: [], refusals: [] }

const cgroupNames = ({ name }: Instance, dialect: Dialect): Section =>
  pinsCgroups(dialect)
    ? section(dialect, [
      { field: "name", key: "lxc.cgroup.dir.container", value: `lxc.payload.${name}` },
      { field: "name", key: "lxc.cgroup.dir.monitor", value: `lxc.monitor.${name}` }
    ])
    : { lines: [], refusals: [] }

const extraConfig = ({ lxc }: Instance, dialect: Dialect): Section => {
  const lines: Array<LxcLine> = []
  const refusals: Array<Refusal> = []
  for (const [i, text] of lxc.extraConfig.entries()) {
    const named = Result.flatMap(parseExtraLine(text), ({ key, value }) =>
      Result.map(keyName(dialect, key), (name) => entry(name, value)))
    if (Result.isSuccess(named)) {
      lines.push(named.success)
    } else {
      refusals.push({
        code: "key-unsupported",
        field: `lxc.extraConfig[${i}]`,
        message: named.failure,
        advice: "leave the line out, or use another LXC"
      })
    }
  }
  return { lines, refusals }
}

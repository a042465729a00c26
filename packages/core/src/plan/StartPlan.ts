/**
 * The plan that brings an instance up.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { isActive, statusOf } from "../host/ContainerStatus.ts"
import type { Directories } from "../host/Directories.ts"
import type { HostFacts } from "../host/HostFacts.ts"
import { encodeMeantToRun } from "../host/MeantToRun.ts"
import { namesake, type Remains, remainsOf } from "../host/Remains.ts"
import { type InstanceConfig, instanceConfig } from "../lxc/InstanceConfig.ts"
import type { LxcConfig } from "../lxc/LxcConfig.ts"
import { parseLxcVersion } from "../lxc/LxcVersion.ts"
import { hostPath } from "../model/HostPath.ts"
import { rootGroup } from "../model/IdMap.ts"
import { seccompProfile } from "../model/LxcParameters.ts"
import { type Instance, instanceDocument } from "../model/Instance.ts"
import { linkedMacs } from "../model/Nic.ts"
import { basisOf } from "./Basis.ts"
import { instanceDisks } from "./InstanceDisks.ts"
import { checkNics } from "./NicChecks.ts"
import { beyondHost } from "./Overcommitment.ts"
import { type Plan, planFrom } from "./Plan.ts"
import { PlanRejected, type Rejection } from "./PlanRejected.ts"
import { containerResidue, diskResidue } from "./Residue.ts"
import { checkProcessors } from "./ProcessorChecks.ts"
import { checkSecurity, securityWarnings } from "./SecurityChecks.ts"
import { type Step, timeoutOf } from "./Step.ts"

/**
 * What is wanted of a start. A limit that is not given is the instance's own.
 *
 * @since 0.1.0
 * @category models
 */
export interface StartOptions {
  /** How long lxc-start may take, in milliseconds. */
  readonly timeoutMs?: number | undefined
}

const rejectActive = (directories: Directories, instance: Instance, facts: HostFacts, remains: Remains) => {
  const rejections: Array<Rejection> = []
  const other = namesake(directories, instance.name, facts)
  if (other !== undefined) {
    rejections.push({
      code: "namesake-running",
      field: "name",
      message: `a container ${instance.name} runs under the lxcpath ${other.lxcPath}`,
      advice: "its cgroups would be shared: choose another name, or stop it first"
    })
  }
  if (remains.container === undefined) return rejections
  const status = statusOf(remains.container)
  if (!isActive(status)) return rejections
  rejections.push(
    status.problem === null
      ? {
        code: "already-running",
        field: "name",
        message: `${instance.name} is ${status.state} already, init ${status.initPid}`,
        advice: `stop it first: effect-lxc stop ${instance.name}`
      }
      : {
        code: "already-active",
        field: "name",
        message: `${instance.name} is ${status.state} (${status.problem})`,
        advice: `end what is left of it first: effect-lxc stop --force ${instance.name}`
      }
  )
  return rejections
}

/**
 * The config with which this host's LXC runs an instance, or every reason against it.
 *
 * @since 0.1.0
 * @category planners
 */
export const configFor = (
  instance: Instance,
  directories: Directories,
  facts: HostFacts
): Result.Result<InstanceConfig, ReadonlyArray<Rejection>> => {
  if (facts.lxcVersion === null) {
    return Result.fail([{
      code: "lxc-missing",
      field: "",
      message: "LXC is not installed",
      advice: "install it, on Debian and Ubuntu with: apt-get install lxc"
    }])
  }
  const version = parseLxcVersion(facts.lxcVersion)
  if (Result.isFailure(version)) {
    return Result.fail([{
      code: "lxc-version-unknown",
      field: "",
      message: `lxc-start gives its version as ${JSON.stringify(facts.lxcVersion)}`,
      advice: "expected three numbers, such as 5.0.2"
    }])
  }
  return instanceConfig(instance, {
    version: version.success,
    layout: facts.cgroups.layout,
    rootDir: directories.rootfs(instance.name),
    features: { swapAccounting: facts.cgroups.swapAccounting, ioWeightFile: facts.cgroups.ioWeightFile }
  })
}

const prepare = (instance: Instance, directories: Directories, config: string): ReadonlyArray<Step> => {
  const { name } = instance
  // A root that is mapped walks down to its file system as another user of the host. Nobody else may: a set-uid program
  // that it makes there is the real root's.
  const group = rootGroup(instance.lxc.idmap)
  const directory = (at: string, mode: "0700" | "0711" | "0755"): Step => ({
    _tag: "MakeDirectory",
    path: hostPath(at),
    mode,
    keep: false
  })
  const file = (at: string, text: string): Step => ({ _tag: "WriteFile", path: hostPath(at), mode: "0600", text, previous: null })
  return [
    directory(directories.containers, "0711"),
    group === undefined
      ? directory(directories.container(name), "0700")
      : { _tag: "MakeDirectory", path: hostPath(directories.container(name)), mode: "0710", keep: false, group },
    file(directories.record(name), instanceDocument(instance)),
    directory(directories.rootfs(name), "0755"),
    directory(directories.logs(name), "0700"),
    file(directories.config(name), config)
  ]
}

/** Values of keys that end so, in the order of the document. */
const valuesOf = (config: LxcConfig, ending: string): ReadonlyArray<string> =>
  config.filter((line) => line._tag === "Entry").filter(({ key }) => key.endsWith(ending)).map(({ value }) => value)

const bringUp = (
  instance: Instance,
  directories: Directories,
  config: InstanceConfig,
  facts: HostFacts,
  options: StartOptions
): ReadonlyArray<Step> => {
  const { name } = instance
  const lxcPath = hostPath(directories.containers)
  const logFile = hostPath(directories.lxcLog(name))
  return [
    {
      _tag: "StartContainer",
      lxcPath,
      name,
      logFile,
      logLevel: instance.lxc.logLevel,
      logSize: instance.lxc.logSize,
      consoleLog: hostPath(directories.consoleLog(name)),
      pidFile: hostPath(directories.monitorPid(name)),
      mounts: instance.disks.map((_, index) => hostPath(index === 0 ? directories.rootfs(name) : directories.disk(name, index))),
      interfaces: valuesOf(config.config, ".veth.pair"),
      hierarchies: facts.cgroups.hierarchies.map((each) => hostPath(each.mountPoint)),
      timeoutMs: timeoutOf(options) ?? instance.lxc.startupTimeout
    },
    ...(config.limits.length === 0 ? [] : [{ _tag: "ConfirmLimits", lxcPath, name, limits: config.limits } as const]),
    { _tag: "ConfirmAlive", lxcPath, name, logFile, settleMs: instance.lxc.settle }
  ]
}

/** What was meant to run before, and did not since the host booted, still is when its start fails. */
const remember = (instance: Instance, directories: Directories, bootId: string, wasMeantToRun: boolean): ReadonlyArray<Step> => {
  const text = encodeMeantToRun({ bootId, instance })
  return [
    { _tag: "MakeDirectory", path: hostPath(directories.state), mode: "0700", keep: false },
    {
      _tag: "WriteFile",
      path: hostPath(directories.meantToRun(instance.name)),
      mode: "0600",
      text,
      previous: wasMeantToRun ? text : null
    }
  ]
}

/**
 * What a spec names on the host.
 *
 * @since 0.1.0
 * @category queries
 */
export const namedBy = (instance: Instance) => ({
  paths: [
    ...instance.disks.map((disk): string => disk.path),
    ...instance.lxc.mounts.flatMap(({ source }) => source === "tmpfs" ? [] : [source]),
    ...[seccompProfile(instance.lxc)].filter((path) => path !== undefined)
  ],
  links: instance.nics.map((nic) => nic.link),
  macs: linkedMacs(instance.name, instance.nics)
})

/**
 * Plans the start of an instance: clean what an earlier run of it left, make its directories, write its record and
 * its config, attach and mount its disks, start it, read its limits back, see it alive.
 *
 * Pure and total: equal arguments give equal plans. Every reason against it is in the rejection, not only the first.
 *
 * @since 0.1.0
 * @category planners
 */
export const planStart = (
  instance: Instance,
  directories: Directories,
  facts: HostFacts,
  options: StartOptions = {}
): Result.Result<Plan, PlanRejected> => {
  const { name } = instance
  const remains = remainsOf(directories, name, facts)
  const config = configFor(instance, directories, facts)
  const disks = instanceDisks(instance, directories, facts)
  const nics = checkNics(instance, facts)
  const rejections = [
    ...rejectActive(directories, instance, facts, remains),
    ...(Result.isFailure(config) ? config.failure : []),
    ...(Result.isFailure(disks) ? disks.failure : []),
    ...nics.rejections,
    ...checkSecurity(instance, facts),
    ...checkProcessors(instance.resources, facts)
  ]
  if (rejections.length > 0 || Result.isFailure(config) || Result.isFailure(disks)) {
    return Result.fail(new PlanRejected({ operation: "start", instance: name, rejections }))
  }
  const steps = [
    ...diskResidue(directories, name, remains, disks.success.mounted),
    ...containerResidue(remains),
    ...prepare(instance, directories, config.success.text),
    ...disks.success.steps,
    ...bringUp(instance, directories, config.success, facts, options),
    ...remember(instance, directories, facts.bootId, remains.container?.meantToRun ?? false)
  ]
  return Result.succeed(
    planFrom({
      operation: "start",
      instance: name,
      directories,
      basis: basisOf(directories, name, namedBy(instance), facts, remains),
      steps,
      undoFrom: 0,
      warnings: [...disks.success.warnings, ...nics.warnings, ...beyondHost(instance.resources, facts), ...securityWarnings(instance)]
    })
  )
}

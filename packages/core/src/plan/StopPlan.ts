/**
 * The plan that ends an instance and removes every trace of it.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { type ContainerStatus, isActive, statusOf } from "../host/ContainerStatus.ts"
import type { Directories } from "../host/Directories.ts"
import type { HostFacts } from "../host/HostFacts.ts"
import { isNothing, isOurFile, namesake, type Remains, remainsOf } from "../host/Remains.ts"
import { HostPath } from "../model/HostPath.ts"
import type { InstanceName } from "../model/InstanceName.ts"
import { basisOf } from "./Basis.ts"
import { Plan } from "./Plan.ts"
import { PlanRejected } from "./PlanRejected.ts"
import { containerResidue, diskResidue, fileResidue } from "./Residue.ts"
import type { Step } from "./Step.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface StopOptions {
  /** How long the guest may take to obey, in milliseconds; by default the instance's own `shutdownTimeout`. */
  readonly timeoutMs?: number | undefined
  /** Kill a guest that did not obey in time; with `timeoutMs: 0` at once. */
  readonly force?: boolean | undefined
}

const defaultShutdownTimeout = 60_000
const killTimeout = 10_000
const thawTimeout = 10_000
/** A shell-script init has its handlers after some milliseconds, systemd after some hundred. */
const youngGrace = 2_000

const halting = (
  lxcPath: HostPath,
  name: InstanceName,
  status: ContainerStatus,
  remains: Remains,
  options: Required<StopOptions>
): ReadonlyArray<Step> => {
  const wasFrozen = status.state === "FROZEN" || status.state === "FREEZING" ||
    remains.container?.freezer !== "thawed"
  const signal = remains.container?.record?.lxc.haltSignal ?? "halt"
  const timeoutMs = options.timeoutMs ?? defaultShutdownTimeout
  const onTimeout = options.force === true ? "continue" : wasFrozen ? "freeze" : "fail"
  return [
    ...(wasFrozen ? [{ _tag: "Thaw", lxcPath, name, timeoutMs: thawTimeout } as const] : []),
    { _tag: "SignalContainer", lxcPath, name, signal, graceMs: Math.min(youngGrace, timeoutMs) },
    { _tag: "AwaitStopped", lxcPath, name, timeoutMs, onTimeout }
  ]
}

const ending = (
  lxcPath: HostPath,
  name: InstanceName,
  status: ContainerStatus,
  remains: Remains,
  facts: HostFacts,
  options: Required<StopOptions>
): ReadonlyArray<Step> => {
  const atOnce = status.problem === "init-dead" || (options.force === true && options.timeoutMs === 0)
  const hierarchies = facts.cgroups.hierarchies.map((each) => HostPath.make(each.mountPoint))
  return [
    ...(atOnce ? [] : halting(lxcPath, name, status, remains, options)),
    ...(atOnce || options.force === true
      ? [
        { _tag: "KillContainer", lxcPath, name, hierarchies, timeoutMs: killTimeout } as const,
        { _tag: "AwaitStopped", lxcPath, name, timeoutMs: killTimeout, onTimeout: "fail" } as const
      ]
      : [])
  ]
}

const rejected = (name: string, code: string, message: string, advice: string) =>
  Result.fail(
    new PlanRejected({ operation: "stop", instance: name, rejections: [{ code, field: "name", message, advice }] })
  )

/**
 * Plans the end of an instance from what is observed of it: by its name alone, with or without its record.
 *
 * Thaw, halt signal, wait, and with `force` kill; then everything that is there in its name: mounts in reverse order of
 * the mount table, loop devices, interfaces, cgroups, files. A plan has no branches: if the guest obeys, the later
 * steps find their result there already. Where nothing is there the plan is empty.
 *
 * @since 0.1.0
 * @category planners
 */
export const planStop = (
  name: InstanceName,
  directories: Directories,
  facts: HostFacts,
  options: StopOptions = {}
): Result.Result<Plan, PlanRejected> => {
  const remains = remainsOf(directories, name, facts)
  const status = remains.container === undefined ? undefined : statusOf(remains.container)
  const active = status !== undefined && isActive(status)
  const force = options.force ?? false
  const timeoutMs = options.timeoutMs ?? remains.container?.record?.lxc.shutdownTimeout ?? defaultShutdownTimeout
  if (status?.problem === "monitor-silent" && !force) {
    return rejected(
      name,
      "monitor-silent",
      `the monitor of ${name} does not answer, and its container cannot be stopped in order`,
      `end both with: effect-lxc stop --force ${name}`
    )
  }
  const foreign = namesake(directories, name, facts)
  if (isNothing(remains) && foreign !== undefined) {
    return rejected(
      name,
      "not-managed",
      `${name} runs under the lxcpath ${foreign.lxcPath} and is not managed here`,
      `stop it with: lxc-stop -P ${foreign.lxcPath} -n ${name}`
    )
  }
  const lxcPath = HostPath.make(directories.containers)
  const steps: ReadonlyArray<Step> = isNothing(remains) ? [] : [
    ...(active ? ending(lxcPath, name, status, remains, facts, { force, timeoutMs }) : []),
    ...diskResidue(directories, name, remains, false),
    ...containerResidue(remains),
    ...fileResidue(directories, name, facts)
  ]
  const strange = remains.container?.files.filter((file) => file !== "rootfs" && !isOurFile(file)) ?? []
  return Result.succeed(
    new Plan({
      operation: "stop",
      instance: name,
      directories,
      basis: basisOf(directories, name, { paths: [], links: [] }, facts),
      steps,
      warnings: strange.map((file) => `${directories.container(name)}/${file} was not made by this library and is left`)
    })
  )
}

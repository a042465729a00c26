/**
 * The plans that restart an instance.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { Directories } from "../host/Directories.ts"
import type { HostFacts } from "../host/HostFacts.ts"
import { remainsOf } from "../host/Remains.ts"
import { hostPath } from "../model/HostPath.ts"
import type { Instance } from "../model/Instance.ts"
import type { InstanceName } from "../model/InstanceName.ts"
import { basisOf } from "./Basis.ts"
import { type Plan, planFrom } from "./Plan.ts"
import { PlanRejected, type Rejection } from "./PlanRejected.ts"
import { notManaged, requireRunning } from "./Running.ts"
import { namedBy, planStart } from "./StartPlan.ts"
import { planStop, type StopOptions } from "./StopPlan.ts"
import { timeoutOf } from "./Step.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface RebootOptions extends StopOptions {
  /** The spec to start with; by default the one it was started with. */
  readonly instance?: Instance | undefined
}

const reject = (name: string, rejection: Rejection) =>
  Result.fail(new PlanRejected({ operation: "reboot", instance: name, rejections: [rejection] }))

const asReboot = (rejected: PlanRejected): PlanRejected =>
  new PlanRejected({ operation: "reboot", instance: rejected.instance, rejections: rejected.rejections })

/**
 * The host as it is when nothing of the instance is left.
 *
 * @since 0.1.0
 * @category conversions
 */
export const withoutInstance = (name: InstanceName, directories: Directories, facts: HostFacts): HostFacts => {
  const remains = remainsOf(directories, name, facts)
  return {
    ...facts,
    mounts: without(facts.mounts, remains.mounts),
    loops: without(facts.loops, remains.loops),
    interfaces: without(facts.interfaces, remains.interfaces),
    containers: facts.containers.filter((each) => each !== remains.container),
    cgroupDirectories: without(facts.cgroupDirectories, remains.cgroups)
  }
}

const without = <A>(all: ReadonlyArray<A>, some: ReadonlyArray<A>): ReadonlyArray<A> => {
  const gone = new Set(some)
  return all.filter((each) => !gone.has(each))
}

/**
 * Plans a reboot as a stop and a start in one plan: what the spec says now is what runs afterwards. Both halves are
 * planned before anything is touched; if the second fails it is undone, and the instance is stopped.
 *
 * @since 0.1.0
 * @category planners
 */
export const planReboot = (
  name: InstanceName,
  directories: Directories,
  facts: HostFacts,
  options: RebootOptions = {}
): Result.Result<Plan, PlanRejected> => {
  const instance = options.instance ?? remainsOf(directories, name, facts).container?.record ?? undefined
  if (instance === undefined) {
    return reject(name, notManaged(name, directories, facts) ?? {
      code: "record-missing",
      field: "name",
      message: `there is no record of how ${name} was started`,
      advice: `give its spec: effect-lxc reboot ${name} --spec SPEC`
    })
  }
  if (instance.name !== name) {
    return reject(name, {
      code: "another-instance",
      field: "name",
      message: `the spec is of ${instance.name}`,
      advice: "give the spec of the instance that is to reboot"
    })
  }
  const stop = Result.mapError(planStop(name, directories, facts, options), asReboot)
  if (Result.isFailure(stop)) return stop
  const start = Result.mapError(planStart(instance, directories, withoutInstance(name, directories, facts)), asReboot)
  return Result.map(start, ({ steps, warnings }) =>
    planFrom({
      operation: "reboot",
      instance: name,
      directories,
      basis: basisOf(directories, name, namedBy(instance), facts),
      steps: [...stop.success.steps, ...steps],
      undoFrom: stop.success.steps.length,
      warnings: [...stop.success.warnings, ...warnings]
    }))
}

const defaultTimeout = 60_000

/**
 * Plans LXC's own reboot: same monitor, same config, a new first process. Rejected where the guest lacks the capability
 * sys_boot: without it a reboot from inside is a stop.
 *
 * @since 0.1.0
 * @category planners
 */
export const planRebootInPlace = (
  name: InstanceName,
  directories: Directories,
  facts: HostFacts,
  options: Pick<StopOptions, "timeoutMs"> = {}
): Result.Result<Plan, PlanRejected> =>
  Result.flatMap(requireRunning("reboot", name, directories, facts), ({ freezer, record }) => {
    if (freezer !== "thawed") {
      return reject(name, {
        code: "frozen",
        field: "name",
        message: `${name} is frozen and cannot act on a signal`,
        advice: `thaw it first: effect-lxc thaw ${name}`
      })
    }
    const { dropCapabilities = [], keepCapabilities } = record?.lxc ?? {}
    if (dropCapabilities.includes("sys_boot") || (keepCapabilities !== undefined && !keepCapabilities.includes("sys_boot"))) {
      return reject(name, {
        code: "sys-boot-dropped",
        field: "lxc.dropCapabilities",
        message: `${name} runs without the capability sys_boot, and a reboot from inside would stop it`,
        advice: `reboot by stop and start: effect-lxc reboot ${name}`
      })
    }
    const lxcPath = hostPath(directories.containers)
    return Result.succeed(
      planFrom({
        operation: "reboot",
        instance: name,
        directories,
        basis: basisOf(directories, name, { paths: [], links: [] }, facts),
        steps: [
          { _tag: "RebootInPlace", lxcPath, name, timeoutMs: timeoutOf(options) ?? record?.lxc.shutdownTimeout ?? defaultTimeout },
          {
            _tag: "ConfirmAlive",
            lxcPath,
            name,
            logFile: hostPath(directories.lxcLog(name)),
            settleMs: record?.lxc.settle ?? 500
          }
        ],
        undoFrom: 2,
        warnings: []
      })
    )
  })

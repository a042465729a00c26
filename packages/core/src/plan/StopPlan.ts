/**
 * The plans that end an instance and remove every trace of it: in order, by force, or what others left.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { type ContainerStatus, isActive, statusOf } from "../host/ContainerStatus.ts"
import type { Directories } from "../host/Directories.ts"
import type { HostFacts } from "../host/HostFacts.ts"
import { isNothing, isNothingHere, isOurDirectory, isOurFile, namesOf, type Remains, remainsOf } from "../host/Remains.ts"
import { hostPath } from "../model/HostPath.ts"
import type { InstanceName } from "../model/InstanceName.ts"
import { basisOf } from "./Basis.ts"
import type { Operation } from "./Operation.ts"
import { type Plan, planFrom } from "./Plan.ts"
import { PlanRejected, type Rejection } from "./PlanRejected.ts"
import { containerResidue, diskResidue, fileResidue, forgets, sharedDirectories } from "./Residue.ts"
import { notManaged } from "./Running.ts"
import { type Step, timeoutOf } from "./Step.ts"

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

/** One instance on one host, and what is there of it. */
interface Subject {
  readonly name: InstanceName
  readonly directories: Directories
  readonly facts: HostFacts
  readonly remains: Remains
  readonly status: ContainerStatus | undefined
}

const defaultShutdownTimeout = 60_000
const killTimeout = 10_000
const thawTimeout = 10_000
/** A shell-script init has its handlers after some milliseconds, systemd after some hundred. */
const youngGrace = 2_000

const subjectOf = (name: InstanceName, directories: Directories, facts: HostFacts): Subject => {
  const remains = remainsOf(directories, name, facts)
  return {
    name,
    directories,
    facts,
    remains,
    status: remains.container === undefined ? undefined : statusOf(remains.container)
  }
}

const halting = ({ directories, name, remains }: Subject, timeoutMs: number, force: boolean): ReadonlyArray<Step> => {
  const lxcPath = hostPath(directories.containers)
  const wasFrozen = remains.container?.freezer !== "thawed"
  const signal = remains.container?.record?.lxc.haltSignal ?? "halt"
  const onTimeout = force ? "continue" : wasFrozen ? "freeze" : "fail"
  return [
    ...(wasFrozen ? [{ _tag: "Thaw", lxcPath, name, timeoutMs: thawTimeout } as const] : []),
    { _tag: "SignalContainer", lxcPath, name, signal, graceMs: Math.min(youngGrace, timeoutMs) },
    { _tag: "AwaitStopped", lxcPath, name, timeoutMs, onTimeout }
  ]
}

const killing = ({ directories, facts, name }: Subject): ReadonlyArray<Step> => {
  const lxcPath = hostPath(directories.containers)
  const hierarchies = facts.cgroups.hierarchies.map((each) => hostPath(each.mountPoint))
  return [
    { _tag: "ForbidForks", lxcPath, name, hierarchies },
    { _tag: "KillContainer", lxcPath, name, hierarchies, timeoutMs: killTimeout },
    { _tag: "AwaitStopped", lxcPath, name, timeoutMs: killTimeout, onTimeout: "fail" }
  ]
}

const removing = ({ directories, name, remains }: Subject): ReadonlyArray<Step> => [
  ...diskResidue(directories, name, remains, false),
  ...containerResidue(remains),
  ...fileResidue(directories, name, remains)
]

const reject = (operation: Operation, name: string, rejection: Rejection) =>
  Result.fail(new PlanRejected({ operation, instance: name, rejections: [rejection] }))

/** A container of the name that somebody else runs is not ours to end. */
const rejectForeign = (operation: Operation, { directories, facts, name, remains }: Subject) => {
  const foreign = notManaged(name, directories, facts, remains)
  return foreign === undefined ? undefined : reject(operation, name, foreign)
}

/** That one is meant to run is said in one place for all run directories with one state directory. */
const notForgotten = ({ directories, name, remains: { container, elsewhere } }: Subject): ReadonlyArray<string> =>
  elsewhere === undefined || container?.meantToRun !== true
    ? []
    : [`${directories.meantToRun(name)} is left: ${name} runs under the lxcpath ${elsewhere.lxcPath}, and may be what it tells of`]

const planOf = (operation: Operation, subject: Subject, steps: ReadonlyArray<Step>, warnings: ReadonlyArray<string>) => {
  const { directories, facts, name, remains } = subject
  const strange = namesOf(directories, remains).filter((file) => !isOurDirectory(file) && !isOurFile(file))
  return Result.succeed(
    planFrom({
      operation,
      instance: name,
      directories,
      basis: basisOf(directories, name, { paths: [], links: [] }, facts, remains),
      steps,
      undoFrom: steps.length,
      warnings: [
        ...warnings,
        ...strange.map((file) => `${directories.container(name)}/${file} was not made by this library and is left`)
      ]
    })
  )
}

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
  const subject = subjectOf(name, directories, facts)
  const { remains, status } = subject
  const force = options.force ?? false
  const timeoutMs = timeoutOf(options) ?? remains.container?.record?.lxc.shutdownTimeout ?? defaultShutdownTimeout
  const foreign = rejectForeign("stop", subject)
  if (foreign !== undefined) return foreign
  if (status?.problem === "monitor-silent" && !force) {
    return reject("stop", name, {
      code: "monitor-silent",
      field: "name",
      message: `the monitor of ${name} does not answer, and its container cannot be stopped in order`,
      advice: `end both with: effect-lxc stop --force ${name}`
    })
  }
  if (isNothing(remains)) return planOf("stop", subject, [], [])
  const active = status !== undefined && isActive(status)
  const atOnce = status?.problem === "init-dead" || (force && timeoutMs === 0)
  const steps = [
    ...(active && !atOnce ? halting(subject, timeoutMs, force) : []),
    ...(active && (atOnce || force) ? killing(subject) : []),
    ...removing(subject)
  ]
  return planOf("stop", subject, steps, notForgotten(subject))
}

/**
 * Plans the end of an instance without asking its guest: no process can fork any more, all are killed, and it ends as a
 * stop ends.
 *
 * @since 0.1.0
 * @category planners
 */
export const planKill = (
  name: InstanceName,
  directories: Directories,
  facts: HostFacts
): Result.Result<Plan, PlanRejected> => {
  const subject = subjectOf(name, directories, facts)
  const { remains, status } = subject
  const foreign = rejectForeign("kill", subject)
  if (foreign !== undefined) return foreign
  const active = status !== undefined && isActive(status)
  const steps = isNothing(remains) ? [] : [...(active ? killing(subject) : []), ...removing(subject)]
  return planOf("kill", subject, steps, notForgotten(subject))
}

/**
 * @since 0.1.0
 * @category models
 */
export interface CleanupOptions {
  readonly operation?: "cleanup" | "recover" | undefined
  /** Whether somebody was about to kill it: it cannot fork any more, and so does not run in order. */
  readonly doomed?: boolean | undefined
  /** Whether it is meant to run as before: that it ends was not all that was asked for, and the rest did not come to be. */
  readonly remembered?: boolean | undefined
}

/**
 * Plans the removal of what earlier runs, crashes or other hands left: processes without their monitor are killed; what
 * runs in order is left alone, with a warning.
 *
 * @since 0.1.0
 * @category planners
 */
export const planCleanup = (
  name: InstanceName,
  directories: Directories,
  facts: HostFacts,
  { doomed = false, operation = "cleanup", remembered = false }: CleanupOptions = {}
): Result.Result<Plan, PlanRejected> => {
  const subject = subjectOf(name, directories, facts)
  const { remains, status } = subject
  const other = remains.elsewhere
  if (isNothing(remains) || (other !== undefined && isNothingHere(remains))) {
    const steps = operation === "recover" ? sharedDirectories(directories) : []
    const warnings = other === undefined ? [] : [`${name} runs under the lxcpath ${other.lxcPath}, and is left alone`]
    return planOf(operation, subject, steps, warnings)
  }
  const active = status !== undefined && isActive(status)
  if (active && !doomed && (status.problem === null || status.problem === "monitor-silent")) {
    const advice = status.problem === null ? `effect-lxc stop ${name}` : `effect-lxc kill ${name}`
    return planOf(operation, subject, [], [`${name} is ${status.state} and is left alone; end it with: ${advice}`])
  }
  const gone = removing(subject).filter((step) => !remembered || !forgets(directories, name, step))
  return planOf(operation, subject, [...(active ? killing(subject) : []), ...gone], notForgotten(subject))
}

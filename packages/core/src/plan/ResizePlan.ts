/**
 * The plan that changes the limits of a running container.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { Directories } from "../host/Directories.ts"
import type { ContainerFacts, HostFacts } from "../host/HostFacts.ts"
import { encodeMeantToRun } from "../host/MeantToRun.ts"
import { type Limit, limitsOf } from "../lxc/Limits.ts"
import { sizeText } from "../model/AmountText.ts"
import { render } from "../model/CpuSet.ts"
import { hostPath } from "../model/HostPath.ts"
import { decodeInstance, encodeInstance, type Instance, instanceDocument } from "../model/Instance.ts"
import type { InstanceName } from "../model/InstanceName.ts"
import type { Resources } from "../model/Resources.ts"
import { basisOf } from "./Basis.ts"
import { beyondHost } from "./Overcommitment.ts"
import { type Plan, planFrom } from "./Plan.ts"
import { PlanRejected, type Rejection } from "./PlanRejected.ts"
import { checkProcessors } from "./ProcessorChecks.ts"
import { requireRunning } from "./Running.ts"
import { configFor } from "./StartPlan.ts"
import type { Step } from "./Step.ts"

/**
 * The resources to change, in the units of a spec; what is left out stays as it is.
 *
 * @since 0.1.0
 * @category models
 */
export type Resizing = { readonly [Field in keyof Resources]?: Resources[Field] | undefined }

/**
 * @since 0.1.0
 * @category models
 */
export interface ResizeOptions {
  /**
   * Also below what is in use: on cgroup v2 the kernel then kills processes of the container until it fits; on v1 it
   * refuses what it cannot reclaim.
   */
  readonly force?: boolean | undefined
}

type Change = Extract<Step, { readonly _tag: "SetLimit" }>

const asked = (wanted: Resizing): Partial<Resources> =>
  Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined))

/** The instance with its new resources, checked as a spec is. */
const resized = (record: Instance, changes: Partial<Resources>): Result.Result<Instance, ReadonlyArray<Rejection>> => {
  const resources = { ...record.resources, ...changes }
  const { cpuMask, ...rest } = resources
  const written = cpuMask === undefined ? rest : { ...rest, cpuMask: render(cpuMask) }
  return decodeInstance(Object.assign({}, encodeInstance(record), { resources: written })).pipe(
    Result.mapError(({ problems }) =>
      problems.map((problem): Rejection => ({
        code: "resources-invalid",
        field: problem.path,
        message: problem.message,
        advice: "give values that go together with the others of its spec"
      }))
    )
  )
}

/** A limit of memory and swap together moves with that of memory. */
const isChanged = (limit: Limit, changes: Partial<Resources>): boolean => {
  const field = limit.field.slice("resources.".length)
  return field in changes || (field === "swap" && "memory" in changes)
}

const valueOf = (container: ContainerFacts, limit: Limit): string | undefined =>
  container.limits?.find((each) => each.file === limit.file)?.value

/** The value that has the same effect when it is written back: of a weight that is the line with `default`. */
const setLimit = (directories: Directories, name: InstanceName, limit: Limit, previous: string): Change => ({
  _tag: "SetLimit",
  lxcPath: hostPath(directories.containers),
  name,
  controller: limit.expected.controller,
  file: limit.file,
  value: limit.file.startsWith("io.") ? limit.expected.value : limit.value,
  previous
})

const grows = (change: Change | undefined): boolean =>
  change !== undefined && Number(change.value) >= Number(change.previous)

const fileOrder = (changes: ReadonlyArray<Change>): ReadonlyArray<string> => {
  const named = (file: string) => changes.find((each) => each.file === file)
  return [
    ...(grows(named("memory.memsw.limit_in_bytes"))
      ? ["memory.memsw.limit_in_bytes", "memory.limit_in_bytes"]
      : ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"]),
    ...(grows(named("cpu.cfs_period_us"))
      ? ["cpu.cfs_period_us", "cpu.cfs_quota_us"]
      : ["cpu.cfs_quota_us", "cpu.cfs_period_us"])
  ]
}

/**
 * The kernel wants memory never above memory and swap together; a quota over a shorter period would be more than either
 * the old or the new share. What may kill comes last, when nothing else can be refused any more.
 */
const inOrder = (changes: ReadonlyArray<Change>): ReadonlyArray<Change> => {
  const order = fileOrder(changes)
  const last = changes.filter((each) => each.file === "memory.max")
  const coupled = changes.filter((each) => order.includes(each.file))
    .sort((one, other) => order.indexOf(one.file) - order.indexOf(other.file))
  return [...coupled, ...changes.filter((each) => !order.includes(each.file) && !last.includes(each)), ...last]
}

/** With fewer pids than it has a guest can start nothing more: many an init ends then. */
const checkPids = ({ name, pids = 0 }: ContainerFacts, limit: Limit): ReadonlyArray<Rejection> =>
  Number(limit.value) >= pids ? [] : [{
    code: "below-usage",
    field: limit.field,
    message: `${name} has ${pids} processes and threads, more than ${limit.value}`,
    advice: "choose more, or give --force: it can then start nothing more, and its init may end for that"
  }]

/** cgroup v2 takes any limit and kills until it fits; v1 refuses what it cannot reclaim. */
const checkUse = (container: ContainerFacts, facts: HostFacts, limit: Limit, force: boolean): ReadonlyArray<Rejection> => {
  if (limit.file === "pids.max" && !force) return checkPids(container, limit)
  const used = container.memoryUsage ?? 0
  return facts.cgroups.layout !== "v2" || limit.file !== "memory.max" || force || Number(limit.value) >= used ? [] : [{
    code: "below-usage",
    field: limit.field,
    message: `${container.name} uses ${sizeText(used)} of memory, more than ${sizeText(Number(limit.value))}`,
    advice: "choose more, or give --force: the kernel then reclaims what it can, and kills processes if that is not enough"
  }]
}

const missingFile = (name: string, limit: Limit): Rejection => ({
  code: "limit-not-available",
  field: limit.field,
  message: `the cgroup of ${name} has no ${limit.file}`,
  advice: `see that the controller ${limit.expected.controller} is there: effect-lxc host`
})

/** What says how the instance was started, and what it is started with after a boot. */
const follow = (
  directories: Directories,
  container: ContainerFacts,
  before: Instance,
  after: Instance,
  facts: HostFacts
): ReadonlyArray<Step> => {
  const { name } = before
  const write = (file: string, textOf: (instance: Instance) => string): Step => ({
    _tag: "WriteFile",
    path: hostPath(file),
    mode: "0600",
    text: textOf(after),
    previous: textOf(before)
  })
  const configOf = (instance: Instance): string | undefined =>
    Result.getOrUndefined(configFor(instance, directories, facts))?.text
  const [oldConfig, newConfig] = [configOf(before), configOf(after)]
  return [
    write(directories.record(name), (instance) => instanceDocument(instance)),
    ...(oldConfig === undefined || newConfig === undefined
      ? []
      : [write(directories.config(name), (instance) => instance === before ? oldConfig : newConfig)]),
    ...(container.meantToRun
      ? [write(directories.meantToRun(name), (instance) => encodeMeantToRun({ bootId: facts.bootId, instance }))]
      : [])
  ]
}

const withRecord = (name: InstanceName, container: ContainerFacts): Result.Result<Instance, ReadonlyArray<Rejection>> =>
  container.record !== null ? Result.succeed(container.record) : Result.fail([{
    code: "record-missing",
    field: "name",
    message: `there is no record of how ${name} was started`,
    advice: `restart it with its spec: effect-lxc reboot ${name} --spec SPEC`
  }])

const changesFor = (
  container: ContainerFacts,
  after: Instance,
  changes: Partial<Resources>,
  directories: Directories,
  facts: HostFacts,
  force: boolean
): Result.Result<ReadonlyArray<Change>, ReadonlyArray<Rejection>> => {
  const config = configFor(after, directories, facts)
  if (Result.isFailure(config)) return Result.fail(config.failure)
  const layout = facts.cgroups.layout === "v2" ? "v2" : "v1"
  const limits = limitsOf(after.resources, layout, facts.cgroups).limits.filter((limit) => isChanged(limit, changes))
  const rejections = [...checkProcessors(changes, facts)]
  const steps: Array<Change> = []
  for (const limit of limits) {
    const previous = valueOf(container, limit)
    if (previous === undefined) rejections.push(missingFile(after.name, limit))
    else steps.push(setLimit(directories, after.name, limit, previous))
    rejections.push(...checkUse(container, facts, limit, force))
  }
  return rejections.length > 0 ? Result.fail(rejections) : Result.succeed(inOrder(steps))
}

/** Less memory may mean the end of the first process; a container that did not survive was not resized. */
const confirm = (directories: Directories, after: Instance, steps: ReadonlyArray<Change>): ReadonlyArray<Step> =>
  steps.every((each) => each.controller !== "memory" || Number(each.value) >= Number(each.previous)) ? [] : [{
    _tag: "ConfirmAlive",
    lxcPath: hostPath(directories.containers),
    name: after.name,
    logFile: hostPath(directories.lxcLog(after.name)),
    settleMs: after.lxc.settle
  }]

/** LXC 5.0.2 reboots with the config that it read at the start; a guest without sys_boot cannot ask for that. */
const warningsFor = ({ name, record }: ContainerFacts): ReadonlyArray<string> => {
  const { dropCapabilities = [], keepCapabilities } = record?.lxc ?? {}
  return dropCapabilities.includes("sys_boot") || (keepCapabilities !== undefined && !keepCapabilities.includes("sys_boot"))
    ? []
    : [`a reboot from inside or in place brings back the limits that ${name} was started with; effect-lxc reboot keeps the new ones`]
}

/**
 * Plans to change limits of a running container, each from the value it has to the new one, in the order that the kernel
 * wants; then its record, its config and what is kept across a boot follow. If a step fails the others are undone. Values
 * are written as they are: no limit is lifted on the way.
 *
 * @since 0.1.0
 * @category planners
 */
export const planResize = (
  name: InstanceName,
  wanted: Resizing,
  directories: Directories,
  facts: HostFacts,
  options: ResizeOptions = {}
): Result.Result<Plan, PlanRejected> =>
  Result.flatMap(requireRunning("resize", name, directories, facts), (container) => {
    const changes = asked(wanted)
    const planned = Result.gen(function*() {
      const before = yield* withRecord(name, container)
      const after = yield* resized(before, changes)
      const steps = yield* changesFor(container, after, changes, directories, facts, options.force ?? false)
      return [...steps, ...follow(directories, container, before, after, facts), ...confirm(directories, after, steps)]
    })
    return Result.mapBoth(planned, {
      onFailure: (rejections) => new PlanRejected({ operation: "resize", instance: name, rejections }),
      onSuccess: (steps) =>
        planFrom({
          operation: "resize",
          instance: name,
          directories,
          basis: basisOf(directories, name, { paths: [], links: [], limits: true }, facts),
          steps,
          undoFrom: 0,
          warnings: [...beyondHost(changes, facts), ...warningsFor(container)]
        })
    })
  })

/**
 * The plans that keep the processes of a container in files, and bring them back.
 *
 * A checkpoint is a directory: `instance.json`, the spec, and `criu.images`, what CRIU dumped. The root is not in it.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { Directories } from "../host/Directories.ts"
import { pathAt } from "../host/FactsIndex.ts"
import type { HostFacts } from "../host/HostFacts.ts"
import { criuAdvice } from "../host/HostSurvey.ts"
import { atLeast, parseLxcVersion } from "../lxc/LxcVersion.ts"
import { type HostPath, hostPath, join } from "../model/HostPath.ts"
import { type Instance, instanceDocument } from "../model/Instance.ts"
import type { InstanceName } from "../model/InstanceName.ts"
import { basisOf } from "./Basis.ts"
import { type Plan, planFrom } from "./Plan.ts"
import { PlanRejected, type Rejection } from "./PlanRejected.ts"
import { requireRunning } from "./Running.ts"
import { namedBy, planStart, type StartOptions } from "./StartPlan.ts"
import { type Step, timeoutOf } from "./Step.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface CheckpointOptions {
  /** End the container with the checkpoint; else it goes on running. */
  readonly stop?: boolean | undefined
  /** How long CRIU may take, in milliseconds; two minutes by default. */
  readonly timeoutMs?: number | undefined
}

const defaultTimeout = 120_000

/**
 * The files of a checkpoint.
 *
 * @since 0.1.0
 * @category accessors
 */
export const checkpointFiles = (directory: HostPath) => ({
  spec: join(directory, "instance.json"),
  images: join(directory, "criu.images")
})

/**
 * Paths of which the facts must say what is there.
 *
 * @since 0.1.0
 * @category queries
 */
export const checkpointPaths = (directory: HostPath): ReadonlyArray<string> => [directory, checkpointFiles(directory).images]

const kindAt = (facts: HostFacts, path: string) => pathAt(facts, path)?.kind ?? "missing"

/** Which release has a tool to ask; of none at all, or of one that cannot be read, is told elsewhere. */
const withCriu = "1.1.0"

/** Whether one that is there works on this kernel is seen when it is called: to ask it takes longer than all of planning. */
const knowsCriu = ({ criu, lxcVersion }: HostFacts): ReadonlyArray<Rejection> => {
  const version = parseLxcVersion(lxcVersion ?? "")
  return [
    ...(Result.isFailure(version) || atLeast(version.success, withCriu) ? [] : [{
      code: "lxc-too-old",
      field: "",
      message: `LXC has lxc-checkpoint since ${withCriu}; this is ${version.success}`,
      advice: "use a newer LXC"
    }]),
    ...(criu === false ? [{ code: "criu-missing", field: "", message: "CRIU is not installed", advice: criuAdvice }] : [])
  ]
}

/** CRIU cannot dump a terminal whose other end is outside: LXC's ttys and console are such. */
const terminals = (instance: Instance): ReadonlyArray<Rejection> =>
  instance.lxc.ttys === 0 && instance.lxc.console === "none" ? [] : [{
    code: "has-terminals",
    field: "lxc.ttys",
    message: `${instance.name} runs with terminals of LXC's, which CRIU cannot dump`,
    advice: "start it with ttys: 0 and console: none in its spec under lxc"
  }]

/**
 * Plans a checkpoint of a running container. If CRIU cannot make it the container goes on running, and what was written
 * is removed. With `stop` it ends with the checkpoint, and its root stays mounted for restore, or until cleanup; then what was
 * written stays also where it fails, for it may be all that is left of the container.
 *
 * @since 0.1.0
 * @category planners
 */
export const planCheckpoint = (
  name: InstanceName,
  directory: HostPath,
  directories: Directories,
  facts: HostFacts,
  options: CheckpointOptions = {}
): Result.Result<Plan, PlanRejected> =>
  Result.flatMap(requireRunning("checkpoint", name, directories, facts), ({ freezer, record }) => {
    const { images, spec } = checkpointFiles(directory)
    const reject = (code: string, message: string, advice: string) => ({ code, field: "name", message, advice })
    const rejections = [
      ...knowsCriu(facts),
      ...(record === null ? [reject("record-missing", `there is no record of how ${name} was started`, "start it with effect-lxc")] : terminals(record)),
      ...(freezer === "thawed" ? [] : [reject("frozen", `${name} is frozen`, `thaw it first: effect-lxc thaw ${name}`)]),
      ...(kindAt(facts, images) === "missing" ? [] : [reject("directory-used", `${images} exists already`, "name another directory")]),
      ...(["missing", "directory"].includes(kindAt(facts, directory)) ? [] : [reject("not-a-directory", `${directory} is no directory`, "name another")])
    ]
    if (rejections.length > 0 || record === null) {
      return Result.fail(new PlanRejected({ operation: "checkpoint", instance: name, rejections }))
    }
    const stop = options.stop ?? false
    const steps: ReadonlyArray<Step> = [
      { _tag: "MakeDirectory", path: directory, mode: "0700", keep: false },
      { _tag: "WriteFile", path: spec, mode: "0600", text: instanceDocument(record), previous: null, kept: true },
      {
        _tag: "Checkpoint",
        lxcPath: hostPath(directories.containers),
        name,
        directory: images,
        logFile: hostPath(directories.lxcLog(name)),
        stop,
        timeoutMs: timeoutOf(options) ?? defaultTimeout
      }
    ]
    return Result.succeed(
      planFrom({
        operation: "checkpoint",
        instance: name,
        directories,
        basis: basisOf(directories, name, { paths: checkpointPaths(directory), links: [] }, facts),
        steps,
        // The images of a container that has ended are all that is left of it.
        undoFrom: stop ? steps.length : 0,
        warnings: stop ? [`the root of ${name} stays mounted until it is restored, or cleaned up: effect-lxc cleanup ${name}`] : []
      })
    )
  })

/**
 * Plans to bring the processes of a checkpoint back: as a start, with LXC's restore in place of LXC's start. A failure
 * undoes it, and the checkpoint stays.
 *
 * @since 0.1.0
 * @category planners
 */
export const planRestore = (
  instance: Instance,
  directory: HostPath,
  directories: Directories,
  facts: HostFacts,
  options: StartOptions = {}
): Result.Result<Plan, PlanRejected> => {
  const { images } = checkpointFiles(directory)
  const start = planStart(instance, directories, facts, { timeoutMs: options.timeoutMs ?? defaultTimeout })
  const rejections = [
    ...knowsCriu(facts),
    ...(Result.isFailure(start) ? start.failure.rejections : []),
    ...(kindAt(facts, images) === "directory" ? [] : [{
      code: "checkpoint-missing",
      field: "",
      message: `there is no ${images}`,
      advice: "name the directory of a checkpoint"
    }])
  ]
  if (rejections.length > 0 || Result.isFailure(start)) {
    return Result.fail(new PlanRejected({ operation: "restore", instance: instance.name, rejections }))
  }
  const { undoFrom, warnings } = start.success
  const steps = start.success.steps.map((step): Step =>
    step._tag === "StartContainer" ? { ...step, _tag: "Restore", directory: images } : step)
  const named = namedBy(instance)
  return Result.succeed(
    planFrom({
      operation: "restore",
      instance: instance.name,
      directories,
      basis: basisOf(directories, instance.name, { ...named, paths: [...named.paths, ...checkpointPaths(directory)] }, facts),
      steps,
      undoFrom,
      warnings
    })
  )
}

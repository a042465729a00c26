/**
 * What of a spec a failed step is about: tools know nothing of specs, and say paths and devices of their own.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { Directories } from "../host/Directories.ts"
import { decodeInstance, type Instance } from "../model/Instance.ts"
import type { Step } from "../plan/Step.ts"
import type { StepProblem } from "./StepProblem.ts"

/**
 * A plan of which a step failed.
 *
 * @since 0.1.0
 * @category models
 */
export interface FailedPlan {
  readonly instance: string
  readonly directories: Directories
  readonly steps: ReadonlyArray<Step>
}

/** The instance that the plan brings up, as the record that it writes says. */
const wantedBy = ({ directories, instance, steps }: FailedPlan): Instance | undefined => {
  const record = steps.find((step) => step._tag === "WriteFile" && step.path === directories.record(instance))
  if (record?._tag !== "WriteFile") return undefined
  try {
    return Result.getOrUndefined(decodeInstance(JSON.parse(record.text)))
  } catch {
    return undefined // a stored plan may say what it likes
  }
}

const ofMount = ({ directories, instance }: FailedPlan, wanted: Instance, target: string, stderr: string): ReadonlyArray<string> => {
  const index = wanted.disks.findIndex((disk, at) =>
    target === (at > 0 ? directories.disk(instance, at) : disk.volatile === true ? directories.lower(instance) : directories.rootfs(instance)))
  const path = wanted.disks[index]?.path
  if (path === undefined) return []
  return [
    /wrong fs type|can't read superblock/.test(stderr)
      ? `disks[${index}].path: no file system that can be mounted is found in ${path}; see what it holds (blkid -p ${path}), and name its partition or fsType, or make one`
      : `disks[${index}].path: this is about ${path}; see what that is, and what the kernel says of it (dmesg)`
  ]
}

/** What LXC brings inside: by its source on the host and its target in the guest. */
const mountsOf = ({ directories, instance }: FailedPlan, { disks, lxc }: Instance) => [
  ...disks.slice(1).map(({ target = "" }, at) => ({ field: `disks[${at + 1}].target`, source: directories.disk(instance, at + 1), target })),
  ...lxc.mounts.map(({ source, target }, at) => ({ field: `lxc.mounts[${at}].target`, source: String(source), target }))
]

const ofLogLine = (plan: FailedPlan, wanted: Instance, line: string): ReadonlyArray<string> => {
  const image = wanted.disks[0]?.path ?? ""
  const [, program] = /Failed to exec "(.+)"$/.exec(line) ?? []
  if (program !== undefined) {
    return [`lxc.init: ${program} cannot be run; see that ${image} has it, executable and with its interpreter, or name another program`]
  }
  const [, source, at] = /^No such file or directory - Failed to mount "(.+)" on(?:to)? "(.+)"$/.exec(line) ?? []
  if (source === undefined || at === undefined) return []
  return mountsOf(plan, wanted).filter((each) => each.source === source && at.endsWith(`/${each.target}`)).slice(0, 1)
    .map(({ field, target }) => `${field}: the guest has no /${target}; make it in ${image}`)
}

/** Where no line of LXC's says why the first process ended, the guest may have said it. */
const ofInit = ({ instance }: FailedPlan, { lxc }: Instance): string => {
  const [who, flag] = lxc.console === "none" ? ["LXC", ""] : ["it", " --console"]
  return `lxc.init: the first process, ${lxc.init ?? "/sbin/init"}, has to go on running; see what ${who} wrote: effect-lxc logs ${instance}${flag}`
}

/**
 * The fields of the spec that a failed step is about, each with what to do; empty where none is known to be.
 *
 * @since 0.1.0
 * @category conclusions
 */
export const inTheSpec = (plan: FailedPlan, step: Step, problem: StepProblem): ReadonlyArray<string> => {
  const isMount = step._tag === "Mount" && problem._tag === "CommandFailed"
  const log = "log" in problem ? problem.log : []
  const hasEnded = problem._tag === "InitEnded"
  const wanted = isMount || hasEnded || log.length > 0 ? wantedBy(plan) : undefined
  if (wanted === undefined) return []
  if (isMount) return ofMount(plan, wanted, step.target, problem.stderr)
  const ofLog = [...new Set(log.flatMap((line) => ofLogLine(plan, wanted, line)))]
  return hasEnded && ofLog.length === 0 ? [ofInit(plan, wanted)] : ofLog
}

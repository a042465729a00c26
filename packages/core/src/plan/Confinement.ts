/**
 * Whether a plan touches nothing but its own instance.
 *
 * A stored plan is a file, a journal is another, and files can be edited. Under the lock of one instance nothing of another, and nothing else
 * of the host, may be changed.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { monitorCgroup, payloadCgroup } from "../host/CgroupLayout.ts"
import { isOurFile } from "../host/Remains.ts"
import { isLimitFile } from "../lxc/Limits.ts"
import { FileSystemType, MountOption } from "../model/Disk.ts"
import { isBelow } from "../model/HostPath.ts"
import { vethPrefix } from "../model/VethName.ts"
import { describe } from "./Describe.ts"
import { members, movedSpec } from "./ExportFormat.ts"
import { overlayOptions } from "./InstanceDisks.ts"
import type { Operation } from "./Operation.ts"
import type { Plan } from "./Plan.ts"
import { PlanRejected } from "./PlanRejected.ts"
import type { Step } from "./Step.ts"

const isOwnCgroup = (directory: string, name: string): boolean =>
  [payloadCgroup(name), monitorCgroup(name)].some((own) =>
    directory.startsWith(own) && /^(?:-[1-9]\d{0,2})?$/.test(directory.slice(own.length))
  )

/** A mount point may have any characters in it, but the kernel shows none with `..`. */
const isIn = (root: string, path: string): boolean =>
  path === root || (isBelow(root, path) && !path.split("/").includes(".."))

/** A path taken apart at its last slash. */
const apart = (path: string): readonly [directory: string, name: string] => {
  const slash = path.lastIndexOf("/")
  return [path.slice(0, slash), path.slice(slash + 1)]
}

/** Where a disk of the instance is mounted; what is below is the guest's, and no step goes there but to unmount. */
const isMountPoint = ({ directories, instance }: Plan, path: string): boolean =>
  [directories.rootfs(instance), directories.lower(instance), directories.memory(instance)].includes(path) ||
  (apart(path)[0] === directories.container(instance) && /^disk[1-9]\d?$/.test(apart(path)[1]))

const isOwnDirectory = (plan: Plan, path: string): boolean => {
  const { directories, instance } = plan
  const memory = directories.memory(instance)
  return isMountPoint(plan, path) || [
    directories.containers, directories.container(instance), directories.logs(instance), directories.state,
    `${memory}/upper`, `${memory}/work`
  ].includes(path)
}

/** The instance's own directory is nobody else's: whom it lets through reaches the guest's root, set-uid programs and all. */
const isClosed = (
  { directories, instance }: Plan,
  { group, mode, path }: Pick<Extract<Step, { readonly _tag: "MakeDirectory" }>, "group" | "mode" | "path">
): boolean =>
  path === directories.container(instance) ? mode === "0700" || mode === "0710" : group === undefined

/** Where an import unpacks, in the directory that its user named. */
const workOf = (name: string): string => `.${name}.import`

/** An export that is not whole yet, beside where its user wants it. */
const isGrowing = (growing: string, archive: string, name: string): boolean =>
  growing === `${apart(archive)[0]}/.${apart(archive)[1]}.${name}.partial`

const isHeadOfExport = ({ directories, instance }: Plan, path: string): boolean =>
  [members.manifest, members.spec].some((member) => path === `${directories.exported(instance)}/${member}`)

/** Files with a text of the library's; in a place that the user named it is known by its name. */
const isOwnText = (plan: Plan, operation: Operation, path: string): boolean => {
  const { directories, instance } = plan
  return [directories.record(instance), directories.config(instance), directories.meantToRun(instance)].includes(path) ||
    (operation === "export" && isHeadOfExport(plan, path)) ||
    (operation === "import" && path.endsWith(`/${workOf(instance)}/${movedSpec}`)) ||
    (operation === "checkpoint" && apart(path)[1] === "instance.json")
}

const isOwnFile = (plan: Plan, operation: Operation, path: string): boolean => {
  const { directories, instance } = plan
  const [directory, name] = apart(path)
  return isOwnText(plan, operation, path) ||
    (directory === directories.container(instance) && isOurFile(name)) ||
    (operation === "export" && name.startsWith(".") && name.endsWith(`.${instance}.partial`)) ||
    (operation === "import" && path.endsWith(`/${workOf(instance)}/archive`))
}

/** mkdir(2) and rmdir(2) of an empty directory, in a place that the user named, harm nobody. */
const makesAnyDirectory = (plan: Plan, operation: Operation, path: string): boolean => {
  const exported = plan.directories.exported(plan.instance)
  return operation === "import" || operation === "checkpoint" ||
    (operation === "export" && (path === exported || path === apart(exported)[0]))
}

const isMountOption = Schema.is(MountOption)
const isFileSystemType = Schema.is(FileSystemType)

const isOwnMount = (plan: Plan, step: Extract<Step, { readonly _tag: "Mount" }>): boolean => {
  const { fsType, options, source, target } = step
  if (!isMountPoint(plan, target)) return false
  if (source === "overlay" || fsType === "overlay") {
    return source === fsType && JSON.stringify(options) === JSON.stringify(overlayOptions(plan.directories, plan.instance))
  }
  return (source === "tmpfs" ? fsType === "tmpfs" : fsType === null || isFileSystemType(fsType)) &&
    options.every((option) => option === "bind" || isMountOption(option))
}

const isOwnMove = (name: string, operation: Operation, one: string, other: string): boolean => {
  const [directory, base] = apart(one)
  const [images, work] = apart(directory)
  return operation === "export"
    ? isGrowing(one, other, name)
    : operation === "import" && work === workOf(name) &&
      [`${members.image} ${images}/${name}.img`, `${members.directory} ${images}/${name}`, `${movedSpec} ${images}/${name}.json`]
        .includes(`${base} ${other}`)
}

const isOwnStart = (plan: Plan, step: Extract<Step, { readonly _tag: "StartContainer" | "Restore" }>): boolean => {
  const { directories, instance } = plan
  return step.logFile === directories.lxcLog(instance) && step.consoleLog === directories.consoleLog(instance) &&
    step.pidFile === directories.monitorPid(instance) && (step.mounts ?? []).every((each) => isMountPoint(plan, each)) &&
    step.interfaces.every((each) => each.startsWith(vethPrefix(instance)))
}

const isOwn = (plan: Plan, operation: Operation, step: Step): boolean => {
  const { directories, instance } = plan
  switch (step._tag) {
    case "MakeDirectory":
      return isClosed(plan, step) && (isOwnDirectory(plan, step.path) || makesAnyDirectory(plan, operation, step.path))
    case "RemoveDirectory":
      return (step.mode === undefined || isClosed(plan, { path: step.path, mode: step.mode })) &&
        (step.root === undefined || step.path === directories.rootfs(instance)) &&
        (isOwnDirectory(plan, step.path) || makesAnyDirectory(plan, operation, step.path))
    case "WriteFile":
      return isOwnText(plan, operation, step.path)
    case "RemoveFile":
      return isOwnFile(plan, operation, step.path) && (step.previous === undefined || isOwnText(plan, operation, step.path))
    case "Mount":
      return isOwnMount(plan, step)
    case "Unmount":
      return isIn(directories.container(instance), step.target)
    case "DeleteInterface":
      return step.name.startsWith(vethPrefix(instance))
    case "RemoveCgroups":
      return step.names.every((each) => isOwnCgroup(each, instance))
    case "ExportArchive":
      return operation === "export" && step.files === directories.exported(instance) &&
        (step.archive === "-" || isOwnFile(plan, operation, step.archive))
    case "MoveIntoPlace":
      return isOwnMove(instance, operation, step.from, step.to) || isOwnMove(instance, operation, step.to, step.from)
    case "ReceiveArchive":
      return operation === "import" && isOwnFile(plan, operation, step.file)
    case "ImportArchive":
      return operation === "import" && apart(step.directory)[1] === workOf(instance)
    case "RemoveTree":
      return operation === "import" ? apart(step.path)[1] === workOf(instance) : operation === "checkpoint"
    case "PowerCycle":
      return operation === "powercycle"
    case "AttachLoop":
    case "DetachLoop":
      return true
    default:
      return step.name === instance && step.lxcPath === directories.containers && isOwnRunning(plan, operation, step)
  }
}

/** What is done with the container itself. */
const isOwnRunning = (plan: Plan, operation: Operation, step: Step): boolean => {
  const log = plan.directories.lxcLog(plan.instance)
  switch (step._tag) {
    case "StartContainer":
      return isOwnStart(plan, step)
    case "Restore":
      return operation === "restore" && isOwnStart(plan, step)
    case "Checkpoint":
      return operation === "checkpoint" && step.logFile === log
    case "ConfirmAlive":
      return step.logFile === log
    case "SetLimit":
      return isLimitFile(step)
    case "ConfirmLimits":
      return step.limits.every(isLimitFile)
    default:
      return true
  }
}

/**
 * The plan, if each of its steps is about its own instance; else a rejection that names each one that is not. A plan that
 * recovers may do what the `operation` may that did not end.
 *
 * @since 0.1.0
 * @category checks
 */
export const confined = (plan: Plan, operation: Operation = plan.operation): Result.Result<Plan, PlanRejected> => {
  const rejections = plan.steps.flatMap((step, index) =>
    isOwn(plan, operation, step) ? [] : [{
      code: "step-elsewhere",
      field: `steps[${index}]`,
      message: `${describe(step)}: that is not ${plan.instance}'s`,
      advice: "no planner makes such a step: make a new plan, or look who wrote this one"
    }]
  )
  return rejections.length === 0
    ? Result.succeed(plan)
    : Result.fail(new PlanRejected({ operation: plan.operation, instance: plan.instance, rejections }))
}

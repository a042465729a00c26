/**
 * Whether a plan touches nothing but its own instance.
 *
 * A stored plan is a file, a journal is another, and files can be edited. Under the lock of one instance nothing of another, and nothing else
 * of the host, may be changed.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { monitorCgroup, payloadCgroup } from "../host/CgroupLayout.ts"
import { isBelow } from "../model/HostPath.ts"
import { vethPrefix } from "../model/VethName.ts"
import { describe } from "./Describe.ts"
import type { Operation } from "./Operation.ts"
import type { Plan } from "./Plan.ts"
import { PlanRejected } from "./PlanRejected.ts"
import type { Step } from "./Step.ts"

/** They also write to a place that their user named. */
const elsewhere: ReadonlySet<Operation> = new Set(["export", "import", "checkpoint", "restore"])

const isOwnCgroup = (directory: string, name: string): boolean =>
  [payloadCgroup(name), monitorCgroup(name)].some((own) =>
    directory.startsWith(own) && /^(?:-[1-9]\d{0,2})?$/.test(directory.slice(own.length))
  )

/** A mount point may have any characters in it, but the kernel shows none with `..`. */
const isIn = (root: string, path: string): boolean =>
  path === root || (isBelow(root, path) && !path.split("/").includes(".."))

const isOwnPath = ({ directories, instance }: Plan, operation: Operation, path: string): boolean =>
  elsewhere.has(operation) ||
  isIn(directories.container(instance), path) ||
  isIn(directories.logs(instance), path) ||
  path === directories.meantToRun(instance) ||
  path === directories.containers ||
  path === directories.state

const isOwn = (plan: Plan, operation: Operation, step: Step): boolean => {
  switch (step._tag) {
    case "MakeDirectory":
    case "RemoveDirectory":
    case "WriteFile":
    case "RemoveFile":
      return isOwnPath(plan, operation, step.path)
    case "Mount":
    case "Unmount":
      return isOwnPath(plan, operation, step.target)
    case "DeleteInterface":
      return step.name.startsWith(vethPrefix(plan.instance))
    case "RemoveCgroups":
      return step.names.every((each) => isOwnCgroup(each, plan.instance))
    case "SetLimit":
      if (step.file.includes("/")) return false
      break
    case "ExportArchive":
    case "ReceiveArchive":
    case "MoveIntoPlace":
      return elsewhere.has(operation)
    case "ImportArchive":
      return operation === "import" && step.directory.endsWith(`/.${plan.instance}.import`)
    case "RemoveTree":
      return operation === "import" ? step.path.endsWith(`/.${plan.instance}.import`) : operation === "checkpoint"
    case "Checkpoint":
      if (operation !== "checkpoint") return false
      break
    case "Restore":
      if (operation !== "restore") return false
      break
    case "PowerCycle":
      return operation === "powercycle"
    case "StartContainer":
      if (![step.logFile, step.consoleLog, step.pidFile].every((file) => isOwnPath(plan, operation, file))) return false
      break
    default:
      break
  }
  return !("lxcPath" in step) || (step.name === plan.instance && step.lxcPath === plan.directories.containers)
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

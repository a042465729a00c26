/**
 * Whether what a stored plan would write, and where it would look for processes, is what this library does on this host.
 *
 * {@link confined} says that a plan touches nothing but its own instance. Of the texts that it writes one is obeyed by LXC
 * as root, with hooks and all: it must be the text that the record beside it renders to, to the last character.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { HostFacts } from "../host/HostFacts.ts"
import { decodeMeantToRun } from "../host/MeantToRun.ts"
import { base } from "../model/HostPath.ts"
import { rootGroup } from "../model/IdMap.ts"
import { decodeInstance, encodeInstance, type Instance } from "../model/Instance.ts"
import { decodeManifest, members } from "./ExportFormat.ts"
import type { Plan } from "./Plan.ts"
import { PlanRejected, type Rejection } from "./PlanRejected.ts"
import { configFor } from "./StartPlan.ts"
import type { Step } from "./Step.ts"

type WriteFile = Extract<Step, { readonly _tag: "WriteFile" }>

const jsonOf = (text: string): Result.Result<unknown, unknown> => Result.try(() => JSON.parse(text) as unknown)

/** The instance that a text describes, if it is the plan's own. */
const instanceIn = ({ instance }: Plan, text: string): Instance | undefined => {
  const decoded = Result.flatMap(jsonOf(text), (json) => decodeInstance(json))
  return Result.isSuccess(decoded) && decoded.success.name === instance ? decoded.success : undefined
}

const textsOf = ({ previous, text }: WriteFile): ReadonlyArray<string> => previous === null ? [text] : [text, previous]

/** What a step writes, or is undone by writing. */
const writtenBy = (step: Step): ReadonlyArray<string> => {
  if (step._tag === "WriteFile") return textsOf(step)
  return step._tag === "RemoveFile" && step.previous !== undefined ? [step.previous] : []
}

/** Every instance that the plan, or the host, has a record of. */
const recordsOf = (plan: Plan, facts: HostFacts): ReadonlyArray<Instance> => {
  const { directories, instance: name, steps } = plan
  const written = steps.flatMap((step) =>
    step._tag === "WriteFile" && step.path === directories.record(name) ? textsOf(step).map((text) => instanceIn(plan, text)) : [])
  const here = facts.containers.find((each) => each.name === name && each.lxcPath === directories.containers)?.record
  return [...written, here ?? undefined].filter((each) => each !== undefined)
}

const same = (one: Instance, other: Instance): boolean =>
  JSON.stringify(encodeInstance(one)) === JSON.stringify(encodeInstance(other))

/** Whether a text is what belongs at the path of its step. */
const belongs = (plan: Plan, facts: HostFacts, records: ReadonlyArray<Instance>) => {
  const { directories, instance: name, operation } = plan
  const configs = new Set(records.flatMap((record) => Result.getOrUndefined(configFor(record, directories, facts))?.text ?? []))
  return (path: WriteFile["path"], text: string): boolean => {
    if (path === directories.config(name)) return configs.has(text)
    if (path === directories.meantToRun(name)) {
      const meant = Result.getOrUndefined(Result.flatMap(jsonOf(text), (json) => decodeMeantToRun(json)))?.instance
      if (meant?.name !== name) return false
      // Where an export is recovered its record may be gone: then this is all that is known of it.
      return records.some((record) => same(record, meant)) || (operation === "recover" && records.length === 0)
    }
    return base(path) === members.manifest
      ? Result.getOrUndefined(Result.flatMap(jsonOf(text), (json) => decodeManifest(json)))?.instance === name
      : instanceIn(plan, text) !== undefined
  }
}

const advice = "no planner makes such a step: make a new plan, or look who wrote this one"

/**
 * The plan, if each text that it writes is what this library would write there on this host, if it opens the instance's
 * directory to no group but the one that its own root is, and if it looks for processes in cgroup trees of the host only; else a rejection that names each step that does not.
 *
 * @since 0.1.0
 * @category checks
 */
export const fitsHost = (plan: Plan, facts: HostFacts): Result.Result<Plan, PlanRejected> => {
  const trees = new Set<string>(facts.cgroups.hierarchies.map(({ mountPoint }) => mountPoint))
  const records = recordsOf(plan, facts)
  const isText = belongs(plan, facts, records)
  const groups = new Set(records.map(({ lxc }) => rootGroup(lxc.idmap)))
  const rejections = plan.steps.flatMap((step, index): ReadonlyArray<Rejection> => {
    const field = `steps[${index}]`
    if ("path" in step && !writtenBy(step).every((text) => isText(step.path, text))) {
      return [{ code: "text-not-ours", field, message: `what it writes to ${step.path} is not what belongs there`, advice }]
    }
    if (step._tag === "MakeDirectory" && step.group !== undefined && !groups.has(step.group)) {
      return [{ code: "group-not-ours", field, message: `${step.path} is not for the group ${step.group}`, advice }]
    }
    const strange = "hierarchies" in step ? step.hierarchies.find((each) => !trees.has(each)) : undefined
    return strange === undefined ? [] : [{ code: "no-cgroup-tree", field, message: `${strange} is no cgroup tree of this host`, advice }]
  })
  const { instance, operation } = plan
  return rejections.length === 0 ? Result.succeed(plan) : Result.fail(new PlanRejected({ operation, instance, rejections }))
}

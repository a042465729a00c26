/**
 * How to undo what was begun.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { monitorCgroup, payloadCgroup } from "../host/CgroupLayout.ts"
import type { Directories } from "../host/Directories.ts"
import { isBelow } from "../model/HostPath.ts"
import { sharedDirectories } from "./Residue.ts"
import { Device, type Step } from "./Step.ts"

const killTimeout = 10_000
const unmountTimeout = 5_000

type Start = Extract<Step, { readonly _tag: "StartContainer" | "Restore" }>

const undoStart = (step: Start): ReadonlyArray<Step> => {
  const { hierarchies, lxcPath, name } = step
  return [
    { _tag: "KillContainer", lxcPath, name, hierarchies, timeoutMs: killTimeout },
    { _tag: "AwaitStopped", lxcPath, name, timeoutMs: killTimeout, onTimeout: "fail" },
    ...step.interfaces.map((each): Step => ({ _tag: "DeleteInterface", name: each })),
    { _tag: "RemoveCgroups", names: [payloadCgroup(name), monitorCgroup(name)], hierarchies },
    { _tag: "RemoveFile", path: step.pidFile },
    // Somebody may have unmounted the root before LXC looked for it.
    ...(step.mounts ?? []).slice(0, 1).map((path): Step => ({ _tag: "RemoveDirectory", path, ifEmpty: true, root: "stays" }))
  ]
}

const undoRemoval = (step: Extract<Step, { readonly _tag: "RemoveDirectory" | "RemoveFile" }>): ReadonlyArray<Step> => {
  const { path } = step
  if (step._tag === "RemoveFile") {
    return step.previous === undefined ? [] : [{ _tag: "WriteFile", path, mode: "0600", text: step.previous, previous: null }]
  }
  return step.mode === undefined ? [] : [{ _tag: "MakeDirectory", path, mode: step.mode, keep: false }]
}

/**
 * The steps that undo one step, whether it was done whole, in part, or not at all. Empty for what only looks, and for
 * what takes away for good.
 *
 * @since 0.1.0
 * @category constructors
 */
export const undo = (step: Step): ReadonlyArray<Step> => {
  switch (step._tag) {
    case "MakeDirectory":
      return step.keep ? [] : [{ _tag: "RemoveDirectory", path: step.path, ifEmpty: true }]
    case "WriteFile":
      // What stays whatever comes need not be written again.
      if (step.previous === step.text) return []
      return step.previous === null
        ? [{ _tag: "RemoveFile", path: step.path }]
        : [{ ...step, text: step.previous, previous: step.text }]
    case "RemoveDirectory":
    case "RemoveFile":
      return undoRemoval(step)
    case "AttachLoop":
      return [{ _tag: "DetachLoop", device: `$${step.result}`, file: step.file, offset: step.offset }]
    case "Mount":
      return [{ _tag: "Unmount", source: step.source, target: step.target, timeoutMs: unmountTimeout }]
    case "Checkpoint":
      return [{ _tag: "RemoveTree", path: step.directory }]
    case "StartContainer":
    case "Restore":
      return undoStart(step)
    case "Freeze":
      return [{ _tag: "Thaw", lxcPath: step.lxcPath, name: step.name, timeoutMs: step.timeoutMs }]
    case "Thaw":
      return [{ _tag: "Freeze", lxcPath: step.lxcPath, name: step.name, timeoutMs: step.timeoutMs }]
    case "SetLimit":
      return [{ ...step, value: step.previous, previous: step.value }]
    case "ExportArchive":
      return step.archive === "-" ? [] : [{ _tag: "RemoveFile", path: step.archive }]
    case "ReceiveArchive":
      return [{ _tag: "RemoveFile", path: step.file }]
    case "RemoveTree":
      return [{ _tag: "MakeDirectory", path: step.path, mode: "0700", keep: false }]
    case "ImportArchive":
      return [{ _tag: "RemoveTree", path: step.directory }]
    case "MoveIntoPlace":
      // What was replaced is gone: then the new one, which is whole, is better than none.
      return step.replace ? [] : [{ ...step, from: step.to, to: step.from, replace: false, ifThere: true }]
    default:
      return []
  }
}

const takesFrom = (directory: string, step: Step): boolean =>
  (step._tag === "RemoveFile" || step._tag === "RemoveDirectory") && (step.path === directory || isBelow(directory, step.path))

/**
 * The plan that undoes what was begun: the last first, and then the directories that all instances share, if they are empty. Of
 * several that are undone at once the first to begin has made those, and they stay for the others.
 *
 * `begun` are the steps whose intent is in the journal, in the order of their beginning. A step that found its result
 * there already has no intent and is not undone.
 *
 * @since 0.1.0
 * @category constructors
 */
export const rollbackOf = (begun: ReadonlyArray<Step>, directories: Directories): ReadonlyArray<Step> => {
  const undoing = [...begun].reverse().flatMap(undo)
  const shared = sharedDirectories(directories).filter(({ path }) => undoing.some((step) => takesFrom(path, step)))
  const isShared = (step: Step): boolean => step._tag === "RemoveDirectory" && shared.some(({ path }) => step.path === path)
  return [...undoing.filter((step) => !isShared(step)), ...shared]
}

/**
 * Whether a step takes away the place to which another, that could not be done yet, moves something back: without it that
 * can never be done.
 *
 * @since 0.1.0
 * @category queries
 */
export const isNeededBy = (step: Step, undone: Step): boolean =>
  (step._tag === "RemoveTree" || step._tag === "RemoveDirectory") && undone._tag === "MoveIntoPlace" && isBelow(step.path, undone.to)

const isDevice = Schema.is(Device)

/**
 * The step with results that are known in place of their names; a result that never came to be keeps its name.
 *
 * @since 0.1.0
 * @category conversions
 */
export const resolved = (step: Step, results: ReadonlyMap<string, string>): Step => {
  const known = (device: string) => {
    const found = device.startsWith("$") ? results.get(device.slice(1)) : undefined
    return found !== undefined && isDevice(found) ? found : undefined
  }
  if (step._tag === "DetachLoop") return { ...step, device: known(step.device) ?? step.device }
  if (step._tag === "Unmount") return { ...step, source: known(step.source) ?? step.source }
  return step
}

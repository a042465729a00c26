/**
 * What a person can do where a step could not be done.
 *
 * @since 0.1.0
 */
import * as Commands from "./Commands.ts"
import type { Step } from "./Step.ts"

/**
 * The commands that would do what a step of a rollback does, in their order: argument lists, for root. Empty where no
 * single command does it, and where a device is not known by its name.
 *
 * @since 0.1.0
 * @category conversions
 */
export const byHand = (step: Step): ReadonlyArray<Commands.Argv> => {
  switch (step._tag) {
    case "RemoveDirectory":
      return [Commands.removeDirectory(step)]
    case "MakeDirectory":
      return [Commands.makeDirectory(step)]
    case "RemoveFile":
      return [Commands.removeFile(step)]
    case "RemoveTree":
      return [Commands.removeTree(step)]
    case "MoveIntoPlace":
      return [Commands.moveIntoPlace(step)]
    case "DetachLoop":
      return step.device.startsWith("$") ? [] : [Commands.detachLoop(step.device)]
    case "Unmount":
      return [Commands.unmount(step)]
    case "KillContainer":
      return [Commands.kill(step)]
    case "Thaw":
      return [Commands.thaw(step)]
    case "Freeze":
      return [Commands.freeze(step)]
    case "DeleteInterface":
      return [Commands.deleteInterface(step)]
    case "RemoveCgroups":
      return Commands.removeCgroups(step)
    default:
      return []
  }
}

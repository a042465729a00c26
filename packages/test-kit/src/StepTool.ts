/**
 * Which tool a step is done by.
 *
 * @since 0.1.0
 */
import * as Commands from "@effect-lxc/core/plan/Commands"
import type { Step } from "@effect-lxc/core/plan/Step"

/**
 * The command that does most of a step's work, as the step names its device; undefined for a step that is done by system
 * calls.
 *
 * @since 0.1.0
 * @category queries
 */
export const argvOf = (step: Step): Commands.Argv | undefined => {
  switch (step._tag) {
    case "AttachLoop":
      return Commands.attachLoop(step)
    case "DetachLoop":
      return Commands.detachLoop(step.device)
    case "Mount":
      return Commands.mount(step, step.source)
    case "Unmount":
      return Commands.unmount(step)
    case "StartContainer":
      return Commands.startContainer(step)
    case "Freeze":
      return Commands.freeze(step)
    case "Thaw":
      return Commands.thaw(step)
    case "DeleteInterface":
      return Commands.deleteInterface(step)
    case "RebootInPlace":
      return Commands.rebootInPlace(step)
    case "ExportArchive":
      return Commands.packExport(step)
    case "ImportArchive":
      return Commands.unpackExport(step)
    case "RemoveTree":
      return Commands.removeTree(step)
    case "Checkpoint":
      return Commands.checkpoint(step)
    case "Restore":
      return Commands.restore(step)
    default:
      return undefined
  }
}

/**
 * The tool that does most of a step's work; undefined for a step that is done by system calls.
 *
 * @since 0.1.0
 * @category queries
 */
export const toolOf = (step: Step): string | undefined => argvOf(step)?.[0]

/**
 * What a step is called in a message about time: its command, or its tag where it has none.
 *
 * @since 0.1.0
 * @category queries
 */
export const commandOf = (step: Step): ReadonlyArray<string> => argvOf(step) ?? [step._tag]

/**
 * What a simulated host does when a step is asked of it: a pure function from state to state.
 *
 * It behaves as LXC 5.0.2 was seen to behave on Linux 6.1 (cgroup v2) and 6.18 (hybrid).
 *
 * @since 0.1.0
 */
import type { Results } from "@effect-lxc/core/runtime/Host"
import type { StepProblem } from "@effect-lxc/core/runtime/StepProblem"
import type { Step } from "@effect-lxc/core/plan/Step"
import { advance, nextEventAt } from "./Lifecycle.ts"
import type { Call, Outcome } from "./Outcome.ts"
import type { SimulatedState } from "./SimulatedState.ts"
import * as Checkpoints from "./transition/Checkpoints.ts"
import * as Cgroups from "./transition/Cgroups.ts"
import * as Containers from "./transition/Containers.ts"
import * as Disks from "./transition/Disks.ts"
import * as Exports from "./transition/Exports.ts"
import * as Files from "./transition/Files.ts"
import * as Running from "./transition/Running.ts"
import type { Seen } from "./transition/Seen.ts"
import * as Start from "./transition/Start.ts"
import * as Tools from "./transition/Tools.ts"

/**
 * Whether a step's result holds already, or why that cannot be told.
 *
 * @since 0.1.0
 * @category observations
 */
export const observe = (state: SimulatedState, step: Step, results: Results): Seen => {
  switch (step._tag) {
    case "MakeDirectory":
      return Files.observeMakeDirectory(state, step)
    case "RemoveDirectory":
      return Files.observeRemoveDirectory(state, step)
    case "WriteFile":
      return Files.observeWriteFile(state, step)
    case "RemoveFile":
      return Files.observeRemoveFile(state, step)
    case "AttachLoop":
      return Disks.observeAttachLoop(state, step)
    case "DetachLoop":
      return Disks.observeDetachLoop(state, step, results)
    case "Mount":
      return Disks.observeMount(state, step, results)
    case "Unmount":
      return Disks.observeUnmount(state, step, results)
    case "StartContainer":
    case "Restore":
      return Start.observeStart(state, step)
    case "ConfirmLimits":
    case "ConfirmAlive":
    case "RebootInPlace":
    case "PowerCycle":
    case "Checkpoint":
    case "ExportArchive":
    case "ReceiveArchive":
    case "ImportArchive":
      return { done: false }
    case "MoveIntoPlace":
      return Exports.observeMoved(state, step)
    case "RemoveTree":
      return Exports.observeNoTree(state, step)
    case "Freeze":
      return Running.observeFreeze(state, step)
    case "ForbidForks":
      return Running.observeForbidForks(state, step)
    case "SetLimit":
      return Running.observeSetLimit(state, step)
    case "Thaw":
      return Containers.observeThaw(state, step)
    case "SignalContainer":
      return Containers.observeSignal(state, step)
    case "AwaitStopped":
    case "KillContainer":
      return Containers.observeGone(state, step)
    case "DeleteInterface":
      return Cgroups.observeDeleteInterface(state, step)
    case "RemoveCgroups":
      return Cgroups.observeRemoveCgroups(state, step)
  }
}

/**
 * One attempt at a step, now. `Pending` says until when there is nothing to do but wait; the same call is then made
 * again, with the phase it was given.
 *
 * @since 0.1.0
 * @category transitions
 */
export const transition = (state: SimulatedState, step: Step, results: Results, call: Call): Outcome =>
  Tools.answered(state, step, results, call) ?? work(state, step, results, call)

const work = (state: SimulatedState, step: Step, results: Results, call: Call): Outcome => {
  switch (step._tag) {
    case "MakeDirectory":
      return Files.makeDirectory(state, step)
    case "RemoveDirectory":
      return Files.removeDirectory(state, step)
    case "WriteFile":
      return Files.writeFile(state, step)
    case "RemoveFile":
      return Files.removeFile(state, step)
    case "AttachLoop":
      return Disks.attachLoop(state, step, call)
    case "DetachLoop":
      return Disks.detachLoop(state, step, results, call)
    case "Mount":
      return Disks.mount(state, step, results, call)
    case "Unmount":
      return Disks.unmount(state, step, results, call)
    case "ExportArchive":
      return Exports.exportArchive(state, step, call)
    case "ReceiveArchive":
      return Exports.receiveArchive(state, step)
    case "ImportArchive":
      return Exports.importArchive(state, step, call)
    case "MoveIntoPlace":
      return Exports.moveIntoPlace(state, step)
    case "RemoveTree":
      return Exports.removeTree(state, step)
    case "StartContainer":
      return Start.startContainer(state, step, call)
    case "Checkpoint":
      return Checkpoints.checkpoint(state, step, call)
    case "Restore":
      return Checkpoints.restore(state, step, call)
    case "ConfirmLimits":
      return Containers.confirmLimits(state, step)
    case "ConfirmAlive":
      return Containers.confirmAlive(state, step, call)
    case "Freeze":
      return Running.freeze(state, step, call)
    case "Thaw":
      return Containers.thaw(state, step, call)
    case "ForbidForks":
      return Running.forbidForks(state, step)
    case "SetLimit":
      return Running.setLimit(state, step)
    case "RebootInPlace":
      return Running.rebootInPlace(state, step, call)
    case "PowerCycle":
      return Running.powerCycle(state)
    case "SignalContainer":
      return Containers.signal(state, step)
    case "AwaitStopped":
      return Containers.awaitStopped(state, step, call)
    case "KillContainer":
      return Containers.kill(state, step, call)
    case "DeleteInterface":
      return Cgroups.deleteInterface(state, step, call)
    case "RemoveCgroups":
      return Cgroups.removeCgroups(state, step, call)
  }
}

/**
 * What is left of a call that is interrupted in its middle.
 *
 * @since 0.1.0
 * @category transitions
 */
export const abandon = (state: SimulatedState, step: Step, call: Call): SimulatedState =>
  step._tag === "StartContainer" || step._tag === "Restore" ? Start.abandonStart(state, call) : state

/**
 * How a step ended that was carried out to its end.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ended {
  readonly state: SimulatedState
  readonly result?: string | undefined
  /** Undefined where it succeeded. */
  readonly problem?: StepProblem | undefined
  readonly tookMs: number
}

const noResults: Results = new Map()

/**
 * Carries a step out to its end, letting simulated time pass: for tests that need no fibers.
 *
 * @since 0.1.0
 * @category transitions
 */
export const complete = (state: SimulatedState, step: Step, results: Results = noResults): Ended => {
  let call: Call = { since: state.now, phase: "" }
  let current = state
  while (true) {
    const outcome = transition(current, step, results, call)
    const tookMs = outcome.state.now - call.since
    if (outcome._tag === "Done") return { state: outcome.state, result: outcome.result, tookMs }
    if (outcome._tag === "Failed") return { state: outcome.state, problem: outcome.problem, tookMs }
    call = { since: call.since, phase: outcome.phase }
    current = advance(outcome.state, Math.min(outcome.until, nextEventAt(outcome.state) ?? outcome.until))
  }
}

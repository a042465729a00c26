/**
 * Tools that answer in place of doing their work.
 *
 * @since 0.1.0
 */
import * as Commands from "@effect-lxc/core/plan/Commands"
import type { Step } from "@effect-lxc/core/plan/Step"
import type { Results } from "@effect-lxc/core/runtime/Host"
import { after, type Call, commandFailed, conflict, done, failed, type Outcome, timedOut } from "../Outcome.ts"
import type { SimulatedState } from "../SimulatedState.ts"
import { attachedTo } from "./Disks.ts"
import { resolve } from "./Seen.ts"

/** The tool that does a step, where one alone does it, and how long it may take. */
interface Use {
  readonly argv: Commands.Argv
  readonly limitMs: number
}

/** The limits of tools whose step has none of its own. */
const limits = { tool: 30_000, disk: 600_000, reboot: 5_000 } as const

const useOf = (state: SimulatedState, step: Step, results: Results): Use | undefined => {
  switch (step._tag) {
    case "AttachLoop":
      return { argv: Commands.attachLoop(step), limitMs: limits.tool }
    case "DetachLoop": {
      const [device] = attachedTo(state, step, results)
      return device === undefined ? undefined : { argv: Commands.detachLoop(device), limitMs: limits.tool }
    }
    case "Mount": {
      const source = resolve(step.source, results)
      return source === undefined ? undefined : { argv: Commands.mount(step, source), limitMs: limits.tool }
    }
    case "Unmount":
      return { argv: Commands.unmount(step.target), limitMs: limits.tool }
    case "StartContainer":
      return { argv: Commands.startContainer(step), limitMs: step.timeoutMs }
    case "Checkpoint":
      return { argv: Commands.checkpoint(step), limitMs: step.timeoutMs }
    case "Restore":
      return { argv: Commands.restore(step), limitMs: step.timeoutMs }
    case "Freeze":
      return { argv: Commands.freeze(step), limitMs: step.timeoutMs }
    case "Thaw":
      return { argv: Commands.thaw(step), limitMs: step.timeoutMs }
    case "RebootInPlace":
      return { argv: Commands.rebootInPlace(step), limitMs: step.timeoutMs + limits.reboot }
    case "ExportArchive":
      return { argv: Commands.packExport(step), limitMs: step.timeoutMs }
    case "ImportArchive":
      return { argv: Commands.unpackExport(step), limitMs: step.timeoutMs }
    case "RemoveTree":
      return { argv: Commands.removeTree(step), limitMs: limits.disk }
    case "DeleteInterface":
      return { argv: Commands.deleteInterface(step), limitMs: limits.tool }
    default:
      return undefined
  }
}

/**
 * What comes of a step whose tool answers in place of doing its work; undefined where none does.
 *
 * @since 0.1.0
 * @category transitions
 */
export const answered = (state: SimulatedState, step: Step, results: Results, call: Call): Outcome | undefined => {
  const use = useOf(state, step, results)
  const answer = use === undefined ? undefined : state.answers[use.argv[0]]
  if (use === undefined || answer === undefined) return undefined
  const { argv, limitMs } = use
  switch (answer._tag) {
    case "Exits":
      return answer.exitCode === 0
        ? done(state, answer.stdout.trim() || undefined)
        : failed(state, commandFailed(argv, answer.exitCode, answer.stderr))
    case "Hangs":
      return after(state, call, limitMs, (late) => failed(late, timedOut(argv, limitMs)))
    case "Missing":
      return failed(state, conflict(`${argv[0]} is not installed`, "install the package that has it"))
  }
}

/**
 * Tools that answer in place of doing their work.
 *
 * @since 0.1.0
 */
import { HostPath } from "@effect-lxc/core/model/HostPath"
import type { Argv } from "@effect-lxc/core/plan/Commands"
import type { Step } from "@effect-lxc/core/plan/Step"
import type { Results } from "@effect-lxc/core/runtime/Host"
import { after, type Call, commandFailed, conflict, done, failed, type Outcome, timedOut } from "../Outcome.ts"
import { argvOf } from "../StepTool.ts"
import type { SimulatedState } from "../SimulatedState.ts"
import { attachedTo } from "./Disks.ts"
import { resolve } from "./Seen.ts"

/** The tool that does a step, where one alone does it, and how long it may take. */
interface Use {
  readonly argv: Argv
  readonly limitMs: number
}

/** The limits of tools whose step has none of its own. */
const limits = { tool: 30_000, disk: 600_000, reboot: 5_000 } as const

/** The step with the device that its tool is called with; undefined where there is none to call it with. */
const withDevice = (state: SimulatedState, step: Step, results: Results): Step | undefined => {
  if (step._tag === "Mount" && step.source.startsWith("$")) {
    const source = resolve(step.source, results)
    return source === undefined ? undefined : { ...step, source: HostPath.make(source) }
  }
  if (step._tag !== "DetachLoop") return step
  const [device] = attachedTo(state, step, results)
  return device === undefined ? undefined : { ...step, device: HostPath.make(device) }
}

const limitOf = (step: Step): number => {
  if (step._tag === "RebootInPlace") return step.timeoutMs + limits.reboot
  if (step._tag === "RemoveTree") return limits.disk
  return step._tag !== "Unmount" && "timeoutMs" in step ? step.timeoutMs : limits.tool
}

const useOf = (state: SimulatedState, step: Step, results: Results): Use | undefined => {
  const called = withDevice(state, step, results)
  const argv = called === undefined ? undefined : argvOf(called)
  return argv === undefined ? undefined : { argv, limitMs: limitOf(step) }
}

/**
 * What comes of a step whose tool answers in place of doing its work; undefined where none does.
 *
 * @since 0.1.0
 * @category transitions
 */
export const answered = (state: SimulatedState, step: Step, results: Results, call: Call): Outcome | undefined => {
  if (Object.keys(state.answers).length === 0) return undefined // no command is put together for it
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

/**
 * What `effect-lxc checkpoint` and `effect-lxc restore` do.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { HostPath } from "@effect-lxc/core/model/HostPath"
import type { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { checkpointFiles } from "@effect-lxc/core/plan/CheckpointPlan"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { hostPathOf } from "../Flags.ts"
import { withHypervisor } from "../Hypervisors.ts"
import { viewed } from "../OperationView.ts"
import { type PlanFormat, printPlan } from "../PlanText.ts"
import { printReport } from "../Report.ts"
import { readSpec } from "../SpecFile.ts"
import { UsageError } from "../UsageError.ts"
import { checkFormat } from "./DryRun.ts"

interface Input {
  readonly timeout: Option.Option<number>
  readonly dryRun: boolean
  readonly format: Option.Option<PlanFormat>
}

/**
 * Keeps the processes of a container, or prints how it would.
 *
 * @since 0.1.0
 * @category actions
 */
export const checkpoint = Effect.fnUntraced(function*(
  input: Input & {
    readonly name: InstanceName
    readonly directory: HostPath
    readonly stop: boolean
    readonly leaveRunning: boolean
  }
) {
  yield* checkFormat("effect-lxc checkpoint", input)
  if (input.stop && input.leaveRunning) {
    return yield* new UsageError({ problems: ["give either --stop or --leave-running"], command: "effect-lxc checkpoint" })
  }
  const { directory, name, stop } = input
  const options = { stop, timeoutMs: Option.getOrUndefined(input.timeout) }
  yield* withHypervisor(Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    if (input.dryRun) return yield* printPlan(yield* hypervisor.plan.checkpoint(name, directory, options), input.format)
    yield* printReport(yield* viewed(hypervisor.checkpoint(name, directory, options)))
  }))
})

/**
 * Brings the processes of a checkpoint back, or prints how it would.
 *
 * @since 0.1.0
 * @category actions
 */
export const restore = Effect.fnUntraced(function*(input: Input & { readonly words: ReadonlyArray<string> }) {
  yield* checkFormat("effect-lxc restore", input)
  const refuse = (problem: string) => new UsageError({ problems: [problem], command: "effect-lxc restore" })
  const directory = Option.getOrUndefined(hostPathOf(input.words.at(-1) ?? ""))
  if (directory === undefined) return yield* refuse("DIR: expected the directory of a checkpoint")
  const instance = yield* readSpec(checkpointFiles(directory).spec)
  const [name] = input.words.slice(0, -1)
  if (name !== undefined && name !== instance.name) {
    return yield* refuse(`the checkpoint is of ${instance.name}, and only by that name its processes come back`)
  }
  const options = { timeoutMs: Option.getOrUndefined(input.timeout) }
  yield* withHypervisor(Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    if (input.dryRun) return yield* printPlan(yield* hypervisor.plan.restore(instance, directory, options), input.format)
    yield* printReport(yield* viewed(hypervisor.restore(instance, directory, options)))
  }), { instances: [instance] })
})

/**
 * What `effect-lxc plan` does.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { decodeHostFacts } from "@effect-lxc/core/host/HostFacts"
import type { InstanceName } from "@effect-lxc/core/model/InstanceName"
import type { Plan } from "@effect-lxc/core/plan/Plan"
import { planStart } from "@effect-lxc/core/plan/StartPlan"
import { planStop } from "@effect-lxc/core/plan/StopPlan"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { directories } from "../Globals.ts"
import { withHypervisor } from "../Hypervisors.ts"
import { readJson } from "../JsonFile.ts"
import { Output } from "../Output.ts"
import { writeResult } from "../OutputFile.ts"
import { type PlanFormat, planText } from "../PlanText.ts"
import { readSpec } from "../SpecFile.ts"
import { UsageError } from "../UsageError.ts"

/** How and where a plan is printed. */
interface Printing {
  readonly format: Option.Option<PlanFormat>
  readonly out: Option.Option<string>
}

const print = Effect.fnUntraced(function*(plan: Plan, { format, out }: Printing) {
  const output = yield* Output
  const text = yield* planText(plan, format)
  const file = Option.getOrElse(out, () => "-")
  if (file === "-") return yield* output.out(text)
  yield* writeResult(file, text)
})

const readFacts = (file: string) => readJson(file, decodeHostFacts, { noun: "the facts of a host", advice: "facts are what effect-lxc facts prints" })

/**
 * Prints the plan of a start, from what is observed or from facts in a file.
 *
 * @since 0.1.0
 * @category actions
 */
export const printStartPlan = Effect.fnUntraced(function*(
  input: Printing & {
    readonly spec: string
    readonly facts: Option.Option<string>
    readonly timeout: Option.Option<number>
  }
) {
  if (input.spec === "-" && Option.contains(input.facts, "-")) {
    const problems = ["SPEC and --facts cannot both be standard input"]
    return yield* new UsageError({ problems, command: "effect-lxc plan start" })
  }
  const instance = yield* readSpec(input.spec)
  const options = { timeoutMs: Option.getOrUndefined(input.timeout) }
  const plan = Option.isSome(input.facts)
    ? yield* Effect.fromResult(
      planStart(instance, yield* directories, yield* readFacts(input.facts.value), options)
    )
    : yield* withHypervisor(
      Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.plan.start(instance, options)),
      { instances: [instance] }
    )
  yield* print(plan, input)
})

/**
 * Prints the plan of a stop, from what is observed or from facts in a file.
 *
 * @since 0.1.0
 * @category actions
 */
export const printStopPlan = Effect.fnUntraced(function*(
  input: Printing & {
    readonly name: InstanceName
    readonly facts: Option.Option<string>
    readonly timeout: Option.Option<number>
    readonly force: boolean
  }
) {
  const options = { timeoutMs: Option.getOrUndefined(input.timeout), force: input.force }
  const plan = Option.isSome(input.facts)
    ? yield* Effect.fromResult(
      planStop(input.name, yield* directories, yield* readFacts(input.facts.value), options)
    )
    : yield* withHypervisor(Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.plan.stop(input.name, options)))
  yield* print(plan, input)
})

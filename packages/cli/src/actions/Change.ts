/**
 * What the commands do that change one container by its name.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { InstanceName } from "@effect-lxc/core/model/InstanceName"
import type { Plan } from "@effect-lxc/core/plan/Plan"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import type { Report } from "@effect-lxc/core/runtime/Interpreter"
import { withHypervisor } from "../Hypervisors.ts"
import { viewed } from "../OperationView.ts"
import { type PlanFormat, printPlan } from "../PlanText.ts"
import { printReport, printStoredReport } from "../Report.ts"
import { readSpec } from "../SpecFile.ts"
import { UsageError } from "../UsageError.ts"
import { checkFormat } from "./DryRun.ts"
import { oneOrAll } from "./OneOrAll.ts"

/**
 * Flags of every command that can print its plan instead.
 *
 * @since 0.1.0
 * @category models
 */
export interface DryRun {
  readonly dryRun: boolean
  readonly format: Option.Option<PlanFormat>
}

interface Named extends DryRun {
  readonly name: InstanceName
}

interface Timed extends Named {
  readonly timeout: Option.Option<number>
}

/**
 * Prints the plan with `--dry-run`, else carries it out and prints its report. Of one that was `stored` no more is said than
 * that it was carried out: what it is called proves nothing.
 *
 * @since 0.1.0
 * @category actions
 */
export const carryOut = <E, F>(
  command: string,
  input: DryRun,
  how: (hypervisor: Hypervisor["Service"]) => {
    readonly plan: Effect.Effect<Plan, E>
    readonly change: Effect.Effect<Report, F>
  },
  stored = false
) =>
  Effect.andThen(
    checkFormat(`effect-lxc ${command}`, input),
    withHypervisor(Effect.gen(function*() {
      const { change, plan } = how(yield* Hypervisor)
      if (input.dryRun) return yield* printPlan(yield* plan, input.format)
      const report = yield* viewed(change, stored)
      yield* stored ? printStoredReport(report) : printReport(report)
    }))
  )

const timeoutOf = ({ timeout }: Pick<Timed, "timeout">) => ({ timeoutMs: Option.getOrUndefined(timeout) })

/**
 * @since 0.1.0
 * @category actions
 */
export const stop = Effect.fnUntraced(function*(
  input: DryRun & {
    readonly name: Option.Option<InstanceName>
    readonly timeout: Option.Option<number>
    readonly all: Option.Option<string>
    readonly parallel: Option.Option<number>
    readonly force: boolean
  }
) {
  const given = yield* oneOrAll("effect-lxc stop", "NAME", input.name, input)
  if (given._tag === "All") {
    const { stopAll } = yield* Effect.promise(() => import("./Fleet.ts"))
    return yield* stopAll({ ...input, all: given.directory })
  }
  const options = { ...timeoutOf(input), force: input.force }
  yield* carryOut("stop", input, ({ plan, stop }) => ({
    plan: plan.stop(given.one, options),
    change: stop(given.one, options)
  }))
})

/**
 * @since 0.1.0
 * @category actions
 */
export const kill = (input: Named) =>
  carryOut("kill", input, ({ kill, plan }) => ({ plan: plan.kill(input.name), change: kill(input.name) }))

/**
 * @since 0.1.0
 * @category actions
 */
export const freeze = (input: Timed) =>
  carryOut("freeze", input, ({ freeze, plan }) => ({
    plan: plan.freeze(input.name, timeoutOf(input)),
    change: freeze(input.name, timeoutOf(input))
  }))

/**
 * @since 0.1.0
 * @category actions
 */
export const thaw = (input: Timed) =>
  carryOut("thaw", input, ({ plan, thaw }) => ({
    plan: plan.thaw(input.name, timeoutOf(input)),
    change: thaw(input.name, timeoutOf(input))
  }))

/**
 * @since 0.1.0
 * @category actions
 */
export const reboot = Effect.fnUntraced(function*(
  input: Timed & { readonly force: boolean; readonly inPlace: boolean; readonly spec: Option.Option<string> }
) {
  if (input.inPlace && (Option.isSome(input.spec) || input.force)) {
    const problems = ["--in-place keeps the config and asks the guest: it goes with neither --spec nor --force"]
    return yield* new UsageError({ problems, command: "effect-lxc reboot" })
  }
  const instance = Option.isSome(input.spec) ? yield* readSpec(input.spec.value) : undefined
  const options = { ...timeoutOf(input), force: input.force, inPlace: input.inPlace, instance }
  yield* carryOut("reboot", input, ({ plan, reboot }) => ({
    plan: plan.reboot(input.name, options),
    change: reboot(input.name, options)
  }))
})

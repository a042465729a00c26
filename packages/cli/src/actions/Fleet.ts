/**
 * What `effect-lxc start --all` and `effect-lxc stop --all` do.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { counted } from "@effect-lxc/core/model/AmountText"
import type { Instance } from "@effect-lxc/core/model/Instance"
import { type BootOrder, reversed } from "@effect-lxc/core/plan/BootOrder"
import { commandLine } from "@effect-lxc/core/plan/CommandLine"
import type { Plan } from "@effect-lxc/core/plan/Plan"
import type { PlanRejected } from "@effect-lxc/core/plan/PlanRejected"
import type { ChangeError } from "@effect-lxc/core/runtime/Changes"
import { type FleetOptions, type FleetOutcome, type FleetReport, isRunning } from "@effect-lxc/core/runtime/Fleet"
import type { HostError } from "@effect-lxc/core/runtime/Host"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { explainResidue, type Residue } from "@effect-lxc/core/runtime/OperationFailed"
import { Progress, type ProgressEvent } from "@effect-lxc/core/runtime/Progress"
import { failureOf } from "../Failure.ts"
import { Json } from "../Globals.ts"
import { withHypervisor } from "../Hypervisors.ts"
import { harmless, Output } from "../Output.ts"
import { type PlanFormat, printPlans } from "../PlanText.ts"
import { waitingText } from "../ProgressLines.ts"
import { SeveralFailed } from "../SeveralFailed.ts"
import { Signals } from "../Signals.ts"
import { Skipped } from "../Skipped.ts"
import { readSpecs } from "../SpecDirectory.ts"
import { table } from "../Table.ts"
import { UsageError } from "../UsageError.ts"
import { checkFormat } from "./DryRun.ts"

/**
 * What both commands take.
 *
 * @since 0.1.0
 * @category models
 */
export interface FleetInput {
  readonly all: string
  readonly parallel: Option.Option<number>
  readonly dryRun: boolean
  readonly format: Option.Option<PlanFormat>
}

type Operation = FleetReport["operation"]

/** One word for programs. */
const wordOf = (operation: Operation, outcome: FleetOutcome): string => {
  switch (outcome._tag) {
    case "Done":
      return operation === "start" ? "started" : "stopped"
    case "Unneeded":
      return operation === "start" ? "running" : "absent"
    case "Failed":
      return "failed"
    case "Skipped":
      return "skipped"
  }
}

const skipped = (operation: Operation, outcome: Extract<FleetOutcome, { readonly _tag: "Skipped" }>) =>
  new Skipped({ operation, instance: outcome.instance, because: outcome.because })

const reasonOf = (operation: Operation, outcome: FleetOutcome): string => {
  if (outcome._tag === "Failed") return outcome.error.message
  return outcome._tag === "Skipped" ? skipped(operation, outcome).message : ""
}

/** Told while others are still under way, on a line of its own. */
const lineOf = (operation: Operation, outcome: FleetOutcome): string => {
  const word = wordOf(operation, outcome)
  if (outcome._tag === "Done") {
    return `${outcome.instance}: ${word} (${counted(outcome.report.acted + outcome.report.alreadyDone, "step")}, ${outcome.elapsedMs} ms)`
  }
  if (outcome._tag === "Unneeded") return `${outcome.instance}: ${operation === "start" ? "is running already" : "is not there"}`
  return `${outcome.instance}: ${word}`
}

const entryOf = (operation: Operation, outcome: FleetOutcome) => ({
  name: outcome.instance,
  outcome: wordOf(operation, outcome),
  elapsedMs: "elapsedMs" in outcome ? outcome.elapsedMs : 0,
  because: outcome._tag === "Skipped" ? outcome.because : [],
  error: outcome._tag === "Failed" ? failureOf(outcome.error).fields : null,
  warnings: outcome._tag === "Done" ? outcome.report.warnings : []
})

const countsOf = (words: ReadonlyArray<string>): string => {
  const counts = [...new Set(words)].map((word) => `${words.filter((each) => each === word).length} ${word}`)
  return `${counted(words.length, "instance")}${counts.length === 0 ? "" : `: ${counts.join(", ")}`}\n`
}

const summary = ({ operation, outcomes }: FleetReport): string => {
  const words = outcomes.map((each) => wordOf(operation, each))
  const rows = outcomes.map((each, i) => [
    each.instance,
    words[i] ?? "",
    "elapsedMs" in each ? `${each.elapsedMs} ms` : "-",
    harmless(reasonOf(operation, each).split("\n", 1)[0] ?? "") || "-"
  ])
  return `${outcomes.length === 0 ? "" : table(["NAME", "OUTCOME", "TIME", "REASON"], rows)}${countsOf(words)}`
}

const errorsOf = ({ operation, outcomes }: FleetReport) =>
  outcomes.flatMap((each): ReadonlyArray<ChangeError | Skipped> =>
    each._tag === "Failed" ? [each.error] : each._tag === "Skipped" ? [skipped(operation, each)] : []
  )

/** How an interruption leaves things. What was told so far is all that is known then. */
const lastWords = (
  operation: Operation,
  how: "interrupted" | "ended at once",
  done: ReadonlyArray<string>,
  residue: ReadonlyArray<Residue>,
  recover: ReadonlyArray<string>
) => {
  const left = how === "ended at once"
    ? "what was under way stays as it is"
    : operation === "start"
    ? "what was being started was undone"
    : "what was being stopped stopped there"
  const next = how === "ended at once" || residue.length > 0 ? recover : null
  const lines = [
    `${how}: ${left}${residue.length === 0 ? "" : ", but for what follows"}; dealt with before: ${done.join(", ") || "none"}`,
    ...explainResidue(residue, next)
  ]
  return { _tag: "Interrupted", message: lines.join("\n"), operation, atOnce: how !== "interrupted", done, residue, next }
}

const carriedOut = Effect.fnUntraced(function*<E>(
  operation: Operation,
  carryOut: (options: FleetOptions) => Effect.Effect<FleetReport, E>
) {
  const output = yield* Output
  const json = yield* Json
  const recover = commandLine((yield* Hypervisor).directories, "recover")
  const ended: Array<string> = []
  const residue: Array<Residue> = []
  const onOutcome = (outcome: FleetOutcome) => {
    ended.push(outcome.instance)
    return json ? Effect.void : output.err(`${harmless(lineOf(operation, outcome))}\n`)
  }
  const show = (event: ProgressEvent): Effect.Effect<void> => {
    if (event._tag === "RollbackDone") residue.push(...event.residue)
    return event._tag === "Waiting" && !json ? output.err(waitingText(event)) : Effect.void
  }
  const told = (how: "interrupted" | "ended at once"): string => {
    const error = lastWords(operation, how, ended, residue, recover)
    return json ? `${JSON.stringify({ error })}\n` : `effect-lxc: ${harmless(error.message)}\n`
  }
  yield* (yield* Signals).atOnce(() => told("ended at once"))
  const report = yield* carryOut({ onOutcome }).pipe(
    Effect.provideService(Progress, show),
    Effect.onInterrupt(() => Effect.suspend(() => output.err(told("interrupted"))))
  )
  const instances = report.outcomes.map((each) => entryOf(operation, each))
  yield* output.out(json
    ? `${JSON.stringify({ operation, ok: errorsOf(report).length === 0, instances }, undefined, 2)}\n`
    : summary(report))
  const errors = errorsOf(report)
  if (errors.length > 0) return yield* new SeveralFailed({ errors })
}, Effect.scoped)

/** After a boot a directory of specs may not have all that ran before it. */
const tellForgotten = Effect.fnUntraced(function*(directory: string, order: BootOrder) {
  const output = yield* Output
  const known = new Set<string>(order.sequence.map(({ name }) => name))
  const forgotten = (yield* (yield* Hypervisor).list()).filter((each) =>
    each.meantToRun && each.state === "STOPPED" && !known.has(each.name)
  )
  for (const { name } of forgotten) {
    yield* output.err(`${harmless(`${name}: is meant to run and does not, and ${directory} has no spec of it`)}\n`)
  }
})

/** Somebody may have meant another directory; to programs the empty list says it. */
const tellEmpty = Effect.fnUntraced(function*(directory: string) {
  const output = yield* Output
  if (!(yield* Json)) yield* output.err(`${harmless(`${directory} has no spec: no file *.yaml, *.yml or *.json`)}\n`)
})

/** Each plan is made for itself, against the host as it is now: what an earlier one would change is not foreseen. */
const printAll = Effect.fnUntraced(function*(
  { sequence }: BootOrder,
  input: FleetInput,
  plan: (instance: Instance) => Effect.Effect<Plan, PlanRejected | HostError>
) {
  const output = yield* Output
  const planned = yield* Effect.forEach(sequence, (instance) => Effect.result(plan(instance)))
  const plans = planned.filter(Result.isSuccess).map((each) => each.success)
  yield* printPlans(plans, input.format)
  const refused = planned.filter(Result.isFailure).map((each) => each.failure)
  for (const each of refused.filter(isRunning)) {
    if (each._tag === "PlanRejected") yield* output.err(`${harmless(each.instance)}: is running already\n`)
  }
  const errors = refused.filter((each) => !isRunning(each))
  if (errors.length > 0) return yield* new SeveralFailed({ errors })
})

const fleet = <E>(
  operation: Operation,
  input: FleetInput,
  how: (hypervisor: Hypervisor["Service"], instances: ReadonlyArray<Instance>) => {
    readonly plan: (instance: Instance) => Effect.Effect<Plan, PlanRejected | HostError>
    readonly carryOut: (options: FleetOptions) => Effect.Effect<FleetReport, E>
  }
) =>
  Effect.gen(function*() {
    yield* checkFormat(`effect-lxc ${operation}`, input)
    if (input.dryRun && Option.isSome(input.parallel)) {
      const problems = ["--parallel does not go with --dry-run: plans are printed one after the other"]
      return yield* new UsageError({ problems, command: `effect-lxc ${operation}` })
    }
    const order = yield* readSpecs(input.all)
    if (order.sequence.length === 0) yield* tellEmpty(input.all)
    yield* withHypervisor(Effect.gen(function*() {
      const { carryOut, plan } = how(yield* Hypervisor, order.sequence)
      if (input.dryRun) return yield* printAll(operation === "start" ? order : reversed(order), input, plan)
      const parallel = Option.getOrUndefined(input.parallel)
      if (operation === "start") yield* tellForgotten(input.all, order)
      yield* carriedOut(operation, (options) => carryOut({ ...options, parallel }))
    }), { instances: order.sequence })
  })

/**
 * Starts every instance that a directory has a spec of, or prints how it would.
 *
 * @since 0.1.0
 * @category actions
 */
export const startAll = (input: FleetInput & { readonly timeout: Option.Option<number> }) => {
  const start = { timeoutMs: Option.getOrUndefined(input.timeout) }
  return fleet("start", input, (hypervisor, instances) => ({
    plan: (instance) => hypervisor.plan.start(instance, start),
    carryOut: (options) => hypervisor.startAll(instances, { ...start, ...options })
  }))
}

/**
 * Stops every instance that a directory has a spec of, or prints how it would.
 *
 * @since 0.1.0
 * @category actions
 */
export const stopAll = (
  input: FleetInput & { readonly timeout: Option.Option<number>; readonly force: boolean }
) => {
  const stop = { timeoutMs: Option.getOrUndefined(input.timeout), force: input.force }
  return fleet("stop", input, (hypervisor, instances) => ({
    plan: ({ name }) => hypervisor.plan.stop(name, stop),
    carryOut: (options) => hypervisor.stopAll(instances, { ...stop, ...options })
  }))
}

/**
 * What `effect-lxc cleanup` and `effect-lxc recover` do.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { statusOf } from "@effect-lxc/core/host/ContainerStatus"
import { type InstanceName, isInstanceName } from "@effect-lxc/core/model/InstanceName"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import type { RecoverReport } from "@effect-lxc/core/runtime/Recovery"
import { type Failure, failureOf } from "../Failure.ts"
import { Json } from "../Globals.ts"
import { withHypervisor } from "../Hypervisors.ts"
import { viewed } from "../OperationView.ts"
import { harmless, Output } from "../Output.ts"
import { type PlanFormat, printPlan, printPlans } from "../PlanText.ts"
import { printReport } from "../Report.ts"
import { SeveralFailed } from "../SeveralFailed.ts"
import { UsageError } from "../UsageError.ts"
import { checkFormat } from "./DryRun.ts"

/** Names of which something is there and nothing runs in order. */
const leftNames = Effect.fnUntraced(function*() {
  const hypervisor = yield* Hypervisor
  const facts = yield* hypervisor.facts()
  const managed = facts.containers.filter((each) => each.lxcPath === hypervisor.directories.containers)
  const known = new Set(facts.containers.map((each) => each.name))
  const stray = facts.cgroupDirectories.flatMap((each) => /^lxc\.(?:payload|monitor)\.(.*)$/.exec(each.name)?.[1] ?? [])
  return [...new Set([
    ...managed.filter((each) => statusOf(each).problem !== null).map((each) => each.name),
    ...stray.filter((name) => !known.has(name))
  ])].filter(isInstanceName).sort()
})

/** Journals that cannot be read, which a clean-up of all must not pass over: what they tell of nobody knows. */
const damagedJournals = Effect.fnUntraced(function*() {
  const planned = yield* (yield* Hypervisor).plan.recoveries()
  return planned.filter(Result.isFailure).map(({ failure }) => failure).filter(({ _tag }) => _tag === "HostError")
})

/** Fails with all of these. Each is told once: a clean-up of its own fails by a damaged journal, too. */
const failWith = (errors: SeveralFailed["errors"]) => {
  const told = new Map(errors.map((error) => [error.message, error]))
  return told.size === 0 ? Effect.void : Effect.fail(new SeveralFailed({ errors: [...told.values()] }))
}

/**
 * Removes what is left of one instance, or of all of which something is left.
 *
 * @since 0.1.0
 * @category actions
 */
export const cleanup = Effect.fnUntraced(function*(input: {
  readonly name: Option.Option<InstanceName>
  readonly all: boolean
  readonly dryRun: boolean
  readonly format: Option.Option<PlanFormat>
}) {
  if (Option.isSome(input.name) === input.all) {
    return yield* new UsageError({ problems: ["give either a NAME or --all"], command: "effect-lxc cleanup" })
  }
  yield* checkFormat("effect-lxc cleanup", input)
  yield* withHypervisor(Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const names = Option.isSome(input.name) ? [input.name.value] : yield* leftNames()
    const damaged = input.all ? yield* damagedJournals() : []
    const output = yield* Output
    if (!input.dryRun) yield* hypervisor.clearLocks
    if (names.length === 0 && damaged.length === 0) return yield* output.out((yield* Json) ? "[]\n" : "nothing is left of anything\n")
    if (input.dryRun) {
      const plans = yield* Effect.forEach(names, hypervisor.plan.cleanup)
      yield* input.all ? printPlans(plans, input.format) : Effect.forEach(plans, (plan) => printPlan(plan, input.format))
      return yield* failWith(damaged)
    }
    const done = yield* Effect.forEach(names, (name) => Effect.result(viewed(hypervisor.cleanup(name))))
    const reports = done.filter(Result.isSuccess).map((each) => each.success)
    if (input.all && (yield* Json)) yield* output.out(`${JSON.stringify(reports, undefined, 2)}\n`)
    else yield* Effect.forEach(reports, printReport, { discard: true })
    yield* failWith([...damaged, ...done.filter(Result.isFailure).map((each) => each.failure)])
  }))
})

/** An operation that has not ended; `error` is why, with all that a program may want to know. */
class Unfinished extends Data.TaggedError("Unfinished")<{
  readonly instance: string
  readonly reason: string
  readonly error: Failure["fields"]
}> {
  override get message(): string {
    return `${this.instance} is unfinished: ${this.reason}`
  }
}

const lines = ({ notRunning, recovered, unfinished }: RecoverReport): ReadonlyArray<string> => [
  ...recovered.flatMap(({ instance, operation, report, since }) => [
    `${instance}: an earlier ${operation}, begun ${since}, was dealt with (${report.acted} steps)`,
    ...report.warnings
  ]),
  ...unfinished.map(({ instance, reason }) => `${instance}: unfinished: ${reason}`),
  ...notRunning.map((name) => `${name}: is meant to run and does not`)
]

/** Prints a plan for each operation that did not end: of a name at most one, of all as many as can be had. */
const printRecoveries = Effect.fnUntraced(function*(name: InstanceName | undefined, format: Option.Option<PlanFormat>) {
  const planned = yield* (yield* Hypervisor).plan.recoveries(name)
  const asJson = Option.contains(format, "json") || (Option.isNone(format) && (yield* Json))
  if (planned.length === 0 && !asJson) return yield* (yield* Output).err(nothingUnfinished)
  yield* printPlans(planned.filter(Result.isSuccess).map(({ success }) => success), format)
  const errors = planned.filter(Result.isFailure).map(({ failure }) => failure)
  if (errors.length > 0) return yield* new SeveralFailed({ errors })
})

const nothingUnfinished = "nothing was unfinished\n"

/**
 * Deals with operations that did not end, or prints how it would.
 *
 * @since 0.1.0
 * @category actions
 */
export const recover = Effect.fnUntraced(function*(input: {
  readonly name: Option.Option<InstanceName>
  readonly dryRun: boolean
  readonly format: Option.Option<PlanFormat>
}) {
  yield* checkFormat("effect-lxc recover", input)
  yield* withHypervisor(Effect.gen(function*() {
    if (input.dryRun) return yield* printRecoveries(Option.getOrUndefined(input.name), input.format)
    const hypervisor = yield* Hypervisor
    const output = yield* Output
    const report = yield* viewed(hypervisor.recover(Option.getOrUndefined(input.name)))
    const unfinished = report.unfinished.map(({ error, ...each }) => ({ ...each, error: failureOf(error).fields }))
    const text = lines(report).map((line) => `${harmless(line)}\n`).join("")
    yield* output.out((yield* Json) ? `${JSON.stringify({ ...report, unfinished }, undefined, 2)}\n` : text === "" ? nothingUnfinished : text)
    if (unfinished.length > 0) {
      return yield* new SeveralFailed({ errors: unfinished.map((each) => new Unfinished(each)) })
    }
  }))
})

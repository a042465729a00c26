/**
 * What can be asked of a `Hypervisor`, and what it answers, both as plain data: to be generated, stored, compared.
 *
 * @since 0.1.0
 */
import { statusOf } from "@effect-lxc/core/host/ContainerStatus"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { decodeInstance, type Instance } from "@effect-lxc/core/model/Instance"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import type { InvalidSpec } from "@effect-lxc/core/model/InvalidSpec"
import { Resources } from "@effect-lxc/core/model/Resources"
import { Operation } from "@effect-lxc/core/plan/Operation"
import { Millis } from "@effect-lxc/core/plan/Step"
import type { ChangeError } from "@effect-lxc/core/runtime/Changes"
import type { HostError } from "@effect-lxc/core/runtime/Host"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import type { Report } from "@effect-lxc/core/runtime/Interpreter"
import type { RecoverReport } from "@effect-lxc/core/runtime/Recovery"
import { StepProblem } from "@effect-lxc/core/runtime/StepProblem"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/**
 * A spec as somebody wrote it, right or wrong.
 *
 * @since 0.1.0
 * @category models
 */
export const WrittenSpec = Schema.Record(Schema.String, Schema.Json)

/**
 * @since 0.1.0
 * @category models
 */
export type WrittenSpec = typeof WrittenSpec.Type

const named = { name: InstanceName }
const timeoutMs = Schema.optionalKey(Millis)
const force = Schema.optionalKey(Schema.Boolean)

/**
 * One call of a method of `Hypervisor`; options that are left out have the defaults of the method. `CleanupAll` cleans up
 * after every instance that does not run in order, one after the other.
 *
 * @since 0.1.0
 * @category models
 */
export const Request = Schema.TaggedUnion({
  Start: { spec: WrittenSpec, timeoutMs },
  Stop: { ...named, timeoutMs, force },
  Kill: named,
  /** Without a spec by the one it was started with. */
  Reboot: { ...named, spec: Schema.optionalKey(WrittenSpec), timeoutMs, force },
  RebootInPlace: { ...named, timeoutMs },
  Freeze: { ...named, timeoutMs },
  Thaw: { ...named, timeoutMs },
  /** Amounts in bytes. */
  Resize: { ...named, wanted: Schema.Struct(Resources.fields), force },
  Cleanup: named,
  CleanupAll: {},
  Recover: { name: Schema.optionalKey(InstanceName) },
  Checkpoint: { ...named, directory: HostPath, stop: Schema.optionalKey(Schema.Boolean) },
  Restore: { spec: WrittenSpec, directory: HostPath },
  /** Without a spec by the one it was started with. */
  Export: { ...named, archive: HostPath, spec: Schema.optionalKey(WrittenSpec), stop: Schema.optionalKey(Schema.Boolean), timeoutMs, force },
  Import: { archive: HostPath, name: Schema.optionalKey(InstanceName), images: HostPath, start: Schema.optionalKey(Schema.Boolean) }
})

/**
 * @since 0.1.0
 * @category models
 */
export type Request = typeof Request.Type

const FailedStep = Schema.Struct({ step: Schema.String, problem: StepProblem })

/**
 * How a request ended.
 *
 * @since 0.1.0
 * @category models
 */
export const Answer = Schema.TaggedUnion({
  /** Numbers of steps, and what was warned of. */
  Done: { acted: Schema.Int, alreadyDone: Schema.Int, warnings: Schema.Array(Schema.String) },
  /** What a recovery found: instances whose operation was dealt with, could not be, and that should run and do not. */
  Recovered: {
    recovered: Schema.Array(Schema.Struct({ instance: Schema.String, operation: Operation })),
    unfinished: Schema.Array(Schema.String),
    notRunning: Schema.Array(Schema.String)
  },
  /** The spec, or an export, is not one; `fields` are those that are wrong. */
  Invalid: { fields: Schema.Array(Schema.String) },
  /** There was no plan; `code` is the stable word of each reason. */
  Rejected: { reasons: Schema.Array(Schema.Struct({ code: Schema.String, field: Schema.String })) },
  Stale: { differences: Schema.Array(Schema.String) },
  /** A step failed, by its tag; each of the residue is a step of the rollback that failed. */
  Failed: { ...FailedStep.fields, undone: Schema.Boolean, residue: Schema.Array(FailedStep) },
  /** The host could not be observed. */
  Unobserved: { problem: StepProblem },
  /** Somebody else is at work on the instance; whether it was killed meanwhile. */
  Locked: { instance: Schema.String, killed: Schema.optionalKey(Schema.Boolean) },
  /** The lock could not be asked for: its file cannot be had, with the code of errno(3). */
  Unlockable: { path: Schema.String, code: Schema.String },
  Interrupted: {},
  /** A fault of the program. */
  Defect: { message: Schema.String }
})

/**
 * @since 0.1.0
 * @category models
 */
export type Answer = typeof Answer.Type

const done = ({ acted, alreadyDone, warnings }: Pick<Report, "acted" | "alreadyDone" | "warnings">): Answer => ({
  _tag: "Done",
  acted,
  alreadyDone,
  warnings
})

const recovered = (report: RecoverReport): Answer => ({
  _tag: "Recovered",
  recovered: report.recovered.map(({ instance, operation }) => ({ instance, operation })),
  unfinished: report.unfinished.map(({ instance }) => instance),
  notRunning: report.notRunning
})

type AskError = ChangeError | HostError | InvalidSpec

const refusal = (error: AskError): Answer => {
  switch (error._tag) {
    case "InvalidSpec":
      return { _tag: "Invalid", fields: error.problems.map(({ path }) => path) }
    case "PlanRejected":
      return { _tag: "Rejected", reasons: error.rejections.map(({ code, field }) => ({ code, field })) }
    case "PlanStale":
      return { _tag: "Stale", differences: error.differences }
    case "OperationFailed": {
      const residue = error.residue.map(({ problem, step }) => ({ step: step._tag, problem }))
      return { _tag: "Failed", step: error.step._tag, problem: error.problem, undone: error.undone, residue }
    }
    case "HostError":
      return { _tag: "Unobserved", problem: error.problem }
    case "LockHeld":
      return { _tag: "Locked", instance: error.instance, ...(error.killed === undefined ? {} : { killed: error.killed }) }
    case "LockError":
      return { _tag: "Unlockable", path: error.path, code: error.code }
  }
}

const failure = (cause: Cause.Cause<AskError>): Answer =>
  Option.match(Cause.findErrorOption(cause), {
    onSome: refusal,
    onNone: () => Cause.hasInterruptsOnly(cause) ? { _tag: "Interrupted" } : { _tag: "Defect", message: Cause.pretty(cause) }
  })

const read = (spec: WrittenSpec): Effect.Effect<Instance, InvalidSpec> => Effect.fromResult(decodeInstance(spec))

const readOptional = (spec: WrittenSpec | undefined): Effect.Effect<{ readonly instance?: Instance }, InvalidSpec> =>
  spec === undefined ? Effect.succeed({}) : Effect.map(read(spec), (instance) => ({ instance }))

const cleanupAll = Effect.fnUntraced(function*(hypervisor: Hypervisor["Service"]) {
  const { containers } = yield* hypervisor.facts()
  const own = containers.filter((each) => each.lxcPath === hypervisor.directories.containers)
  const names = own.filter((each) => statusOf(each).problem !== null).map((each) => each.name).filter(Schema.is(InstanceName)).sort()
  const reports = yield* Effect.forEach(names, (name) => hypervisor.cleanup(name))
  return {
    acted: reports.reduce((sum, each) => sum + each.acted, 0),
    alreadyDone: reports.reduce((sum, each) => sum + each.alreadyDone, 0),
    warnings: reports.flatMap((each) => each.warnings)
  }
})

const call = (hypervisor: Hypervisor["Service"], request: Request): Effect.Effect<Answer, AskError> => {
  switch (request._tag) {
    case "Start":
      return Effect.map(Effect.flatMap(read(request.spec), (instance) => hypervisor.start(instance, request)), done)
    case "Stop":
      return Effect.map(hypervisor.stop(request.name, request), done)
    case "Kill":
      return Effect.map(hypervisor.kill(request.name), done)
    case "Reboot":
      return Effect.flatMap(readOptional(request.spec), ({ instance }) =>
        Effect.map(hypervisor.reboot(request.name, { instance, timeoutMs: request.timeoutMs, force: request.force }), done))
    case "RebootInPlace":
      return Effect.map(hypervisor.reboot(request.name, { inPlace: true, timeoutMs: request.timeoutMs }), done)
    case "Freeze":
      return Effect.map(hypervisor.freeze(request.name, request), done)
    case "Thaw":
      return Effect.map(hypervisor.thaw(request.name, request), done)
    case "Resize":
      return Effect.map(hypervisor.resize(request.name, request.wanted, request), done)
    case "Cleanup":
      return Effect.map(hypervisor.cleanup(request.name), done)
    case "CleanupAll":
      return Effect.map(cleanupAll(hypervisor), done)
    case "Recover":
      return Effect.map(hypervisor.recover(request.name), recovered)
    case "Checkpoint":
      return Effect.map(hypervisor.checkpoint(request.name, request.directory, request), done)
    case "Restore":
      return Effect.map(Effect.flatMap(read(request.spec), (instance) => hypervisor.restore(instance, request.directory)), done)
    case "Export":
      return Effect.flatMap(readOptional(request.spec), ({ instance }) =>
        Effect.map(hypervisor.export(request.name, request.archive, { ...request, instance }), done))
    case "Import":
      return Effect.map(hypervisor.import(request.archive, request), done)
  }
}

/**
 * Asks the hypervisor; every way in which that can end, a defect too, is an answer. `CleanupAll` answers with the sums of
 * its reports, or with the first failure.
 *
 * @since 0.1.0
 * @category running
 */
export const ask = (request: Request): Effect.Effect<Answer, never, Hypervisor> =>
  Effect.flatMap(Hypervisor, (hypervisor) =>
    Effect.map(Effect.exit(call(hypervisor, request)), (exit) => Exit.isSuccess(exit) ? exit.value : failure(exit.cause)))

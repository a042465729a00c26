/**
 * What `effect-lxc export` and `effect-lxc import` do.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { existsSync } from "node:fs"
import type { HostPath } from "@effect-lxc/core/model/HostPath"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import type { ArchivePath } from "@effect-lxc/core/plan/ExportPlan"
import type { HostError } from "@effect-lxc/core/runtime/Host"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { withHypervisor } from "../Hypervisors.ts"
import { InputUnreadable, sourceName, unreadable } from "../InputFile.ts"
import { viewed } from "../OperationView.ts"
import { Output } from "../Output.ts"
import { type PlanFormat, printPlan } from "../PlanText.ts"
import { printReport, reportText } from "../Report.ts"
import { readSpec } from "../SpecFile.ts"
import { checkFormat } from "./DryRun.ts"

interface Printing {
  readonly dryRun: boolean
  readonly format: Option.Option<PlanFormat>
}

/** A name that is also a file is that file; whatever is no name must be one. */
const subjectOf = Effect.fnUntraced(function*(given: string) {
  const name = Result.getSuccess(Schema.decodeUnknownResult(InstanceName)(given))
  const isFile = given === "-" || existsSync(given)
  if (Option.isSome(name) && !isFile) return { name: name.value, instance: undefined }
  const instance = yield* readSpec(given)
  return { name: instance.name, instance }
})

/**
 * Packs an instance into one stream, or prints how it would. Where that is standard output, nothing else is written there.
 *
 * @since 0.1.0
 * @category actions
 */
export const exportTo = Effect.fnUntraced(function*(
  input: Printing & {
    readonly subject: string
    readonly archive: ArchivePath
    readonly stop: boolean
    readonly timeout: Option.Option<number>
    readonly force: boolean
  }
) {
  yield* checkFormat("effect-lxc export", input)
  const { instance, name } = yield* subjectOf(input.subject)
  const { archive, force, stop } = input
  const options = { instance, stop, force, timeoutMs: Option.getOrUndefined(input.timeout) }
  yield* withHypervisor(Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    if (input.dryRun) return yield* printPlan(yield* hypervisor.plan.export(name, archive, options), input.format)
    const report = yield* viewed(hypervisor.export(name, archive, options))
    if (archive !== "-") return yield* printReport(report)
    const output = yield* Output
    yield* output.err(yield* reportText(report))
  }), { instances: instance === undefined ? [] : [instance] })
})

/** What kept an export from being looked at is bad input; later on it is a failed operation. */
const badInput = (archive: ArchivePath) => (error: HostError): HostError | InputUnreadable => {
  const { problem } = error
  if (problem._tag === "ArchiveDamaged") {
    return new InputUnreadable({ source: sourceName(archive), reason: problem.why, advice: "give a file that effect-lxc export wrote" })
  }
  return problem._tag === "SystemCallFailed" && problem.path === archive ? unreadable(archive)(problem) : error
}

/**
 * Restores an instance from a stream and starts it, or prints how it would.
 *
 * @since 0.1.0
 * @category actions
 */
export const importFrom = Effect.fnUntraced(function*(
  input: Printing & {
    readonly archive: ArchivePath
    readonly name: Option.Option<InstanceName>
    readonly images: Option.Option<HostPath>
    readonly noStart: boolean
    readonly timeout: Option.Option<number>
  }
) {
  yield* checkFormat("effect-lxc import", input)
  const options = {
    name: Option.getOrUndefined(input.name),
    images: Option.getOrUndefined(input.images),
    start: !input.noStart,
    timeoutMs: Option.getOrUndefined(input.timeout)
  }
  yield* withHypervisor(Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    if (input.dryRun) return yield* printPlan(yield* hypervisor.plan.import(input.archive, options), input.format)
    yield* printReport(yield* viewed(hypervisor.import(input.archive, options)))
  }).pipe(Effect.catchTag("HostError", (error) => Effect.fail(badInput(input.archive)(error)))))
})

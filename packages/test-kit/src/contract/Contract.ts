/**
 * The contract of the port `Host`: every case, and how a host is held to them.
 *
 * @since 0.1.0
 */
import type { Host } from "@effect-lxc/core/runtime/Host"
import type { Step } from "@effect-lxc/core/plan/Step"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { archives } from "./cases/Archives.ts"
import { checkpoints } from "./cases/Checkpoints.ts"
import { disks } from "./cases/Disks.ts"
import { ending } from "./cases/Ending.ts"
import { files } from "./cases/Files.ts"
import { power } from "./cases/Power.ts"
import { residue } from "./cases/Residue.ts"
import { goingOn } from "./cases/Running.ts"
import { starting } from "./cases/Starting.ts"
import { toolCases } from "./cases/Tools.ts"
import { casesOf, type ContractCase, type StepCases } from "./ContractCase.ts"
import { Stage } from "./Stage.ts"

/**
 * The promises about each step: a step without any does not compile.
 *
 * @since 0.1.0
 * @category constants
 */
export const byStep: { readonly [Tag in Step["_tag"]]: StepCases } = {
  ...files,
  ...disks,
  ...starting,
  ...goingOn,
  ...ending,
  ...residue,
  ...archives,
  ...checkpoints,
  ...power
}

/** `Object.entries` forgets what the keys of a record are. */
const steps = Object.keys(byStep) as ReadonlyArray<Step["_tag"]>

/**
 * Every case, step by step.
 *
 * @since 0.1.0
 * @category constants
 */
export const cases: ReadonlyArray<ContractCase> = steps.flatMap((step) => [
  ...casesOf(step, byStep[step]),
  ...toolCases.filter((each) => each.step === step)
])

/**
 * What came of a case on a host: `green` is a promise kept, `red` one that is broken, and what the host cannot show is
 * `not here`; `why` is empty for green.
 *
 * @since 0.1.0
 * @category models
 */
export interface Judged {
  readonly case: ContractCase
  readonly verdict: "green" | "red" | "not here"
  readonly why: string
}

/**
 * Why a stage that lacks this cannot show a case; undefined where it can.
 *
 * @since 0.1.0
 * @category queries
 */
export const notHere = (lacks: Stage["Service"]["lacks"], { needs = [] }: ContractCase): string | undefined =>
  needs.map((ability) => lacks[ability]).find((why) => why !== undefined)

/**
 * Runs a case on a host of its own; a broken promise is a failure. Gives why the host cannot show it, if so.
 *
 * @since 0.1.0
 * @category running
 */
export const runCase = <E>(contractCase: ContractCase, layer: Layer.Layer<Host | Stage, E>) =>
  Effect.gen(function*() {
    const stage = yield* Stage
    const reason = notHere(stage.lacks, contractCase)
    if (reason === undefined) yield* stage.inTime(contractCase.run)
    return reason
  }).pipe(Effect.provide(Layer.fresh(layer)))

/**
 * Holds a host to cases, one after the other, each on a host of its own.
 *
 * @since 0.1.0
 * @category running
 */
export const run = <E>(chosen: ReadonlyArray<ContractCase>, layer: Layer.Layer<Host | Stage, E>): Effect.Effect<ReadonlyArray<Judged>> =>
  Effect.forEach(chosen, (each) =>
    Effect.map(Effect.exit(runCase(each, layer)), (exit): Judged => {
      if (Exit.isFailure(exit)) return { case: each, verdict: "red", why: Cause.pretty(exit.cause) }
      return exit.value === undefined
        ? { case: each, verdict: "green", why: "" }
        : { case: each, verdict: "not here", why: exit.value }
    }))

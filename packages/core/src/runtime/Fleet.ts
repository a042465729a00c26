/**
 * Several instances at once: in their order, some of them side by side, and a failure of one does not stop the others.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Instance } from "../model/Instance.ts"
import type { InstanceName } from "../model/InstanceName.ts"
import type { InvalidSpec } from "../model/InvalidSpec.ts"
import { type BootOrder, bootOrder, reversed } from "../plan/BootOrder.ts"
import type { StartOptions } from "../plan/StartPlan.ts"
import type { StopOptions } from "../plan/StopPlan.ts"
import type { ChangeError } from "./Changes.ts"
import type { Report } from "./Interpreter.ts"

/**
 * How it went with one instance.
 *
 * @since 0.1.0
 * @category models
 */
export type FleetOutcome =
  | { readonly _tag: "Done"; readonly instance: InstanceName; readonly report: Report; readonly elapsedMs: number }
  /** It runs already, or there is nothing to stop. */
  | { readonly _tag: "Unneeded"; readonly instance: InstanceName }
  | { readonly _tag: "Failed"; readonly instance: InstanceName; readonly error: ChangeError; readonly elapsedMs: number }
  /** It was not tried, since these that it waits for failed or were skipped. */
  | { readonly _tag: "Skipped"; readonly instance: InstanceName; readonly because: ReadonlyArray<InstanceName> }

/**
 * How it went with all of them, in the order in which they would be dealt with one at a time.
 *
 * @since 0.1.0
 * @category models
 */
export interface FleetReport {
  readonly operation: "start" | "stop"
  readonly outcomes: ReadonlyArray<FleetOutcome>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface FleetOptions {
  /** How many are dealt with at a time; 4 by default: more do not end sooner on two processors (`npm run bench -- --only parallel`). */
  readonly parallel?: number | undefined
  /** Told of each outcome when it is known. */
  readonly onOutcome?: ((outcome: FleetOutcome) => Effect.Effect<void>) | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface StartAllOptions extends StartOptions, FleetOptions {}

/**
 * @since 0.1.0
 * @category models
 */
export interface StopAllOptions extends StopOptions, FleetOptions {}

const succeeded = (outcome: FleetOutcome): boolean => outcome._tag === "Done" || outcome._tag === "Unneeded"

/**
 * Whether a start was refused only because the instance runs, which is no failure when all are to run.
 *
 * @since 0.1.0
 * @category queries
 */
export const isRunning = (error: ChangeError): boolean =>
  error._tag === "PlanRejected" && error.rejections.every((each) => each.code === "already-running")

const attempt = Effect.fnUntraced(function*(
  { name }: Instance,
  change: Effect.Effect<Report, ChangeError>
): Effect.fn.Return<FleetOutcome> {
  const began = yield* Clock.currentTimeMillis
  const exit = yield* Effect.result(change)
  const elapsedMs = (yield* Clock.currentTimeMillis) - began
  if (exit._tag === "Success") {
    const report = exit.success
    return report.acted + report.alreadyDone === 0
      ? { _tag: "Unneeded", instance: name }
      : { _tag: "Done", instance: name, report, elapsedMs }
  }
  return isRunning(exit.failure)
    ? { _tag: "Unneeded", instance: name }
    : { _tag: "Failed", instance: name, error: exit.failure, elapsedMs }
})

/**
 * Deals with instances in their order, `parallel` at a time: whoever is free takes the first of the sequence that waits
 * for nothing any more. What waits for one that failed is skipped. Interruption ends those that are being dealt with, each
 * as it ends by itself; the others are not begun.
 *
 * @since 0.1.0
 * @category combinators
 */
export const inOrder = Effect.fn("Fleet.inOrder")(function*(
  { sequence, waitsFor }: BootOrder,
  { onOutcome = () => Effect.void, parallel = 4 }: FleetOptions,
  change: (instance: Instance) => Effect.Effect<Report, ChangeError>
) {
  const outcomes = new Map<InstanceName, FleetOutcome>()
  const pending = [...sequence]
  let changed = Deferred.makeUnsafe<void>()

  const settle = Effect.fnUntraced(function*(outcome: FleetOutcome) {
    outcomes.set(outcome.instance, outcome)
    const waiting = changed
    changed = Deferred.makeUnsafe<void>()
    yield* onOutcome(outcome)
    Deferred.doneUnsafe(waiting, Exit.void)
  })

  const worker = Effect.gen(function*() {
    while (pending.length > 0) {
      const index = pending.findIndex((each) => waitsFor.get(each.name)?.every((name) => outcomes.has(name)) ?? true)
      const [next] = index < 0 ? [] : pending.splice(index, 1)
      if (next === undefined) {
        yield* Deferred.await(changed)
        continue
      }
      const because = (waitsFor.get(next.name) ?? []).filter((name) => {
        const outcome = outcomes.get(name)
        return outcome !== undefined && !succeeded(outcome)
      })
      yield* settle(
        because.length > 0
          ? { _tag: "Skipped", instance: next.name, because }
          : yield* attempt(next, change(next))
      )
    }
  })

  const workers = Math.max(1, Math.min(parallel, sequence.length))
  yield* Effect.all(Array.from({ length: workers }, () => worker), { concurrency: "unbounded", discard: true })
  return sequence.flatMap((each) => outcomes.get(each.name) ?? [])
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const makeFleet = (
  start: (instance: Instance, options?: StartOptions) => Effect.Effect<Report, ChangeError>,
  stop: (name: InstanceName, options?: StopOptions) => Effect.Effect<Report, ChangeError>
) => ({
  startAll: Effect.fn("Hypervisor.startAll")(function*(instances: ReadonlyArray<Instance>, options: StartAllOptions = {}) {
    const order = yield* Effect.fromResult(bootOrder(instances))
    const outcomes = yield* inOrder(order, options, (instance) => start(instance, options))
    return { operation: "start", outcomes } as const
  }),
  stopAll: Effect.fn("Hypervisor.stopAll")(function*(instances: ReadonlyArray<Instance>, options: StopAllOptions = {}) {
    const order = reversed(yield* Effect.fromResult(bootOrder(instances)))
    const outcomes = yield* inOrder(order, options, ({ name }) => stop(name, options))
    return { operation: "stop", outcomes } as const
  })
}) satisfies Fleet

/**
 * What a hypervisor does with several instances.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fleet {
  /** Starts all of them; what runs already is left as it is. Fails only where there is no order to start them in. */
  readonly startAll: (
    instances: ReadonlyArray<Instance>,
    options?: StartAllOptions
  ) => Effect.Effect<FleetReport, InvalidSpec>
  /** Stops all of them, in the opposite order: what others wait for is stopped when they are. */
  readonly stopAll: (
    instances: ReadonlyArray<Instance>,
    options?: StopAllOptions
  ) => Effect.Effect<FleetReport, InvalidSpec>
}

/**
 * What goes wrong, as data.
 *
 * @since 0.1.0
 */
import type { Step } from "@effect-lxc/core/plan/Step"
import { Host, HostError, type Results } from "@effect-lxc/core/runtime/Host"
import { StepProblem } from "@effect-lxc/core/runtime/StepProblem"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/**
 * Where a fault strikes: at the step that is observed as the n-th (counted from 0: in a plan that is its index; what a
 * rollback does is counted on), or at the n-th step with a tag.
 *
 * @since 0.1.0
 * @category models
 */
export const FaultPlace = Schema.TaggedUnion({
  Index: { index: Count },
  Tag: { tag: Schema.String, nth: Count }
})

/**
 * @since 0.1.0
 * @category models
 */
export type FaultPlace = typeof FaultPlace.Type

/**
 * - `refuse`: nothing is done, and it fails.
 * - `act-then-refuse`: it is done, and fails all the same.
 * - `hang`: nothing is done, until the step's own limit is over or it is interrupted.
 * - `act-then-hang`: it is done, and hangs then.
 * - `crash`: the program itself is at fault: a defect, not a failure.
 *
 * @since 0.1.0
 * @category models
 */
export const FaultKind = Schema.Literals(["refuse", "act-then-refuse", "hang", "act-then-hang", "crash"])

/**
 * @since 0.1.0
 * @category models
 */
export type FaultKind = typeof FaultKind.Type

/**
 * @since 0.1.0
 * @category models
 */
export const Fault = Schema.Struct({
  place: FaultPlace,
  call: Schema.Literals(["observe", "apply"]),
  kind: FaultKind,
  /** What a refusal says. */
  problem: StepProblem,
  /** How often it strikes at its place: once, or each time from then on. */
  repeats: Schema.Boolean
})

/**
 * @since 0.1.0
 * @category models
 */
export type Fault = typeof Fault.Type

const injected: StepProblem = {
  _tag: "SystemCallFailed",
  call: "inject",
  path: "/",
  code: "EIO",
  advice: "this fault was injected by a test"
}

/**
 * A fault at the n-th step of a plan.
 *
 * @since 0.1.0
 * @category constructors
 */
export const atIndex = (index: number, kind: FaultKind, changes: Partial<Fault> = {}): Fault => ({
  place: { _tag: "Index", index },
  call: "apply",
  kind,
  problem: injected,
  repeats: false,
  ...changes
})

/**
 * A fault at the n-th step with a tag, the first by default.
 *
 * @since 0.1.0
 * @category constructors
 */
export const atTag = (tag: Step["_tag"], kind: FaultKind, changes: Partial<Fault> & { readonly nth?: number } = {}): Fault => {
  const { nth = 0, ...rest } = changes
  return { place: { _tag: "Tag", tag, nth }, call: "apply", kind, problem: injected, repeats: false, ...rest }
}

/** The limit that a step has itself, or that of the tools. */
const limitOf = (step: Step): number => "timeoutMs" in step ? step.timeoutMs : "settleMs" in step ? step.settleMs : 30_000

const hang = (step: Step): Effect.Effect<never, HostError> =>
  Effect.andThen(
    Effect.sleep(limitOf(step)),
    Effect.fail(
      new HostError({
        problem: { _tag: "CommandTimedOut", argv: [step._tag], timeoutMs: limitOf(step), log: [] }
      })
    )
  )

const strike = <A>(fault: Fault, step: Step, body: Effect.Effect<A, HostError>): Effect.Effect<A, HostError> => {
  switch (fault.kind) {
    case "refuse":
      return Effect.fail(new HostError({ problem: fault.problem }))
    case "act-then-refuse":
      return Effect.andThen(body, Effect.fail(new HostError({ problem: fault.problem })))
    case "hang":
      return hang(step)
    case "act-then-hang":
      return Effect.andThen(body, hang(step))
    case "crash":
      return Effect.die(new Error("this crash was injected by a test"))
  }
}

/** Counts what was observed, so that a fault knows its place. */
const makeCounter = () => {
  let observed = -1
  const byTag = new Map<string, number>()
  return {
    see: (step: Step): void => {
      observed += 1
      byTag.set(step._tag, (byTag.get(step._tag) ?? -1) + 1)
    },
    isAt: ({ place, repeats }: Fault, step: Step): boolean => {
      const [count, wanted] = place._tag === "Index"
        ? [observed, place.index]
        : [step._tag === place.tag ? byTag.get(step._tag) ?? -1 : -1, place.nth]
      return count === wanted || (repeats && count > wanted)
    }
  }
}

/**
 * A host on which things go wrong.
 *
 * @since 0.1.0
 * @category constructors
 */
export const faultyHost = (host: Host["Service"], faults: ReadonlyArray<Fault>): Effect.Effect<Host["Service"]> =>
  Effect.sync(() => {
    if (faults.length === 0) return host
    const counter = makeCounter()
    const withFaults = <A>(call: Fault["call"], step: Step, body: Effect.Effect<A, HostError>) => {
      const fault = faults.find((each) => each.call === call && counter.isAt(each, step))
      return fault === undefined ? body : strike(fault, step, body)
    }
    return {
      ...host,
      observe: (step: Step, results: Results) =>
        Effect.suspend(() => {
          counter.see(step)
          return withFaults("observe", step, host.observe(step, results))
        }),
      apply: (step: Step, results: Results) =>
        Effect.suspend(() => withFaults("apply", step, host.apply(step, results)))
    }
  })

/**
 * Puts faults between the interpreter and any host.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (faults: ReadonlyArray<Fault>): Layer.Layer<Host, never, Host> =>
  Layer.effect(Host, Effect.flatMap(Host, (host) => faultyHost(host, faults)))

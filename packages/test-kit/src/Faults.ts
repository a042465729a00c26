/**
 * What goes wrong, as data.
 *
 * @since 0.1.0
 */
import type { Step } from "@effect-lxc/core/plan/Step"
import { StepProblem } from "@effect-lxc/core/runtime/StepProblem"
import * as Schema from "effect/Schema"
import { Happening } from "./Happening.ts"

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/**
 * Where a fault strikes; everything is counted from 0, in the process that the fault is given to.
 *
 * - `Index`: at the step that is observed as the n-th: in a plan that is its index; what a rollback does is counted on.
 * - `Tag`: at the n-th step with a tag.
 * - `Tool`: at the n-th call of a tool, such as `mount` or `lxc-start`.
 * - `Instant`: so many milliseconds after the process began, at whatever is done next; a crash comes at that instant, in the
 *   middle of a step.
 * - `Journal`: when a journal is opened, appended to or removed the n-th time.
 * - `Lock`: when a lock is asked for the n-th time.
 * - `Call`: at the n-th observation of a step, or the n-th application of one: what is done already is not applied.
 * - `Next`: as `Call`, counted from where the fault before it in the list struck first.
 * - `After`: so many milliseconds after the fault before it in the list struck first; otherwise as `Instant`.
 *
 * @since 0.1.0
 * @category models
 */
export const FaultPlace = Schema.TaggedUnion({
  Index: { index: Count },
  Tag: { tag: Schema.String, nth: Count },
  Tool: { tool: Schema.String, nth: Count },
  Instant: { ms: Count },
  Journal: { act: Schema.Literals(["open", "append", "remove"]), nth: Count },
  Lock: { nth: Count },
  Call: { nth: Count },
  Next: { nth: Count },
  After: { ms: Count }
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
 * - `slow`: it is done `ms` later.
 * - `crash`: the process dies: nothing is rolled back and no finaliser runs, the kernel lets its locks go, and what called
 *   it never returns. A tool that is at work goes on to its end and holds the locks until then.
 * - `defect`: a bug in the program: a defect, not a failure.
 * - `full-disk`: from now on nothing can be written below `path`.
 * - `befall`: `happening` comes, and then it is done as if nothing were the matter; at an instant it comes in the middle of a
 *   step.
 *
 * @since 0.1.0
 * @category models
 */
export const FaultKind = Schema.Literals([
  "refuse",
  "act-then-refuse",
  "hang",
  "act-then-hang",
  "slow",
  "crash",
  "defect",
  "full-disk",
  "befall"
])

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
  /** Of a step, whether its observation or its application is struck. */
  call: Schema.Literals(["observe", "apply"]),
  kind: FaultKind,
  /** What a refusal says. */
  problem: StepProblem,
  /** How often it strikes at its place: once, or each time from then on. */
  repeats: Schema.Boolean,
  /** How much longer a slow call takes; 1 s by default. */
  ms: Schema.optionalKey(Count),
  /** What is full; the run directory by default. */
  path: Schema.optionalKey(Schema.String),
  /** What befalls the host; nothing by default. */
  happening: Schema.optionalKey(Happening)
})

/**
 * @since 0.1.0
 * @category models
 */
export type Fault = typeof Fault.Type

const problemOf = (code: string): StepProblem => ({
  _tag: "SystemCallFailed",
  call: "inject",
  path: "/",
  code,
  advice: "this fault was injected by a test"
})

/**
 * A fault at a place: an EIO unless `changes` say otherwise.
 *
 * @since 0.1.0
 * @category constructors
 */
export const at = (place: FaultPlace, kind: FaultKind, changes: Partial<Fault> = {}): Fault => ({
  place,
  call: "apply",
  kind,
  problem: problemOf("EIO"),
  repeats: false,
  ...changes
})

/**
 * A fault at the n-th step of a plan.
 *
 * @since 0.1.0
 * @category constructors
 */
export const atIndex = (index: number, kind: FaultKind, changes: Partial<Fault> = {}): Fault =>
  at({ _tag: "Index", index }, kind, changes)

/** The first, or the one that is said. */
interface Nth extends Partial<Fault> {
  readonly nth?: number
}

/**
 * A fault at the n-th step with a tag, the first by default.
 *
 * @since 0.1.0
 * @category constructors
 */
export const atTag = (tag: Step["_tag"], kind: FaultKind, { nth = 0, ...changes }: Nth = {}): Fault =>
  at({ _tag: "Tag", tag, nth }, kind, changes)

/**
 * A fault at the n-th call of a tool, the first by default; see {@link toolOf}.
 *
 * @since 0.1.0
 * @category constructors
 */
export const atTool = (tool: string, kind: FaultKind, { nth = 0, ...changes }: Nth = {}): Fault =>
  at({ _tag: "Tool", tool, nth }, kind, changes)

/**
 * A fault at an instant, in milliseconds after the process began.
 *
 * @since 0.1.0
 * @category constructors
 */
export const atInstant = (ms: number, kind: FaultKind, changes: Partial<Fault> = {}): Fault =>
  at({ _tag: "Instant", ms }, kind, changes)

/**
 * A fault of the journal: by default its disk is full the first time.
 *
 * @since 0.1.0
 * @category constructors
 */
export const atJournal = (
  act: Extract<FaultPlace, { readonly _tag: "Journal" }>["act"],
  kind: FaultKind = "refuse",
  { nth = 0, ...changes }: Nth = {}
): Fault => at({ _tag: "Journal", act, nth }, kind, { problem: problemOf("ENOSPC"), ...changes })

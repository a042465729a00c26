/**
 * What comes of one attempt to do a step.
 *
 * @since 0.1.0
 */
import type { StepProblem } from "@effect-lxc/core/runtime/StepProblem"
import type { Argv } from "@effect-lxc/core/plan/Commands"
import type { Step } from "@effect-lxc/core/plan/Step"
import type { SimulatedState } from "./SimulatedState.ts"

/**
 * `Pending`: nothing more until `until`, or until something happens on the host; then `phase` is given back. Plain data
 * all of it, so that a step can be stopped in its middle and looked at.
 *
 * @since 0.1.0
 * @category models
 */
export type Outcome =
  | { readonly _tag: "Done"; readonly state: SimulatedState; readonly result?: string | undefined }
  | { readonly _tag: "Failed"; readonly state: SimulatedState; readonly problem: StepProblem }
  | { readonly _tag: "Pending"; readonly state: SimulatedState; readonly until: number; readonly phase: string }

/**
 * A call of a step: when it began, and how far it has come.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call {
  readonly since: number
  /** Empty at the first attempt. */
  readonly phase: string
}

/**
 * One case of the vocabulary of steps.
 *
 * @since 0.1.0
 * @category models
 */
export type Case<Tag extends Step["_tag"]> = Extract<Step, { readonly _tag: Tag }>

/**
 * @since 0.1.0
 * @category constructors
 */
export const done = (state: SimulatedState, result?: string): Outcome => ({ _tag: "Done", state, result })

/**
 * @since 0.1.0
 * @category constructors
 */
export const failed = (state: SimulatedState, problem: StepProblem): Outcome => ({ _tag: "Failed", state, problem })

/**
 * @since 0.1.0
 * @category constructors
 */
export const pending = (state: SimulatedState, until: number, phase: string): Outcome => ({
  _tag: "Pending",
  state,
  until,
  phase
})

/**
 * Does what takes `ms` from the beginning of the call, at its end.
 *
 * @since 0.1.0
 * @category constructors
 */
export const after = (
  state: SimulatedState,
  call: Call,
  ms: number,
  body: (state: SimulatedState) => Outcome
): Outcome => state.now >= call.since + ms ? body(state) : pending(state, call.since + ms, call.phase)

/**
 * @since 0.1.0
 * @category problems
 */
export const commandFailed = (
  argv: Argv,
  exitCode: number,
  stderr: string,
  log: ReadonlyArray<string> = []
): StepProblem => ({ _tag: "CommandFailed", argv: [...argv], exitCode, signal: null, stderr, log })

/**
 * @since 0.1.0
 * @category problems
 */
export const timedOut = (argv: Argv, timeoutMs: number, log: ReadonlyArray<string> = []): StepProblem => ({
  _tag: "CommandTimedOut",
  argv: [...argv],
  timeoutMs,
  log
})

const advice: Readonly<Record<string, string>> = {
  EBUSY: "something is mounted there, or in use",
  ENOSPC: "the file system is full: free some space",
  ENOTEMPTY: "something is in it that this library did not make: look, and remove it by hand"
}

/**
 * @since 0.1.0
 * @category problems
 */
export const callFailed = (call: string, path: string, code: string): StepProblem => ({
  _tag: "SystemCallFailed",
  call,
  path,
  code,
  advice: advice[code] ?? "see errno(3)"
})

/**
 * @since 0.1.0
 * @category problems
 */
export const conflict = (found: string, what: string): StepProblem => ({ _tag: "Conflict", found, advice: what })

/**
 * Carries plans out: the one place where a plan becomes what happens.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { describe } from "../plan/Describe.ts"
import type { Plan } from "../plan/Plan.ts"
import { isNeededBy, resolved, rollbackOf } from "../plan/Rollback.ts"
import { isCheck, type Step } from "../plan/Step.ts"
import { Host, type HostError, type Observed } from "./Host.ts"
import { Journal, type OpenJournal } from "./Journal.ts"
import { failureOf, type Residue, residueOf } from "./OperationFailed.ts"
import { Progress } from "./Progress.ts"

/**
 * What an operation did.
 *
 * @since 0.1.0
 * @category models
 */
export interface Report {
  readonly operation: Plan["operation"]
  readonly instance: string
  /** Steps that changed or confirmed something. */
  readonly acted: number
  /** Steps whose result held already. */
  readonly alreadyDone: number
  readonly warnings: ReadonlyArray<string>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ExecuteOptions {
  /** How long undoing may take in all, in milliseconds; 60 s by default. What is not undone by then is residue. */
  readonly rollbackLimitMs?: number | undefined
}

const defaultRollbackLimitMs = 60_000

/** What has happened so far in one run of a plan. */
interface Run {
  readonly plan: Plan
  readonly host: Host["Service"]
  readonly progress: (typeof Progress)["Service"]
  readonly journal: OpenJournal
  readonly clock: Clock.Clock
  readonly rollbackLimitMs: number
  readonly results: Map<string, string>
  /** Steps to undo whose intent is in the journal, whether they acted or not. */
  readonly begun: Array<Step>
  /** The step that is being taken. */
  index: number
  acted: number
}

/** The step as it is noted: of what it is to move is said what that is, so that nothing else is ever moved back. */
const noted = (step: Step, { result }: Observed): Step =>
  step._tag === "MoveIntoPlace" && result !== undefined ? { ...step, what: result } : step

const takeStep = function*(run: Run, step: Step, index: number) {
  const { clock, host, progress } = run
  const began = clock.currentTimeMillisUnsafe()
  run.index = index
  yield* progress({ _tag: "StepBegun", index, step })
  const observed = yield* host.observe(step, run.results)
  let result = observed.result
  if (!observed.done) {
    const intended = noted(step, observed)
    if (!isCheck(step)) {
      const undo = index >= run.plan.undoFrom
      yield* run.journal.append({ _tag: "Intent", step: intended, undo })
      if (undo) run.begun.push(intended)
    }
    result = yield* host.apply(intended, run.results)
    run.acted += 1
  }
  if (step._tag === "AttachLoop" && result !== undefined) run.results.set(step.result, result)
  if (!observed.done && !isCheck(step)) {
    yield* run.journal.append({
      _tag: "Done",
      name: step._tag === "AttachLoop" ? step.result : null,
      result: result ?? null
    })
  }
  const elapsedMs = clock.currentTimeMillisUnsafe() - began
  yield* progress({ _tag: "StepDone", index, step, alreadyDone: observed.done, elapsedMs })
}

/** Each step in a span of its own, where a tracer is told of it: made for nobody, those took a tenth of a simulated life. */
const takeSteps = Effect.fnUntraced(function*(run: Run) {
  const isTraced = (yield* Tracer.Tracer) !== Tracer.nativeTracer
  for (const [index, step] of run.plan.steps.entries()) {
    const taking = () => takeStep(run, step, index)
    yield* isTraced ? Effect.withSpan(Effect.gen(taking), "Interpreter.step", { captureStackTrace: false }) : taking()
  }
})

/** How long a last look at what is left may take. */
const lastLookMs = 1_000

/** Whether what failed is done all the same; what cannot be seen is not. */
const isDone = Effect.fnUntraced(function*(run: Run, { step }: Residue) {
  const seen = yield* Effect.exit(Effect.timeoutOption(run.host.observe(step, run.results), lastLookMs))
  return Exit.isSuccess(seen) && Option.exists(seen.value, ({ done }) => done)
})

/** Does one step of a rollback, unless one that failed needs what it takes away; gives what kept it from being done. */
const undoStep = Effect.fnUntraced(function*(run: Run, step: Step, failed: ReadonlyArray<Residue>, leftMs: number) {
  const { host } = run
  const [needing] = yield* Effect.filter(failed.filter((each) => isNeededBy(step, each.step)), (each) => Effect.map(isDone(run, each), (done) => !done))
  if (needing !== undefined) {
    return { _tag: "NotUndone", why: `it is needed for what could not be done: ${describe(needing.step)}` } as const
  }
  const late: HostError["problem"] = { _tag: "NotUndone", why: `undoing may take ${run.rollbackLimitMs} ms, and they were over` }
  if (leftMs <= 0) return late
  const attempt = Effect.gen(function*() {
    const observed = yield* host.observe(step, run.results)
    if (!observed.done) yield* host.apply(step, run.results)
  })
  const exit = yield* Effect.exit(Effect.timeoutOption(attempt, leftMs))
  if (Exit.isFailure(exit)) return problemOf(exit.cause)
  return Option.isSome(exit.value) ? undefined : late
})

/**
 * Tries every step of a rollback, as long as there is time; what fails stops only what would keep it from ever being done.
 * A step may fail, or be cut off, and have been done, and others may come about by themselves meanwhile: residue is what is
 * not done in the end.
 */
const rollBack = Effect.fn("Interpreter.rollBack")(function*(run: Run) {
  const { progress } = run
  const steps = rollbackOf(run.begun, run.plan.directories).map((step) => resolved(step, run.results))
  const failed: Array<Residue> = []
  const until = (yield* Clock.currentTimeMillis) + run.rollbackLimitMs
  yield* progress({ _tag: "RollbackBegun", undo: steps })
  for (const step of steps) {
    const problem = yield* undoStep(run, step, failed, until - (yield* Clock.currentTimeMillis))
    if (problem === undefined) yield* progress({ _tag: "Undone", step })
    else failed.push(residueOf(step, problem))
  }
  const done = yield* Effect.filter(failed, (each) => isDone(run, each), { concurrency: "unbounded" })
  for (const { step } of done) yield* progress({ _tag: "Undone", step })
  const residue = failed.filter((each) => !done.includes(each))
  yield* progress({ _tag: "RollbackDone", residue })
  return residue
})

/** A fault of the program is reported like any other, so that it does not hide what is left on the host. */
const problemOf = (cause: Cause.Cause<HostError>): HostError["problem"] =>
  Option.match(Cause.findErrorOption(cause), {
    onSome: (error) => error.problem,
    onNone: () => ({
      _tag: "Conflict",
      found: `unexpected fault: ${Cause.pretty(cause).split("\n", 1)[0] ?? ""}`,
      advice: "this is a bug; please report it"
    })
  })

/** A guest that was asked to end, and did not, runs on as before; that is told, and nothing is left to recover. */
const runsOn = ({ index, plan }: Run, { _tag }: HostError["problem"]): boolean =>
  _tag === "StillRunning" && plan.steps.slice(0, index).every((step) => step._tag === "Thaw" || step._tag === "SignalContainer")

const afterFailure = Effect.fn("Interpreter.afterFailure")(function*(run: Run, cause: Cause.Cause<HostError>) {
  const { plan, progress } = run
  const step = plan.steps[run.index]
  const interrupted = Cause.hasInterruptsOnly(cause)
  if (interrupted) {
    yield* progress({ _tag: "Interrupted", operation: plan.operation, instance: plan.instance })
  } else if (step !== undefined) {
    yield* progress({ _tag: "StepFailed", index: run.index, step, problem: problemOf(cause) })
  }
  const undone = run.index >= plan.undoFrom
  const residue = undone ? yield* rollBack(run) : []
  if (undone ? residue.length === 0 : !interrupted && runsOn(run, problemOf(cause))) yield* Effect.ignore(run.journal.remove)
  if (interrupted || step === undefined) return yield* Effect.failCause(cause as Cause.Cause<never>) // holds no error
  return yield* failureOf(plan, { index: run.index, step, problem: problemOf(cause), undone, residue })
})

/**
 * A recovery is planned from the journal of what did not end, which stays until it is dealt with; its own steps, all of
 * which take away, need none.
 */
const journalOf = Effect.fnUntraced(function*(plan: Plan) {
  const journals = yield* Journal
  const { directories, instance, operation } = plan
  return operation === "recover"
    ? { append: () => Effect.void, remove: journals.discard(directories, instance) } satisfies OpenJournal
    : yield* journals.open(directories, instance)
})

/**
 * Carries out a plan whose basis holds, under the lock of its instance: each step is observed, and unless its result
 * holds already its intent is written to the journal and it is applied.
 *
 * On failure or interruption what the plan says can be undone is undone from the journal's intents, the last first; a step
 * that takes away stops where it is. The first failure is the one reported. An interruption takes no longer than undoing
 * may; what could not be undone then is told to `Progress`, and kept in the journal for a recovery.
 *
 * @since 0.1.0
 * @category interpreters
 */
export const execute = Effect.fnUntraced(function*(plan: Plan, options: ExecuteOptions = {}) {
  const host = yield* Host
  const progress = yield* Progress
  const report = (acted: number): Report => ({
    operation: plan.operation,
    instance: plan.instance,
    acted,
    alreadyDone: plan.steps.length - acted,
    warnings: plan.warnings
  })
  if (plan.steps.length === 0 && plan.operation !== "recover") return report(0)
  const journal = yield* journalOf(plan)
  const clock = yield* Clock.Clock
  const { rollbackLimitMs = defaultRollbackLimitMs } = options
  const run: Run = { plan, host, progress, journal, clock, rollbackLimitMs, results: new Map(), begun: [], index: 0, acted: 0 }
  const steps = Effect.gen(function*() {
    const at = DateTime.formatIso(yield* DateTime.now)
    yield* journal.append({
      _tag: "Begun",
      operation: plan.operation,
      instance: plan.instance,
      at,
      bootId: plan.basis.bootId
    })
    yield* progress({
      _tag: "PlanBegun",
      operation: plan.operation,
      instance: plan.instance,
      steps: plan.steps.length
    })
    yield* takeSteps(run)
  })
  return yield* Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      // With a journal that stays, a recovery would undo later what had been reported as done.
      const exit = yield* Effect.exit(Effect.andThen(restore(steps), journal.remove))
      return Exit.isFailure(exit) ? yield* afterFailure(run, exit.cause) : report(run.acted)
    })
  )
}, Effect.scoped, Effect.withSpan("Interpreter.execute", {}, { captureStackTrace: false })) // every plan is carried out from one line

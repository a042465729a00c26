/**
 * Killing what somebody else waits for.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Operation } from "../plan/Operation.ts"
import type { Plan } from "../plan/Plan.ts"
import type { Step } from "../plan/Step.ts"
import { type Host, HostError } from "./Host.ts"
import { LockHeld } from "./Locks.ts"
import { type Ended, failureOf, type OperationFailed } from "./OperationFailed.ts"

const isKill = ({ _tag }: Step): boolean => _tag === "ForbidForks" || _tag === "KillContainer"

/** The failure of a plan that takes away, and stops at a step. */
const stoppedAt = (plan: Ended, index: number, step: Step, problem: HostError["problem"]): OperationFailed =>
  failureOf(plan, { index, step, problem, undone: false, residue: [] })

/** Does of a plan what kills, without the lock: that needs no undoing and disturbs nobody. */
const killNow = Effect.fnUntraced(function*(host: Host["Service"], plan: Ended) {
  for (const [index, step] of plan.steps.entries()) {
    if (!isKill(step)) continue
    const attempt = Effect.gen(function*() {
      const { done } = yield* host.observe(step, new Map())
      if (!done) yield* host.apply(step, new Map())
    })
    yield* Effect.mapError(attempt, ({ problem }) => stoppedAt(plan, index, step, problem))
  }
})

/** What would say that nothing was done, after a plan's kill without the lock. */
const afterKill = (plan: Ended) => <E>(error: E): E | LockHeld | OperationFailed => {
  if (error instanceof LockHeld) {
    const { holder, instance, waitedMs } = error
    return new LockHeld({ instance, holder, waitedMs, killed: true })
  }
  const index = plan.steps.findLastIndex(isKill) + 1
  const step = plan.steps[index]
  return error instanceof HostError && step !== undefined ? stoppedAt(plan, index, step, error.problem) : error
}

/**
 * Kills without the lock, and then does what needs it: a stop of somebody else that waits for its guest goes on by itself.
 * A failure says what was killed before it.
 *
 * @since 0.1.0
 * @category running
 */
export const overtake = Effect.fnUntraced(function*<E, F, A>(
  host: Host["Service"],
  killing: Effect.Effect<Plan, E>,
  operation: Operation,
  locked: Effect.Effect<A, F>
) {
  const { directories, instance, steps } = yield* killing
  const plan = { operation, instance, directories, steps }
  yield* killNow(host, plan)
  return yield* Effect.mapError(locked, afterKill(plan))
})

/** The lock of the instance, not of a part of it. */
const isHeld = (error: unknown): error is LockHeld => error instanceof LockHeld && error.part === undefined

const isOfStop = ({ holder }: LockHeld): boolean => /\(stop since /.test(holder ?? "")

/** What a wait says that went on after one of so many milliseconds. */
const afterAnother = (waitedBefore: number) => <E>(error: E): E | LockHeld => {
  if (!isHeld(error)) return error
  const { holder, instance, waitedMs } = error
  return new LockHeld({ instance, holder, waitedMs: waitedBefore + waitedMs })
}

/**
 * Does with the lock what needs it, and has the patience to wait for a stop of somebody else only so long: that one is overtaken.
 * Whatever else somebody does is waited for as long as by anybody.
 *
 * @since 0.1.0
 * @category running
 */
export const impatiently = <A, E, B, F>(
  within: (waitMs: number) => Effect.Effect<A, E>,
  patienceMs: number,
  lockWaitMs: number,
  overtaking: Effect.Effect<B, F>
): Effect.Effect<A | B, E | F | LockHeld> => {
  const firstMs = Math.min(patienceMs, lockWaitMs)
  return within(firstMs).pipe(
    Effect.catch((error) =>
      isHeld(error) && !isOfStop(error) && firstMs < lockWaitMs
        ? Effect.mapError(within(lockWaitMs - firstMs), afterAnother(error.waitedMs))
        : Effect.fail(error)
    ),
    Effect.catch((error): Effect.Effect<B, E | F | LockHeld> => isHeld(error) && isOfStop(error) ? overtaking : Effect.fail(error))
  )
}

/**
 * Operations that change the host: under the lock of their instance, after dealing with one that did not end.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { statusOf } from "../host/ContainerStatus.ts"
import type { Directories } from "../host/Directories.ts"
import { isNothing, namesake, remainsOf } from "../host/Remains.ts"
import { InstanceName } from "../model/InstanceName.ts"
import { basisOf, differences } from "../plan/Basis.ts"
import { begunBy } from "../plan/JournalEntry.ts"
import type { Operation } from "../plan/Operation.ts"
import type { Plan } from "../plan/Plan.ts"
import { type PlanRejected, PlanStale } from "../plan/PlanRejected.ts"
import { Host, type HostError } from "./Host.ts"
import { execute, type Report } from "./Interpreter.ts"
import { Journal } from "./Journal.ts"
import type { LockError, LockHeld, Locks } from "./Locks.ts"
import type { OperationFailed } from "./OperationFailed.ts"
import type { Planning } from "./Planning.ts"
import { Progress } from "./Progress.ts"

/**
 * Everything by which an operation that changes the host can fail.
 *
 * @since 0.1.0
 * @category errors
 */
export type ChangeError = PlanRejected | PlanStale | OperationFailed | HostError | LockHeld | LockError

/**
 * What `recover` found and did.
 *
 * @since 0.1.0
 * @category models
 */
export interface RecoverReport {
  /** Operations that had not ended and have been dealt with now. */
  readonly recovered: ReadonlyArray<{
    readonly instance: string
    readonly operation: Operation
    readonly since: string
    readonly report: Report
  }>
  /** Operations that have not ended: somebody is at it, or dealing with it failed. */
  readonly unfinished: ReadonlyArray<{ readonly instance: string; readonly reason: string }>
  /** Instances that are meant to run and do not. */
  readonly notRunning: ReadonlyArray<string>
}

const isInstanceName = Schema.is(InstanceName)

const sameDirectories = (one: Directories, other: Directories): boolean =>
  one.run === other.run && one.log === other.log && one.state === other.state

/**
 * @since 0.1.0
 * @category constructors
 */
export const makeChanges = (
  host: Host["Service"],
  journals: Journal["Service"],
  locks: Locks["Service"],
  planning: Planning,
  directories: Directories,
  lockWaitMs: number
) => {
  const services = Context.make(Host, host).pipe(Context.add(Journal, journals))
  const carryOut = (plan: Plan) => Effect.provideContext(execute(plan), services)

  const checkBasis = Effect.fnUntraced(function*(stored: Plan) {
    const paths = stored.basis.paths.map((each) => each.path)
    const links = stored.basis.interfaces.map((each) => each.name)
    const facts = yield* host.facts({ directories, paths })
    const found = basisOf(directories, stored.instance, { paths, links }, facts)
    const changed = [
      ...differences(stored.basis, found),
      ...(sameDirectories(stored.directories, directories)
        ? []
        : [`directories: planned for ${stored.directories.run}, this is ${directories.run}`])
    ]
    if (changed.length > 0) {
      return yield* new PlanStale({ operation: stored.operation, instance: stored.instance, differences: changed })
    }
  })

  /** Deals with an operation that did not end; undefined where there is none. */
  const settle = Effect.fnUntraced(function*(name: InstanceName) {
    const begun = begunBy(yield* journals.read(directories, name))
    if (begun === undefined) return undefined
    const progress = yield* Progress
    yield* progress({ _tag: "Recovering", operation: begun.operation, instance: name, since: begun.at })
    const report = yield* Effect.flatMap(planning.recover(name), carryOut)
    return { instance: name, operation: begun.operation, since: begun.at, report }
  })

  const locked = <A, E>(
    name: InstanceName,
    operation: Operation,
    body: Effect.Effect<A, E>,
    waitMs = lockWaitMs
  ): Effect.Effect<A, E | LockHeld | LockError> =>
    Effect.scoped(Effect.andThen(locks.acquire(directories, name, operation, waitMs), body))

  const change = <E>(name: InstanceName, operation: Operation, plan: Effect.Effect<Plan, E>) =>
    locked(name, operation, Effect.andThen(settle(name), Effect.flatMap(plan, carryOut)))

  /** Of what is not there nothing can be taken away: then no lock is made for its name. */
  const takeAway = Effect.fnUntraced(function*<E>(name: InstanceName, operation: Operation, plan: Effect.Effect<Plan, E>) {
    const facts = yield* host.facts({ directories })
    const unfinished = (yield* journals.read(directories, name)).length > 0
    const nothing = isNothing(remainsOf(directories, name, facts)) && namesake(directories, name, facts) === undefined
    return nothing && !unfinished
      ? { operation, instance: name, acted: 0, alreadyDone: 0, warnings: [] } satisfies Report
      : yield* change(name, operation, plan)
  })

  const settleOne = (name: InstanceName, waitMs: number) =>
    locked(name, "recover", settle(name), waitMs).pipe(
      Effect.map((recovered) => ({ recovered: recovered === undefined ? [] : [recovered], unfinished: [] })),
      Effect.catch((error) =>
        Effect.succeed({ recovered: [], unfinished: [{ instance: name as string, reason: error.message }] })
      )
    )

  const recover = Effect.fn("Hypervisor.recover")(function*(name?: InstanceName) {
    const found = name === undefined ? (yield* journals.list(directories)).filter(isInstanceName) : [name]
    const settled = yield* Effect.forEach(found, (each) => settleOne(each, name === undefined ? 0 : lockWaitMs))
    const containers = yield* host.containers({ directories })
    return {
      recovered: settled.flatMap((each) => each.recovered),
      unfinished: settled.flatMap((each) => each.unfinished),
      notRunning: containers
        .filter((each) => (name === undefined || each.name === name) && each.meantToRun && statusOf(each).state === "STOPPED")
        .map((each) => each.name)
        .sort()
    } satisfies RecoverReport
  })

  const run = Effect.fn("Hypervisor.run")((stored: Plan) =>
    locked(stored.instance, stored.operation, Effect.andThen(checkBasis(stored), carryOut(stored)))
  )

  return { change, takeAway, recover, run }
}

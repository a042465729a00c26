/**
 * Operations that change the host: under the lock of their instance, after dealing with one that did not end.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Directories } from "../host/Directories.ts"
import { isNothing, namesake, remainsOf } from "../host/Remains.ts"
import type { Instance } from "../model/Instance.ts"
import type { InstanceName } from "../model/InstanceName.ts"
import { linkedMacs } from "../model/Nic.ts"
import { confined } from "../plan/Confinement.ts"
import { disksTaken } from "../plan/DisksTaken.ts"
import { begunBy } from "../plan/JournalEntry.ts"
import type { Operation } from "../plan/Operation.ts"
import type { Plan } from "../plan/Plan.ts"
import type { PlanRejected, PlanStale } from "../plan/PlanRejected.ts"
import { awaitAsked } from "./AskedToEnd.ts"
import { Host, type HostError } from "./Host.ts"
import { acquiring, holdingLock, holdingTaken, takenAt } from "./Holding.ts"
import { execute, type Report } from "./Interpreter.ts"
import { Journal } from "./Journal.ts"
import type { LockError, LockHeld, Locks } from "./Locks.ts"
import { OperationFailed, StoredPlanFailed } from "./OperationFailed.ts"
import { impatiently, overtake } from "./Overtaking.ts"
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
 * An operation that had not ended, and how it was dealt with.
 *
 * @since 0.1.0
 * @category models
 */
export interface Recovered {
  readonly instance: string
  readonly operation: Operation
  readonly since: string
  readonly report: Report
}

/** Whether nothing by the name is there, neither running nor left, nor begun. What runs is told by one small look. */
const isAbsent = Effect.fnUntraced(function*(
  host: Host["Service"],
  journals: Journal["Service"],
  directories: Directories,
  name: InstanceName
) {
  if ((yield* host.names({ directories })).includes(name)) return false
  const facts = yield* host.facts({ directories, instance: name, alone: true })
  const unfinished = (yield* journals.list(directories)).includes(name)
  return !unfinished && isNothing(remainsOf(directories, name, facts)) && namesake(directories, name, facts) === undefined
})

interface ChangeOptions {
  /** What it brings up, as far as that is known: with the locks of its disks and MACs had first it is planned but once. */
  readonly wanted?: Instance | undefined
  /** A stop of somebody else that waits for its guest is waited for that long, and then overtaken; all others as by anybody. */
  readonly patienceMs?: number | undefined
}

/**
 * How long is waited, in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface ChangeLimits {
  readonly lockWaitMs: number
  readonly rollbackLimitMs: number | undefined
}

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
  { lockWaitMs, rollbackLimitMs }: ChangeLimits
) => {
  const carryOut = (plan: Plan) =>
    execute(plan, { rollbackLimitMs }).pipe(Effect.provideService(Host, host), Effect.provideService(Journal, journals))
  const acquire = acquiring(locks, directories)
  const locked = holdingLock(acquire, lockWaitMs)
  const withTaken = holdingTaken(acquire, lockWaitMs, carryOut)

  /** Deals with an operation that did not end; undefined where there is none. */
  const settle = Effect.fnUntraced(function*(name: InstanceName) {
    const entries = yield* journals.read(directories, name)
    const begun = begunBy(entries)
    // A process that died before it wrote a word did nothing.
    if (begun === undefined) return yield* Effect.as(journals.discard(directories, name), undefined)
    const progress = yield* Progress
    yield* progress({ _tag: "Recovering", operation: begun.operation, instance: name, since: begun.at })
    yield* awaitAsked(host, directories, name, entries)
    const plan = yield* planning.recover(name)
    const report = yield* carryOut(plan)
    return { instance: name, operation: begun.operation, since: begun.at, report } satisfies Recovered
  })

  const change = <E>(
    name: InstanceName,
    operation: Operation,
    plan: Effect.Effect<Plan, E>,
    { patienceMs, wanted }: ChangeOptions = {}
  ): Effect.Effect<Report, E | ChangeError> => {
    const expected = takenAt(host, wanted?.disks.map(({ path }) => path) ?? [], linkedMacs(name, wanted?.nics ?? []))
    const body = Effect.andThen(settle(name), withTaken(name, { operation, plan, expected }))
    const within = (ms: number) => locked(name, operation, body, ms)
    return patienceMs === undefined
      ? within(lockWaitMs)
      : impatiently(within, patienceMs, lockWaitMs, overtake(host, planning.kill(name), operation, within(lockWaitMs)))
  }

  /** Of what is not there nothing can be taken away: then no lock is made for its name. */
  const takeAway = Effect.fnUntraced(function*<E>(
    name: InstanceName,
    operation: Operation,
    plan: Effect.Effect<Plan, E>,
    patienceMs?: number
  ) {
    return (yield* isAbsent(host, journals, directories, name))
      ? { operation, instance: name, acted: 0, alreadyDone: 0, warnings: [] } satisfies Report
      : yield* change(name, operation, plan, { patienceMs })
  })

  const run = Effect.fn("Hypervisor.run")(function*(stored: Plan) {
    yield* Effect.fromResult(confined(stored)) // before a lock is made for what it names
    const { instance, operation } = stored
    const expected = takenAt(host, disksTaken(stored).map((each) => each.path), stored.basis.macs)
    const plan = planning.stored(stored)
    return yield* locked(instance, operation, withTaken(instance, { operation, plan, expected })).pipe(
      Effect.mapError((error) => error instanceof OperationFailed ? new StoredPlanFailed(error) : error)
    )
  })

  const recover = (name: InstanceName, waitMs: number) => locked(name, "recover", settle(name), waitMs)

  return { change, takeAway, recover, run }
}

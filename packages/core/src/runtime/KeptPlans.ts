/**
 * Plans of which files say what they are: a stored plan, and the journal of an operation that did not end. Both are judged
 * before they are believed.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Directories } from "../host/Directories.ts"
import { type InstanceName, isInstanceName } from "../model/InstanceName.ts"
import { confined } from "../plan/Confinement.ts"
import { begunBy } from "../plan/JournalEntry.ts"
import type { Plan } from "../plan/Plan.ts"
import type { PlanRejected, PlanStale } from "../plan/PlanRejected.ts"
import { planRecover } from "../plan/RecoverPlan.ts"
import { namedIn, stillHolds } from "../plan/Staleness.ts"
import { fitsHost } from "../plan/StoredPlan.ts"
import type { Host, HostError } from "./Host.ts"
import type { Journal } from "./Journal.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface KeptPlans {
  /** Deals with an operation that did not end. Rejected where its journal is of steps that this library does not take. */
  readonly recover: (name: InstanceName) => Effect.Effect<Plan, PlanRejected | HostError>
  /**
   * What a recovery of one instance or of all would do: for each operation that did not end a plan, or why there is none, which
   * keeps no other back.
   */
  readonly recoveries: (name?: InstanceName) => Effect.Effect<ReadonlyArray<Result.Result<Plan, PlanRejected | HostError>>, HostError>
  /** A stored plan, if it is one that this library could have made and what it was made for still holds. */
  readonly stored: (plan: Plan) => Effect.Effect<Plan, PlanRejected | PlanStale | HostError>
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const makeKeptPlans = (host: Host["Service"], journals: Journal["Service"], directories: Directories): KeptPlans => {
  const recover = Effect.fn("Hypervisor.plan.recover")(function*(name: InstanceName) {
    const entries = yield* journals.read(directories, name)
    const facts = yield* host.facts({ directories, instance: name, alone: true })
    const operation = begunBy(entries)?.operation
    return yield* Effect.fromResult(Result.gen(function*() {
      const plan = yield* planRecover(name, entries, directories, facts)
      if (operation === undefined) return plan
      yield* confined(plan, operation)
      return yield* fitsHost(plan, facts)
    }))
  })
  return {
    recover,
    recoveries: Effect.fn("Hypervisor.plan.recoveries")(function*(name) {
      const names = name === undefined ? (yield* journals.list(directories)).filter(isInstanceName) : [name]
      const begun = yield* Effect.filter(names, (each) =>
        Effect.match(journals.read(directories, each), {
          onFailure: () => true, // planning tells why
          onSuccess: (entries) => begunBy(entries) !== undefined
        }))
      return yield* Effect.forEach(begun, (each) => Effect.result(recover(each)))
    }),
    stored: Effect.fn("Hypervisor.plan.stored")(function*(stored) {
      yield* Effect.fromResult(confined(stored))
      const { links, paths } = namedIn(stored)
      const facts = yield* host.facts({ directories, links, paths, instance: stored.instance })
      return yield* Effect.fromResult(Result.flatMap(stillHolds(stored, directories, facts), (plan) => fitsHost(plan, facts)))
    })
  }
}

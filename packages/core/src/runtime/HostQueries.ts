/**
 * Questions about the host itself: no lock is taken, and no container can hold them up.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { Directories } from "../host/Directories.ts"
import { hostInfo } from "../host/HostInfo.ts"
import { type Finding, verification, verifyHost, verifyMachine } from "../plan/Verification.ts"
import type { Host, HostError } from "./Host.ts"
import type { Journal } from "./Journal.ts"
import type { Locks } from "./Locks.ts"

/** What cannot be looked at is a finding itself, and keeps no other back. */
const unreadable = (error: HostError): ReadonlyArray<Finding> => [{
  code: "host-unreadable",
  severity: "error",
  message: `not everything could be looked at: ${error.message.replaceAll("\n", "; ")}`,
  advice: "mend this first, and verify again"
}]

/** Why a journal cannot be read; undefined where it can. */
const damageOf = (reading: ReturnType<Journal["Service"]["read"]>) =>
  Effect.match(reading, { onFailure: ({ message }) => message.replaceAll("\n", "; "), onSuccess: () => undefined })

/** Operations that have not ended. One of which nobody has the lock has ended meanwhile, unless its journal is there still. */
const underWay = Effect.fnUntraced(function*(journals: Journal["Service"], locks: Locks["Service"], directories: Directories) {
  const found = yield* Effect.forEach(yield* journals.list(directories), Effect.fnUntraced(function*(instance) {
    const holder = yield* Effect.orElseSucceed(locks.holder(directories, instance), () => undefined)
    const damage = holder === undefined ? yield* damageOf(journals.read(directories, instance)) : undefined
    return { instance, holder, damage }
  }))
  if (found.every(({ holder }) => holder !== undefined)) return found
  const still = new Set(yield* journals.list(directories))
  return found.filter(({ holder, instance }) => holder !== undefined || still.has(instance))
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const makeHostQueries = (
  host: Host["Service"],
  journals: Journal["Service"],
  locks: Locks["Service"],
  directories: Directories
) => ({
  host: Effect.gen(function*() {
    return hostInfo(directories, yield* host.facts({ directories }), yield* host.survey({ directories }))
  }).pipe(Effect.withSpan("Hypervisor.host")),
  verify: Effect.gen(function*() {
    const survey = yield* host.survey({ directories })
    const found = yield* Effect.gen(function*() {
      return verifyHost(directories, yield* host.facts({ directories }), survey, yield* underWay(journals, locks, directories))
    }).pipe(Effect.catchTag("HostError", (error) => Effect.succeed(unreadable(error))))
    return verification([...verifyMachine(survey), ...found])
  }).pipe(Effect.withSpan("Hypervisor.verify"))
})

/**
 * What a running container uses, and what it may use.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/**
 * A limit that is not set is null, and so is what the host's cgroups do not tell.
 *
 * @since 0.1.0
 * @category models
 */
export const ContainerUsage = Schema.Struct({
  memory: Schema.Struct({ limitBytes: Schema.NullOr(Count), usageBytes: Schema.NullOr(Count) }),
  cpu: Schema.Struct({
    /** How many cpus' worth of time it may use: its quota, else the cpus it may run on. */
    count: Schema.NullOr(Schema.Finite),
    /** Time used since the start, in seconds. */
    usageSeconds: Schema.NullOr(Schema.Finite)
  }),
  pids: Schema.Struct({ current: Schema.NullOr(Count), limit: Schema.NullOr(Count) }),
  /** When the first process was started, ISO 8601 in UTC. */
  startedAt: Schema.NullOr(Schema.String)
})

/**
 * @since 0.1.0
 * @category models
 */
export type ContainerUsage = typeof ContainerUsage.Type

/**
 * What a running container uses, and what it may use.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { type CgroupNumber, cgroupNumbers, CgroupUsage, noCgroupUsage, withNumbers } from "./CgroupUsage.ts"
import { GuestInterface } from "./GuestNetwork.ts"

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/**
 * The file system that is mounted on the root directory of a container.
 *
 * @since 0.1.0
 * @category models
 */
export const RootUsage = Schema.Struct({
  /** What is mounted: a device, `overlay`, or the source of a bind mount. */
  source: Schema.String,
  /** The file behind a loop device. */
  backingFile: Schema.NullOr(Schema.String),
  fsType: Schema.String,
  /** As statfs(2) counts: null where the file system does not answer. */
  sizeBytes: Schema.NullOr(Count),
  usedBytes: Schema.NullOr(Count)
})

/**
 * @since 0.1.0
 * @category models
 */
export type RootUsage = typeof RootUsage.Type

/**
 * A limit that is not set is null, and so is what the host's cgroups do not tell.
 *
 * @since 0.1.0
 * @category models
 */
export const ContainerUsage = Schema.Struct({
  ...CgroupUsage.fields,
  /** What the guest has in its network namespace, and how it looks from there. */
  interfaces: Schema.Array(GuestInterface),
  root: Schema.NullOr(RootUsage),
  /** When the first process was started, ISO 8601 in UTC. */
  startedAt: Schema.NullOr(Schema.String),
  /** How long ago that was; not changed when the clock of the host is set. */
  uptimeSeconds: Schema.NullOr(Schema.Finite)
})

/**
 * @since 0.1.0
 * @category models
 */
export type ContainerUsage = typeof ContainerUsage.Type

/**
 * A part of the use that can be asked for alone, or one number of what cgroups count, such as `memory.usageBytes`: most of
 * them are a file each.
 *
 * @since 0.1.0
 * @category models
 */
export type UsageField = keyof ContainerUsage | CgroupNumber

/**
 * Every part.
 *
 * @since 0.1.0
 * @category constants
 */
export const allUsage: ReadonlyArray<keyof ContainerUsage> = [
  "memory", "cpu", "pids", "io", "interfaces", "root", "startedAt", "uptimeSeconds"
]

/**
 * What uses nothing.
 *
 * @since 0.1.0
 * @category constants
 */
export const noUsage: ContainerUsage = {
  ...noCgroupUsage,
  interfaces: [],
  root: null,
  startedAt: null,
  uptimeSeconds: null
}

/**
 * A use with the parts that are wanted; the others are as of a container that uses nothing.
 *
 * @since 0.1.0
 * @category conversions
 */
export const withOnly = (usage: ContainerUsage, fields: ReadonlyArray<UsageField>): ContainerUsage => {
  const whole = allUsage.filter((field) => fields.includes(field))
  const numbers = withNumbers(usage, cgroupNumbers((field) => fields.includes(field)))
  return whole.reduce<ContainerUsage>((kept, field) => ({ ...kept, [field]: usage[field] }), { ...noUsage, ...numbers })
}

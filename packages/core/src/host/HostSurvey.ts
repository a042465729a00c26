/**
 * What a machine is made of, and whether it has what containers need.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { InstanceFromJson } from "../model/Instance.ts"

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/**
 * The machine itself.
 *
 * @since 0.1.0
 * @category models
 */
export const Machine = Schema.Struct({
  /** `available` is what programs can have without swapping: MemAvailable of /proc/meminfo. */
  memory: Schema.Struct({ totalBytes: Count, availableBytes: Count }),
  /** Processors that are online. */
  cpus: Count,
  numaNodes: Count,
  /** Physical packages. */
  sockets: Count,
  /** Whether whoever looks is root. */
  root: Schema.Boolean,
  /** Programs that are called, and where they are; null where they are not installed. */
  tools: Schema.Array(Schema.Struct({ name: Schema.String, path: Schema.NullOr(Schema.String) })),
  /** Kinds of namespaces that the kernel has, by their names in /proc/self/ns. */
  namespaces: Schema.Array(Schema.String),
  /** Whether loop devices can be made: /dev/loop-control is there. */
  loopControl: Schema.Boolean
})

/**
 * @since 0.1.0
 * @category models
 */
export type Machine = typeof Machine.Type

/**
 * The machine, the library's own directories, and what is meant to run.
 *
 * @since 0.1.0
 * @category models
 */
export const HostSurvey = Schema.Struct({
  ...Machine.fields,
  directories: Schema.Array(Schema.Struct({
    path: Schema.String,
    kind: Schema.Literals(["directory", "missing", "other"]),
    /** Permissions in octal, four digits; empty where it is missing. */
    mode: Schema.String,
    uid: Schema.Int
  })),
  /** What is in the state directory, with the boot it was started in; both null where a file cannot be understood. */
  wanted: Schema.Array(Schema.Struct({
    file: Schema.String,
    bootId: Schema.NullOr(Schema.String),
    instance: Schema.NullOr(InstanceFromJson)
  }))
})

/**
 * @since 0.1.0
 * @category models
 */
export type HostSurvey = typeof HostSurvey.Type

/**
 * Every program that the library calls, and the package that has it.
 *
 * @since 0.1.0
 * @category constants
 */
export const tools: ReadonlyMap<string, string> = new Map([
  ...["lxc-start", "lxc-stop", "lxc-freeze", "lxc-unfreeze", "lxc-attach", "lxc-console"].map((name) => [name, "lxc"] as const),
  ["mount", "mount"],
  ["umount", "mount"],
  ["losetup", "mount"],
  ["ip", "iproute2"],
  ["criu", "criu"]
])

/**
 * What to do where there is no CRIU, or one that fails on this kernel: the one that a distribution has is often older than
 * its kernel, and each release fails on kernels that came after it.
 *
 * @since 0.1.0
 * @category constants
 */
export const criuAdvice = "install a CRIU that knows the kernel of this host: 4.1 or later knows 6.18"

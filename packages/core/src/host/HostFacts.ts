/**
 * Everything a planner may know of a host, as plain data.
 *
 * Facts are observed by a host, captured on one machine and planned against on another, or written by hand.
 *
 * @since 0.1.0
 */
import type * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { InstanceFromJson } from "../model/Instance.ts"
import { ObservedPath } from "../model/HostPath.ts"
import { decodeInput, type InvalidSpec } from "../model/InvalidSpec.ts"
import { Cgroups } from "./CgroupLayout.ts"
import { MountEntry } from "./MountTable.ts"
import { Partition } from "./PartitionTable.ts"
import { ProcessStat } from "./ProcessStat.ts"

/**
 * A loop device that is in use.
 *
 * @since 0.1.0
 * @category models
 */
export const LoopDevice = Schema.Struct({
  device: ObservedPath,
  /** As the kernel shows it: without symbolic links, with ` (deleted)` behind a file that is gone. */
  backingFile: ObservedPath,
  /** `device:inode` of the file, where that is there: it may have other names. */
  inode: Schema.optionalKey(Schema.String),
  /** Where in the file it begins, in bytes; left out where that is its beginning. */
  offset: Schema.optionalKey(Schema.Int)
})

/**
 * @since 0.1.0
 * @category models
 */
export type LoopDevice = typeof LoopDevice.Type

/**
 * A network interface of the host's own network namespace.
 *
 * @since 0.1.0
 * @category models
 */
export const Interface = Schema.Struct({
  name: Schema.String,
  kind: Schema.Literals(["bridge", "veth", "loopback", "other"]),
  mtu: Schema.Int
})

/**
 * @since 0.1.0
 * @category models
 */
export type Interface = typeof Interface.Type

/**
 * What is at a path that a spec names.
 *
 * @since 0.1.0
 * @category models
 */
export const PathFacts = Schema.Struct({
  path: Schema.String,
  kind: Schema.Literals(["file", "directory", "block", "other", "missing"]),
  /** The path without symbolic links; equal to `path` where nothing is there. */
  realPath: ObservedPath,
  /** `major:minor` of a block device. */
  device: Schema.optionalKey(Schema.String),
  /** `device:inode` of an image file, which is the same by each of its hard links. */
  inode: Schema.optionalKey(Schema.String),
  /** Left out where a file or device has no partition table. */
  partitions: Schema.optionalKey(Schema.Array(Partition))
})

/**
 * @since 0.1.0
 * @category models
 */
export type PathFacts = typeof PathFacts.Type

/**
 * The text of one file of a container's cgroup, in the tree of a controller, without the newline.
 *
 * @since 0.1.0
 * @category models
 */
export const LimitValue = Schema.Struct({ controller: Schema.String, file: Schema.String, value: Schema.String })

/**
 * @since 0.1.0
 * @category models
 */
export type LimitValue = typeof LimitValue.Type

/**
 * What is observed of one container, without asking LXC.
 *
 * @since 0.1.0
 * @category models
 */
export const ContainerFacts = Schema.Struct({
  name: Schema.String,
  lxcPath: Schema.String,
  /** Whether a command socket of this container is listening. */
  socket: Schema.Boolean,
  monitor: Schema.NullOr(ProcessStat),
  /** The first process of the container, seen from the host. */
  init: Schema.NullOr(ProcessStat),
  /** Whether any process of it lives: the first one, or any in its own cgroups. */
  populated: Schema.Boolean,
  freezer: Schema.Literals(["thawed", "freezing", "frozen"]),
  /** Names in the instance's run directory. */
  files: Schema.Array(Schema.String),
  /** The instance as it was started, null without a (readable) record. */
  record: Schema.NullOr(InstanceFromJson),
  /** Whether the state directory says that it is meant to run. */
  meantToRun: Schema.Boolean,
  /** What the files that limit it hold now; left out where it does not run, or not under this library's lxcpath. */
  limits: Schema.optionalKey(Schema.Array(LimitValue)),
  /** Bytes of memory that it uses now; left out as `limits` is. */
  memoryUsage: Schema.optionalKey(Schema.Int),
  /** How many processes and threads it has now; left out as `limits` is. */
  pids: Schema.optionalKey(Schema.Int)
})

/**
 * @since 0.1.0
 * @category models
 */
export type ContainerFacts = typeof ContainerFacts.Type

/**
 * A directory that LXC makes for a container at the top of a cgroup tree: `lxc.payload.*` or `lxc.monitor.*`.
 *
 * @since 0.1.0
 * @category models
 */
export const CgroupDirectory = Schema.Struct({
  name: Schema.String,
  /** Mount points of the trees in which it is. */
  hierarchies: Schema.Array(ObservedPath),
  populated: Schema.Boolean
})

/**
 * @since 0.1.0
 * @category models
 */
export type CgroupDirectory = typeof CgroupDirectory.Type

const SubIdRange = Schema.Struct({
  /** As it stands in the file. */
  line: Schema.String,
  /** Whether it is root's. */
  root: Schema.Boolean,
  start: Schema.Int,
  count: Schema.Int
})

/**
 * Who has which ids for the users and groups of guests: subuid(5), subgid(5).
 *
 * @since 0.1.0
 * @category models
 */
export const SubIds = Schema.Struct({
  /** Whether LXC insists that root has those it maps. */
  required: Schema.Boolean,
  users: Schema.Array(SubIdRange),
  groups: Schema.Array(SubIdRange)
})

/**
 * @since 0.1.0
 * @category models
 */
export type SubIds = typeof SubIds.Type

/**
 * What confinement a host has.
 *
 * @since 0.1.0
 * @category models
 */
export const Security = Schema.Struct({
  /** Names of loaded AppArmor profiles, null without AppArmor. */
  appArmor: Schema.NullOr(Schema.Array(Schema.String)),
  subIds: SubIds
})

/**
 * @since 0.1.0
 * @category models
 */
export type Security = typeof Security.Type

/**
 * @since 0.1.0
 * @category models
 */
export const HostFacts = Schema.Struct({
  /** What `lxc-start --version` says, null where LXC is not installed. */
  lxcVersion: Schema.NullOr(Schema.String),
  /** `uname -r`. */
  kernel: Schema.String,
  /** `/proc/sys/kernel/random/boot_id`. */
  bootId: Schema.String,
  cgroups: Cgroups,
  /** In the kernel's order: what was mounted later stands later. */
  mounts: Schema.Array(MountEntry),
  loops: Schema.Array(LoopDevice),
  interfaces: Schema.Array(Interface),
  containers: Schema.Array(ContainerFacts),
  cgroupDirectories: Schema.Array(CgroupDirectory),
  /** Left out where nobody looked. */
  security: Schema.optionalKey(Security),
  /** The processors that are online, by their numbers; left out where nobody looked. */
  cpus: Schema.optionalKey(Schema.Array(Schema.Int)),
  /** Bytes of memory that the machine has, MemTotal of /proc/meminfo; left out where nobody looked. */
  memory: Schema.optionalKey(Schema.Int),
  /** Whether there is a CRIU to call; left out where nobody looked. */
  criu: Schema.optionalKey(Schema.Boolean),
  /** What is at the paths that were asked for. */
  paths: Schema.Array(PathFacts)
})

/**
 * @since 0.1.0
 * @category models
 */
export type HostFacts = typeof HostFacts.Type

const HostFactsFromJson = Schema.toCodecJson(HostFacts)

const none = {
  lxcVersion: null,
  kernel: "",
  bootId: "",
  mounts: [],
  loops: [],
  interfaces: [],
  containers: [],
  cgroupDirectories: [],
  paths: []
}

/**
 * Reads facts from parsed JSON. Only `cgroups` is required: what is not said is not there. A misspelt or ill-typed
 * field is a problem that names it.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeHostFacts = (input: unknown, source: string): Result.Result<HostFacts, InvalidSpec> =>
  decodeInput(HostFactsFromJson, typeof input === "object" && input !== null ? { ...none, ...input } : input, source)

/**
 * @since 0.1.0
 * @category encoding
 */
export const encodeHostFacts = (facts: HostFacts): unknown => Schema.encodeSync(HostFactsFromJson)(facts)

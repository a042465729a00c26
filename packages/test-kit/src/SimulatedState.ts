/**
 * A simulated host as plain, immutable data: it can be built, compared, stored as JSON and started from.
 *
 * @since 0.1.0
 */
import { Hierarchy } from "@effect-lxc/core/host/CgroupLayout"
import { Interface, LoopDevice } from "@effect-lxc/core/host/HostFacts"
import { Machine } from "@effect-lxc/core/host/HostSurvey"
import { MountEntry } from "@effect-lxc/core/host/MountTable"
import { Partition } from "@effect-lxc/core/host/PartitionTable"
import { ProcessStat } from "@effect-lxc/core/host/ProcessStat"
import * as Schema from "effect/Schema"
import { Guest } from "./Guest.ts"
import { ToolAnswer } from "./ToolAnswer.ts"

/**
 * A directory or a file of the host's own file systems; what is in a guest's is its {@link Guest}.
 *
 * @since 0.1.0
 * @category models
 */
export const FileNode = Schema.Struct({
  kind: Schema.Literals(["directory", "file"]),
  /** Octal, four digits. */
  mode: Schema.String,
  text: Schema.String
})

/**
 * @since 0.1.0
 * @category models
 */
export type FileNode = typeof FileNode.Type

/**
 * A process; `state` is the letter of /proc/PID/stat, where `D` cannot be killed and `Z` is dead.
 *
 * @since 0.1.0
 * @category models
 */
export const SimulatedProcess = Schema.Struct({
  ...ProcessStat.fields,
  parent: Schema.Int,
  command: Schema.String,
  /** Its directory in every cgroup tree, without a leading slash. */
  cgroup: Schema.String,
  /** Its working directory and open files, each with the mount in which it found them: that is what it keeps busy. */
  holds: Schema.Array(Schema.Struct({
    path: Schema.String,
    mount: Schema.NullOr(Schema.Struct({ target: Schema.String, source: Schema.String }))
  }))
})

/**
 * @since 0.1.0
 * @category models
 */
export type SimulatedProcess = typeof SimulatedProcess.Type

/**
 * A mounted cgroup tree: its directories, each with the files that were written.
 *
 * @since 0.1.0
 * @category models
 */
export const CgroupTree = Schema.Struct({
  ...Hierarchy.fields,
  groups: Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.String))
})

/**
 * @since 0.1.0
 * @category models
 */
export type CgroupTree = typeof CgroupTree.Type

const SimulatedInterface = Schema.Struct({
  ...Interface.fields,
  /** The container with whose network namespace it goes. */
  container: Schema.NullOr(Schema.Int),
  /** The bridge of which it is a port. */
  bridge: Schema.optionalKey(Schema.String)
})

/**
 * A container of which a process lives: `hung` is a monitor that will never answer, an orphan is one without monitor.
 *
 * @since 0.1.0
 * @category models
 */
export const SimulatedContainer = Schema.Struct({
  id: Schema.Int,
  lxcPath: Schema.String,
  name: Schema.String,
  phase: Schema.Literals(["starting", "hung", "running", "ending"]),
  /** Null where it was killed. */
  monitor: Schema.NullOr(Schema.Int),
  init: Schema.NullOr(Schema.Int),
  /** Whether the command socket is there. */
  listening: Schema.Boolean,
  frozen: Schema.Boolean,
  payload: Schema.String,
  monitorGroup: Schema.String,
  root: Schema.String,
  /** The source of what was mounted on its root at the start, which its monitor keeps in use; null where nothing was. */
  rootSource: Schema.NullOr(Schema.String),
  /**
   * What its mount namespace has mounted, besides its root's path on the host: umount(8) there does not take it from the
   * container, and it stays in use as long as a process of the container lives.
   */
  sources: Schema.Array(Schema.String),
  guest: Guest,
  /** What its configuration said at the start: LXC reads it once. */
  config: Schema.String,
  logFile: Schema.String,
  pidFile: Schema.String,
  /** Signals that wait for a frozen process to be thawed. */
  pending: Schema.Array(Schema.String),
  /** Interfaces of the host that were moved into it. */
  moved: Schema.Array(Interface),
  execedAt: Schema.Int,
  /** What its cgroup was given at the start, by the mount point of each tree: what LXC gives it again at a reboot. */
  limits: Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.String)),
  /** Whether it has the capability sys_boot: without it a reboot from inside is its end. */
  mayReboot: Schema.Boolean,
  /** Whether the end of its monitor is its own: `lxc.monitor.signal.pdeath`. */
  diesWithMonitor: Schema.Boolean
})

/**
 * @since 0.1.0
 * @category models
 */
export type SimulatedContainer = typeof SimulatedContainer.Type

/**
 * What will happen by itself.
 *
 * @since 0.1.0
 * @category models
 */
export const HostEvent = Schema.TaggedUnion({
  InitExits: { id: Schema.Int, code: Schema.Int },
  InitKilled: { id: Schema.Int },
  /** By reboot(2), which ends every process of the pid namespace. */
  InitPowersOff: { id: Schema.Int },
  InitReboots: { id: Schema.Int },
  PayloadRemoved: { id: Schema.Int },
  SocketClosed: { id: Schema.Int },
  MonitorExits: { id: Schema.Int },
  Reaped: { pid: Schema.Int }
})

/**
 * @since 0.1.0
 * @category models
 */
export type HostEvent = typeof HostEvent.Type

/**
 * The whole host. Times are in milliseconds since the epoch.
 *
 * @since 0.1.0
 * @category models
 */
export const SimulatedState = Schema.Struct({
  now: Schema.Int,
  bootedAt: Schema.Int,
  bootId: Schema.String,
  kernel: Schema.String,
  machine: Machine,
  /** Null where LXC is not installed. */
  lxcVersion: Schema.NullOr(Schema.String),
  /** Null where CRIU is not installed. */
  criu: Schema.NullOr(Schema.String),
  /** What tools answer in place of doing their work, by their names. */
  answers: Schema.Record(Schema.String, ToolAnswer),
  cpus: Schema.Int,
  swapAccounting: Schema.Boolean,
  ioWeightFile: Schema.NullOr(Schema.String),
  /** Limits that LXC takes and does not put in force, without a word. */
  ignoredLimits: Schema.Array(Schema.String),
  trees: Schema.Array(CgroupTree),
  files: Schema.Record(Schema.String, FileNode),
  /** Symbolic links, by their path. */
  links: Schema.Record(Schema.String, Schema.String),
  /** Directories below which nothing can be written: their disk is full. */
  full: Schema.Array(Schema.String),
  blockDevices: Schema.Array(Schema.String),
  /** What is in image files, block devices and directories, by path. */
  images: Schema.Record(Schema.String, Guest),
  /** Partition tables of image files and block devices, by path; what is in a partition is an image `PATH@START`. */
  partitions: Schema.Record(Schema.String, Schema.Array(Partition)),
  loops: Schema.Array(
    Schema.Struct({
      ...LoopDevice.fields,
      /** In bytes; 0: to the end of the file. */
      sizeLimit: Schema.Int,
      readOnly: Schema.Boolean,
      /** Detached while in use: it goes with its last user. */
      autoclear: Schema.Boolean
    })
  ),
  /**
   * In the order of mounting; `image` is the key of what is mounted, `layers` the sources of what an overlay is made of,
   * which it keeps in use.
   */
  mounts: Schema.Array(
    Schema.Struct({
      ...MountEntry.fields,
      image: Schema.NullOr(Schema.String),
      layers: Schema.optionalKey(Schema.Array(Schema.String))
    })
  ),
  /** Of the mounts of the host: `shared`, as systemd has it, they come into running containers and go from them. */
  propagation: Schema.Literals(["private", "shared"]),
  interfaces: Schema.Array(SimulatedInterface),
  processes: Schema.Array(SimulatedProcess),
  containers: Schema.Array(SimulatedContainer),
  /** In which trees a failed start leaves the monitor's group: LXC's client may still sit in it. */
  monitorLeak: Schema.Literals(["none", "some", "all"]),
  /** Ends of log files when lxc-start was last called with them. */
  logMarks: Schema.Record(Schema.String, Schema.Int),
  agenda: Schema.Array(Schema.Struct({ at: Schema.Int, event: HostEvent })),
  /** The pid of the next process, which nobody has. */
  nextPid: Schema.Int,
  /** /proc/sys/kernel/pid_max: the first pid that is never given; after it they begin anew. */
  pidMax: Schema.Int,
  nextId: Schema.Int
})

/**
 * @since 0.1.0
 * @category models
 */
export type SimulatedState = typeof SimulatedState.Type

/**
 * @since 0.1.0
 * @category models
 */
export type SimulatedMount = SimulatedState["mounts"][number]

/**
 * The state as JSON text, and back.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SimulatedStateFromJson = Schema.fromJsonString(Schema.toCodecJson(SimulatedState))

/**
 * The closed vocabulary of what can be done to a host.
 *
 * A step is plain data. Each is idempotent: where its result already holds, doing it is `AlreadyDone` and changes
 * nothing. A `Device` field may name the result of an earlier step as `$name`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { ExpectedLimit } from "../lxc/ExpectedLimit.ts"
import { HostPath } from "../model/HostPath.ts"
import { maxId } from "../model/IdMap.ts"
import { InstanceName } from "../model/InstanceName.ts"
import { PlainText } from "../model/HostText.ts"
import { RootKind } from "./ExportFormat.ts"

/**
 * A path of a device, or `$name`: the result of the earlier step whose `result` is `name`.
 *
 * @since 0.1.0
 * @category models
 */
export const Device = Schema.Union([HostPath, Schema.String.check(Schema.isPattern(/^\$[a-z][a-z0-9]*$/))])

const longest = 7 * 24 * 3_600_000

/**
 * A whole number of milliseconds, up to the week that a spec may ask for.
 *
 * @since 0.1.0
 * @category models
 */
export const Millis = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: longest }))

/**
 * How long a caller lets something take, where it says so. Throws a RangeError, a fault of the caller, where no step may
 * take so long: it is no {@link Millis}.
 *
 * @since 0.1.0
 * @category constructors
 */
export const timeoutOf = ({ timeoutMs }: { readonly timeoutMs?: number | undefined }): number | undefined => {
  if (timeoutMs === undefined || (Number.isSafeInteger(timeoutMs) && timeoutMs >= 0 && timeoutMs <= longest)) return timeoutMs
  throw new RangeError(`${timeoutMs} is no timeout: a whole number of milliseconds from 0 to ${longest}`)
}

/** A mount point as the kernel shows it: what a guest's files are called is not ours to choose. */
const AnyPath = Schema.String.check(Schema.isPattern(/^\/[^\0]*$/))

const Bytes = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/** Where an import unpacks. */
const ImportDirectory = HostPath.check(Schema.isPattern(/\/\.[^/]+\.import$/))

/** Where CRIU dumps to. */
const CriuDirectory = HostPath.check(Schema.isPattern(/\/criu\.images$/))

const Mode = Schema.Literals(["0600", "0644", "0700", "0710", "0711", "0755"])

const GroupId = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: maxId }))

/** The two names by which every LXC tool finds a container: `-P LXCPATH -n NAME`. */
const container = { lxcPath: HostPath, name: InstanceName }

/** What LXC needs to bring a container up. */
const starting = {
  ...container,
  logFile: HostPath,
  /** A log of LXC that is larger, in bytes, is first moved to `.1`, in place of what was there. */
  logSize: Schema.optionalKey(Bytes),
  logLevel: Schema.Literals(["TRACE", "DEBUG", "INFO"]),
  consoleLog: HostPath,
  pidFile: HostPath,
  /** Where its disks are mounted, the root first: where one of them is bare, nothing is started. */
  mounts: Schema.optionalKey(Schema.Array(HostPath)),
  /** Interfaces that LXC makes on the host for the container. */
  interfaces: Schema.Array(PlainText),
  /** Mount points of the cgroup trees in which LXC makes directories for it. */
  hierarchies: Schema.Array(HostPath),
  timeoutMs: Millis
}

/**
 * One thing to do to a host.
 *
 * Every case says what holds afterwards, how it is undone, and by which system call or command it is done.
 *
 * @since 0.1.0
 * @category models
 */
export const Step = Schema.TaggedUnion({
  /**
   * Afterwards `path` is a directory of root's with this mode, and so are the missing ones above it; where a `group` is
   * given, one that this step made is that group's. mkdir(2). Undone by removing `path` if this step made it, unless `keep`.
   */
  MakeDirectory: { path: HostPath, mode: Mode, keep: Schema.Boolean, group: Schema.optionalKey(GroupId) },
  /**
   * Afterwards there is no directory at `path`: rmdir(2), never recursive. With `ifEmpty` a full one may stay. Of a `root` on
   * which nothing is mounted what LXC makes there (see Scaffolding) counts as nothing, and goes where it is empty, also where the
   * root itself `stays`. Undone by making it with `mode`, where that is said.
   */
  RemoveDirectory: {
    path: HostPath,
    ifEmpty: Schema.Boolean,
    mode: Schema.optionalKey(Mode),
    root: Schema.optionalKey(Schema.Literals(["goes", "stays"]))
  },
  /**
   * Afterwards `path` holds exactly `text`: written beside it, fsync(2), rename(2), fsync of the directory. A reader
   * sees the old content or the new. With `kept` another text that is there is a conflict, and stays. Undone by writing `previous`,
   * or by removing the file where there was none.
   */
  WriteFile: {
    path: HostPath,
    mode: Mode,
    text: Schema.String,
    previous: Schema.NullOr(Schema.String),
    kept: Schema.optionalKey(Schema.Literal(true))
  },
  /**
   * Afterwards nothing is at `path`, which is no directory, nor at `path`.new, where an interrupted WriteFile leaves what
   * it had written. unlink(2). Undone by writing `previous`, with the mode 0600, where that is said.
   */
  RemoveFile: { path: HostPath, previous: Schema.optionalKey(Schema.String) },
  /**
   * Afterwards a loop device has `file` behind it, from byte `offset` on; its path is the result. `sizeLimit` is in bytes,
   * 0 for all that follows. losetup(8). Undone by DetachLoop.
   */
  AttachLoop: { file: HostPath, offset: Bytes, sizeLimit: Bytes, readOnly: Schema.Boolean, result: Schema.String.check(Schema.isPattern(/^[a-z][a-z0-9]*$/)) },
  /**
   * Afterwards `device` does not have `file` behind it. A device with another file is left alone. Where the step that gave the
   * device never said which, those of the file go that nobody has mounted, and of these only what begins at `offset`, if that
   * is said: another partition is somebody else's. losetup(8).
   */
  DetachLoop: { device: Device, file: HostPath, offset: Schema.optionalKey(Bytes) },
  /**
   * Afterwards `source` is mounted on `target`. mount(8). Another file system there is a conflict. Undone by Unmount.
   * A file system without a device has its own type for a source: `tmpfs`, `overlay`.
   */
  Mount: {
    source: Schema.Union([Device, Schema.Literals(["tmpfs", "overlay"])]),
    target: HostPath,
    fsType: Schema.NullOr(PlainText),
    options: Schema.Array(PlainText)
  },
  /**
   * Afterwards `source` is not mounted on `target`: umount2(2), repeated while it is busy, for `timeoutMs`. What holds
   * it then is named by pid and command. With `detach` the loop device that was mounted is freed as well, or with its last user: a
   * DetachLoop that follows finds it done.
   */
  Unmount: { source: Schema.String, target: AnyPath, timeoutMs: Millis, detach: Schema.optionalKey(Schema.Literal(true)) },
  /**
   * Afterwards LXC has started the container, by its own word: lxc-start(1), daemonised, logging from where the log
   * ends. Undone by KillContainer, AwaitStopped, DeleteInterface, RemoveCgroups, RemoveFile, and RemoveDirectory of a root that stays.
   */
  StartContainer: starting,
  /** Holds if each limit, read back from the container's cgroups, is in force. Nothing to undo. */
  ConfirmLimits: { ...container, limits: Schema.Array(ExpectedLimit) },
  /** Holds if one and the same first process is alive for `settleMs`; its death ends the wait. Nothing to undo. */
  ConfirmAlive: { ...container, logFile: HostPath, settleMs: Millis },
  /** Afterwards every process of the container is frozen, or, if that fails, none. lxc-freeze(1). Undone by Thaw. */
  Freeze: { ...container, timeoutMs: Millis },
  /**
   * Afterwards no process of the container is frozen: lxc-unfreeze(1), or the freezer itself where LXC does not find the
   * container. Undone by Freeze.
   */
  Thaw: { ...container, timeoutMs: Millis },
  /**
   * Sends the first process `signal`; `halt` is what the process expects: SIGRTMIN+3 where it blocks or catches that
   * (systemd), else SIGPWR. A process younger than `graceMs` that does not handle it yet is given until that age to
   * install its handler, since a signal without one is lost. kill(2). Not to be undone.
   */
  SignalContainer: { ...container, signal: PlainText, graceMs: Millis },
  /**
   * Afterwards the container has no process and its monitor is gone. When that takes longer than `timeoutMs`:
   * `continue` goes on, `fail` fails, `freeze` fails after freezing the container again. Where only a monitor is left that
   * is stopped by a signal, `continue` goes on at once.
   */
  AwaitStopped: { ...container, timeoutMs: Millis, onTimeout: Schema.Literals(["continue", "fail", "freeze"]) },
  /**
   * Afterwards no process of the container lives, monitor included: SIGKILL to its first process and a thaw, and the monitor
   * cleans up; while it is brought up, `lxc-stop -k`. Where that does not end in `timeoutMs`, `cgroup.kill`, thaw, and SIGKILL to
   * what is in the container's own cgroups. Not to be undone.
   */
  KillContainer: { ...container, hierarchies: Schema.Array(HostPath), timeoutMs: Millis },
  /**
   * Afterwards no process of the container can fork, so that a fork bomb does not outrun what kills it: `pids.max` is 0
   * where the host has that controller. Not to be undone.
   */
  ForbidForks: { ...container, hierarchies: Schema.Array(HostPath) },
  /**
   * Afterwards `file` of the container's cgroup in the tree of `controller` holds `value`. write(2) to the cgroup file.
   * Undone by writing `previous`.
   */
  SetLimit: { ...container, controller: PlainText, file: PlainText, value: PlainText, previous: PlainText },
  /**
   * Afterwards the container has another first process: `lxc-stop -r`, LXC's own reboot, which keeps its monitor and its
   * config. Not to be undone.
   */
  RebootInPlace: { ...container, timeoutMs: Millis },
  /** The host restarts at once, without syncing or stopping anything: sysrq `b`, else `reboot -n -f`. Not to be undone. */
  PowerCycle: {},
  /**
   * Afterwards `archive`, `-` for standard output, is an export: what is in `files` and the root, of which nothing is
   * followed or executed, and the seal (see ExportFormat). A file is new and on the disk. tar(1). Undone by RemoveFile.
   */
  ExportArchive: {
    files: HostPath,
    root: HostPath,
    kind: RootKind,
    archive: Schema.Union([HostPath, Schema.Literal("-")]),
    timeoutMs: Millis
  },
  /** Afterwards `file`, which is new, holds what standard input held to its end. Undone by RemoveFile. */
  ReceiveArchive: { file: HostPath, timeoutMs: Millis },
  /**
   * Afterwards `directory` holds what the export `archive` holds, on the disk, and nothing else: its seal was right before
   * anything was unpacked, and its spec is `spec`. sha256sum(1), tar(1). Undone by RemoveTree.
   */
  ImportArchive: { archive: HostPath, directory: ImportDirectory, kind: RootKind, spec: Schema.String, timeoutMs: Millis },
  /**
   * Afterwards what was at `from` is at `to`, on the same file system, in one instant: rename(2), or without `replace`
   * link(2), which takes no place that is taken. With `ifThere` nothing need be at `from`, and where something is at `to` what is
   * at `from` is another's and stays. Undone by moving it back, unless it replaced what was there. With `what`, which the one
   * that looked before it was moved gave as the result, nothing else is moved: whatever came to `from` since is another's and stays.
   */
  MoveIntoPlace: { from: HostPath, to: HostPath, replace: Schema.Boolean, ifThere: Schema.Boolean, what: Schema.optionalKey(PlainText) },
  /**
   * Afterwards there is no `path`, nor what was below it; no link is followed, and what is mounted there stays, with an error. rm(1).
   * Undone by MakeDirectory: what was moved out of it before has a place to be moved back to.
   */
  RemoveTree: { path: Schema.Union([ImportDirectory, CriuDirectory]) },
  /**
   * Afterwards `directory` holds the state of every process of the container, which then goes on, or with `stop` is no
   * more. If it cannot be had there is no `directory`, and the container goes on: lxc-checkpoint(1), criu(8). Undone by
   * RemoveTree.
   */
  Checkpoint: { ...container, directory: CriuDirectory, logFile: HostPath, stop: Schema.Boolean, timeoutMs: Millis },
  /** Afterwards the processes that `directory` holds live on: lxc-checkpoint(1), criu(8). Undone as StartContainer is. */
  Restore: { ...starting, directory: CriuDirectory },
  /** Afterwards the host has no interface `name`. ip-link(8). */
  DeleteInterface: { name: PlainText },
  /** Afterwards none of `names` is a directory at the top of `hierarchies`: rmdir(2), children first, never a populated one. */
  RemoveCgroups: { names: Schema.Array(PlainText), hierarchies: Schema.Array(HostPath) }
})

/**
 * @since 0.1.0
 * @category models
 */
export type Step = typeof Step.Type

/**
 * Whether a step only looks: it changes nothing and needs no undoing.
 *
 * @since 0.1.0
 * @category queries
 */
export const isCheck = (step: Step): boolean => step._tag === "ConfirmAlive" || step._tag === "ConfirmLimits"

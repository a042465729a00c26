/**
 * How a root file system behaves once it is started: data, so that a host with guests in it can be stored and compared.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const Milliseconds = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/**
 * A program that may be run in a guest: what it writes, how it ends, and after how long; null: it does not end by itself.
 *
 * @since 0.1.0
 * @category models
 */
export const GuestProgram = Schema.Struct({
  exitCode: Schema.Int,
  stdout: Schema.String,
  stderr: Schema.String,
  takesMs: Schema.NullOr(Milliseconds)
})

/**
 * @since 0.1.0
 * @category models
 */
export type GuestProgram = typeof GuestProgram.Type

/**
 * What is in an image, a block device or a directory. Times in milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export const Guest = Schema.Struct({
  /** The file system type; null where mount(8) finds none. A directory has that of its host. */
  fsType: Schema.NullOr(Schema.String),
  init: Schema.Literals(["present", "missing", "not-executable", "without-interpreter"]),
  /** Other programs that `lxc.init.cmd` may name. */
  programs: Schema.Array(Schema.String),
  /** Programs that may be run in it, by their words with a blank between them. */
  commands: Schema.Record(Schema.String, GuestProgram),
  /** Init ends by itself so long after it was executed, with this code; null: it stays. */
  exits: Schema.NullOr(Schema.Struct({ afterMs: Milliseconds, code: Schema.Int })),
  /** Before this time init has no signal handler: the kernel drops what is sent to it, SIGKILL excepted. */
  handlersAfterMs: Milliseconds,
  /** What init takes for a request to halt. */
  haltSignal: Schema.String,
  /** How long it takes to obey; null: it never does. */
  haltAfterMs: Schema.NullOr(Milliseconds),
  /**
   * It halts by reboot(2), as a full init does, and so long later where it may not (without the capability sys_boot) and
   * has to exit; null: it exits in any case.
   */
  powersOff: Schema.NullOr(Schema.Struct({ deniedMs: Milliseconds })),
  /** What it does so long after SIGINT, which is ctrl-alt-del: reboot(2), or, as a shell, exit with 130; null: nothing. */
  onInterrupt: Schema.NullOr(Schema.Struct({ does: Schema.Literals(["reboot", "exit"]), afterMs: Milliseconds })),
  /** With a memory limit below this, init is killed as soon as it runs. */
  needsBytes: Schema.Int,
  usesBytes: Schema.Int,
  /** Paths below its root that it does not have: nothing can be mounted there from within. */
  lacks: Schema.Array(Schema.String),
  /** Paths below its root on which something is left mounted on the host, in this order. */
  mounts: Schema.Array(Schema.String)
})

/**
 * @since 0.1.0
 * @category models
 */
export type Guest = typeof Guest.Type

const mebibyte = 1024 * 1024

/**
 * Busybox: halts two seconds after SIGPWR, for it gives its processes that long. Handlers are there at once; give
 * `handlersAfterMs` for a guest that is slower.
 *
 * @since 0.1.0
 * @category constructors
 */
export const obedient = (changes: Partial<Guest> = {}): Guest => ({
  fsType: "ext4",
  init: "present",
  programs: [],
  commands: {},
  exits: null,
  handlersAfterMs: 0,
  haltSignal: "SIGPWR",
  haltAfterMs: 2_000,
  powersOff: { deniedMs: 1_000 },
  onInterrupt: { does: "reboot", afterMs: 2_000 },
  needsBytes: 2 * mebibyte,
  usesBytes: mebibyte,
  lacks: [],
  mounts: [],
  ...changes
})

/**
 * systemd of Debian 12: halts 150 ms after SIGRTMIN+3 and ignores SIGPWR; its handlers need some hundred milliseconds.
 *
 * @since 0.1.0
 * @category constructors
 */
export const systemd = (changes: Partial<Guest> = {}): Guest =>
  obedient({
    haltSignal: "SIGRTMIN+3",
    haltAfterMs: 150,
    powersOff: { deniedMs: 0 },
    onInterrupt: { does: "reboot", afterMs: 150 },
    handlersAfterMs: 300,
    needsBytes: 40 * mebibyte,
    usesBytes: 38 * mebibyte,
    ...changes
  })

/**
 * An init that ignores every request to halt.
 *
 * @since 0.1.0
 * @category constructors
 */
export const deaf = (changes: Partial<Guest> = {}): Guest => obedient({ haltAfterMs: null, onInterrupt: null, ...changes })

/**
 * An init that ends by itself.
 *
 * @since 0.1.0
 * @category constructors
 */
export const dying = (afterMs: number, code: number, changes: Partial<Guest> = {}): Guest =>
  obedient({ exits: { afterMs, code }, ...changes })

/**
 * A file system without /sbin/init.
 *
 * @since 0.1.0
 * @category constructors
 */
export const withoutInit = (changes: Partial<Guest> = {}): Guest => obedient({ init: "missing", ...changes })

/**
 * A file system whose /sbin/init may not be executed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const notExecutable = (changes: Partial<Guest> = {}): Guest => obedient({ init: "not-executable", ...changes })

/**
 * Bytes that are no file system.
 *
 * @since 0.1.0
 * @category constructors
 */
export const blank = (): Guest => obedient({ fsType: null, init: "missing" })

/**
 * Locks by flock(2): the kernel lets one go when its holder dies, and flock(1) in a shell script respects it.
 *
 * @since 0.1.0
 */
import type { Directories } from "@effect-lxc/core/host/Directories"
import { LockError, LockHeld, Locks } from "@effect-lxc/core/runtime/Locks"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import { HeldLock } from "./HeldLock.ts"
import { ensureOwnDirectory } from "./HostFiles.ts"
import { errnoOf } from "./KernelFiles.ts"
import { holderOf } from "./LockHolders.ts"
import { NotOurs, requireOwnFile } from "./OwnFiles.ts"
import { toolPath } from "./Tools.ts"

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = fs.constants
const heldBySomebody = 75

const failed = (path: string, code: string, advice: string) => new LockError({ path, code, advice })

/**
 * Takes the lock on an open file in another process: it belongs to the open file, which we keep. Gives whether it was
 * had within the time.
 */
const flock = (path: string, file: number, waitMs: number): Effect.Effect<boolean, LockError> =>
  Effect.callback<boolean, LockError>((resume) => {
    const tool = toolPath("flock")
    if (tool === undefined) {
      resume(Effect.fail(failed(path, "ENOENT", "flock(1) is missing: install util-linux")))
      return
    }
    const wait = waitMs === 0 ? ["-n"] : ["-w", String(waitMs / 1000)]
    const child = spawn(tool, ["-x", "-E", String(heldBySomebody), ...wait, "3"], {
      stdio: ["ignore", "ignore", "ignore", file],
      env: {}
    })
    child.on("error", (error) => resume(Effect.fail(failed(path, errnoOf(error), "flock(1) could not be run"))))
    child.on("exit", (code, signal) =>
      resume(
        code === 0
          ? Effect.succeed(true)
          : code === heldBySomebody
          ? Effect.succeed(false)
          : Effect.fail(failed(path, `flock exited with ${code ?? signal}`, "see flock(1)"))
      ))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

/** A pipe must not hold us up, and what is not ours must not be written to. */
const openOwn = (path: string): number => {
  const file = fs.openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600)
  try {
    requireOwnFile(path, fs.fstatSync(file))
    return file
  } catch (error) {
    fs.closeSync(file)
    throw error
  }
}

const openLock = (path: string) =>
  Effect.acquireRelease(
    Effect.try({
      try: () => openOwn(path),
      catch: (error) => {
        if (error instanceof NotOurs) return failed(path, error.message, "look what it is, and remove it by hand")
        const code = errnoOf(error)
        return failed(path, code, code === "EACCES" || code === "EPERM" ? "run as root" : "look what is in its place")
      }
    }),
    (file) => Effect.sync(() => fs.closeSync(file))
  )

const acquire: Locks["Service"]["acquire"] = Effect.fn("NodeLocks.acquire")(
  function*(directories: Directories, instance, operation, waitMs) {
    const path = directories.lock(instance)
    // The root of an unprivileged guest walks through the run directory; the locks are nobody else's business.
    yield* Effect.andThen(ensureOwnDirectory(directories.run, 0o711), ensureOwnDirectory(directories.locks, 0o700)).pipe(
      Effect.mapError((error) => failed(directories.locks, error.message, "it cannot be made"))
    )
    const file = yield* openLock(path)
    const began = yield* Clock.currentTimeMillis
    const had = yield* flock(path, file, waitMs)
    if (!had) {
      const waitedMs = (yield* Clock.currentTimeMillis) - began
      return yield* new LockHeld({ instance, holder: holderOf(path), waitedMs })
    }
    const since = DateTime.formatIso(yield* DateTime.now)
    yield* Effect.acquireRelease(
      Effect.sync(() => {
        fs.ftruncateSync(file)
        fs.writeSync(file, `pid ${process.pid} (${operation} since ${since})\n`, 0)
      }),
      () => Effect.sync(() => fs.ftruncateSync(file))
    )
    return Effect.provideService(HeldLock, file)
  }
)

/**
 * Lock files in RUN/locks, 0600; they may stay.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Locks> = Layer.succeed(Locks, Locks.of({ acquire }))

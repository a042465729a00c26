/**
 * Locks as files: a lock is a symbolic link to the claim of who has it, a file that this one holds open.
 *
 * A claim counts as long as a process has it open: the kernel closes it with the last one, be that the holder or a tool
 * that has inherited it. So neither a pid nor a time has to be believed, and a lock that nobody else has costs no process, as
 * flock(1) would. The link is made last: where it is seen, its claim is open already.
 *
 * @since 0.1.0
 */
import type { Directories } from "@effect-lxc/core/host/Directories"
import { isAlive } from "@effect-lxc/core/host/ProcessStat"
import type { HostError } from "@effect-lxc/core/runtime/Host"
import { LockError, LockHeld, Locks } from "@effect-lxc/core/runtime/Locks"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { HeldLock } from "./HeldLock.ts"
import { ensureOwnDirectory } from "./HostFiles.ts"
import { errnoOf, names } from "./KernelFiles.ts"
import { holderOf, whoHasOpen } from "./LockHolders.ts"
import { NotOurs, readOwn, requireOwnFile } from "./OwnFiles.ts"
import { processStat } from "./Processes.ts"
import { requireRealPath } from "./RunDirectory.ts"
import { toolPath } from "./Tools.ts"

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDWR, O_WRONLY } = fs.constants

const failed = (at: string, code: string, advice: string) => new LockError({ path: at, code, advice })

const attempt = <A>(at: string, body: () => A): Effect.Effect<A, LockError> =>
  Effect.try({
    try: body,
    catch: (error) => {
      if (error instanceof NotOurs) return failed(at, error.message, "look what it is, and remove it by hand")
      const code = errnoOf(error)
      return failed(at, code, code === "EACCES" || code === "EPERM" ? "run as root" : "look what is in its place")
    }
  })

/** A directory for the locks that cannot be had, or is not to be believed: what it is and what to do stay as they were said. */
const notHad = (at: string, { message, problem }: HostError): LockError => {
  switch (problem._tag) {
    case "SystemCallFailed":
      return failed(at, `${problem.call} ${problem.path}: ${problem.code}`, problem.advice)
    case "Conflict":
      return failed(at, problem.found, problem.advice)
    default:
      return failed(at, message, "look what is in its place")
  }
}

/** A claim to a lock: the file and its name. */
interface Claim {
  readonly file: number
  readonly name: string
}

/** The pid is that of who has made it. */
const claimName = /\.lock\.(\d+)-\d+$/

const claims = { made: 0 }

const newClaim = (at: string): Claim => {
  while (true) {
    const name = `${path.basename(at)}.${process.pid}-${claims.made++}`
    try {
      return { name, file: fs.openSync(path.join(path.dirname(at), name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600) }
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw error // else it is of another process that had this pid
    }
  }
}

const dropClaim = (at: string, { file, name }: Claim): void => {
  fs.rmSync(path.join(path.dirname(at), name), { force: true })
  fs.closeSync(file)
}

/** What a holder says of itself, or nothing. */
const holderWords = /^(?:pid \d+ \([^\n]*\n)?$/

/**
 * The name of the claim that a lock leads to; undefined where there is no lock. Throws where something else is in its place. A lock
 * of a version before this one is a file, which stayed when it was let go: it is its own claim.
 */
const claimOf = (at: string): string | undefined => {
  try {
    const name = fs.readlinkSync(at)
    if (name.startsWith(`${path.basename(at)}.`) && claimName.test(name) && !name.includes("/")) return name
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined
    if (errnoOf(error) !== "EINVAL") throw error
    if (holderWords.test(readOwn(at) ?? "")) return path.basename(at)
  }
  throw new NotOurs(`${at} is no lock of this library`)
}

/** Takes the lock with words of who has it; undefined where there is one. */
const take = (at: string, words: string): Claim | undefined => {
  if (claimOf(at) !== undefined) return undefined
  const claim = newClaim(at)
  try {
    fs.writeSync(claim.file, words)
    fs.symlinkSync(claim.name, at)
    return claim
  } catch (error) {
    dropClaim(at, claim)
    if (errnoOf(error) === "EEXIST") return undefined
    throw error
  }
}

/** Where somebody has removed the lock by hand, there may be another's by now. */
const letGo = (at: string, claim: Claim): void => {
  if (claimOf(at) === claim.name) fs.rmSync(at, { force: true })
  dropClaim(at, claim)
}

/** Takes the lock of flock(2) on an open file by another process: it belongs to the open file. */
const flock = (at: string, file: number): Effect.Effect<void, LockError> =>
  Effect.callback<void, LockError>((resume) => {
    const tool = toolPath("flock")
    if (tool === undefined) return resume(Effect.fail(failed(at, "ENOENT", "flock(1) is missing: install util-linux")))
    const child = spawn(tool, ["-x", "-w", "10", "3"], { stdio: ["ignore", "ignore", "ignore", file], env: {} })
    child.on("error", (error) => resume(Effect.fail(failed(at, errnoOf(error), "flock(1) could not be run"))))
    child.on("exit", (code, signal) =>
      resume(code === 0 ? Effect.void : Effect.fail(failed(at, `flock exited with ${code ?? signal}`, "look who holds it"))))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

const openGuard = (at: string) =>
  Effect.acquireRelease(
    attempt(at, () => {
      const file = fs.openSync(at, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600)
      try {
        requireOwnFile(at, fs.fstatSync(file))
        return file
      } catch (error) {
        fs.closeSync(file)
        throw error
      }
    }),
    (file) => Effect.sync(() => fs.closeSync(file))
  )

const isDead = (at: string): boolean => {
  try {
    const claim = claimOf(at)
    return claim !== undefined && whoHasOpen(path.join(path.dirname(at), claim)) === undefined
  } catch {
    return false // no lock of ours: who asks for it is told
  }
}

/** Locks of which nobody has the claim open. */
const deadLocks = (directory: string): ReadonlyArray<string> =>
  names(directory).filter((name) => name.endsWith(".lock")).map((name) => path.join(directory, name)).filter(isDead)

/** Claims that are open in no process, of one that is not there: one that is there may be about to use its own. */
const deadClaims = (directory: string): ReadonlyArray<string> =>
  names(directory).flatMap((name) => {
    const pid = claimName.exec(name)?.[1]
    const claim = path.join(directory, name)
    return pid === undefined || isAlive(processStat(Number(pid))) || whoHasOpen(claim) !== undefined ? [] : [claim]
  })

/**
 * Removes what those who died have left of locks. Two that see it at once must not remove each other's, so that one looks again
 * and removes while the other waits; nobody else removes what nobody has open.
 */
const clearAway = Effect.fnUntraced(function*(directory: string) {
  const guard = path.join(directory, ".guard")
  yield* flock(guard, yield* openGuard(guard))
  yield* attempt(directory, () => {
    for (const lock of deadLocks(directory)) fs.rmSync(lock, { force: true })
    for (const claim of deadClaims(directory)) fs.rmSync(claim, { force: true })
  })
}, Effect.scoped)

/** How long at most until it is looked again whether the holder has died, of which no event tells. */
const lookEvery = 50

/** Gives what ends when something was made or removed in a directory. */
const watching = Effect.fnUntraced(function*(directory: string) {
  const events = yield* Queue.sliding<void>(1)
  const wake = (): void => void Queue.offerUnsafe(events, undefined)
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      try {
        return fs.watch(directory, wake).on("error", wake)
      } catch {
        return undefined // no more watches to be had: a look now and then still sees it
      }
    }),
    (watcher) => Effect.sync(() => watcher?.close())
  )
  return Queue.take(events)
})

/** Who has the lock, and must be waited for; undefined where nobody has it by now. */
const obstacle = Effect.fnUntraced(function*(directories: Directories, at: string, known: number | undefined) {
  const name = yield* attempt(at, () => claimOf(at))
  if (name === undefined) return undefined
  const claim = path.join(directories.locks, name)
  const holder = whoHasOpen(claim, known)
  if (holder === undefined) yield* clearAway(directories.locks)
  return holder === undefined ? undefined : { pid: holder, words: () => holderOf(claim, holder) }
})

/** Whoever has taken the lock has it until the scope closes: nothing can interrupt between the two. */
const taken = (at: string, words: string) =>
  Effect.uninterruptible(Effect.tap(attempt(at, () => take(at, words)), (claim) =>
    claim === undefined ? Effect.void : Effect.addFinalizer(() => Effect.sync(() => letGo(at, claim)))))

const waitFor = Effect.fnUntraced(function*(directories: Directories, instance: string, waitMs: number, words: string) {
  const at = directories.lock(instance)
  const began = yield* Clock.currentTimeMillis
  let event: Effect.Effect<void> | undefined
  let known: number | undefined
  while (true) {
    const claim = yield* taken(at, words)
    if (claim !== undefined) return claim.file
    const holder = yield* obstacle(directories, at, known)
    if (holder === undefined) continue
    known = holder.pid
    const waitedMs = (yield* Clock.currentTimeMillis) - began
    if (waitedMs >= waitMs) return yield* new LockHeld({ instance, holder: holder.words(), waitedMs })
    event ??= yield* watching(directories.locks)
    yield* Effect.timeoutOption(event, Math.min(lookEvery, waitMs - waitedMs))
  }
})

const ensureDirectories = Effect.fnUntraced(function*(directories: Directories) {
  yield* requireRealPath(directories)
  // The root of an unprivileged guest walks through the run directory; the locks are nobody else's business.
  yield* ensureOwnDirectory(directories.run, 0o711)
  yield* ensureOwnDirectory(directories.locks, 0o700)
})

const acquire: Locks["Service"]["acquire"] = Effect.fn("NodeLocks.acquire")(
  function*(directories: Directories, instance, operation, waitMs) {
    yield* Effect.mapError(ensureDirectories(directories), (error) => notHad(directories.locks, error))
    const since = DateTime.formatIso(yield* DateTime.now)
    const file = yield* waitFor(directories, instance, waitMs, `pid ${process.pid} (${operation} since ${since})\n`)
    return Effect.provideService(HeldLock, file)
  }
)

const holder: Locks["Service"]["holder"] = (directories, instance) => {
  const at = directories.lock(instance)
  return attempt(at, () => {
    const name = claimOf(at)
    const claim = path.join(directories.locks, name ?? "")
    const pid = name === undefined ? undefined : whoHasOpen(claim)
    return pid === undefined ? undefined : holderOf(claim, pid)
  })
}

/** Makes no directory: where there is none, nothing is left in it. */
const clear: Locks["Service"]["clear"] = Effect.fn("NodeLocks.clear")(function*(directories) {
  const { locks } = directories
  const isThere = yield* attempt(locks, () => names(locks).length > 0)
  if (!isThere) return
  yield* ensureDirectories(directories)
  const isLeft = yield* attempt(locks, () => deadLocks(locks).length > 0 || deadClaims(locks).length > 0)
  if (isLeft) yield* clearAway(locks)
}, (clearing) => Effect.ignore(clearing))

/**
 * Locks in RUN/locks, which are there only while they are held.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Locks> = Layer.succeed(Locks, Locks.of({ acquire, holder, clear }))

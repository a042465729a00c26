/**
 * Steps on files and directories of the library's own.
 *
 * @since 0.1.0
 */
import { mountedAt } from "@effect-lxc/core/host/MountTable"
import { scaffolding } from "@effect-lxc/core/lxc/Scaffolding"
import { escape } from "@effect-lxc/core/model/HostText"
import type { Step } from "@effect-lxc/core/plan/Step"
import { HostError } from "@effect-lxc/core/runtime/Host"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as path from "node:path"
import { errnoOf, lstat, names } from "./KernelFiles.ts"
import { mountTable } from "./Mounts.ts"
import { believed, NotOurs, requireOwnDirectory, requireOwnFile, requireSafePlace } from "./OwnFiles.ts"

type Case<Tag extends Step["_tag"]> = Extract<Step, { readonly _tag: Tag }>

const advice: Readonly<Record<string, string>> = {
  ENOENT: "nothing is there: check the path",
  ENOTDIR: "something on the way to it is not a directory: check the path",
  EISDIR: "it is a directory: name a file",
  EACCES: "run as root",
  EPERM: "run as root",
  EPIPE: "nobody reads it any more",
  ENOSPC: "the file system is full: free some space",
  EROFS: "the file system is read-only: choose another directory",
  EIO: "the disk has an error: see the kernel's log",
  ENOTEMPTY: "something is in it that this library did not make: look, and remove it by hand",
  EBUSY: "something is mounted there, or in use",
  ELOOP: "a symbolic link stands there that this library did not make: look, and remove it by hand"
}

/** The directory above is there: this one is where the kernel makes them, as in /proc. */
const adviceOn = (call: string, code: string): string =>
  call === "mkdir" && code === "ENOENT" ? "no directory can be made there: choose another place" : advice[code] ?? "see errno(3)"

/** One read may be of many files, such as all below /proc: which of them it was Node knows. */
const placeOf = (call: string, at: string, error: unknown): string =>
  call === "read" && error instanceof Error && "path" in error && typeof error.path === "string" ? error.path : at

/**
 * The failure of a call: its name, the path, the errno and what to do. What is not ours is a conflict.
 *
 * @since 0.1.0
 * @category errors
 */
export const callFailed = (call: string, at: string, error: unknown): HostError => {
  if (error instanceof NotOurs) return new HostError({ problem: { _tag: "Conflict", found: error.message, advice: error.advice } })
  const code = errnoOf(error)
  return new HostError({
    problem: { _tag: "SystemCallFailed", call, path: placeOf(call, at, error), code, advice: adviceOn(call, code) }
  })
}

/**
 * Calls the kernel; a failure names the call, the path and the errno.
 *
 * @since 0.1.0
 * @category running
 */
export const systemCall = <A>(call: string, at: string, body: () => A): Effect.Effect<A, HostError> =>
  Effect.try({
    try: body,
    catch: (error) => callFailed(call, at, error)
  })

/**
 * A directory that others may write to, or own, can be changed under our feet; so can one that is in such a directory.
 *
 * @since 0.1.0
 * @category steps
 */
export const observeDirectory = (step: Case<"MakeDirectory">) =>
  systemCall("lstat", step.path, () => {
    requireSafePlace(step.path)
    const stats = lstat(step.path)
    if (stats !== undefined) requireOwnDirectory(step.path, stats)
    return { done: stats !== undefined }
  })

/** Somebody else who ends may take away the directory above, being empty, each time it was made; where the kernel makes them, none helps. */
const mostTries = 10

/**
 * Makes a directory and the missing ones above it, each with the mode, whatever the umask, and itself with the group.
 *
 * @since 0.1.0
 * @category steps
 */
export const makeDirectory = (at: string, mode: number, group?: number): Effect.Effect<void, HostError> =>
  systemCall("mkdir", at, () => {
    const make = (directory: string, tries = mostTries): void => {
      try {
        fs.mkdirSync(directory, { mode })
        if (group !== undefined && directory === at) fs.chownSync(directory, -1, group)
        fs.chmodSync(directory, mode)
      } catch (error) {
        if (errnoOf(error) === "ENOENT" && tries > 1) {
          make(path.dirname(directory))
          make(directory, tries - 1)
        } else if (errnoOf(error) !== "EEXIST" || !fs.lstatSync(directory).isDirectory()) {
          throw error
        }
      }
    }
    make(at)
  })

/**
 * Makes a directory of the library's own where there is none, and fails where what is there is not to be believed.
 *
 * @since 0.1.0
 * @category running
 */
export const ensureOwnDirectory = (at: string, mode: number): Effect.Effect<void, HostError> =>
  systemCall("lstat", at, () => {
    requireSafePlace(at)
    const stats = lstat(at)
    if (stats !== undefined) requireOwnDirectory(at, stats)
    return stats !== undefined
  }).pipe(Effect.flatMap((there) => there ? Effect.void : makeDirectory(at, mode)))

/** So many names are enough to know what it is. */
const mostNames = 5

/** What somebody put there is theirs: it is named, and stays. */
const strangersIn = (at: string): HostError => {
  const there = names(at)
  const rest = there.length - mostNames
  const shown = there.slice(0, mostNames).map(escape).join(", ")
  const advice = `it holds ${shown}${rest > 0 ? ` and ${rest} more` : ""}, which this library did not make: look what that is and move it away; the same command goes on then`
  return new HostError({ problem: { _tag: "SystemCallFailed", call: "rmdir", path: at, code: "ENOTEMPTY", advice } })
}

/** Where LXC made something in a root that is bare. Looking at the mount table is the last thing to do: most often there is nothing. */
const scaffoldIn = (root: string): ReadonlyArray<string> => {
  const made = scaffolding.map((name) => path.join(root, name))
    .filter((at) => lstat(at)?.isDirectory() === true && names(at).length === 0)
  return made.length === 0 || mountedAt(mountTable(), root) !== undefined ? [] : made
}

/**
 * rmdir(2): a directory with anything in it is not removed.
 *
 * @since 0.1.0
 * @category steps
 */
export const removeDirectory = (step: Case<"RemoveDirectory">): Effect.Effect<void, HostError> =>
  Effect.suspend(() => {
    try {
      if (step.root !== undefined) for (const made of scaffoldIn(step.path)) fs.rmdirSync(made)
      if (step.root !== "stays") fs.rmdirSync(step.path)
    } catch (error) {
      const code = errnoOf(error)
      if (code === "ENOTEMPTY" && !step.ifEmpty) return Effect.fail(strangersIn(step.path))
      if (code !== "ENOENT" && code !== "ENOTEMPTY") return Effect.fail(callFailed("rmdir", step.path, error))
    }
    return Effect.void
  })

/** A full directory that may stay is as removed as it gets. */
const isFull = (at: string, spared: ReadonlyArray<string>): boolean =>
  fs.readdirSync(at).some((name) => !spared.includes(path.join(at, name)))

/**
 * @since 0.1.0
 * @category steps
 */
export const observeNoDirectory = (step: Case<"RemoveDirectory">) =>
  systemCall("lstat", step.path, () => {
    if (lstat(step.path) === undefined) return { done: true }
    const made = step.root === undefined ? [] : scaffoldIn(step.path)
    return { done: step.root === "stays" ? made.length === 0 : step.ifEmpty && isFull(step.path, made) }
  })

/**
 * @since 0.1.0
 * @category steps
 */
export const observeFile = (step: Case<"WriteFile">) =>
  systemCall("read", step.path, () => {
    const stats = lstat(step.path)
    const isSame = stats !== undefined && believed(step.path) === step.text
    return { done: isSame && (stats.mode & 0o777) === Number.parseInt(step.mode, 8), isOther: stats !== undefined && !isSame }
  }).pipe(Effect.flatMap(({ done, isOther }) =>
    isOther && step.kept === true
      ? Effect.fail(new HostError({ problem: { _tag: "Conflict", found: `${step.path} holds another text`, advice: keptAdvice } }))
      : Effect.succeed({ done })))

const keptAdvice = "it is somebody else's, or was left by one that failed: use it, or move it away"

/** Where a file is written before it takes its place. */
const besideOf = (at: string): string => `${at}.new`

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = fs.constants

/**
 * fsync(2), in a thread of its own: on a disk that is busy it takes seconds, in which whoever embeds the library goes on.
 *
 * @since 0.1.0
 * @category running
 */
export const syncFile = (file: number, at: string): Effect.Effect<void, HostError> =>
  Effect.uninterruptible(Effect.callback<void, HostError>((resume) => {
    fs.fsync(file, (error) => resume(error === null ? Effect.void : Effect.fail(callFailed("fsync", at, error))))
  }))

/**
 * The same of a directory: what was made, renamed or removed in it stays so.
 *
 * @since 0.1.0
 * @category running
 */
export const syncDirectory = (at: string): Effect.Effect<void, HostError> =>
  Effect.acquireUseRelease(
    systemCall("open", at, () => fs.openSync(at, O_RDONLY | O_DIRECTORY)),
    (directory) => syncFile(directory, at),
    (directory) => Effect.sync(() => fs.closeSync(directory))
  )

/**
 * write(2) until all is written: a disk that fills up takes a part first.
 *
 * @since 0.1.0
 * @category running
 */
export const writeAll = (file: number, bytes: Uint8Array): void => {
  for (let written = 0; written < bytes.length;) written += fs.writeSync(file, bytes, written)
}

/** Writes what is to be at a path beside it: of a failure the path is told. */
const writeBeside = (at: string, mode: number, text: string): Effect.Effect<void, HostError> => {
  const beside = besideOf(at)
  return Effect.acquireUseRelease(
    systemCall("write", at, () => {
      fs.rmSync(beside, { force: true })
      return fs.openSync(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode)
    }),
    (file) =>
      systemCall("write", at, () => {
        fs.fchmodSync(file, mode)
        fs.writeFileSync(file, text)
      }).pipe(Effect.andThen(syncFile(file, at)), Effect.tapError(() => removed(beside))),
    (file) => Effect.sync(() => fs.closeSync(file))
  )
}

const removed = (at: string): Effect.Effect<void> => Effect.sync(() => fs.rmSync(at, { force: true }))

/**
 * Writes beside, syncs, renames, syncs the directory: a reader sees the old content or the new, and so does a boot after
 * a power cut. On failure the old content is intact and nothing is left beside it.
 *
 * @since 0.1.0
 * @category running
 */
export const replaceFile = (at: string, mode: number, text: string): Effect.Effect<void, HostError> => {
  const beside = besideOf(at)
  return writeBeside(at, mode, text).pipe(
    Effect.andThen(Effect.tapError(systemCall("write", at, () => fs.renameSync(beside, at)), () => removed(beside))),
    Effect.andThen(syncDirectory(path.dirname(at))),
    Effect.uninterruptible
  )
}

/**
 * @since 0.1.0
 * @category steps
 */
export const writeFile = (step: Case<"WriteFile">): Effect.Effect<void, HostError> =>
  replaceFile(step.path, Number.parseInt(step.mode, 8), step.text)

/**
 * Fails where LXC would log into something that is no file of its own: it follows symbolic links, as root.
 *
 * @since 0.1.0
 * @category checks
 */
export const checkLogFile = (at: string): Effect.Effect<void, HostError> =>
  systemCall("lstat", at, () => {
    requireSafePlace(at)
    const stats = lstat(at)
    if (stats !== undefined) requireOwnFile(at, stats)
  })

/**
 * @since 0.1.0
 * @category steps
 */
export const observeNoFile = (step: Case<"RemoveFile">) =>
  systemCall("lstat", step.path, () => ({
    done: lstat(step.path) === undefined && lstat(besideOf(step.path)) === undefined
  }))

/**
 * @since 0.1.0
 * @category steps
 */
export const removeFile = (step: Case<"RemoveFile">): Effect.Effect<void, HostError> =>
  systemCall("unlink", step.path, () => {
    for (const at of [step.path, besideOf(step.path)]) {
      try {
        fs.unlinkSync(at)
      } catch (error) {
        if (errnoOf(error) !== "ENOENT") throw error
      }
    }
  })

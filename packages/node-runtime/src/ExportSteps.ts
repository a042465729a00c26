/**
 * Steps that pack an instance into a stream, and unpack one.
 *
 * @since 0.1.0
 */
import { isBelow } from "@effect-lxc/core/model/HostPath"
import * as Commands from "@effect-lxc/core/plan/Commands"
import { type ExportHead, members, sealLength } from "@effect-lxc/core/plan/ExportFormat"
import type { Step } from "@effect-lxc/core/plan/Step"
import { HostError, type Observed } from "@effect-lxc/core/runtime/Host"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import { callFailed, syncDirectory, syncFile, systemCall, writeAll } from "./HostFiles.ts"
import { errnoOf, lstat, names } from "./KernelFiles.ts"
import { mountTable } from "./Mounts.ts"
import { type StandardInput, writeOut } from "./StandardStreams.ts"
import { headLimit, isSealOf, readHead, sealOf } from "./TarHead.ts"
import { commandFailed, runTool, runToolOk } from "./Tools.ts"

type Case<Tag extends Step["_tag"]> = Extract<Step, { readonly _tag: Tag }>

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = fs.constants


/** How much is read at once. */
const chunk = 1024 * 1024

const damaged = (archive: string, why: string) => new HostError({ problem: { _tag: "ArchiveDamaged", archive, why } })

/** A new file, 0600, closed with the scope. What an earlier attempt left at its place goes: the name is nobody else's. */
const newFile = (at: string) =>
  Effect.acquireRelease(
    systemCall("open", at, () => {
      fs.rmSync(at, { force: true })
      return fs.openSync(at, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
    }),
    (file) => Effect.sync(() => fs.closeSync(file))
  )

/** Afterwards what was written to a file, and its name, are on the disk. */
const keep = (file: number, at: string) => Effect.andThen(syncFile(file, at), syncDirectory(path.dirname(at)))

/** What tar prints goes on as it comes, and behind it the seal. A root that changes while it is read is a failure of tar's. */
const pack = Effect.fnUntraced(function*(
  step: Case<"ExportArchive">,
  write: (bytes: Uint8Array) => Promise<void> | void
) {
  const argv = Commands.packExport(step)
  const hash = createHash("sha256")
  const failure = (error: unknown): HostError => callFailed("write", step.archive === "-" ? "standard output" : step.archive, error)
  const take = async (stdout: AsyncIterable<Buffer>): Promise<void> => {
    for await (const bytes of stdout) {
      hash.update(bytes)
      await write(bytes)
    }
  }
  const ended = yield* runTool(argv, step.timeoutMs, { take, failure })
  if (ended.exitCode !== 0) return yield* commandFailed(argv, ended, [])
  yield* Effect.tryPromise({ try: async () => write(sealOf(hash.digest("hex"))), catch: failure })
})

/**
 * To a new file, or to standard output.
 *
 * @since 0.1.0
 * @category steps
 */
export const exportArchive = Effect.fnUntraced(function*(step: Case<"ExportArchive">) {
  const { archive } = step
  if (archive === "-") return yield* pack(step, writeOut)
  const file = yield* newFile(archive)
  yield* pack(step, (bytes) => writeAll(file, bytes))
  yield* keep(file, archive)
}, Effect.scoped)

/**
 * @since 0.1.0
 * @category steps
 */
export const receiveArchive = Effect.fnUntraced(function*(step: Case<"ReceiveArchive">, input: StandardInput) {
  const file = yield* newFile(step.file)
  for (let bytes = yield* input.next; bytes !== undefined; bytes = yield* input.next) {
    const part = bytes
    yield* systemCall("write", step.file, () => writeAll(file, part))
  }
  yield* keep(file, step.file)
}, Effect.scoped)

/** A regular file, opened without waiting for a writer as a pipe would. */
const openArchive = (at: string) =>
  Effect.acquireRelease(
    systemCall("open", at, () => fs.openSync(at, O_RDONLY | O_NONBLOCK)),
    (file) => Effect.sync(() => fs.closeSync(file))
  ).pipe(Effect.flatMap((file) => {
    const stats = fs.fstatSync(file)
    return stats.isFile()
      ? Effect.succeed({ file, size: stats.size })
      : Effect.fail(damaged(at, "it is no file; a stream is imported from standard input, with -"))
  }))

const readAt = (file: number, at: string, position: number, length: number) =>
  systemCall("read", at, () => {
    const bytes = Buffer.alloc(length)
    return bytes.subarray(0, fs.readSync(file, bytes, 0, length, position))
  })

const notAnExport = "it is no export of effect-lxc, or its beginning is damaged"

/**
 * The first two members of an export.
 *
 * @since 0.1.0
 * @category reading
 */
export const readExportHead = Effect.fnUntraced(function*(archive: string, input: StandardInput) {
  const bytes = archive === "-"
    ? yield* input.peek((seen) => seen.length >= headLimit || readHead(seen) !== undefined)
    : yield* Effect.flatMap(openArchive(archive), ({ file }) => readAt(file, archive, 0, headLimit))
  const head: ExportHead | undefined = readHead(bytes)
  return head ?? (yield* damaged(archive === "-" ? "standard input" : archive, notAnExport))
}, Effect.scoped)

const checkSeal = Effect.fnUntraced(function*(archive: string) {
  const { file, size } = yield* openArchive(archive)
  const sealed = size - sealLength
  if (sealed <= 0) return yield* damaged(archive, `it has only ${size} bytes`)
  const hash = createHash("sha256")
  for (let position = 0; position < sealed;) {
    const bytes = yield* readAt(file, archive, position, Math.min(chunk, sealed - position))
    if (bytes.length === 0) return yield* damaged(archive, "it became shorter while it was read")
    hash.update(bytes)
    position += bytes.length
    yield* Effect.yieldNow
  }
  const digest = hash.digest("hex")
  if (!isSealOf(yield* readAt(file, archive, sealed, sealLength), digest)) {
    return yield* damaged(archive, "it does not end in the SHA-256 of what it holds: it was cut off, changed, or added to")
  }
}, Effect.scoped)

const rootIsRight = (step: Case<"ImportArchive">): boolean => {
  const root = lstat(path.join(step.directory, members[step.kind]))
  return (step.kind === "image" ? root?.isFile() : root?.isDirectory()) ?? false
}

/** What was unpacked must be what the plan was made for. */
const checkUnpacked = Effect.fnUntraced(function*(step: Case<"ImportArchive">) {
  const { archive, directory, kind } = step
  const expected = new Set<string>([members.manifest, members.spec, members[kind], path.basename(archive)])
  const found = yield* systemCall("read", directory, () => names(directory))
  const strange = found.find((name) => !expected.has(name))
  if (strange !== undefined) return yield* damaged(archive, `it holds ${JSON.stringify(strange)}, which no export does`)
  if (!rootIsRight(step)) return yield* damaged(archive, `it does not hold its root as ${kind === "image" ? "an" : "a"} ${kind}`)
  const at = path.join(directory, members.spec)
  const spec = yield* systemCall("read", at, () => lstat(at)?.isFile() === true ? fs.readFileSync(at, "utf8") : undefined)
  if (spec !== step.spec) return yield* damaged(archive, "it holds another spec than the plan was made for")
})

/**
 * Nothing is unpacked before the seal of the whole is found right.
 *
 * @since 0.1.0
 * @category steps
 */
export const importArchive = Effect.fnUntraced(function*(step: Case<"ImportArchive">) {
  yield* checkSeal(step.archive)
  const argv = Commands.unpackExport(step)
  const ended = yield* runTool(argv, step.timeoutMs)
  if (ended.exitCode !== 0) return yield* commandFailed(argv, ended, [])
  yield* checkUnpacked(step)
  yield* runToolOk(Commands.syncFileSystem(step.directory), "disk")
})

/**
 * @since 0.1.0
 * @category steps
 */
export const observeMoved = ({ from, ifThere, to, what }: Case<"MoveIntoPlace">) =>
  systemCall("lstat", from, (): Observed => {
    const [source, target, found] = [lstat(from), lstat(to), whatIsAt(from)]
    const isAnother = found !== undefined && what !== undefined && found !== what
    const isHere = ifThere && target !== undefined && !isSame(source, target)
    return (source === undefined ? ifThere || target !== undefined : isAnother || isHere) ? { done: true } : { done: false, result: found }
  })

const nanoseconds = 1_000_000_000n

/**
 * What is at a path, as `stat -c %d:%i:%.9W` says it. A name does not tell, nor does an inode alone: the next file may get that of one
 * that is gone. Where a file system does not say when a file was made, the last part is zero.
 */
const whatIsAt = (at: string): string | undefined => {
  const found = fs.lstatSync(at, { bigint: true, throwIfNoEntry: false })
  if (found === undefined) return undefined
  const { birthtimeNs: born, dev, ino } = found
  return `${dev}:${ino}:${born / nanoseconds}.${String(born % nanoseconds).padStart(9, "0")}`
}

/** Two names of one file: whoever died between link(2) and unlink(2) has left them. */
const isSame = (one: fs.Stats | undefined, other: fs.Stats | undefined): boolean =>
  one !== undefined && other !== undefined && one.ino === other.ino && one.dev === other.dev

/** link(2) and unlink(2): the one way to a name that never takes it from somebody else. Not every file system has links. */
const moveFile = (from: string, to: string): void => {
  try {
    fs.linkSync(from, to)
  } catch (error) {
    if (errnoOf(error) !== "EPERM" && errnoOf(error) !== "EOPNOTSUPP") throw error
    fs.renameSync(from, to)
    return
  }
  fs.unlinkSync(from)
}

/**
 * @since 0.1.0
 * @category steps
 */
export const moveIntoPlace = Effect.fnUntraced(function*(step: Case<"MoveIntoPlace">) {
  const { from, replace, to, what } = step
  const isBoth = yield* systemCall("lstat", to, () => isSame(lstat(from), lstat(to)))
  const taken = yield* systemCall("lstat", to, () => !replace && !isBoth && lstat(to) !== undefined)
  if (taken) {
    return yield* new HostError({
      problem: { _tag: "Conflict", found: `${to} exists already`, advice: "it is not overwritten: name another place" }
    })
  }
  const isMoved = yield* systemCall("rename", to, () => {
    // Somebody may have put another thing there since it was looked at.
    if (what !== undefined && whatIsAt(from) !== what) return false
    if (isBoth) fs.unlinkSync(from)
    else if (!replace && lstat(from)?.isFile() === true) moveFile(from, to)
    else fs.renameSync(from, to)
    return true
  })
  if (isMoved) yield* syncDirectory(path.dirname(to))
}, Effect.uninterruptible)

/**
 * @since 0.1.0
 * @category steps
 */
export const observeNoTree = (step: Case<"RemoveTree">) =>
  systemCall("lstat", step.path, () => ({ done: lstat(step.path) === undefined }))

/** Of what is mounted in a tree rm(1) leaves only another file system: a directory of the same one, bound there, it would empty. */
const boundIn = (tree: string): string | undefined => {
  const device = lstat(tree)?.dev
  return mountTable().map(({ target }) => target).find((target) => isBelow(tree, target) && lstat(target)?.dev === device)
}

/**
 * @since 0.1.0
 * @category steps
 */
export const removeTree = Effect.fnUntraced(function*(step: Case<"RemoveTree">) {
  const bound = yield* systemCall("lstat", step.path, () => boundIn(step.path))
  if (bound !== undefined) {
    return yield* new HostError({
      problem: { _tag: "Conflict", found: `${bound} is mounted in what is to be removed`, advice: "unmount it; the same command goes on then" }
    })
  }
  yield* runToolOk(Commands.removeTree(step), "disk")
})

/**
 * Steps that pack an instance into a stream, and unpack one. A simulated stream is a document with a sum of its own;
 * standard input and output are the files that the kernel shows them as.
 *
 * @since 0.1.0
 */
import * as Commands from "@effect-lxc/core/plan/Commands"
import { type ExportHead, members } from "@effect-lxc/core/plan/ExportFormat"
import { fnv1a64 } from "@effect-lxc/core/model/Hash"
import { isBelow } from "@effect-lxc/core/model/HostPath"
import type { StepProblem } from "@effect-lxc/core/runtime/StepProblem"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { isFull, makeDirectories, namesIn, nodeAt, parentOf, write } from "../FileTree.ts"
import { Guest } from "../Guest.ts"
import { after, type Call, callFailed, type Case, commandFailed, conflict, done, failed, type Outcome } from "../Outcome.ts"
import type { SimulatedState } from "../SimulatedState.ts"
import { timing } from "../Timing.ts"
import type { Seen } from "./Seen.ts"

const Archive = Schema.fromJsonString(Schema.Struct({ manifest: Schema.String, spec: Schema.String, guest: Guest, sum: Schema.String }))

type Archive = typeof Archive.Type

const decode = Schema.decodeUnknownOption(Archive)

const sumOf = ({ guest, manifest, spec }: Omit<Archive, "sum">): string => fnv1a64(JSON.stringify([manifest, spec, guest])).toString(16)

const noDirectory = (state: SimulatedState, argv: Parameters<typeof commandFailed>[0], directory: string): Outcome =>
  failed(state, commandFailed(argv, 2, `tar: ${directory}: Cannot open: No such file or directory\ntar: Error is not recoverable: exiting now\n`))

/**
 * Whether a text is a whole stream, as its sum says.
 *
 * @since 0.1.0
 * @category guards
 */
export const isWholeArchive = (text: string): boolean => Option.exists(decode(text), (archive) => archive.sum === sumOf(archive))

const fileOf = (archive: string, stream: string): string => archive === "-" ? stream : archive

const damaged = (archive: string, why: string): StepProblem => ({ _tag: "ArchiveDamaged", archive, why })

/**
 * What stands at the head of a stream.
 *
 * @since 0.1.0
 * @category observations
 */
export const headOf = (state: SimulatedState, archive: string): ExportHead | StepProblem => {
  const node = nodeAt(state, fileOf(archive, "/dev/stdin"))
  if (node === undefined) return callFailed("open", archive, "ENOENT")
  return Option.getOrElse(decode(node.text), () => damaged(archive, "it is no export of effect-lxc, or its beginning is damaged"))
}

/**
 * @since 0.1.0
 * @category transitions
 */
export const exportArchive = (state: SimulatedState, step: Case<"ExportArchive">, call: Call): Outcome =>
  after(state, call, timing.tar, () => {
    const at = fileOf(step.archive, "/dev/stdout")
    if (nodeAt(state, parentOf(at)) === undefined) return failed(state, callFailed("open", step.archive, "ENOENT"))
    const [manifest, spec] = [members.manifest, members.spec].map((name) => nodeAt(state, `${step.files}/${name}`)?.text)
    const guest = state.images[step.root]
    const begun = write(state, at, "0600", "")
    if (nodeAt(state, step.files) === undefined) return noDirectory(begun, Commands.packExport(step), step.files)
    const cannotStat = (what: string): Outcome =>
      failed(begun, commandFailed(Commands.packExport(step), 2, `tar: ${what}: Cannot stat: No such file or directory\n`))
    if (manifest === undefined) return cannotStat(members.manifest)
    if (spec === undefined) return cannotStat(members.spec)
    if (guest === undefined || nodeAt(state, step.root) === undefined) return cannotStat(step.root)
    if (isFull(state, at)) return failed(begun, callFailed("write", step.archive, "ENOSPC"))
    const content = { manifest, spec, guest }
    return done(write(state, at, "0600", JSON.stringify({ ...content, sum: sumOf(content) })))
  })

/**
 * @since 0.1.0
 * @category transitions
 */
export const receiveArchive = (state: SimulatedState, step: Case<"ReceiveArchive">): Outcome => {
  if (nodeAt(state, parentOf(step.file)) === undefined) return failed(state, callFailed("open", step.file, "ENOENT"))
  return isFull(state, step.file)
    ? failed(write(state, step.file, "0600", ""), callFailed("write", step.file, "ENOSPC"))
    : done(write(state, step.file, "0600", nodeAt(state, "/dev/stdin")?.text ?? ""))
}

/** What comes out of a stream: its head, and its root with the guest in it. */
const unpacked = (state: SimulatedState, step: Case<"ImportArchive">, archive: Archive): SimulatedState => {
  const root = `${step.directory}/${members[step.kind]}`
  const head = write(
    write(state, `${step.directory}/${members.manifest}`, "0600", archive.manifest),
    `${step.directory}/${members.spec}`,
    "0600",
    archive.spec
  )
  const files = step.kind === "image" ? write(head, root, "0600", "") : makeDirectories(head, root)
  return { ...files, images: { ...files.images, [root]: archive.guest } }
}

/** tar(1) unpacks over no file that is there: it goes on with the others, and fails. */
const keptFiles = (state: SimulatedState, { directory, kind }: Case<"ImportArchive">): ReadonlyArray<string> =>
  [members.manifest, members.spec, members[kind]].filter((name) => nodeAt(state, `${directory}/${name}`)?.kind === "file")

const withKept = (before: SimulatedState, after: SimulatedState): SimulatedState => ({
  ...after,
  files: { ...after.files, ...before.files }
})

/** What is in the directory after unpacking, whoever put it there, is taken for what was in the stream. */
const isOfExport = ({ archive, kind }: Case<"ImportArchive">, name: string): boolean =>
  [members.manifest, members.spec, members[kind], archive.slice(archive.lastIndexOf("/") + 1)].includes(name)

/**
 * Nothing is unpacked before the sum is found right; a full disk is found out in the middle.
 *
 * @since 0.1.0
 * @category transitions
 */
export const importArchive = (state: SimulatedState, step: Case<"ImportArchive">, call: Call): Outcome =>
  after(state, call, timing.tar, () => {
    const file = nodeAt(state, step.archive)
    if (file === undefined) return failed(state, callFailed("open", step.archive, "ENOENT"))
    const archive = Option.getOrUndefined(decode(file.text))
    if (archive === undefined || archive.sum !== sumOf(archive)) {
      const why = "it does not end in the SHA-256 of what it holds: it was cut off, changed, or added to"
      return failed(state, damaged(step.archive, why))
    }
    if (nodeAt(state, step.directory) === undefined) return noDirectory(state, Commands.unpackExport(step), step.directory)
    const after = unpacked(state, step, archive)
    const kept = keptFiles(state, step)
    if (kept.length > 0) {
      const stderr = [...kept.map((name) => `${name}: Cannot open: File exists`), "Exiting with failure status due to previous errors"]
      return failed(withKept(state, after), commandFailed(Commands.unpackExport(step), 2, stderr.map((line) => `tar: ${line}\n`).join("")))
    }
    const strange = namesIn(after, step.directory).find((name) => !isOfExport(step, name))
    if (isFull(state, step.directory)) {
      return failed(after, commandFailed(Commands.unpackExport(step), 2, "tar: root.img: Cannot write: No space left on device\n"))
    }
    if (strange !== undefined) return failed(after, damaged(step.archive, `it holds ${JSON.stringify(strange)}, which no export does`))
    return archive.spec === step.spec
      ? done(after)
      : failed(after, damaged(step.archive, "it holds another spec than the plan was made for"))
  })

const renamed = <A>(record: Readonly<Record<string, A>>, from: string, to: string): Record<string, A> =>
  Object.fromEntries(Object.entries(record)
    .filter(([path]) => path !== to && !isBelow(to, path))
    .map(([path, value]) => [path === from || isBelow(from, path) ? `${to}${path.slice(from.length)}` : path, value]))

/**
 * @since 0.1.0
 * @category observations
 */
export const observeMoved = (state: SimulatedState, { from, ifThere, to, what }: Case<"MoveIntoPlace">): Seen => {
  const found = whatIsAt(state, from)
  const isTaken = nodeAt(state, to) !== undefined
  const isAnother = what !== undefined && found !== what
  const done = found === undefined ? ifThere || isTaken : isAnother || (ifThere && isTaken)
  return done ? { done } : { done, result: found }
}

/** A simulated file has no inode: it is told from others by what is in it. */
const whatIsAt = (state: SimulatedState, path: string): string | undefined => {
  const node = nodeAt(state, path)
  return node === undefined ? undefined : fnv1a64(JSON.stringify([node, state.images[path]])).toString()
}

/**
 * rename(2), or link(2) where nothing may be replaced.
 *
 * @since 0.1.0
 * @category transitions
 */
export const moveIntoPlace = (state: SimulatedState, step: Case<"MoveIntoPlace">): Outcome => {
  const { from, replace, to, what } = step
  if (what !== undefined && whatIsAt(state, from) !== what) return done(state)
  if (nodeAt(state, to) !== undefined && !replace) {
    return failed(state, conflict(`${to} exists already`, "it is not overwritten: name another place"))
  }
  if (nodeAt(state, from) === undefined || nodeAt(state, parentOf(to)) === undefined) {
    return failed(state, callFailed("rename", to, "ENOENT"))
  }
  return done({ ...state, files: renamed(state.files, from, to), images: renamed(state.images, from, to) })
}

/**
 * @since 0.1.0
 * @category observations
 */
export const observeNoTree = (state: SimulatedState, step: Case<"RemoveTree">): Seen => ({
  done: nodeAt(state, step.path) === undefined
})

/**
 * rm(1) on one file system: what is mounted in the directory stays, and so does what leads to it.
 *
 * @since 0.1.0
 * @category transitions
 */
export const removeTree = (state: SimulatedState, step: Case<"RemoveTree">): Outcome => {
  const inside = state.mounts.map((mount) => mount.target).filter((target) => isBelow(step.path, target))
  const stays = (path: string): boolean =>
    (path !== step.path && !isBelow(step.path, path)) ||
    inside.some((target) => path === target || isBelow(path, target) || isBelow(target, path))
  const removed = {
    ...state,
    files: Object.fromEntries(Object.entries(state.files).filter(([path]) => stays(path))),
    images: Object.fromEntries(Object.entries(state.images).filter(([path]) => stays(path)))
  }
  const [first] = inside
  return first === undefined
    ? done(removed)
    : failed(removed, commandFailed(Commands.removeTree(step), 1, `rm: skipping '${first}', since it's on a different device\n`))
}

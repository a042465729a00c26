/**
 * The plan that makes one stream of an instance: its spec and its root.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { Directories } from "../host/Directories.ts"
import { pathAt } from "../host/FactsIndex.ts"
import type { HostFacts, PathFacts } from "../host/HostFacts.ts"
import { encodeMeantToRun } from "../host/MeantToRun.ts"
import { isNothing, namesake, type Remains, remainsOf } from "../host/Remains.ts"
import { base, type HostPath, hostPath, join, parent } from "../model/HostPath.ts"
import type { Instance } from "../model/Instance.ts"
import type { InstanceName } from "../model/InstanceName.ts"
import { basisOf } from "./Basis.ts"
import { diskSource } from "./DiskSource.ts"
import { type ExportHead, exportHead, members, type RootKind } from "./ExportFormat.ts"
import { type Plan, planFrom } from "./Plan.ts"
import { PlanRejected, type Rejection } from "./PlanRejected.ts"
import { withoutInstance } from "./RebootPlan.ts"
import { forgets } from "./Residue.ts"
import type { Step } from "./Step.ts"
import { planStop } from "./StopPlan.ts"

/**
 * A file, or `-`: the standard stream of the process that carries the plan out.
 *
 * @since 0.1.0
 * @category models
 */
export type ArchivePath = HostPath | "-"

/**
 * @since 0.1.0
 * @category models
 */
export interface ExportOptions {
  /** The spec; by default the one it was started with, which is known only while it runs. */
  readonly instance?: Instance | undefined
  /** Stop a running instance first, and leave it stopped. */
  readonly stop?: boolean | undefined
  /** How long the guest may take to halt, in milliseconds. */
  readonly timeoutMs?: number | undefined
  /** Replace a file that is there. */
  readonly force?: boolean | undefined
}

/** Copying takes as long as it takes; a day is the longest that a step may. */
const copyTimeout = 86_400_000

const headPaths = (directories: Directories, name: InstanceName) => {
  const files = hostPath(directories.exported(name))
  return { files, manifest: join(files, members.manifest), spec: join(files, members.spec) }
}

type HeadPaths = ReturnType<typeof headPaths>

/**
 * Paths of which the facts must say what is there.
 *
 * @since 0.1.0
 * @category queries
 */
export const exportPaths = (
  name: InstanceName,
  instance: Instance | undefined,
  archive: ArchivePath,
  directories: Directories
): ReadonlyArray<string> => [
  ...(instance?.disks.map((disk) => disk.path) ?? []),
  ...Object.values(headPaths(directories, name)),
  ...(archive === "-" ? [] : [archive, parent(archive)])
]

const checkTarget = (archive: ArchivePath, force: boolean, facts: HostFacts, root: PathFacts | undefined): ReadonlyArray<Rejection> => {
  if (archive === "-") return []
  const at = (path: string) => pathAt(facts, path)
  const found = at(archive)
  const reject = (code: string, message: string, advice: string) => [{ code, field: "", message, advice }]
  if (found !== undefined && root !== undefined && found.kind !== "missing" && found.realPath === root.realPath) {
    return reject("same-file", `${archive} is the disk itself`, "name another file")
  }
  if (found?.kind === "file" && !force) {
    return reject("file-exists", `${archive} exists already`, "name another file, or replace it with --force")
  }
  if (found !== undefined && found.kind !== "missing" && found.kind !== "file") {
    return reject("not-a-file", `${archive} is no file`, "name a file, or - for standard output")
  }
  return at(parent(archive))?.kind === "directory"
    ? []
    : reject("directory-missing", `there is no directory ${parent(archive)}`, "make it first")
}

const checkRemains = (name: InstanceName, remains: Remains, stop: boolean): ReadonlyArray<Rejection> =>
  isNothing(remains) || stop ? [] : [{
    code: "not-stopped",
    field: "name",
    message: `${name} is running, or something of it is left, and its root may change while it is read`,
    advice: "stop it first, or let the export stop it with --stop"
  }]

const rootKind = (root: PathFacts | undefined): Result.Result<RootKind, Rejection> => {
  if (root?.kind === "file") return Result.succeed("image")
  if (root?.kind === "directory") return Result.succeed("directory")
  return Result.fail({
    code: "disk-unusable",
    field: "disks[0].path",
    message: `${root?.path ?? "the disk"} is neither an image file nor a directory`,
    advice: "copy the device to an image file, or mount it read-only, and export a spec that names that"
  })
}

/** Where the file grows until it is whole: beside its place, so that it gets there by renaming. */
const unfinished = (archive: HostPath, name: InstanceName): HostPath => join(parent(archive), `.${base(archive)}.${name}.partial`)

/** `stays` says what of the head is not taken away by a failure anyway: that is put back by it. */
const removingHead = ({ files, manifest, spec }: HeadPaths, head: ExportHead, stays: (path: string) => boolean): ReadonlyArray<Step> => {
  const remove = (path: HostPath, previous: string): Step => ({ _tag: "RemoveFile", path, ...(stays(path) ? { previous } : {}) })
  return [
    remove(spec, head.spec),
    remove(manifest, head.manifest),
    { _tag: "RemoveDirectory", path: files, ifEmpty: false, ...(stays(files) ? { mode: "0700" } : {}) },
    { _tag: "RemoveDirectory", path: parent(files), ifEmpty: true }
  ]
}

const packing = (
  name: InstanceName,
  files: HostPath,
  root: PathFacts,
  kind: RootKind,
  archive: ArchivePath,
  replace: boolean,
  removing: ReadonlyArray<Step>
): ReadonlyArray<Step> => {
  const growing = archive === "-" ? archive : unfinished(archive, name)
  return [
    { _tag: "ExportArchive", files, root: hostPath(root.realPath), kind, archive: growing, timeoutMs: copyTimeout },
    ...removing,
    ...(growing === "-" || archive === "-"
      ? []
      : [{ _tag: "MoveIntoPlace", from: growing, to: archive, replace, ifThere: false } as const])
  ]
}

/**
 * The directory above is a step of its own where a failure has to take it away again. A spec that is there is that of a container
 * which an export stopped, and perhaps all that is known of it: only that of one that runs again takes its place.
 */
const preparing = ({ files, manifest, spec }: HeadPaths, head: ExportHead, isUndone: boolean): ReadonlyArray<Step> => {
  const file = (path: HostPath, text: string): Step => ({ _tag: "WriteFile", path, mode: "0600", text, previous: null })
  return [
    ...(isUndone ? [{ _tag: "MakeDirectory", path: parent(files), mode: "0700", keep: false } as const] : []),
    { _tag: "MakeDirectory", path: files, mode: "0700", keep: false },
    isUndone ? { _tag: "WriteFile", path: spec, mode: "0600", text: head.spec, previous: null, kept: true } : file(spec, head.spec),
    file(manifest, head.manifest)
  ]
}

/**
 * What a stop takes away last: up to the instant at which the export is whole it is meant to run, for a power failure takes
 * all else along that says what it was. A failure puts that back where a record of this boot says what it was; where there is
 * none, whoever asks has its spec.
 */
const forgetting = (
  name: InstanceName,
  directories: Directories,
  { bootId }: HostFacts,
  { container }: Remains,
  ending: ReadonlyArray<Step>
): ReadonlyArray<Step> => {
  const last = ending.filter((step) => forgets(directories, name, step))
  const instance = container?.meantToRun === true ? container.record : null
  if (instance === null) return last
  const previous = encodeMeantToRun({ bootId, instance })
  return last.map((step) => {
    if (step._tag === "RemoveFile") return { ...step, previous }
    return step._tag === "RemoveDirectory" ? { ...step, mode: "0700" } : step
  })
}

const unknown = (name: InstanceName, foreign: boolean): Rejection => ({
  code: "record-missing",
  field: "name",
  message: foreign ? `${name} is not managed here` : `${name} is not running here, so its spec is not known`,
  advice: "give its spec: effect-lxc export SPEC FILE"
})

/**
 * Plans an export: a running instance is refused, or stopped first; its spec and its root are packed into one file
 * beside the one that is wanted, which takes its place when it is whole and on the disk. Only then is it not meant to run
 * any more. What fails afterwards removes the unfinished file; an instance that was stopped stays so, but is meant to run, and
 * its spec stays in RUN/exports, as does one that was there.
 *
 * @since 0.1.0
 * @category planners
 */
export const planExport = (
  name: InstanceName,
  archive: ArchivePath,
  directories: Directories,
  facts: HostFacts,
  options: ExportOptions = {}
): Result.Result<Plan, PlanRejected> => {
  const reject = (...rejections: ReadonlyArray<Rejection>) =>
    Result.fail(new PlanRejected({ operation: "export", instance: name, rejections }))
  const remains = remainsOf(directories, name, facts)
  const instance = options.instance ?? remains.container?.record ?? undefined
  if (instance === undefined) return reject(unknown(name, namesake(directories, name, facts) !== undefined))
  const { force = false, stop = false } = options
  const disk = diskSource(instance, 0, directories, withoutInstance(name, directories, facts))
  const root = pathAt(facts, instance.disks[0]?.path ?? "")
  const kind = rootKind(root)
  const ending = isNothing(remains) ? undefined : planStop(name, directories, facts, { timeoutMs: options.timeoutMs })
  const rejections = [
    ...checkRemains(name, remains, stop),
    ...(Result.isFailure(disk) ? disk.failure : Result.isFailure(kind) ? [kind.failure] : []),
    ...checkTarget(archive, force, facts, root),
    ...(stop && ending !== undefined && Result.isFailure(ending) ? ending.failure.rejections : [])
  ]
  if (rejections.length > 0 || Result.isFailure(kind) || root === undefined) return reject(...rejections)
  const places = headPaths(directories, name)
  const head = exportHead(instance, kind.success, root.partitions)
  const stays = (path: string) => ending !== undefined || pathAt(facts, path)?.kind !== "missing"
  const replace = facts.paths.some((each) => each.path === archive && each.kind === "file")
  const stopping = ending !== undefined && Result.isSuccess(ending) ? ending.success.steps : []
  const first = [
    ...preparing(places, head, ending === undefined),
    ...stopping.filter((step) => !forgets(directories, name, step))
  ]
  const packed = packing(name, places.files, root, kind.success, archive, replace, removingHead(places, head, stays))
  return Result.succeed(
    planFrom({
      operation: "export",
      instance: name,
      directories,
      basis: basisOf(directories, name, { paths: exportPaths(name, instance, archive, directories), links: [] }, facts, remains),
      steps: [...first, ...packed, ...forgetting(name, directories, facts, remains, stopping)],
      undoFrom: ending === undefined ? 0 : first.length,
      warnings: instance.disks.slice(1).map((each) => `${each.path} is not the root and is not in the export`)
    })
  )
}

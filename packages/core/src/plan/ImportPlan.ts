/**
 * The plan that makes an instance of an export.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { Directories } from "../host/Directories.ts"
import { pathAt } from "../host/FactsIndex.ts"
import type { HostFacts } from "../host/HostFacts.ts"
import { isNothing, namesake, remainsOf } from "../host/Remains.ts"
import { type HostPath, hostPath, join } from "../model/HostPath.ts"
import { decodeInstance, encodeInstance, type Instance, instanceDocument } from "../model/Instance.ts"
import type { InstanceName } from "../model/InstanceName.ts"
import { basisOf } from "./Basis.ts"
import { type Exported, members, movedSpec, type RootKind } from "./ExportFormat.ts"
import type { ArchivePath } from "./ExportPlan.ts"
import { type Plan, planFrom } from "./Plan.ts"
import { PlanRejected, type Rejection } from "./PlanRejected.ts"
import { namedBy, planStart, type StartOptions } from "./StartPlan.ts"
import type { Step } from "./Step.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface ImportOptions extends StartOptions {
  /** Another name; what was derived from the old one is derived from it. */
  readonly name?: InstanceName | undefined
  /** The directory for the root and the spec; by default STATE/images. */
  readonly images?: HostPath | undefined
  /** Whether it is started; it is unless said otherwise. */
  readonly start?: boolean | undefined
}

/** Copying takes as long as it takes; a day is the longest that a step may. */
const copyTimeout = 86_400_000

/** Where the parts of an import are put, and from where they get there. */
interface Places {
  readonly images: HostPath
  readonly work: HostPath
  readonly root: HostPath
  readonly spec: HostPath
  /** The spec on its way: what is moved to its place takes that from nobody, and is known again when it is moved back. */
  readonly written: HostPath
}

const placesOf = (name: InstanceName, kind: RootKind, directories: Directories, options: ImportOptions): Places => {
  const images = options.images ?? hostPath(directories.images)
  const work = join(images, `.${name}.import`)
  return {
    images,
    work,
    root: join(images, kind === "image" ? `${name}.img` : name),
    spec: join(images, `${name}.json`),
    written: join(work, movedSpec)
  }
}

/**
 * Paths of which the facts must say what is there.
 *
 * @since 0.1.0
 * @category queries
 */
export const importPaths = (exported: Exported, archive: ArchivePath, directories: Directories, options: ImportOptions = {}): ReadonlyArray<string> => {
  const name = nameOf(exported, options)
  const { images, root, spec, work } = placesOf(name, exported.manifest.root, directories, options)
  const named = Result.match(moved(exported, name, root), { onFailure: () => [], onSuccess: (instance) => namedBy(instance).paths })
  return [...new Set([images, root, spec, work, ...named, ...(archive === "-" ? [] : [archive])])]
}

/**
 * The name that the instance gets.
 *
 * @since 0.1.0
 * @category queries
 */
export const nameOf = (exported: Exported, options: ImportOptions = {}): InstanceName => options.name ?? exported.instance.name

/** What is not as the exported spec might have one think. */
const warningsFor = (exported: Exported, name: InstanceName): ReadonlyArray<string> => {
  const { disks, name: old, nics } = exported.instance
  return [
    ...disks.slice(1).map(({ path }, index) =>
      `disks[${index + 1}].path: ${path} is not in the export: it is taken as it is on this host`),
    ...nics.flatMap(({ mac }, index) => mac === undefined || name === old ? [] : [
      `nics[${index}].mac: ${mac} is left out, as it is ${old}'s: ${name} gets one of its own`
    ])
  ]
}

/** The instance by its new name, on its new root. By another name it is another machine, and has no MAC of the first. */
const moved = ({ instance, manifest }: Exported, name: InstanceName, root: HostPath): Result.Result<Instance, Rejection> => {
  const [disk, ...others] = instance.disks
  // How a device was mounted is nothing that a directory could be bound with.
  const { fsType: _fsType, options: _options, partition: _partition, ...asDirectory } = disk ?? {}
  const nics = name === instance.name ? instance.nics : instance.nics.map(({ mac: _mac, ...nic }) => nic)
  const onRoot = { ...(manifest.root === "image" ? disk : asDirectory), path: root }
  return Result.mapError(
    decodeInstance({ ...encodeInstance(instance) as object, name, nics, disks: [onRoot, ...others] }), // a spec is an object
    (error) => ({ code: "spec-invalid", field: "", message: error.message, advice: "give another name with --name" })
  )
}

const checkPlaces = (name: InstanceName, places: Places, directories: Directories, facts: HostFacts): ReadonlyArray<Rejection> => {
  const kindAt = (path: string) => pathAt(facts, path)?.kind ?? "missing"
  const taken = [places.root, places.spec].filter((path) => kindAt(path) !== "missing").map((path) => ({
    code: "file-exists",
    field: "",
    message: `${path} exists already`,
    advice: "it is not overwritten: give another name with --name, or another directory with --images"
  }))
  const here = !isNothing(remainsOf(directories, name, facts)) || namesake(directories, name, facts) !== undefined
  return [
    ...taken,
    ...(here
      ? [{
        code: "name-in-use",
        field: "name",
        message: `there is a container ${name} here, or something is left of one`,
        advice: `give another name with --name, or end it first: effect-lxc stop ${name}`
      }]
      : []),
    ...(["missing", "directory"].includes(kindAt(places.images))
      ? []
      : [{ code: "not-a-directory", field: "", message: `${places.images} is no directory`, advice: "name another with --images" }])
  ]
}

/**
 * What an import left that nobody can recover any more, for its journal went with the power: tar(1) unpacks over nothing that
 * is there, and fails.
 */
const leftBefore = ({ work }: Places, facts: HostFacts): ReadonlyArray<Step> =>
  (pathAt(facts, work)?.kind ?? "missing") === "missing" ? [] : [{ _tag: "RemoveTree", path: work }]

const intoPlace = (from: HostPath, to: HostPath): Step => ({ _tag: "MoveIntoPlace", from, to, replace: false, ifThere: false })

const restoring = (
  exported: Exported,
  instance: Instance,
  archive: ArchivePath,
  places: Places
): ReadonlyArray<Step> => {
  const directory = (path: HostPath): Step => ({ _tag: "MakeDirectory", path, mode: "0700", keep: false })
  const kind = exported.manifest.root
  const received = join(places.work, "archive")
  return [
    directory(places.images),
    directory(places.work),
    ...(archive === "-" ? [{ _tag: "ReceiveArchive", file: received, timeoutMs: copyTimeout } as const] : []),
    {
      _tag: "ImportArchive",
      archive: archive === "-" ? received : archive,
      directory: places.work,
      kind,
      spec: exported.spec,
      timeoutMs: copyTimeout
    },
    { _tag: "WriteFile", path: places.written, mode: "0600", text: instanceDocument(instance), previous: null },
    intoPlace(join(places.work, members[kind]), places.root),
    intoPlace(places.written, places.spec)
  ]
}

/** The host as it is when the root is in its place. */
const withRoot = (facts: HostFacts, path: HostPath, { partitions, root }: Exported["manifest"]): HostFacts => ({
  ...facts,
  paths: [
    ...facts.paths.filter((each) => each.path !== path),
    {
      path,
      kind: root === "image" ? "file" : "directory",
      realPath: path,
      ...(partitions === undefined ? {} : { partitions })
    }
  ]
})

/**
 * Plans an import: the whole stream is checked, unpacked in a directory of its own, and only then put in place and
 * started. A failure removes all of it. Nothing that is there is overwritten; only what an earlier import left in that directory
 * goes first, for good.
 *
 * @since 0.1.0
 * @category planners
 */
export const planImport = (
  exported: Exported,
  archive: ArchivePath,
  directories: Directories,
  facts: HostFacts,
  options: ImportOptions = {}
): Result.Result<Plan, PlanRejected> => {
  const name = nameOf(exported, options)
  const kind = exported.manifest.root
  const places = placesOf(name, kind, directories, options)
  const reject = (rejections: ReadonlyArray<Rejection>) =>
    Result.fail(new PlanRejected({ operation: "import", instance: name, rejections }))
  const instance = moved(exported, name, places.root)
  if (Result.isFailure(instance)) return reject([instance.failure])
  const occupied = checkPlaces(name, places, directories, facts)
  const start = (options.start ?? true)
    ? planStart(instance.success, directories, withRoot(facts, places.root, exported.manifest), options)
    : undefined
  const startRejections = start !== undefined && Result.isFailure(start) ? start.failure.rejections : []
  if (occupied.length > 0 || startRejections.length > 0) {
    return reject([...occupied, ...startRejections.filter((each) => occupied.length === 0 || each.field !== "name")])
  }
  const started = start !== undefined && Result.isSuccess(start) ? start.success : undefined
  const left = leftBefore(places, facts)
  const steps: ReadonlyArray<Step> = [
    ...left,
    ...restoring(exported, instance.success, archive, places),
    ...(started?.steps ?? []),
    { _tag: "RemoveTree", path: places.work }
  ]
  const paths = importPaths(exported, archive, directories, options)
  const { links, macs } = namedBy(instance.success)
  return Result.succeed(
    planFrom({
      operation: "import",
      instance: name,
      directories,
      basis: basisOf(directories, name, { paths, links, macs: started === undefined ? [] : macs }, facts),
      steps,
      undoFrom: left.length,
      warnings: [...warningsFor(exported, name), ...started?.warnings ?? []]
    })
  )
}

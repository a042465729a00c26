/**
 * What an exported instance is, as one stream.
 *
 * It has two parts. The first is a POSIX tar (pax headers, sparse files as GNU tar 1.0 writes them), blocked to 10240
 * bytes, with these members in this order: `manifest.json`, `spec.json`, and the root as `root.img` or as the tree
 * `root/`. The second is a tar of exactly 10240 bytes, whose only member `SHA256SUM` is what sha256sum(1) prints of the first
 * part read from a pipe. So `tar -tvf FILE` lists it, `tar -xf FILE` unpacks it, and this checks it:
 *
 *     head -c -10240 FILE | sha256sum; tail -c 10240 FILE | tar -xOf -
 *
 * A stream that is cut off, damaged or has something behind it does not end in the seal of what stands before.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Partition } from "../host/PartitionTable.ts"
import { decodeInstance, encodeInstance, type Instance } from "../model/Instance.ts"
import { InstanceName } from "../model/InstanceName.ts"
import { decodeInput, InvalidSpec } from "../model/InvalidSpec.ts"

/**
 * How a root is kept in an export: an image file, or a tree of files.
 *
 * @since 0.1.0
 * @category models
 */
export const RootKind = Schema.Literals(["image", "directory"])

/**
 * @since 0.1.0
 * @category models
 */
export type RootKind = typeof RootKind.Type

/**
 * The first member of an export.
 *
 * @since 0.1.0
 * @category models
 */
export const Manifest = Schema.Struct({
  format: Schema.Literal("effect-lxc export"),
  /** Another number is another format. */
  version: Schema.Literal(1),
  instance: InstanceName,
  root: RootKind,
  /** The partitions of an image that has a table of them. */
  partitions: Schema.optionalKey(Schema.Array(Partition))
})

/**
 * @since 0.1.0
 * @category models
 */
export type Manifest = typeof Manifest.Type

/**
 * Reads a manifest from parsed JSON; a field that is wrong is named.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeManifest = (input: unknown, source: string = "the manifest"): Result.Result<Manifest, InvalidSpec> =>
  decodeInput(Manifest, input, source)

/**
 * The names of the members, and the length of the seal in bytes.
 *
 * @since 0.1.0
 * @category constants
 */
export const members = { manifest: "manifest.json", spec: "spec.json", image: "root.img", directory: "root", seal: "SHA256SUM" } as const

/**
 * The name of the spec that an import makes, as long as it is beside what was unpacked: no member has it.
 *
 * @since 0.1.0
 * @category constants
 */
export const movedSpec = "instance.json"

/**
 * The length of the second part, in bytes.
 *
 * @since 0.1.0
 * @category constants
 */
export const sealLength = 10_240

/**
 * What stands at the head of an export, before its root: two texts, as they were found.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExportHead {
  readonly manifest: string
  readonly spec: string
}

const document = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`

/**
 * The head of the export of an instance.
 *
 * @since 0.1.0
 * @category encoding
 */
export const exportHead = (
  instance: Instance,
  root: RootKind,
  partitions?: ReadonlyArray<Partition>
): ExportHead => ({
  manifest: document(Schema.encodeSync(Manifest)({
    format: "effect-lxc export",
    version: 1,
    instance: instance.name,
    root,
    ...(partitions === undefined ? {} : { partitions: partitions.map(({ number, size, start }) => ({ number, start, size })) })
  })),
  spec: document(encodeInstance(instance))
})

/**
 * An export as far as its head says.
 *
 * @since 0.1.0
 * @category models
 */
export interface Exported {
  readonly manifest: Manifest
  readonly instance: Instance
  /** The spec as it stands in the export. */
  readonly spec: string
}

const parse = (text: string, source: string): Result.Result<unknown, InvalidSpec> =>
  Result.try({
    try: () => JSON.parse(text) as unknown,
    catch: () => new InvalidSpec({ source, problems: [{ path: "", message: "is no JSON document" }] })
  })

/**
 * Reads the head of an export; a field that is wrong, or another version of the format, is named.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeExportHead = (head: ExportHead, source: string): Result.Result<Exported, InvalidSpec> =>
  Result.gen(function*() {
    const at = (member: string): string => `${member} in ${source}`
    const manifest = yield* decodeManifest(yield* parse(head.manifest, at(members.manifest)), at(members.manifest))
    const instance = yield* decodeInstance(yield* parse(head.spec, at(members.spec)), at(members.spec))
    return { manifest, instance, spec: head.spec }
  })

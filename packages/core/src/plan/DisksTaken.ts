/**
 * The disks that a plan takes for its instance.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { PathFacts } from "../host/HostFacts.ts"
import type { Plan } from "./Plan.ts"

const parse = Option.liftThrowable((text: string): unknown => JSON.parse(text))

/** Of a record, whatever else is in it. */
const decode = Schema.decodeUnknownOption(Schema.Struct({ disks: Schema.Array(Schema.Struct({ path: Schema.String })) }))

/** The paths of the disks of the record that is written, before any of them is touched. */
const recorded = ({ directories, instance, steps }: Plan): ReadonlyArray<string> => {
  const record = steps.findLast((step) => step._tag === "WriteFile" && step.path === directories.record(instance))
  if (record?._tag !== "WriteFile") return []
  return Option.match(Option.flatMap(parse(record.text), decode), { onNone: () => [], onSome: ({ disks }) => disks.map((disk) => disk.path) })
}

/**
 * Whether a path is one of something that an instance can have as a disk.
 *
 * @since 0.1.0
 * @category queries
 */
export const isDisk = ({ kind }: PathFacts): boolean => kind === "file" || kind === "block" || kind === "directory"

/**
 * What the plan relies on being free: the images, devices and directories that it mounts, or packs. What many may share,
 * such as extra mounts and seccomp profiles, is not among it.
 *
 * @since 0.1.0
 * @category queries
 */
export const disksTaken = (plan: Plan): ReadonlyArray<PathFacts> => {
  const packed = plan.steps.flatMap((step) => step._tag === "ExportArchive" ? [step.root] : [])
  const taken = new Set<string>([...recorded(plan), ...packed])
  return plan.basis.paths.filter((each) => isDisk(each) && (taken.has(each.path) || taken.has(each.realPath)))
}

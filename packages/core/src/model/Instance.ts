/**
 * What is wanted: one container.
 *
 * @since 0.1.0
 */
import type * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Autostart } from "./Autostart.ts"
import { type Disk, Disks } from "./Disk.ts"
import { defaultsTo } from "./Field.ts"
import { InstanceName } from "./InstanceName.ts"
import { decodeInput, type InvalidSpec } from "./InvalidSpec.ts"
import { defaultLxcParameters, LxcParameters } from "./LxcParameters.ts"
import { derive } from "./Mac.ts"
import { Nics } from "./Nic.ts"
import { Resources } from "./Resources.ts"

/** Every place in the guest where something of the host is seen, in the order of mounting. */
const places = ({ disks, lxc }: { readonly disks: ReadonlyArray<Disk>; readonly lxc: LxcParameters }) => [
  ...disks.slice(1).map((disk, i) => ({ path: ["disks", i + 1, "target"], field: `disks[${i + 1}]`, target: disk.target ?? "" })),
  ...lxc.mounts.map(({ target }, i) => ({ path: ["lxc", "mounts", i, "target"], field: `lxc.mounts[${i}]`, target }))
]

/** A later mount hides what is at or below its place. */
const hidden = (spec: Parameters<typeof places>[0]): ReadonlyArray<Schema.FilterIssue> => {
  const all = places(spec)
  return all.flatMap(({ path, target }, index) => {
    const earlier = all.slice(0, index).find((each) => each.target === target || each.target.startsWith(`${target}/`))
    return earlier === undefined ? [] : [{ path, issue: `${target} would hide what ${earlier.field} has at ${earlier.target}` }]
  })
}

const Spec = Schema.Struct({
  name: InstanceName,
  disks: Disks.annotateKey({ messageMissingKey: "a disk is required" }),
  nics: defaultsTo(Nics, []),
  resources: defaultsTo(Resources, {}),
  lxc: defaultsTo(LxcParameters, defaultLxcParameters),
  autostart: Schema.optionalKey(Autostart)
}).check(Schema.makeFilter(({ autostart, name, nics }) => {
  const derived = nics.map((nic, i) => nic.mac === undefined ? derive(name, i) : undefined)
  const macs = nics.flatMap((nic, i) =>
    nic.mac !== undefined && derived.includes(nic.mac)
      ? [{ path: ["nics", i, "mac"], issue: `${nic.mac} is what nics[${derived.indexOf(nic.mac)}] gets; give another` }]
      : []
  )
  const itself = autostart?.after.indexOf(name) ?? -1
  return itself < 0 ? macs : [...macs, { path: ["autostart", "after", itself], issue: "is this instance itself" }]
}), Schema.makeFilter(hidden))

/**
 * A container as it is wanted, with every default filled in.
 *
 * @since 0.1.0
 * @category models
 */
export class Instance extends Schema.Class<Instance>("effect-lxc/Instance")(Spec) {}

/**
 * Instances within other schemas, in the form that people write: whatever it encodes is a spec again, and plain JSON.
 *
 * @since 0.1.0
 * @category schemas
 */
export const InstanceFromJson = Schema.toCodecJson(Instance)

/**
 * Reads a spec; `source` says in the error where it came from. All problems are reported at once, except that fields are
 * compared with each other only when each of them is right.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeInstance = (input: unknown, source = "the spec"): Result.Result<Instance, InvalidSpec> =>
  decodeInput(Instance, input, source)

/** What an instance is made of was checked when it was made. */
const encode = Schema.encodeSync(InstanceFromJson, { disableChecks: true })

/**
 * The spec of an instance with every default written out; decoding it gives the same instance.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encodeInstance = (instance: Instance): Schema.Json => encode(instance)

/** A text of an instance that is written once: every plan to start it holds it again, and an instance does not change. */
const writtenOnce = (write: (instance: Instance) => string) => {
  const written = new WeakMap<Instance, string>()
  return (instance: Instance): string => {
    const known = written.get(instance)
    if (known !== undefined) return known
    const text = write(instance)
    written.set(instance, text)
    return text
  }
}

/**
 * An instance as a document that {@link decodeInstance} reads again: indented JSON that ends with a line break.
 *
 * @since 0.1.0
 * @category encoding
 */
export const instanceDocument = writtenOnce((instance) => `${JSON.stringify(encodeInstance(instance), undefined, 2)}\n`)

/**
 * The same as it stands in a document around it, one step further in.
 *
 * @since 0.1.0
 * @category encoding
 */
export const nestedDocument = writtenOnce((instance) => instanceDocument(instance).trimEnd().replaceAll("\n", "\n  "))

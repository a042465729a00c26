/**
 * What is wanted: one container.
 *
 * @since 0.1.0
 */
import type * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Disk } from "./Disk.ts"
import { defaultsTo, notSupportedMessage } from "./Field.ts"
import { InstanceName } from "./InstanceName.ts"
import { decodeInput, type InvalidSpec } from "./InvalidSpec.ts"
import { defaultLxcParameters, LxcParameters } from "./LxcParameters.ts"
import { derive } from "./Mac.ts"
import { Nics } from "./Nic.ts"
import { Resources } from "./Resources.ts"

const Disks = Schema.Array(Disk).check(Schema.makeFilter((disks) => {
  if (disks.length === 0) {
    return "a disk is required"
  }
  return disks.slice(1).map((_, i) => ({ path: [i + 1], issue: notSupportedMessage("the root is the only disk") }))
}))

const Spec = Schema.Struct({
  name: InstanceName,
  disks: Disks.annotateKey({ messageMissingKey: "a disk is required" }),
  nics: defaultsTo(Nics, []),
  resources: defaultsTo(Resources, {}),
  lxc: defaultsTo(LxcParameters, defaultLxcParameters)
}).check(Schema.makeFilter(({ name, nics }) => {
  const derived = nics.map((nic, i) => nic.mac === undefined ? derive(name, i) : undefined)
  return nics.flatMap((nic, i) =>
    nic.mac !== undefined && derived.includes(nic.mac)
      ? [{ path: ["nics", i, "mac"], issue: `${nic.mac} is what nics[${derived.indexOf(nic.mac)}] gets; give another` }]
      : []
  )
}))

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

const encode = Schema.encodeSync(InstanceFromJson)

/**
 * The spec of an instance with every default written out; decoding it gives the same instance.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encodeInstance = (instance: Instance): Schema.Json => encode(instance)

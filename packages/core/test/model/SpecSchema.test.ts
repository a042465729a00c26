import { decodeInstance } from "@effect-lxc/core/model/Instance"
import { specSchema } from "@effect-lxc/core/model/SpecSchema"
import { assert, describe, it } from "@effect/vitest"
import { Result, type Schema } from "effect"
import { hostileTexts, minimal, writtenSpecs } from "./specs.ts"

type Json = Schema.Json
type Fields = { readonly [key: string]: Json }
const fieldsOf = (value: Json | undefined): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value as Fields : {} // neither null nor a list
const isList = (value: Json | undefined): value is ReadonlyArray<Json> => Array.isArray(value)
const listOf = (value: Json | undefined): ReadonlyArray<Json> => isList(value) ? value : []

const typeOf = (value: unknown): string => value === null ? "null" : Array.isArray(value) ? "array" : typeof value

const isType = (type: Json | undefined, value: unknown): boolean =>
  type === undefined || type === typeOf(value) || (type === "integer" && Number.isInteger(value))

const known = new Set([
  "$schema", "title", "description", "type", "enum", "pattern", "minimum", "maximum", "minItems", "maxItems", "items", "properties",
  "required", "additionalProperties", "anyOf", "allOf", "not"
])

/** The part of JSON Schema that the schema of a spec uses; a keyword beyond it fails the test. */
const accepts = (schema: Json, value: unknown): boolean => {
  if (typeof schema === "boolean") return schema
  const words = fieldsOf(schema)
  for (const word of Object.keys(words)) assert.isTrue(known.has(word), word)
  const { additionalProperties = true, maxItems, maximum, minItems, minimum, not, pattern } = words
  if (!isType(words["type"], value)) return false
  if (words["enum"] !== undefined && !listOf(words["enum"]).includes(value as Json)) return false // compared with JSON only
  if (words["anyOf"] !== undefined && !listOf(words["anyOf"]).some((each) => accepts(each, value))) return false
  if (!listOf(words["allOf"]).every((each) => accepts(each, value))) return false
  if (not !== undefined && accepts(not, value)) return false
  if (typeof value === "string" && typeof pattern === "string" && !new RegExp(pattern, "u").test(value)) return false
  if (typeof value === "number" && (value < Number(minimum ?? -Infinity) || value > Number(maximum ?? Infinity))) return false
  if (Array.isArray(value)) {
    return value.length >= Number(minItems ?? 0) && value.length <= Number(maxItems ?? Infinity) &&
      value.every((each) => accepts(words["items"] ?? true, each))
  }
  if (typeof value !== "object" || value === null) return true
  const properties = fieldsOf(words["properties"])
  return listOf(words["required"]).every((name) => typeof name === "string" && name in value) &&
    Object.entries(value).every(([name, each]) => accepts(properties[name] ?? additionalProperties, each))
}

const schema = specSchema()
const isRight = (spec: unknown) => Result.isSuccess(decodeInstance(spec))

describe("the JSON Schema of a spec", () => {
  it.prop("accepts every spec that is right", [writtenSpecs], ([written]) => {
    assert.isTrue(accepts(schema, written), JSON.stringify(written))
  })

  it("accepts what the first page of the manual shows", () => {
    const spec = {
      ...minimal,
      disks: [
        { path: "/a", partition: 2, volatile: true, volatileSize: "8MiB" },
        { path: "/b", target: "srv/b", readOnly: true, fsType: "ext4" }
      ],
      nics: [{ mode: "bridged", link: "br0", gateway: ["10.0.0.1"], addresses: ["10.0.0.5/24"] }],
      resources: { memory: "256MiB", vcpus: 0.5, cpuWeight: 10_000, pids: 1 },
      lxc: { ttys: 0, settle: 0, mounts: [{ source: "tmpfs", target: "tmp" }], devices: ["a"] }
    }
    assert.isTrue(isRight(spec))
    assert.isTrue(accepts(schema, spec))
  })

  const wrong: ReadonlyArray<readonly [string, object]> = [
    ["a field that is not known", { hypervisor: "x" }],
    ["a field that is misspelt, deep inside", { disks: [{ path: "/a", fstype: "ext4" }] }],
    ["a name that is none", { name: "Web1" }],
    ["a path that is relative", { disks: [{ path: "srv" }] }],
    ["a disk without a path", { disks: [{}] }],
    ["a place that is absolute", { disks: [{ path: "/a" }, { path: "/b", target: "/x" }] }],
    ["a partition that is no number", { disks: [{ path: "/a", partition: "1" }] }],
    ["a partition between two", { disks: [{ path: "/a", partition: 1.5 }] }],
    ["a partition off the scale", { disks: [{ path: "/a", partition: 129 }] }],
    ["a mode of a nic", { nics: [{ mode: "none", link: "br0" }] }],
    ["a nic without a link", { nics: [{}] }],
    ["an mtu too small", { nics: [{ link: "br0", mtu: 67 }] }],
    ["more than a hundred nics", { nics: Array.from({ length: 101 }, () => ({ link: "br0" })) }],
    ["memory that is a list", { resources: { memory: [] } }],
    ["no time at all", { resources: { vcpus: 0 } }],
    ["a weight off the scale", { resources: { cpuWeight: 10_001 } }],
    ["a capability that is none", { lxc: { dropCapabilities: ["CAP_KILL"] } }],
    ["a device rule that is none", { lxc: { devices: ["c 1:3"] } }],
    ["a mount of something else", { lxc: { mounts: [{ source: "proc", target: "x" }] } }],
    ["a level that is none", { lxc: { logLevel: "ERROR" } }],
    ["a console that is none of both", { lxc: { console: "x" } }],
    ["a variable that is a number", { lxc: { environment: { A: 1 } } }]
  ]
  it.each(wrong)("refuses %s, as a start does", (_name, field) => {
    assert.isFalse(isRight({ ...minimal, ...field }))
    assert.isFalse(accepts(schema, { ...minimal, ...field }))
  })

  it.prop("refuses nothing that is right, whatever text stands anywhere", [hostileTexts, hostileTexts], ([a, b]) => {
    for (
      const field of [
        { name: a }, { disks: [{ path: `/${a}` }] }, { disks: [{ path: "/a" }, { path: "/b", target: a }] }, { nics: [{ link: a }] },
        { nics: [{ link: "br0", mac: a, gateway: b }] }, { resources: { memory: a, cpuMask: b } },
        { lxc: { devices: [a], init: b, extraConfig: [a], environment: { [a]: b }, mounts: [{ source: a, target: b }] } }
      ]
    ) {
      const spec = { ...minimal, ...field }
      if (isRight(spec)) assert.isTrue(accepts(schema, spec), JSON.stringify(spec))
    }
  })

  it("describes every field", () => {
    const undescribed = (node: Json, place: string): ReadonlyArray<string> => {
      const { items = null, properties } = fieldsOf(node)
      return [
        ...Object.entries(fieldsOf(properties)).flatMap(([name, each]) => [
          ...(typeof fieldsOf(each)["description"] === "string" ? [] : [`${place}.${name}`]),
          ...undescribed(each, `${place}.${name}`)
        ]),
        ...(items === null ? [] : undescribed(items, place))
      ]
    }
    assert.deepStrictEqual(undescribed(schema, ""), [])
  })
})

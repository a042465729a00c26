import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Result, Schema } from "effect"
import { instanceConfig } from "@effect-lxc/core/lxc/InstanceConfig"
import { parse } from "@effect-lxc/core/lxc/LxcConfig"
import { decodeInstance, type Instance } from "@effect-lxc/core/model/Instance"
import { hostileTexts, instanceOf, minimal, writtenSpecs } from "../model/specs.ts"
import { target } from "./targets.ts"

const versions = ["1.0", "2.0", "2.1", "3.0", "4.0.0", "4.0.2", "4.0.6", "5.0.2", "6.0", "7.0"]
const layouts = ["v1", "hybrid", "v2"] as const
const targets = versions.flatMap((version) => layouts.map((layout) => target(version, layout)))
const version = Schema.Literals(versions)
const layout = Schema.Literals(layouts)

/** Keys that a field of its own asks for, and nothing else does. */
const askedFor: ReadonlyArray<readonly [key: RegExp, isAsked: (given: Instance) => boolean]> = [
  [/^lxc\.(?:idmap|id_map)$/, ({ lxc }) => lxc.idmap.length > 0],
  [/^lxc\.mount\.entry$/, ({ disks, lxc }) => disks.length > 1 || lxc.mounts.length > 0],
  [/^lxc\.console(?:\.path)?$/, ({ lxc }) => lxc.console === "none"]
]

/** Nothing of these reaches a configuration, whatever a spec says. */
const forbidden = /^lxc\.(?:hook|include|mount\.entry|idmap|id_map|log|console(?!\.(?:size|rotate)$)|logfile|execute|namespace|cgroup\.relative|group|start)/

describe("the configuration of an instance", () => {
  it.prop(
    "is, once parsed, exactly the document meant, no key more; or every refusal says what and what to do",
    [writtenSpecs, version, layout],
    ([written, lxc, on]) => {
      const given = instanceOf(written)
      const built = instanceConfig(given, target(lxc, on))
      if (Result.isSuccess(built)) {
        assert.deepStrictEqual(parse(built.success.text), Result.succeed({ config: built.success.config, ignored: [] }))
        for (const line of built.success.config) {
          const key = line._tag === "Entry" ? line.key : ""
          if (!askedFor.some(([pattern, isAsked]) => pattern.test(key) && isAsked(given))) assert.notMatch(key, forbidden)
        }
      } else {
        assert.isAbove(built.failure.length, 0)
        assert.isTrue(built.failure.every(({ advice, code, message }) => advice !== "" && code !== "" && message !== ""))
      }
    },
    { arbitrary: { runs: 300 } }
  )

  it.prop("is the same for the same instance", [writtenSpecs, version, layout], ([written, lxc, on]) => {
    assert.deepStrictEqual(instanceConfig(instanceOf(written), target(lxc, on)), instanceConfig(instanceOf(written), target(lxc, on)))
  })

  const places: ReadonlyArray<(text: string) => object> = [
    (name) => ({ name }),
    (path) => ({ disks: [{ path }] }),
    (fsType) => ({ disks: [{ path: "/a", fsType }] }),
    (option) => ({ disks: [{ path: "/a", options: [option] }] }),
    (link) => ({ nics: [{ link }] }),
    (mac) => ({ nics: [{ link: "br0", mac }] }),
    (name) => ({ nics: [{ link: "br0", name }] }),
    (address) => ({ nics: [{ link: "br0", addresses: [address] }] }),
    (gateway) => ({ nics: [{ link: "br0", gateway }] }),
    (rule) => ({ lxc: { devices: [rule] } }),
    (signal) => ({ lxc: { haltSignal: signal } }),
    (init) => ({ lxc: { init } }),
    (value) => ({ lxc: { environment: { A: value } } }),
    (name) => ({ lxc: { environment: { [name]: "" } } }),
    (apparmor) => ({ lxc: { apparmor } }),
    (value) => ({ lxc: { extraConfig: [`lxc.environment = ${value}`] } }),
    (line) => ({ lxc: { extraConfig: [line] } })
  ]
  const place = Arbitrary.map(Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: places.length - 1 }))), (i) => places[i])

  it.prop(
    "has as many lines as it was meant to have, whatever text stands in a field",
    [hostileTexts, place],
    ([text, put]) => {
      const decoded = decodeInstance({ ...minimal, name: "web1", ...put?.(text) })
      for (const each of Result.isSuccess(decoded) ? targets : []) {
        const built = instanceConfig(Result.getOrThrow(decoded), each)
        if (Result.isSuccess(built)) {
          assert.deepStrictEqual(parse(built.success.text), Result.succeed({ config: built.success.config, ignored: [] }))
          assert.isFalse(built.success.config.some((line) => line._tag === "Entry" && forbidden.test(line.key)))
        }
      }
    },
    { arbitrary: { runs: 400 } }
  )
})

import { Result } from "effect"
import { type ConfigTarget, instanceConfig, type InstanceConfig } from "@effect-lxc/core/lxc/InstanceConfig"
import { type LxcVersion, parseLxcVersion } from "@effect-lxc/core/lxc/LxcVersion"
import type { Refusal } from "@effect-lxc/core/lxc/Refusal"
import { instanceOf, minimal } from "../model/specs.ts"

export const version = (text: string): LxcVersion => Result.getOrThrow(parseLxcVersion(text))

export const target = (lxc: string, layout: ConfigTarget["layout"], features: ConfigTarget["features"] = {}): ConfigTarget => ({
  version: version(lxc),
  layout,
  rootDir: "/run/effect-lxc/containers/web1/rootfs",
  features
})

/** The configuration of the smallest spec with some fields of its own. */
export const configOf = (fields: object, on: ConfigTarget): InstanceConfig =>
  Result.getOrThrow(instanceConfig(instanceOf({ ...minimal, name: "web1", ...fields }), on))

export const refusalsOf = (fields: object, on: ConfigTarget): ReadonlyArray<Refusal> =>
  Result.match(instanceConfig(instanceOf({ ...minimal, name: "web1", ...fields }), on), {
    onFailure: (refusals) => refusals,
    onSuccess: () => []
  })

/**
 * What `effect-lxc config` does.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { CgroupLayoutName } from "@effect-lxc/core/host/CgroupLayout"
import type { HostFacts } from "@effect-lxc/core/host/HostFacts"
import { instanceConfig } from "@effect-lxc/core/lxc/InstanceConfig"
import { type LxcVersion, parseLxcVersion } from "@effect-lxc/core/lxc/LxcVersion"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { ConfigRefused } from "../ConfigRefused.ts"
import { directories, Json } from "../Globals.ts"
import { withHypervisor } from "../Hypervisors.ts"
import { Output } from "../Output.ts"
import { readSpec } from "../SpecFile.ts"
import { UsageError } from "../UsageError.ts"

/** The release to write for, in words where there is none. */
const observedVersion = (facts: HostFacts | undefined): Result.Result<LxcVersion, string> =>
  facts === undefined || facts.lxcVersion === null
    ? Result.fail("LXC is not installed")
    : parseLxcVersion(facts.lxcVersion)

const chosenVersion = Effect.fnUntraced(function*(
  instance: string,
  asked: Option.Option<string>,
  facts: HostFacts | undefined
) {
  if (Option.isSome(asked)) {
    return yield* Effect.fromResult(Result.mapError(
      parseLxcVersion(asked.value),
      (problem) => new UsageError({ problems: [`--lxc-version: ${problem}`], command: "effect-lxc config" })
    ))
  }
  const advice = "say with --lxc-version which release it is for"
  return yield* Effect.fromResult(Result.mapError(
    observedVersion(facts),
    (message) => new ConfigRefused({ instance, rejections: [{ code: "lxc-missing", field: "", message, advice }] })
  ))
})

/** The kernel of this host, where the configuration is for this host. */
const featuresOf = (facts: HostFacts | undefined, layout: CgroupLayoutName) =>
  facts === undefined || facts.cgroups.layout !== layout
    ? {}
    : { swapAccounting: facts.cgroups.swapAccounting, ioWeightFile: facts.cgroups.ioWeightFile }

/**
 * Prints the configuration; looks at the host only for what the flags do not say.
 *
 * @since 0.1.0
 * @category actions
 */
export const printConfig = Effect.fnUntraced(function*(input: {
  readonly spec: string
  readonly lxcVersion: Option.Option<string>
  readonly cgroup: Option.Option<CgroupLayoutName>
  readonly rootDir: Option.Option<string>
}) {
  const output = yield* Output
  const instance = yield* readSpec(input.spec)
  const { name } = instance
  const facts = Option.isSome(input.lxcVersion) && Option.isSome(input.cgroup)
    ? undefined
    : yield* withHypervisor(Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.facts()))
  const version = yield* chosenVersion(name, input.lxcVersion, facts)
  const layout = Option.getOrElse(input.cgroup, () => facts?.cgroups.layout ?? "v2")
  const usual = yield* directories
  const rootDir = Option.getOrElse(input.rootDir, () => usual.rootfs(name))
  const config = yield* Effect.fromResult(Result.mapError(
    instanceConfig(instance, { version, layout, rootDir, features: featuresOf(facts, layout) }),
    (rejections) => new ConfigRefused({ instance: name, rejections })
  ))
  yield* output.out((yield* Json) ? `${JSON.stringify({ config: config.text }, undefined, 2)}\n` : config.text)
})

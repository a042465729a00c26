/**
 * What `effect-lxc resize` does.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { InstanceName } from "@effect-lxc/core/model/InstanceName"
import type { Resources } from "@effect-lxc/core/model/Resources"
import { UsageError } from "../UsageError.ts"
import { carryOut, type DryRun } from "./Change.ts"

type Flags = { readonly [Field in keyof Required<Resources>]: Option.Option<Required<Resources>[Field]> }

/**
 * Changes the limits that were given, and no other.
 *
 * @since 0.1.0
 * @category actions
 */
export const resize = Effect.fnUntraced(function*(
  input: Flags & DryRun & { readonly name: InstanceName; readonly force: boolean }
) {
  const wanted = {
    memory: Option.getOrUndefined(input.memory),
    swap: Option.getOrUndefined(input.swap),
    vcpus: Option.getOrUndefined(input.vcpus),
    cpuMask: Option.getOrUndefined(input.cpuMask),
    cpuWeight: Option.getOrUndefined(input.cpuWeight),
    pids: Option.getOrUndefined(input.pids),
    ioWeight: Option.getOrUndefined(input.ioWeight)
  }
  if (Object.values(wanted).every((value) => value === undefined)) {
    const problems = ["give at least one limit, such as --memory 64MiB"]
    return yield* new UsageError({ problems, command: "effect-lxc resize" })
  }
  const options = { force: input.force }
  yield* carryOut("resize", input, ({ plan, resize }) => ({
    plan: plan.resize(input.name, wanted, options),
    change: resize(input.name, wanted, options)
  }))
})

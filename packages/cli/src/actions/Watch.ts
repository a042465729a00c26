/**
 * What `effect-lxc watch` does.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import type { StateChange } from "@effect-lxc/core/runtime/Watching"
import { Json } from "../Globals.ts"
import { withHypervisor } from "../Hypervisors.ts"
import { Output } from "../Output.ts"

const lineOf = ({ at, name, problem, state }: StateChange): string =>
  `${at} ${name} ${state}${problem === null ? "" : ` (${problem})`}`

/**
 * Prints a line for each change.
 *
 * @since 0.1.0
 * @category actions
 */
export const watch = Effect.fnUntraced(function*({ names }: { readonly names: ReadonlyArray<InstanceName> }) {
  const output = yield* Output
  const json = yield* Json
  const options = names.length === 0 ? {} : { names }
  yield* withHypervisor(Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    yield* Stream.runForEach(hypervisor.watch(options), (change) =>
      output.out(`${json ? JSON.stringify(change) : lineOf(change)}\n`))
  }))
})

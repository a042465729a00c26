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

/** What is not there may come. It may be misspelt, too. */
const tellAbsent = Effect.fnUntraced(function*(names: ReadonlyArray<InstanceName>) {
  const output = yield* Output
  const there = new Set((yield* (yield* Hypervisor).list()).map((each) => each.name))
  for (const name of names.filter((each) => !there.has(each))) {
    yield* output.err(`there is nothing by the name ${name}: waiting for it\n`)
  }
})

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
    if (!json) yield* tellAbsent(names)
    yield* Stream.runForEach(hypervisor.watch(options), (change) =>
      output.out(`${json ? JSON.stringify(change) : lineOf(change)}\n`))
  }))
})

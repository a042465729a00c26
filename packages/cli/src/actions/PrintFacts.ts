/**
 * What `effect-lxc facts` does.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { encodeHostFacts } from "@effect-lxc/core/host/HostFacts"
import { namedBy } from "@effect-lxc/core/plan/StartPlan"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { withHypervisor } from "../Hypervisors.ts"
import { Output } from "../Output.ts"
import { readSpec } from "../SpecFile.ts"

/**
 * Prints the facts, with what is at the paths of the specs.
 *
 * @since 0.1.0
 * @category actions
 */
export const printFacts = Effect.fnUntraced(function*({ specs }: { readonly specs: ReadonlyArray<string> }) {
  const output = yield* Output
  const instances = yield* Effect.forEach(specs, readSpec)
  const paths = new Set(instances.flatMap((instance) => namedBy(instance).paths))
  const facts = yield* withHypervisor(Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.facts([...paths])))
  yield* output.out(`${JSON.stringify(encodeHostFacts(facts), undefined, 2)}\n`)
})

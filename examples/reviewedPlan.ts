/**
 * A plan is data: kept as JSON, read by a person or a policy, and carried out later if nothing has changed meanwhile.
 *
 * As root: node examples/reviewedPlan.ts /srv/images/web1.img
 */
import { decodeInstance } from "@effect-lxc/core/model/Instance"
import { decodePlan, encodePlan, type Plan } from "@effect-lxc/core/plan/Plan"
import { renderText } from "@effect-lxc/core/plan/RenderText"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { layer } from "@effect-lxc/node-runtime/NodeHypervisor"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Data, Effect } from "effect"

/** The policy of this site does not allow the plan. */
export class NotAllowed extends Data.TaggedError("NotAllowed")<{ readonly instance: string; readonly reason: string }> {
  override get message(): string {
    return `${this.instance} may not be started: ${this.reason}`
  }
}

/** Where images may come from. Steps are a closed union: what a policy asks about, the compiler knows. */
const images = "/srv/images/"

const review = (plan: Plan): Effect.Effect<Plan, NotAllowed> => {
  const strange = plan.steps.find((step) => step._tag === "AttachLoop" && !step.file.startsWith(images))
  return strange === undefined
    ? Effect.succeed(plan)
    : Effect.fail(new NotAllowed({ instance: plan.instance, reason: `its image is not in ${images}` }))
}

/** Plans a start; nothing on the host has changed when this gives the JSON text of the plan. */
export const propose = (image: string) =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const wanted = yield* Effect.fromResult(decodeInstance({ name: "example-web1", disks: [{ path: image }] }))
    const plan = yield* hypervisor.plan.start(wanted)
    yield* Console.log(renderText(plan))
    return JSON.stringify(encodePlan(plan))
  })

/** Carries a stored plan out if the policy allows it. A host that has changed since makes it stale: nothing is done then. */
export const carryOut = (stored: string) =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const plan = yield* Effect.fromResult(decodePlan(JSON.parse(stored), "the stored plan"))
    return yield* hypervisor.run(yield* review(plan))
  })

if (process.argv[1] === import.meta.filename) {
  const program = Effect.flatMap(propose(process.argv[2] ?? "/srv/images/web1.img"), carryOut)
  NodeRuntime.runMain(program.pipe(Effect.provide(layer())))
}

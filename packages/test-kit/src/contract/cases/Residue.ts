/**
 * Promises about what earlier runs left.
 *
 * @since 0.1.0
 */
import { monitorCgroup, payloadCgroup } from "@effect-lxc/core/host/CgroupLayout"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { vethName } from "@effect-lxc/core/model/VethName"
import * as Commands from "@effect-lxc/core/plan/Commands"
import { Host } from "@effect-lxc/core/runtime/Host"
import * as Effect from "effect/Effect"
import type { StepCases } from "../ContractCase.ts"
import { applies, broken, does, fails, holds, same } from "../Expect.ts"
import { befall, type Case, running } from "../Scene.ts"
import { Stage } from "../Stage.ts"

const inventoryHas = (part: string) =>
  Effect.gen(function*() {
    const { inventory } = yield* Stage
    return (yield* inventory).some((line) => line.includes(part))
  })

const veth = Effect.map(Stage, ({ name }): Case<"DeleteInterface"> => ({ _tag: "DeleteInterface", name: vethName(name, 0) }))

const deleteInterface: StepCases = {
  success: [{
    title: "deletes one that was left",
    needs: ["interfaces"],
    run: Effect.gen(function*() {
      const step = yield* veth
      yield* befall({ _tag: "LeaveInterface", interface: step.name })
      yield* does(step)
      yield* same(step.name, yield* inventoryHas(`interface ${step.name}`), false)
    })
  }],
  already: [{
    title: "finds it gone",
    run: Effect.gen(function*() {
      yield* holds(yield* veth)
    })
  }],
  failure: [{
    title: "fails with ip's exit code and words, and the interface stays",
    needs: ["interfaces"],
    run: Effect.gen(function*() {
      const step: Case<"DeleteInterface"> = { _tag: "DeleteInterface", name: "lo" }
      yield* fails(step, "CommandFailed", { argv: [...Commands.deleteInterface(step)], exitCode: 2, stderr: "RTNETLINK answers: Operation not supported\n" })
      yield* same("lo", yield* inventoryHas("interface lo"), true)
    })
  }]
}

/** The trees of the host as it is. */
const trees = Effect.gen(function*() {
  const host = yield* Host
  const { directories } = yield* Stage
  const facts = yield* host.facts({ directories }).pipe(
    Effect.catchTag("HostError", ({ problem }) => broken("facts", "an observation", problem))
  )
  return facts.cgroups.hierarchies.map((each) => HostPath.make(each.mountPoint))
})

const remove = Effect.gen(function*() {
  const { name } = yield* Stage
  const step: Case<"RemoveCgroups"> = {
    _tag: "RemoveCgroups",
    names: [payloadCgroup(name), monitorCgroup(name)],
    hierarchies: yield* trees
  }
  return step
})

const removeCgroups: StepCases = {
  success: [{
    title: "removes them in every tree, with those below",
    needs: ["cgroups"],
    run: Effect.gen(function*() {
      const { name } = yield* Stage
      for (const group of [payloadCgroup(name), `${payloadCgroup(name)}/system.slice`, monitorCgroup(name)]) {
        yield* befall({ _tag: "LeaveCgroup", group })
      }
      yield* does(yield* remove)
      yield* same("cgroups of the container", yield* inventoryHas(`${payloadCgroup(name)}`), false)
    })
  }],
  already: [{
    title: "finds none",
    needs: ["cgroups"],
    run: Effect.gen(function*() {
      yield* holds(yield* remove)
      yield* applies(yield* remove)
    })
  }],
  failure: [{
    title: "never removes a populated one, and names who is in it",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container } = yield* running()
      const step: Case<"RemoveCgroups"> = { ...(yield* remove), names: [payloadCgroup(container.name)] }
      const { inHaste } = yield* Stage
      const { holders } = yield* inHaste(5_000, fails(step, "Busy", { waitedMs: 5_000 }))
      yield* same("number of holders", holders.length > 0, true)
      yield* same("the container", yield* inventoryHas(payloadCgroup(container.name)), true)
    })
  }]
}

/**
 * @since 0.1.0
 * @category constants
 */
export const residue = { DeleteInterface: deleteInterface, RemoveCgroups: removeCgroups }

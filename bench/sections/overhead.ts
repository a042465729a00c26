import { decodeInstance } from "@effect-lxc/core/model/Instance"
import { Host } from "@effect-lxc/core/runtime/Host"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import * as NodeJournal from "@effect-lxc/node-runtime/NodeJournal"
import { Facts, Guest, MemoryLocks, SimulatedHost } from "@effect-lxc/test-kit"
import { Effect, Layer, Result } from "effect"
import { alternately, type Spread, timed } from "../Measure.ts"
import { atMost, row, type Section } from "../Section.ts"

const image = "/srv/web1.img"
const state = SimulatedHost.state({ bridges: ["br0"], images: { [image]: Guest.obedient() } })
const instance = Result.getOrThrow(decodeInstance({ name: "web1", disks: [{ path: image }], nics: [{ link: "br0" }] }))

/** Looks as the simulated host does; every step is still to be done, and nothing is done by it. */
const idleHost = Layer.effect(Host, Effect.map(Host, (host) =>
  Host.of({
    ...host,
    facts: ({ directories, paths }) => Effect.succeed(Facts.factsOf(state, directories, paths)),
    observe: () => Effect.succeed({ done: false }),
    apply: (step) => Effect.succeed(step._tag === "AttachLoop" ? "/dev/loop7" : undefined)
  })))

const scaled = ({ median, p10, p90, samples }: Spread, by: number): Spread =>
  ({ median: median / by, p10: p10 / by, p90: p90 / by, samples })

export const overhead: Section = {
  name: "overhead",
  needs: "fleet",
  measure: async ({ lab }) => {
    const layer = Hypervisor.layer({ directories: lab.directories }).pipe(
      Layer.provide([idleHost, NodeJournal.layer, MemoryLocks.layer()]),
      Layer.provide(SimulatedHost.layer({ host: state }))
    )
    return Effect.runPromise(Effect.provide(
      Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const plan = yield* hypervisor.plan.start(instance)
        const found = yield* Effect.promise(() =>
          alternately(100, { run: timed(() => Effect.runPromise(hypervisor.run(plan))) }))
        const each = scaled(found.run, plan.steps.length)
        return {
          rows: [row(`library for each of ${plan.steps.length} steps that do nothing`, each)],
          goals: [atMost("overhead: at most 0.3 ms a step", each.median, 0.3, " ms")]
        }
      }),
      layer
    ))
  }
}

import { Guest, SimulatedHost, TestHypervisor, TestKit } from "@effect-lxc/test-kit"
import { decodeInstance } from "@effect-lxc/core/model/Instance"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Effect, Result } from "effect"
import { TestClock } from "effect/testing"
import { alternately, timed } from "../Measure.ts"
import { atLeast, row, type Section } from "../Section.ts"

const image = "/srv/web1.img"
const instance = Result.getOrThrow(decodeInstance({ name: "web1", disks: [{ path: image }], nics: [{ link: "br0" }] }))
const host = SimulatedHost.state({ bridges: ["br0"], images: { [image]: Guest.obedient() } })

/** Starts and stops, one after the other, through every part of the library, on a simulated host. */
export const livesOf = (count: number) =>
  TestKit.runToEnd(Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    for (let life = 0; life < count; life++) {
      yield* hypervisor.start(instance)
      yield* hypervisor.stop(instance.name)
    }
  }), { step: "1 minute", steps: 10 * count }).pipe(
    Effect.provide(TestHypervisor.layer({ host })),
    Effect.provide(TestClock.layer()),
    Effect.scoped
  )

const count = 100

export const lives: Section = {
  name: "lives",
  needs: "nothing",
  measure: async () => {
    const found = await alternately(8, { lives: timed(() => Effect.runPromise(livesOf(count))) })
    return {
      rows: [row(`${count} simulated lives, start to stop`, found.lives)],
      goals: [atLeast("lives: at least 5,000 a second", 1_000 * count / found.lives.median, 5_000, "/s")]
    }
  }
}

import { carryOut, Facts, Guest, SimulatedHost, TestHypervisor, TestKit } from "@effect-lxc/test-kit"
import { defaultDirectories } from "@effect-lxc/core/host/Directories"
import { decodeInstance } from "@effect-lxc/core/model/Instance"
import { planStart } from "@effect-lxc/core/plan/StartPlan"
import { planStop } from "@effect-lxc/core/plan/StopPlan"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Effect, Result } from "effect"
import { TestClock } from "effect/testing"
import { alternately, spreadOf, timed } from "../Measure.ts"
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

/** The same by pure functions alone: observed, planned, and each step carried out, without fibers, locks and journals. */
const carried = (count: number): void => {
  let state = host
  for (let life = 0; life < count; life++) {
    const start = Result.getOrThrow(planStart(instance, defaultDirectories, Facts.factsOf(state, defaultDirectories, [image])))
    const { state: running } = carryOut(start.steps, state)
    const stop = Result.getOrThrow(planStop(instance.name, defaultDirectories, Facts.factsOf(running, defaultDirectories)))
    state = carryOut(stop.steps, running).state
  }
}

const count = 100

/** Rounds until V8 has compiled what a life is made of. */
const warmUp = 20

export const lives: Section = {
  name: "lives",
  needs: "nothing",
  measure: async () => {
    const whole = timed(() => Effect.runPromise(livesOf(count)))
    const first = await whole()
    const found = await alternately(8, { lives: whole, carried: timed(() => carried(10 * count)) }, warmUp)
    return {
      rows: [
        row(`the first ${count} simulated lives of a process`, spreadOf([first])),
        row(`${count} simulated lives, start to stop`, found.lives),
        row(`${10 * count} simulated lives by plans and transitions alone`, found.carried)
      ],
      goals: [
        atLeast("lives: at least 5,000 a second", 1_000 * count / found.lives.median, 5_000, "/s"),
        atLeast("lives: at least 5,000 a second by plans and transitions alone", 10_000 * count / found.carried.median, 5_000, "/s")
      ]
    }
  }
}

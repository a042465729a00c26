import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Guest, Incidents, SimulatedHost, TestHypervisor, TestKit } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Console, Effect } from "effect"
import { lifecycle } from "./lifecycle.ts"
import { carryOut, propose } from "./reviewedPlan.ts"

const host = SimulatedHost.state({
  images: { "/srv/images/web1.img": Guest.obedient(), "/tmp/odd.img": Guest.obedient() }
})

const printed: Array<string> = []
const quiet: Console.Console = { ...globalThis.console, log: (text: unknown) => void printed.push(String(text)) }

const onHost = <A, E>(test: Effect.Effect<A, E, TestHypervisor.TestServices>) =>
  TestKit.runToEnd(
    Effect.provide(test, TestHypervisor.layer({ host })).pipe(Effect.provideService(Console.Console, quiet))
  )

const names = Effect.gen(function*() {
  return (yield* (yield* Hypervisor).list()).map(({ name }) => name)
})

describe("the examples do what they say:", () => {
  it.effect("a lifecycle ends with nothing on the host", () =>
    onHost(Effect.gen(function*() {
      assert.strictEqual(yield* lifecycle("/srv/images/web1.img"), "RUNNING")
      assert.match(printed.at(-1) ?? "", /^example-web1 is RUNNING: first process \d+, 67108864 bytes, 1 cpu$/)
      assert.deepStrictEqual(yield* names, [])
    })))

  it.effect("a plan that was reviewed is carried out", () =>
    onHost(Effect.gen(function*() {
      const stored = yield* propose("/srv/images/web1.img")
      assert.match(printed.at(-1) ?? "", /^plan: start example-web1\n/)
      assert.deepStrictEqual(yield* names, [])
      yield* carryOut(stored)
      assert.deepStrictEqual(yield* names, ["example-web1"])
    })))

  it.effect("a plan that the policy does not allow, or that is stale, is not", () =>
    onHost(Effect.gen(function*() {
      const odd = yield* Effect.flip(Effect.flatMap(propose("/tmp/odd.img"), carryOut))
      assert.strictEqual(odd.message, "example-web1 may not be started: its image is not in /srv/images/")
      const stored = yield* propose("/srv/images/web1.img")
      yield* (yield* SimulatedHost).update(Incidents.reboot("another-boot"))
      assert.strictEqual((yield* Effect.flip(carryOut(stored)))._tag, "PlanStale")
      assert.deepStrictEqual(yield* names, [])
    })))
})

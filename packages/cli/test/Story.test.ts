import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { assert, describe, it } from "@effect/vitest"
import { emptyHost } from "@effect-lxc/test-kit/HostBuilder"
import { obedient } from "@effect-lxc/test-kit/Guest"
import { SimulatedHost } from "@effect-lxc/test-kit/SimulatedHost"
import * as TestHypervisor from "@effect-lxc/test-kit/TestHypervisor"
import { runToEnd } from "@effect-lxc/test-kit/TestKit"
import { Effect, Layer } from "effect"
import { cli, specText, temporary } from "./Harness.ts"

const { file } = temporary()

const simulated = TestHypervisor.layer({
  host: emptyHost({ images: { "/srv/images/web1.img": obedient() }, bridges: ["br0"] })
})

const states = (text: string) =>
  (JSON.parse(text) as ReadonlyArray<{ name: string; state: string; problem: string | null }>)
    .map(({ name, problem, state }) => [name, state, problem])

/** Commands load their modules when they run, which takes real time that the test clock does not know of. */
const toEnd = <A, E, R>(effect: Effect.Effect<A, E, R>) => runToEnd(effect, { step: "100 millis", steps: 1_000_000 })

describe("the main job, on a simulated host", () => {
  it.effect("goes from start to stop, twice, and leaves the host as it was", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const host = yield* SimulatedHost
      const make = () => Layer.succeed(Hypervisor, hypervisor)
      const effectLxc = (...argv: ReadonlyArray<string>) => toEnd(cli(argv, { make }))
      const spec = file("story.yaml", specText)
      const remains = Effect.map(host.state, ({ interfaces, loops, mounts }) => ({ interfaces, loops, mounts }))
      const before = yield* remains
      for (let round = 0; round < 2; round += 1) {
        const plan = yield* effectLxc("plan", "start", spec, "--json")
        assert.deepStrictEqual([plan.code, plan.err], [0, ""])
        assert.strictEqual((yield* effectLxc("start", spec)).code, 0)
        assert.deepStrictEqual(states((yield* effectLxc("list", "--json")).out), [["web1.example.com", "RUNNING", null]])
        assert.match((yield* effectLxc("info", "web1.example.com")).out, /state +RUNNING/)
        assert.strictEqual((yield* effectLxc("start", spec)).code, 3)
        assert.strictEqual((yield* effectLxc("run", file("story.json", plan.out))).code, 3)
        const stopped = yield* effectLxc("stop", "web1.example.com")
        assert.strictEqual(stopped.code, 0)
        assert.match(stopped.out, /^web1\.example\.com is stopped, and nothing of it is left/)
        assert.deepStrictEqual((yield* effectLxc("list", "--all", "--json")).out, "[]\n")
        assert.deepStrictEqual(yield* remains, before)
      }
      assert.strictEqual((yield* effectLxc("stop", "web1.example.com")).out, "there is nothing by the name web1.example.com\n")
    }).pipe(Effect.provide(simulated)))

  it.effect("--simulate is a host that has what the spec names, for the time of a command", () =>
    Effect.gen(function*() {
      const ran = yield* toEnd(cli(["start", "--simulate", "-"], { stdin: specText, make: () => Layer.effect(Hypervisor, Effect.die("not this one")) }))
      assert.deepStrictEqual([ran.code, ran.out], [0, "web1.example.com is running (12 steps)\n"])
    }))
})

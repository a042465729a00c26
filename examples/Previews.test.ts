import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Guest, SimulatedHost, TestHypervisor, TestKit } from "@effect-lxc/test-kit"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Previews } from "./Previews.ts"

const image = (name: string, guest: Guest.Guest) => ({ [`/srv/previews/preview-${name}.img`]: guest })

const host = SimulatedHost.state({
  images: {
    ...image("main", Guest.obedient()),
    ...image("fix-login", Guest.obedient()),
    // A guest that never reacts to the halt signal: here it takes no time to find out what the service does then.
    ...image("deaf", Guest.deaf()),
    // Its init ends with exit code 1 after 200 ms.
    ...image("broken", Guest.dying(200, 1))
  }
})

/** Runs a test with the service on a simulated host of its own; its clock is moved on while the test waits. */
const onHost = <A, E>(test: Effect.Effect<A, E, Previews | TestHypervisor.TestServices>) =>
  TestKit.runToEnd(Effect.provide(test, Layer.provideMerge(Previews.layer(2), TestHypervisor.layer({ host }))))

const running = Effect.gen(function*() {
  return (yield* (yield* Hypervisor).list()).map(({ name, state }) => `${name} ${state}`)
})

it.effect("a third preview takes the place of the one that was asked for longest ago", () =>
  onHost(Effect.gen(function*() {
    const previews = yield* Previews
    yield* previews.show("main")
    yield* previews.show("fix/login")
    yield* previews.show("main")
    yield* previews.show("deaf")
    assert.deepStrictEqual(yield* previews.shown, ["main", "deaf"])
    assert.deepStrictEqual(yield* running, ["preview-deaf RUNNING", "preview-main RUNNING"])
  })))

it.effect("a guest that does not obey goes too", () =>
  onHost(Effect.gen(function*() {
    const previews = yield* Previews
    for (const branch of ["deaf", "main", "fix/login"]) yield* previews.show(branch)
    assert.deepStrictEqual(yield* running, ["preview-fix-login RUNNING", "preview-main RUNNING"])
  })))

it.effect("a preview that dies is not shown, says why, and leaves nothing", () =>
  onHost(Effect.gen(function*() {
    const previews = yield* Previews
    const error = yield* Effect.flip(previews.show("broken"))
    assert.include(error.message, "ended after 200 ms (exit code 1)")
    assert.deepStrictEqual(yield* previews.shown, [])
    assert.deepStrictEqual(yield* running, [])
  })))

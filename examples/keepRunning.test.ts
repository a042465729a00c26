import { Faults, Diff, Guest, Incidents, SimulatedHost, TestHypervisor, TestKit, World } from "@effect-lxc/test-kit"
import { defaultDirectories } from "@effect-lxc/core/host/Directories"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { keepRunning, look } from "./keepRunning.ts"

const host = SimulatedHost.state({ images: { "/srv/web1.img": Guest.obedient() } })

it.effect("starts what does not run, and leaves alone what does", () =>
  Effect.gen(function*() {
    assert.isTrue(yield* look)
    assert.isFalse(yield* look)
  }).pipe(Effect.provide(TestHypervisor.layer({ host })), TestKit.runToEnd))

it.effect("brings back what died, at the next look", () =>
  Effect.gen(function*() {
    const simulated = yield* SimulatedHost
    yield* Effect.forkScoped(keepRunning)
    yield* Effect.sleep("1 minute")
    yield* simulated.update(Incidents.killInit("web1"))
    yield* Effect.sleep("1 minute")
    assert.strictEqual((yield* simulated.state).containers.length, 0)
    yield* Effect.sleep("10 minutes")
    assert.strictEqual((yield* simulated.state).containers.length, 1)
  }).pipe(Effect.scoped, Effect.provide(TestHypervisor.layer({ host })), TestKit.runToEnd))

it.effect("says what failed, and leaves the host as it was", () =>
  Effect.gen(function*() {
    const simulated = yield* SimulatedHost
    const before = yield* simulated.state
    const error = yield* Effect.flip(look)
    assert.include(error.message, "start web1 failed at step 8 of 12: mount $root")
    assert.strictEqual(Diff.traces(before, yield* simulated.state, defaultDirectories), "")
  }).pipe(
    Effect.provide(TestHypervisor.layer({ host, faults: [Faults.atTag("Mount", "refuse")] })),
    TestKit.runToEnd
  ))

it.effect("starts anew what another process left half done when it crashed", () =>
  Effect.gen(function*() {
    const world = yield* World
    const first = yield* world.process({ faults: [Faults.atTag("Mount", "crash")] })
    assert.strictEqual((yield* Effect.flip(first.run(look)))._tag, "ProcessDied")
    const second = yield* world.process()
    assert.isTrue(yield* second.run(look))
  }).pipe(Effect.provide(World.layer({ host })), TestKit.runToEnd))

it.effect("does with the host just this", () =>
  Effect.gen(function*() {
    const simulated = yield* SimulatedHost
    const before = yield* simulated.state
    yield* look
    assert.deepStrictEqual((yield* simulated.commands).map(([tool]) => tool), ["losetup", "mount", "lxc-start"])
    assert.include((yield* simulated.commands)[1]?.join(" "), "/dev/loop0 /run/effect-lxc/containers/web1/rootfs")
    assert.include(Diff.diff(before, yield* simulated.state), "+ loop /dev/loop0 /srv/web1.img\n")
  }).pipe(Effect.provide(TestHypervisor.layer({ host })), TestKit.runToEnd))

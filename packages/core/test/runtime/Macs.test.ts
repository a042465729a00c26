import { defaultDirectories, Directories } from "@effect-lxc/core/host/Directories"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Faults, Guest, TestKit, World } from "@effect-lxc/test-kit"
import { type Dice, makeDice } from "@effect-lxc/test-kit/Dice"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { failureOf, host, instance, onHost } from "./fixtures.ts"

const mac = "aa:00:00:12:34:56"
const web1 = instance()
const twinOn = (link: string) => instance({ name: "web2", disks: [{ path: "/srv/web2.img" }], nics: [{ link, mac }] })
const twin = twinOn("br0")
const both = host({ bridges: ["br0", "br1"], images: { "/srv/web2.img": Guest.obedient() } })

const hypervise = <A, E>(ask: (hypervisor: Hypervisor["Service"]) => Effect.Effect<A, E>) => Effect.flatMap(Hypervisor, ask)

/** A bringing up, in a way that is drawn: with the spec at hand, by a plan on file, or again, while it runs. */
const drawn = (dice: Dice, one: typeof web1) =>
  dice.pick([
    hypervise(({ start }) => start(one)),
    hypervise(({ plan, run }) => Effect.flatMap(plan.start(one), run)),
    hypervise(({ reboot, start }) => Effect.andThen(start(one), reboot(one.name)))
  ])

/** Two processes that bring up one of two twins each, at one instant or nearly so, one of them slow somewhere. */
const together = Effect.fnUntraced(function*(seed: number) {
  const dice = makeDice(seed)
  const world = yield* World
  const turn = (one: typeof web1) =>
    Effect.gen(function*() {
      const slow = Faults.atIndex(dice.below(40), "slow", { ms: dice.below(2_000) })
      const { run } = yield* world.process({ faults: [slow] })
      yield* Effect.sleep(dice.pick([0, 0, 1, 600]))
      return yield* Effect.result(run(drawn(dice, one)))
    })
  yield* Effect.all([turn(web1), turn(twin)], { concurrency: "unbounded" })
  return (yield* world.state).containers.filter(({ phase }) => phase === "running").map(({ name }) => name)
})

describe("one MAC on one link", () => {
  it.effect("is not had by two that are brought up at one instant, however they are", () =>
    Effect.gen(function*() {
      for (let seed = 0; seed < 60; seed++) {
        const running = yield* TestKit.runToEnd(Effect.provide(together(seed), World.layer({ host: both }), { local: true }))
        assert.lengthOf(running, 1, `seed ${seed}`)
      }
    }))

  it.effect("is waited for where somebody is taking it, and the wait says so", () =>
    Effect.gen(function*() {
      const world = yield* World
      const slow = yield* world.process({ faults: [Faults.atTag("Mount", "slow", { ms: 60_000 })] })
      yield* Effect.forkChild(slow.run(hypervise(({ start }) => start(web1))))
      yield* Effect.sleep(100)
      const error = yield* failureOf((yield* world.process({ lockWaitMs: 5_000 })).run(hypervise(({ start }) => start(twin))))
      assert.match(error.message, /^a MAC of web2 is being taken by pid 1 \(start since .*; waited 5000 ms, nothing was done/)
    }).pipe(Effect.provide(World.layer({ host: both })), TestKit.runToEnd))

  it.effect("is not waited for by one on another link", () =>
    Effect.gen(function*() {
      const { start } = yield* Hypervisor
      yield* Effect.all([start(web1), start(twinOn("br1"))], { concurrency: "unbounded" })
    }).pipe(onHost({ host: both, lockWaitMs: 0 })))

  it.effect("is not taken by a plan on file from one that has it meanwhile, who is named", () =>
    Effect.gen(function*() {
      const { plan, run, start, stop } = yield* Hypervisor
      const stored = yield* plan.start(twin)
      yield* start(web1)
      const error = yield* failureOf(run(stored))
      assert.strictEqual(error._tag, "PlanStale")
      assert.include(error.message, `mac ${mac}, link br0, takenBy web1`)
      yield* stop(web1.name)
      assert.isAbove((yield* run(stored)).acted, 0)
    }).pipe(onHost({ host: both })))

  it.effect("is taken by a plan on file also where one on another link has it meanwhile", () =>
    Effect.gen(function*() {
      const { plan, run, start } = yield* Hypervisor
      const stored = yield* plan.start(twinOn("br1"))
      yield* start(web1)
      assert.isAbove((yield* run(stored)).acted, 0)
    }).pipe(onHost({ host: both })))
})

describe("one disk that two take at one instant", () => {
  it.effect("is waited for also by who has a run directory of its own", () =>
    Effect.gen(function*() {
      const world = yield* World
      const elsewhere = new Directories({ run: HostPath.make("/run/other"), log: defaultDirectories.log, state: defaultDirectories.state })
      const slow = yield* world.process({ directories: elsewhere, faults: [Faults.atTag("Mount", "slow", { ms: 60_000 })] })
      yield* Effect.forkChild(slow.run(hypervise(({ start }) => start(instance({ name: "web3", nics: [] })))))
      yield* Effect.sleep(100)
      const error = yield* failureOf((yield* world.process({ lockWaitMs: 5_000 })).run(hypervise(({ start }) => start(instance({ nics: [] })))))
      assert.match(error.message, /^a disk of web1 is being taken by pid 1 \(start since /)
    }).pipe(Effect.provide(World.layer({ host: both })), TestKit.runToEnd))
})

/**
 * The hypervisor that an application embeds, on a simulated host.
 *
 * @since 0.1.0
 */
import type { HypervisorOptions } from "@effect-lxc/core/runtime/Hypervisor"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { journalsIn, MemoryJournal } from "./MemoryJournal.ts"
import { locksIn, MemoryLocks } from "./MemoryLocks.ts"
import { hostIn, SimulatedHost, type SimulatedHostOptions } from "./SimulatedHost.ts"
import { makeWorld, type ProcessServices, World } from "./World.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface TestHypervisorOptions extends SimulatedHostOptions, HypervisorOptions {}

/**
 * What a test has at hand: the hypervisor, the four ports it is made of, the test's side of each of them, and the world they
 * are in, where another process can begin when this one has died.
 *
 * @since 0.1.0
 * @category models
 */
export type TestServices = ProcessServices | SimulatedHost | MemoryJournal | MemoryLocks | World

const ownCrash = "a crash would end the test with the process: run what crashes in a process of a World, which outlives it"

/**
 * The same service as in production, with nothing of a real host behind it. Provide it in the body of each test: a layer
 * that is shared keeps its state. The test is part of the process here, so a fault that crashes it is a defect: a {@link World}
 * has processes that a test sees crash.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: TestHypervisorOptions = {}): Layer.Layer<TestServices> =>
  Layer.effectContext(Effect.gen(function*() {
    if (options.faults?.some(({ kind }) => kind === "crash") === true) return yield* Effect.die(new Error(ownCrash))
    const world = yield* makeWorld(options)
    const { services } = yield* world.process(options)
    return services.pipe(
      Context.add(SimulatedHost, hostIn(world)),
      Context.add(MemoryJournal, journalsIn(world.journals)),
      Context.add(MemoryLocks, locksIn(world.locks)),
      Context.add(World, world)
    )
  }))

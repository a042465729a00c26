/**
 * The hypervisor that an application embeds, on a simulated host.
 *
 * @since 0.1.0
 */
import type { Host } from "@effect-lxc/core/runtime/Host"
import { Hypervisor, type HypervisorOptions } from "@effect-lxc/core/runtime/Hypervisor"
import type { Journal } from "@effect-lxc/core/runtime/Journal"
import type { Locks } from "@effect-lxc/core/runtime/Locks"
import type { Sessions } from "@effect-lxc/core/runtime/Sessions"
import * as Layer from "effect/Layer"
import { MemoryJournal } from "./MemoryJournal.ts"
import { MemoryLocks } from "./MemoryLocks.ts"
import { SimulatedHost, type SimulatedHostOptions } from "./SimulatedHost.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface TestHypervisorOptions extends SimulatedHostOptions, HypervisorOptions {}

/**
 * What a test has at hand: the hypervisor, the four ports it is made of, and the test's side of each of them.
 *
 * @since 0.1.0
 * @category models
 */
export type TestServices = Hypervisor | Host | Journal | Locks | Sessions | SimulatedHost | MemoryJournal | MemoryLocks

/**
 * The same service as in production, with nothing of a real host behind it. Provide it in the body of each test: a layer
 * that is shared keeps its state.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: TestHypervisorOptions = {}): Layer.Layer<TestServices> =>
  Hypervisor.layer(options).pipe(
    Layer.provideMerge(Layer.mergeAll(SimulatedHost.layer(options), MemoryJournal.layer, MemoryLocks.layer()))
  )

/**
 * Which host the commands work on.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Directories } from "@effect-lxc/core/host/Directories"
import type { Hypervisor, HypervisorOptions } from "@effect-lxc/core/runtime/Hypervisor"
import { directories, Simulate } from "./Globals.ts"

/**
 * Makes the hypervisor for the options of a command.
 *
 * @since 0.1.0
 * @category models
 */
export type MakeHypervisor = (options: HypervisorOptions) => Layer.Layer<Hypervisor>

/**
 * The way to a hypervisor, chosen by whoever runs the program.
 *
 * @since 0.1.0
 * @category services
 */
export class Hypervisors extends Context.Service<Hypervisors, MakeHypervisor>()("effect-lxc/Hypervisors") {}

/**
 * This machine.
 *
 * @since 0.1.0
 * @category constructors
 */
export const realHypervisor: MakeHypervisor = (options) =>
  Layer.unwrap(Effect.map(
    Effect.promise(() => import("@effect-lxc/node-runtime/NodeHypervisor")),
    ({ layer }) => layer(options)
  ))

/** A machine in memory, as it is when nothing has been done to it yet. */
const simulatedHypervisor: MakeHypervisor = (options) =>
  Layer.unwrap(Effect.map(
    Effect.promise(() => import("@effect-lxc/test-kit/TestHypervisor")),
    ({ layer }) => layer(options)
  ))

/**
 * Runs an effect with the hypervisor of the directories, by default those of the flags.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withHypervisor = <A, E, R>(effect: Effect.Effect<A, E, R>, given?: Directories) =>
  Effect.gen(function*() {
    const make = (yield* Simulate) ? simulatedHypervisor : yield* Hypervisors
    return yield* Effect.provide(effect, make({ directories: given ?? (yield* directories) }))
  })

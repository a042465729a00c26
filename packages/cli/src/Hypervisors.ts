/**
 * Which host the commands work on.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import type { Directories } from "@effect-lxc/core/host/Directories"
import type { Instance } from "@effect-lxc/core/model/Instance"
import type { Hypervisor, HypervisorOptions } from "@effect-lxc/core/runtime/Hypervisor"
import type { Queries } from "@effect-lxc/core/runtime/Queries"
import { Whereabouts } from "./Advice.ts"
import { directories, limits, Simulate } from "./Globals.ts"

/**
 * What the flags of a command say of the hypervisor it works with.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommandOptions extends HypervisorOptions {
  /** How long one call of a tool may take where a plan does not say it; a simulated host has no tools. */
  readonly toolLimits?: { readonly tool: number | undefined } | undefined
}

/**
 * Makes the hypervisor for the options of a command.
 *
 * @since 0.1.0
 * @category models
 */
export type MakeHypervisor = (options: CommandOptions) => Layer.Layer<Hypervisor>

/**
 * The way to a hypervisor, chosen by whoever runs the program.
 *
 * @since 0.1.0
 * @category services
 */
export class Hypervisors extends Context.Service<Hypervisors, MakeHypervisor>()("effect-lxc/Hypervisors") {}

/**
 * Makes what answers questions about containers, for directories.
 *
 * @since 0.1.0
 * @category models
 */
export type MakeQueries = (directories: Directories) => Effect.Effect<Queries>

/**
 * A shorter way to answers than a whole hypervisor, for programs that have one.
 *
 * @since 0.1.0
 * @category references
 */
export const ShortWay = Context.Reference<MakeQueries | undefined>("effect-lxc/ShortWay", { defaultValue: () => undefined })

/**
 * The short way to answers about this machine.
 *
 * @since 0.1.0
 * @category constructors
 */
export const realQueries: MakeQueries = (place) =>
  Effect.map(Effect.promise(() => import("@effect-lxc/node-runtime/NodeQueries")), ({ make }) => make(place))

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

const simulated = (wanted: ReadonlyArray<Instance>): MakeHypervisor => (options) =>
  Layer.unwrap(Effect.map(
    Effect.promise(() => import("./SimulatedHypervisor.ts")),
    ({ simulatedHypervisor }) => simulatedHypervisor(options, wanted)
  ))

/**
 * Where a command works: in the directories of its flags, where nothing else is said.
 *
 * @since 0.1.0
 * @category models
 */
export interface Workplace {
  readonly directories?: Directories | undefined
  /** What is wanted, for a simulated host to have what it names. */
  readonly instances?: ReadonlyArray<Instance> | undefined
}

/**
 * Runs an effect with the hypervisor of a workplace.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withHypervisor = <A, E, R>(effect: Effect.Effect<A, E, R>, workplace: Workplace = {}) =>
  Effect.gen(function*() {
    const make = (yield* Simulate) ? simulated(workplace.instances ?? []) : yield* Hypervisors
    const place = workplace.directories ?? (yield* directories)
    yield* Ref.set(yield* Whereabouts, place)
    return yield* Effect.provide(effect, make({ directories: place, ...(yield* limits) }))
  })

/**
 * Asks about the containers of the host, the short way where there is one.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withQueries = <A, E>(ask: (queries: Queries) => Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const make = (yield* Simulate) ? undefined : yield* ShortWay
    if (make === undefined) {
      const { Hypervisor } = yield* Effect.promise(() => import("@effect-lxc/core/runtime/Hypervisor"))
      return yield* withHypervisor(Effect.flatMap(Hypervisor, ask))
    }
    const place = yield* directories
    yield* Ref.set(yield* Whereabouts, place)
    return yield* ask(yield* make(place))
  })

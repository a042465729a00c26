/**
 * A second host for the one interpreter: in memory, deterministic, driven by the Effect clock.
 *
 * @since 0.1.0
 */
import type { HostFacts } from "@effect-lxc/core/host/HostFacts"
import type { Step } from "@effect-lxc/core/plan/Step"
import { Host } from "@effect-lxc/core/runtime/Host"
import { Sessions } from "@effect-lxc/core/runtime/Sessions"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Fault } from "./Faults.ts"
import { type CapturedOptions, fromFacts } from "./FromFacts.ts"
import { emptyHost, type HostOptions } from "./HostBuilder.ts"
import type { Recorded } from "./Recording.ts"
import type { SimulatedState } from "./SimulatedState.ts"
import { makeWorld, type World } from "./World.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface SimulatedHostOptions {
  /** What the host is like at first; an empty one by default. */
  readonly host?: SimulatedState | undefined
  /** What goes wrong. */
  readonly faults?: ReadonlyArray<Fault> | undefined
  /** How many calls of the host are kept in the record: the last 10,000 by default. */
  readonly recordLimit?: number | undefined
}

/**
 * The simulated host from the side of a test: its state, and what was done to it.
 *
 * @since 0.1.0
 * @category services
 */
export class SimulatedHost extends Context.Service<SimulatedHost, {
  /** The state as of now. */
  readonly state: Effect.Effect<SimulatedState>
  /** Changes the state as somebody else would, between two steps or in the middle of one. */
  readonly update: (change: (state: SimulatedState) => SimulatedState) => Effect.Effect<void>
  /** What was asked of the host, in order: the last 10,000 calls, where {@link SimulatedHostOptions} say nothing else. */
  readonly record: Effect.Effect<ReadonlyArray<Recorded>>
  /** The commands by which a real host would have done what was applied and succeeded; system calls are left out. */
  readonly commands: Effect.Effect<ReadonlyArray<ReadonlyArray<string>>>
  /** The steps that were applied, and succeeded. */
  readonly acted: Effect.Effect<ReadonlyArray<Step>>
}>()("@effect-lxc/test-kit/SimulatedHost") {
  /**
   * A host with what is named; see {@link emptyHost}.
   *
   * @since 0.1.0
   */
  static readonly state = (options: HostOptions = {}): SimulatedState => emptyHost(options)

  /**
   * A host that looks like another of which facts were captured; see {@link fromFacts}.
   *
   * @since 0.1.0
   */
  static readonly fromFacts = (facts: HostFacts, options: CapturedOptions = {}): SimulatedState => fromFacts(facts, options)

  /**
   * The host as a port for the interpreter, and the test's side of it.
   *
   * @since 0.1.0
   */
  static readonly layer = (options: SimulatedHostOptions = {}): Layer.Layer<Host | Sessions | SimulatedHost> =>
    Layer.effectContext(Effect.gen(function*() {
      const world = yield* makeWorld(options)
      const { services } = yield* world.process(options)
      return Context.pick(Host, Sessions)(services).pipe(Context.add(SimulatedHost, hostIn(world)))
    }))
}

/**
 * The test's side of the host of a world.
 *
 * @since 0.1.0
 * @category constructors
 */
export const hostIn = ({ record, state, update }: World["Service"]): SimulatedHost["Service"] => ({
  state,
  update,
  record,
  commands: Effect.map(record, (entries) =>
    entries.flatMap(({ argv, outcome }) => argv !== undefined && outcome === "acted" ? [argv] : [])),
  acted: Effect.map(record, (entries) =>
    entries.flatMap(({ call, outcome, step }) => call === "apply" && outcome === "acted" ? [step] : []))
})

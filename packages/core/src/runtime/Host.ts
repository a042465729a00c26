/**
 * The host, as the interpreter needs it: a narrow port with two implementations, real Linux and a simulation.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ContainerUsage } from "../host/ContainerUsage.ts"
import type { ContainerFacts, HostFacts } from "../host/HostFacts.ts"
import type { HostSurvey } from "../host/HostSurvey.ts"
import type { Directories } from "../host/Directories.ts"
import type { ExportHead } from "../plan/ExportFormat.ts"
import type { Step } from "../plan/Step.ts"
import { explain, StepProblem } from "./StepProblem.ts"

/**
 * Results of earlier steps, by the name they were given.
 *
 * @since 0.1.0
 * @category models
 */
export type Results = ReadonlyMap<string, string>

/**
 * @since 0.1.0
 * @category models
 */
export interface Observed {
  /** Whether the step's result holds already. */
  readonly done: boolean
  /** The step's result where it is done. */
  readonly result?: string | undefined
}

/**
 * What to observe.
 *
 * @since 0.1.0
 * @category models
 */
export interface FactsQuery {
  readonly directories: Directories
  /** Paths that a spec names; those of the records of instances are looked at in any case. */
  readonly paths?: ReadonlyArray<string> | undefined
}

/**
 * What to look for when only containers are asked for.
 *
 * @since 0.1.0
 * @category models
 */
export interface ContainersQuery {
  readonly directories: Directories
  /** Also containers under other lxcpaths. */
  readonly all?: boolean | undefined
  /** Also the records, as which each was started. */
  readonly records?: boolean | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface SurveyQuery {
  readonly directories: Directories
}

/**
 * A step, or an observation, failed.
 *
 * @since 0.1.0
 * @category errors
 */
export class HostError extends Schema.TaggedError<HostError>()("HostError", { problem: StepProblem }) {
  override get message(): string {
    return explain(this.problem).join("\n")
  }
}

/**
 * Observes a host and changes it, one step at a time.
 *
 * `observe` and `apply` never take longer than the limits of their step; `apply` is called only where `observe` said
 * that the step is not done, and may be called for a step that was done in part. Both are interruptible, and an
 * interrupted command is gone, with its process group, when the interruption is over.
 *
 * @since 0.1.0
 * @category services
 */
export class Host extends Context.Service<Host, {
  /** Everything a planner may know. */
  readonly facts: (query: FactsQuery) => Effect.Effect<HostFacts, HostError>
  /** Only what a list needs: no LXC tool is asked, and no container can hold it up. */
  readonly containers: (query: ContainersQuery) => Effect.Effect<ReadonlyArray<ContainerFacts>, HostError>
  /** What a container uses and may use; undefined where it is gone by now. */
  readonly usage: (container: ContainerFacts) => Effect.Effect<ContainerUsage | undefined, HostError>
  /** What stands at the head of an export, `-` for standard input, which loses nothing by it. */
  readonly exportHead: (archive: string) => Effect.Effect<ExportHead, HostError>
  /** The machine itself, and what is in the library's directories. */
  readonly survey: (query: SurveyQuery) => Effect.Effect<HostSurvey, HostError>
  readonly observe: (step: Step, results: Results) => Effect.Effect<Observed, HostError>
  /** Does the step; gives its result where it has one. */
  readonly apply: (step: Step, results: Results) => Effect.Effect<string | undefined, HostError>
}>()("@effect-lxc/core/Host") {}

/**
 * The host, as the interpreter needs it: a narrow port with two implementations, real Linux and a simulation.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { ContainerUsage, UsageField } from "../host/ContainerUsage.ts"
import type { ContainerFacts, HostFacts, PathFacts } from "../host/HostFacts.ts"
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
  /** The step's result where it is done; of a MoveIntoPlace that is not, what there is to move: no other thing has it, ever. */
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
  /** Interfaces that a spec names. */
  readonly links?: ReadonlyArray<string> | undefined
  /** The one that is planned for: then what only others have is left out, as `factsFor` leaves it out, which saves time. */
  readonly instance?: string | undefined
  /** Whether the plan for it takes nothing that others could have: then least of them is looked at. */
  readonly alone?: boolean | undefined
}

/**
 * What to look for when only containers are asked for. Their limits are in {@link HostFacts} alone.
 *
 * @since 0.1.0
 * @category models
 */
export interface ContainersQuery {
  readonly directories: Directories
  /** Also containers under other lxcpaths. */
  readonly all?: boolean | undefined
  /** Also what is in their run directories: the names, and the record as which each was started. */
  readonly records?: boolean | undefined
  /** Only that one. */
  readonly name?: string | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface SurveyQuery {
  readonly directories: Directories
}

/**
 * @since 0.1.0
 * @category models
 */
export interface UsageQuery {
  readonly containers: ReadonlyArray<ContainerFacts>
  /** Nothing is read for other parts and numbers: they are as of a container that uses nothing. */
  readonly fields: ReadonlyArray<UsageField>
}

/**
 * What a container uses; undefined where it is gone by now.
 *
 * @since 0.1.0
 * @category models
 */
export type UsageRead = Result.Result<ContainerUsage | undefined, HostError>

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
  /** Names of what runs under this library's lxcpath, by the command sockets alone. */
  readonly names: (query: SurveyQuery) => Effect.Effect<ReadonlyArray<string>, HostError>
  /** What each of these containers uses and may use, in their order; one that cannot be read keeps no other back. */
  readonly usage: (query: UsageQuery) => Effect.Effect<ReadonlyArray<UsageRead>, HostError>
  /** What is at each of these paths, in their order, but for partitions: the least that tells one disk from another. */
  readonly paths: (paths: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<PathFacts>, HostError>
  /** What stands at the head of an export, `-` for standard input, which loses nothing by it. */
  readonly exportHead: (archive: string) => Effect.Effect<ExportHead, HostError>
  /** The machine itself, and what is in the library's directories. */
  readonly survey: (query: SurveyQuery) => Effect.Effect<HostSurvey, HostError>
  readonly observe: (step: Step, results: Results) => Effect.Effect<Observed, HostError>
  /** Does the step; gives its result where it has one. */
  readonly apply: (step: Step, results: Results) => Effect.Effect<string | undefined, HostError>
}>()("@effect-lxc/core/Host") {}

/**
 * What a case of the contract needs besides `Host` to set its scene, in terms that a simulated host, a real one and one
 * with fake tools can all offer.
 *
 * @since 0.1.0
 */
import type { Directories } from "@effect-lxc/core/host/Directories"
import type { InstanceName } from "@effect-lxc/core/model/InstanceName"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Happening } from "../Happening.ts"
import type { ToolAnswer } from "../ToolAnswer.ts"

/**
 * What not every host can show:
 *
 * - `devices`: loop devices and mounts
 * - `containers`: LXC brings containers up, and they have processes, cgroups and interfaces
 * - `interfaces`, `cgroups`: such that somebody left
 * - `full disk`: a file system without room
 * - `tools`: tar(1), rm(1) and sync(1) that do their work
 * - `calls`: what a tool that answers was called with
 * - `stdin`: `/dev/stdin` is a file that can be put
 * - `criu`: a CRIU that knows this kernel
 * - `boot`: the host restarts, `reboot`: reboot(8) is asked to restart it
 *
 * @since 0.1.0
 * @category models
 */
export type Ability =
  | "devices"
  | "containers"
  | "interfaces"
  | "cgroups"
  | "full disk"
  | "tools"
  | "calls"
  | "stdin"
  | "criu"
  | "boot"
  | "reboot"

/**
 * How the guest of an image behaves:
 *
 * - `obedient` ends within a tenth of a second after SIGPWR, `slow` only once it is 700 ms old: before, it loses the signal
 * - `deaf` takes no signal, `rebootable` reboots on SIGINT
 * - `exitsAtOnce` ends with code 3, `exitsSoon` after 200 ms with code 7
 * - `missing` has no init, `notExecutable` one without that right, `badInterpreter` one whose `#!` names nothing
 *
 * @since 0.1.0
 * @category models
 */
export type StageGuest = "obedient" | "slow" | "deaf" | "rebootable" | "exitsAtOnce" | "exitsSoon" | "missing" | "notExecutable" | "badInterpreter"

/**
 * A call of a tool that answers.
 *
 * @since 0.1.0
 * @category models
 */
export interface ToolCall {
  readonly argv: ReadonlyArray<string>
  /** The variables that it was given, `NAME=VALUE`, sorted. */
  readonly environment: ReadonlyArray<string>
}

/**
 * What is at a path; `text` is empty but for a file, and `mode` has four octal digits.
 *
 * @since 0.1.0
 * @category models
 */
export interface PathSeen {
  readonly kind: "file" | "directory"
  readonly mode: string
  readonly text: string
}

/**
 * A corner of a host that belongs to one case: made before it, and left without a trace after it, whatever came of it.
 *
 * @since 0.1.0
 * @category services
 */
export class Stage extends Context.Service<Stage, {
  /** Why this host cannot show something. */
  readonly lacks: Readonly<Partial<Record<Ability, string>>>
  readonly directories: Directories
  /** The name of the case's container. */
  readonly name: InstanceName
  /** An empty directory, 0755. */
  readonly scratch: string
  /** A bridge, on a host with interfaces. */
  readonly bridge: string
  /** The path of an image file with such a guest. */
  readonly image: (guest: StageGuest) => Effect.Effect<string>
  /** Makes something happen on the host that nobody asked the library for. */
  readonly befall: (happening: Happening) => Effect.Effect<void>
  /** From now on the tool answers so. */
  readonly answer: (tool: string, answer: ToolAnswer) => Effect.Effect<void>
  /** The calls of tools that answer, in order. */
  readonly calls: Effect.Effect<ReadonlyArray<ToolCall>>
  /** How many processes of tools that hang are alive. */
  readonly hanging: Effect.Effect<number>
  /** Undefined where nothing is. */
  readonly look: (path: string) => Effect.Effect<PathSeen | undefined>
  /** Mounts, loop devices, interfaces, cgroups and files of the stage, a line for each, sorted. */
  readonly inventory: Effect.Effect<ReadonlyArray<string>>
  /** Runs a body for which time passes: simulated time at once, real time as it does. */
  readonly inTime: <A, E, R>(body: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Runs a part of it in which waits of so many milliseconds take a second at most. */
  readonly inHaste: <A, E, R>(ms: number, body: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}>()("@effect-lxc/test-kit/Stage") {}

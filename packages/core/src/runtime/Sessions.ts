/**
 * What lasts as long as somebody wants it: a port beside {@link Host}, whose calls look or act once and end.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Directories } from "../host/Directories.ts"
import type { ContainerName } from "../lxc/AttachCommand.ts"
import type { HostError } from "./Host.ts"

/**
 * Where a program in a container reads and writes: `inherit` is where this process does, its terminal included; `pipe`
 * are the streams of the handle.
 *
 * @since 0.1.0
 * @category models
 */
export type Stdio =
  | { readonly _tag: "inherit" }
  | { readonly _tag: "pipe"; readonly stdin?: Stream.Stream<Uint8Array> | undefined }

/**
 * A `program` runs in the container as long as its command; a `console` is a terminal of the container that was there
 * before, and needs one on the host.
 *
 * @since 0.1.0
 * @category models
 */
export interface AttachRequest {
  readonly kind: "program" | "console"
  readonly container: ContainerName
  /** The command on the host: that of `attachCommand` or `consoleCommand`. */
  readonly argv: readonly [command: string, ...args: ReadonlyArray<string>]
  readonly stdio: Stdio
}

/**
 * Signals that are passed on.
 *
 * @since 0.1.0
 * @category models
 */
export type ForwardedSignal = "SIGINT" | "SIGTERM" | "SIGHUP"

/**
 * A program that runs in a container. With `inherit` its streams are empty.
 *
 * @since 0.1.0
 * @category models
 */
export interface Execution {
  /** Ends when the program has ended, even where something that it left running keeps the pipe open. */
  readonly stdout: Stream.Stream<Uint8Array, HostError>
  readonly stderr: Stream.Stream<Uint8Array, HostError>
  /** The program's own; 128 and the number of the signal that ended it. */
  readonly exitCode: Effect.Effect<number, HostError>
  /** Sends the program a signal; nothing happens where it has ended. */
  readonly signal: (signal: ForwardedSignal) => Effect.Effect<void>
}

/**
 * Which part of a log.
 *
 * @since 0.1.0
 * @category models
 */
export interface LogQuery {
  /** Lines from the end; null for all. */
  readonly tail: number | null
  readonly follow: boolean
}

/**
 * Programs in containers, their logs, and the kernel's events. A session that is left before its end is ended: nothing of it goes on when its scope is closed.
 *
 * @since 0.1.0
 * @category services
 */
export class Sessions extends Context.Service<Sessions, {
  /**
   * Runs a program in a container, or connects to one of its terminals. When the scope is closed before it has ended, it is killed, with what it started and
   * what did not leave its session (setsid(2)); after it has ended, what it left running stays.
   */
  readonly attach: (request: AttachRequest) => Effect.Effect<Execution, HostError, Scope.Scope>
  /**
   * The bytes of a log file. With `follow` it goes on with what is written later, and in the file that takes its place
   * when it is rotated; what was written before that is read first.
   */
  readonly log: (file: string, query: LogQuery) => Stream.Stream<Uint8Array, HostError>
  /**
   * Gives an effect that ends when some container may have changed since the effect last ended, by the kernel's own events.
   * It may end without a change, and may be late where the kernel has no event.
   */
  readonly changes: (directories: Directories) => Effect.Effect<Effect.Effect<void>, HostError, Scope.Scope>
}>()("@effect-lxc/core/Sessions") {}

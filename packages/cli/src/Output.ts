/**
 * Where the command line writes: results on one stream, everything else on the other.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { escape, shownName } from "@effect-lxc/core/model/HostText"

const writingAdvice: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "its directory is not there: make it, or check the path"],
  ["ENOTDIR", "something on the way to it is not a directory: check the path"],
  ["EISDIR", "it is a directory: name a file"],
  ["EACCES", "name a file that this user may write"],
  ["ELOOP", "it is a link in a directory that everybody may write to: name another file"],
  ["EPERM", "it is somebody else's, in a directory that everybody may write to: name another file"]
])

/**
 * A result could not be written: the disk is full, the device is gone. `EPIPE` is a reader that went away, as it may: the
 * command ends then, without a word.
 *
 * @since 0.1.0
 * @category errors
 */
export class OutputLost extends Schema.TaggedError<OutputLost>()("OutputLost", {
  target: Schema.String,
  code: Schema.String
}) {
  override get message(): string {
    const advice = writingAdvice.get(this.code)
    return `${shownName(this.target)} cannot be written: ${this.code}${advice === undefined ? "" : `; ${advice}`}`
  }
}

/**
 * What is known of the stream for people.
 *
 * @since 0.1.0
 * @category models
 */
export interface Terminal {
  /** Its width in columns. */
  readonly columns: number
  readonly color: boolean
  /** Whether it shows more than ASCII. */
  readonly unicode: boolean
}

/**
 * Both streams. An effect ends when the text has been handed to the system, so that a program may exit after it.
 *
 * @since 0.1.0
 * @category services
 */
export class Output extends Context.Service<Output, {
  /** Writes a result. */
  readonly out: (text: string) => Effect.Effect<void, OutputLost>
  /** Writes to the other stream, for people; where nobody reads it any more nothing happens. */
  readonly err: (text: string) => Effect.Effect<void>
  /** The terminal that the other stream is, as it is now; undefined where it is none. */
  readonly terminal: Effect.Effect<Terminal | undefined>
}>()("effect-lxc/Output") {}

/**
 * Whether the stream of results is a terminal: what comes from guests must then not act on it.
 *
 * @since 0.1.0
 * @category services
 */
export const OutputForPeople = Context.Reference<boolean>("effect-lxc/OutputForPeople", { defaultValue: () => false })

/**
 * The text without characters that would act on a terminal: they are shown as `\u{1b}` and the like; line breaks stay.
 *
 * @since 0.1.0
 * @category rendering
 */
export const harmless = (text: string): string => text.replace(/[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu, escape)

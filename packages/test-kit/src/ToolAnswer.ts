/**
 * What a tool answers in place of doing its work.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * @since 0.1.0
 * @category models
 */
export const ToolAnswer = Schema.TaggedUnion({
  /** It prints this and ends with this exit code; nothing else happens, also where the code is 0. */
  Exits: { exitCode: Schema.Int, stdout: Schema.String, stderr: Schema.String },
  /** It does not end by itself, and neither does a process that it started. */
  Hangs: {},
  /** It is not installed. */
  Missing: {}
})

/**
 * @since 0.1.0
 * @category models
 */
export type ToolAnswer = typeof ToolAnswer.Type

/**
 * A refusal: an exit code, and the words on standard error.
 *
 * @since 0.1.0
 * @category constructors
 */
export const exits = (exitCode: number, stderr = "", stdout = ""): ToolAnswer => ({ _tag: "Exits", exitCode, stdout, stderr })

/**
 * @since 0.1.0
 * @category constructors
 */
export const hangs: ToolAnswer = { _tag: "Hangs" }

/**
 * @since 0.1.0
 * @category constructors
 */
export const missing: ToolAnswer = { _tag: "Missing" }

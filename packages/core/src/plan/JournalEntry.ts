/**
 * What a journal holds.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Operation } from "./Operation.ts"
import { Step } from "./Step.ts"

/**
 * @since 0.1.0
 * @category models
 */
export const JournalEntry = Schema.TaggedUnion({
  Begun: { operation: Operation, instance: Schema.String, at: Schema.String, bootId: Schema.String },
  /** Written before the step is applied; `undo` says whether a failure undoes it. */
  Intent: { step: Step, undo: Schema.Boolean },
  /** Written after it was; `result` is what later steps may name. */
  Done: { name: Schema.NullOr(Schema.String), result: Schema.NullOr(Schema.String) }
})

/**
 * @since 0.1.0
 * @category models
 */
export type JournalEntry = typeof JournalEntry.Type

/**
 * The entry by which an operation began; undefined where nothing did.
 *
 * @since 0.1.0
 * @category queries
 */
export const begunBy = (entries: ReadonlyArray<JournalEntry>): Extract<JournalEntry, { _tag: "Begun" }> | undefined => {
  const [first] = entries
  return first?._tag === "Begun" ? first : undefined
}

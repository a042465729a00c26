/**
 * What holds in every story, whatever is asked and whatever goes wrong.
 *
 * @since 0.1.0
 */
import { answersTrue, noDefects, nothingDoneUnobserved, nothingHangs } from "./invariants/Answers.ts"
import { mountsInside, neighbourUnharmed, othersUntouched, strangersSpared } from "./invariants/Bounds.ts"
import { noTrace, outlastsPower, recovered, wholeFiles } from "./invariants/InTheEnd.ts"
import type { Invariant } from "./invariants/Invariant.ts"
import { intentFirst, oneAtATime } from "./invariants/Journalled.ts"
import { firstFailureReported, recoveredAsBefore, undoneOrNamed } from "./invariants/Undoing.ts"

export type { Invariant } from "./invariants/Invariant.ts"

/**
 * @since 0.1.0
 * @category invariants
 */
export const invariants: ReadonlyArray<Invariant> = [
  nothingHangs,
  noDefects,
  oneAtATime,
  intentFirst,
  othersUntouched,
  strangersSpared,
  mountsInside,
  neighbourUnharmed,
  firstFailureReported,
  undoneOrNamed,
  recoveredAsBefore,
  answersTrue,
  nothingDoneUnobserved,
  wholeFiles,
  outlastsPower,
  recovered,
  noTrace
]

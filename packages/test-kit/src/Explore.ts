/**
 * Looking for a case in which a promise of the library is broken.
 *
 * @since 0.1.0
 */
import { type Case, tokenOf } from "./explore/Case.ts"
import { draw } from "./explore/Generating.ts"
import { invariants } from "./explore/Invariants.ts"
import { simplerThan } from "./explore/Shrinking.ts"
import { type Story, tell } from "./explore/Story.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Violation {
  /** The name of the invariant. */
  readonly invariant: string
  readonly messages: ReadonlyArray<string>
  readonly story: Story
  /** By which {@link tell} tells it again; see `caseOf`. */
  readonly token: string
}

/**
 * The first promise that is broken in a case; undefined where all hold.
 *
 * @since 0.1.0
 * @category running
 */
export const examine = (subject: Case, promises = invariants): Violation | undefined => {
  const story = tell(subject)
  for (const { check, name } of promises) {
    const messages = check(story)
    if (messages.length > 0) return { invariant: name, messages, story, token: tokenOf(subject) }
  }
  return undefined
}

/**
 * The case of a seed, examined.
 *
 * @since 0.1.0
 * @category running
 */
export const explore = (seed: number): Violation | undefined => examine(draw(seed))

/**
 * A case in which the same promise is broken, and nothing can be left out. It tries at most `tries` cases.
 *
 * @since 0.1.0
 * @category shrinking
 */
export const shrink = (violation: Violation, tries = 400, promises = invariants): Violation => {
  let smallest = violation
  let left = tries
  let again = true
  while (again) {
    again = false
    for (const candidate of simplerThan(smallest.story.subject)) {
      if (left === 0) return smallest
      left -= 1
      const found = examine(candidate, promises)
      if (found?.invariant !== violation.invariant) continue
      smallest = found
      again = true
      break
    }
  }
  return smallest
}

export { type Case, caseOf, tokenOf } from "./explore/Case.ts"
export { everyStepEveryFault, everyTwoFaults } from "./explore/Exhaustive.ts"
export { draw } from "./explore/Generating.ts"
export { type Invariant, invariants } from "./explore/Invariants.ts"
export { reportOf } from "./explore/Report.ts"
export { type Story, tell } from "./explore/Story.ts"
export { timelineOf } from "./explore/Timeline.ts"

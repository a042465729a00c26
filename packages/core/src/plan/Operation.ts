/**
 * The operations that change a host.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * What a plan does. `start` brings up and is rolled back when it fails; `stop` takes away: it stops where it fails
 * and the same command goes on from there.
 *
 * @since 0.1.0
 * @category models
 */
export const Operation = Schema.Literals(["start", "stop"])

/**
 * @since 0.1.0
 * @category models
 */
export type Operation = typeof Operation.Type

/**
 * Whether a failure or an interruption undoes what was done, or stops where it is.
 *
 * @since 0.1.0
 * @category queries
 */
export const isRolledBack = (operation: Operation): boolean => operation === "start"

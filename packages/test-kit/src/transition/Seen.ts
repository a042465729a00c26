/**
 * What a look at a step's result tells.
 *
 * @since 0.1.0
 */
import type { Observed, Results } from "@effect-lxc/core/runtime/Host"
import type { StepProblem } from "@effect-lxc/core/runtime/StepProblem"

/**
 * Whether the result holds already, or why that cannot be told.
 *
 * @since 0.1.0
 * @category models
 */
export type Seen = Observed | StepProblem

/**
 * @since 0.1.0
 * @category guards
 */
export const isProblem = (seen: Seen): seen is StepProblem => "_tag" in seen

/**
 * A device by its path, or by the name of the step that gave it; undefined where that step never came to give it.
 *
 * @since 0.1.0
 * @category queries
 */
export const resolve = (device: string, results: Results): string | undefined =>
  device.startsWith("$") ? results.get(device.slice(1)) : device

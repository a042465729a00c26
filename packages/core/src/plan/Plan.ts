/**
 * A plan: what will be done to a host, as plain data that can be read, stored, compared, replayed and tested.
 *
 * @since 0.1.0
 */
import type * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Directories } from "../host/Directories.ts"
import { escape } from "../model/HostText.ts"
import { InstanceName, isInstanceName } from "../model/InstanceName.ts"
import { decodeInput, type InvalidSpec } from "../model/InvalidSpec.ts"
import { Basis } from "./Basis.ts"
import { Operation } from "./Operation.ts"
import { Step } from "./Step.ts"

/**
 * @since 0.1.0
 * @category models
 */
export class Plan extends Schema.Class<Plan>("effect-lxc/Plan")(Schema.Struct({
  operation: Operation,
  instance: InstanceName,
  directories: Directories,
  /** What was observed and must still hold when the first step is taken. */
  basis: Basis,
  steps: Schema.Array(Step),
  /**
   * On failure the steps from this one on are undone, the last first. Those before it take away: where one of them fails
   * it stops there, and the same command goes on.
   */
  undoFrom: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  warnings: Schema.Array(Schema.String)
}).check(Schema.makeFilter(({ steps, undoFrom }) =>
  undoFrom <= steps.length || { path: ["undoFrom"], issue: `must be between 0 and ${steps.length}, the number of steps` }
))) {}

/**
 * The plan of a planner, for which its parts are not checked once more: that would take as long as all of planning. Their
 * types say nearly all that the schema asks, paths were checked when they were made, a caller's limit of time by `timeoutOf`,
 * and the law `wellFormed` holds every planner to the rest. Only the name, from which all else is derived, is looked at again:
 * throws a RangeError, a fault of the caller, where it is none. Whoever has parts from elsewhere makes a `new Plan`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const planFrom = (parts: ConstructorParameters<typeof Plan>[0]): Plan => {
  if (!isInstanceName(parts.instance)) throw new RangeError(`"${escape(parts.instance)}" is no name of an instance`)
  const bare = Object.create(Plan.prototype) as Plan // once it has its fields, of which the next line misses none
  return Object.assign(bare, parts)
}

const PlanFromJson = Schema.toCodecJson(Plan)

/**
 * Reads a plan from parsed JSON; a field that is wrong is named.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodePlan = (input: unknown, source: string): Result.Result<Plan, InvalidSpec> =>
  decodeInput(PlanFromJson, input, source)

/**
 * @since 0.1.0
 * @category encoding
 */
export const encodePlan = (plan: Plan): unknown => Schema.encodeSync(PlanFromJson)(plan)

/**
 * A plan: what will be done to a host, as plain data that can be read, stored, compared, replayed and tested.
 *
 * @since 0.1.0
 */
import type * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Directories } from "../host/Directories.ts"
import { InstanceName } from "../model/InstanceName.ts"
import { decodeInput, type InvalidSpec } from "../model/InvalidSpec.ts"
import { Basis } from "./Basis.ts"
import { Operation } from "./Operation.ts"
import { Step } from "./Step.ts"

/**
 * @since 0.1.0
 * @category models
 */
export class Plan extends Schema.Class<Plan>("effect-lxc/Plan")({
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
}) {}

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

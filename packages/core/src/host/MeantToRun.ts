/**
 * The file that says, across a boot, that an instance is meant to run.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { InstanceFromJson } from "../model/Instance.ts"

/**
 * @since 0.1.0
 * @category models
 */
export const MeantToRun = Schema.Struct({
  /** The boot in which it was started. */
  bootId: Schema.String,
  instance: InstanceFromJson
})

/**
 * @since 0.1.0
 * @category models
 */
export type MeantToRun = typeof MeantToRun.Type

/**
 * @since 0.1.0
 * @category encoding
 */
export const encodeMeantToRun = (value: MeantToRun): string =>
  `${JSON.stringify(Schema.encodeSync(Schema.toCodecJson(MeantToRun))(value), undefined, 2)}\n`

/**
 * The file that says, across a boot, that an instance is meant to run.
 *
 * @since 0.1.0
 */
import type * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { InstanceFromJson, nestedDocument } from "../model/Instance.ts"
import { decodeInput, type InvalidSpec } from "../model/InvalidSpec.ts"

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
 * The text of such a file: an indented document.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encodeMeantToRun = ({ bootId, instance }: MeantToRun): string =>
  `{\n  "bootId": ${JSON.stringify(bootId)},\n  "instance": ${nestedDocument(instance)}\n}\n`

const MeantToRunFromJson = Schema.toCodecJson(MeantToRun)

/**
 * Reads such a file from parsed JSON; a field that is wrong is named.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeMeantToRun = (input: unknown, source = "the file"): Result.Result<MeantToRun, InvalidSpec> =>
  decodeInput(MeantToRunFromJson, input, source)

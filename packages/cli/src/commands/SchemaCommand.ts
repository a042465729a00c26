/**
 * `effect-lxc schema`.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import { lazily } from "../Lazily.ts"

/**
 * Prints the JSON Schema of a spec.
 *
 * @since 0.1.0
 * @category commands
 */
export const schemaCommand = Command.make(
  "schema",
  {},
  lazily(() => import("../actions/PrintSchema.ts").then((action) => action.printSchema))
).pipe(
  Command.withDescription("Print the JSON Schema of a spec, by which editors check and complete YAML"),
  Command.withShortDescription("Print the JSON Schema of a spec"),
  Command.withExamples([{ command: "effect-lxc schema > effect-lxc.schema.json" }])
)

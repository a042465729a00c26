/**
 * `effect-lxc recover`.
 *
 * @since 0.1.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { dryRun, format, instanceName } from "../Flags.ts"
import { lazily } from "../Lazily.ts"

/**
 * Deals with operations that did not end.
 *
 * @since 0.1.0
 * @category commands
 */
export const recoverCommand = Command.make(
  "recover",
  { name: Argument.optional(instanceName), dryRun, format },
  lazily(() => import("../actions/Cleanup.ts").then((action) => action.recover))
).pipe(
  Command.withDescription("Undo or complete operations that did not end, of one container or of all"),
  Command.withExamples([{ command: "effect-lxc recover" }])
)

/**
 * `effect-lxc cleanup`.
 *
 * @since 0.1.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { dryRun, format, instanceName, toggle } from "../Flags.ts"
import { lazily } from "../Lazily.ts"

/**
 * Removes what earlier runs, crashes or other hands left.
 *
 * @since 0.1.0
 * @category commands
 */
export const cleanupCommand = Command.make(
  "cleanup",
  { name: Argument.optional(instanceName), all: toggle("all", "Every instance of which something is left"), dryRun, format },
  lazily(() => import("../actions/Cleanup.ts").then((action) => action.cleanup))
).pipe(
  Command.withDescription("Remove what earlier runs, crashes or other hands left of a container; what runs in order is left alone"),
  Command.withExamples([{ command: "effect-lxc cleanup --all" }])
)

/**
 * `effect-lxc thaw`.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import { dryRun, format, freezeTimeout, instanceName } from "../Flags.ts"
import { lazily } from "../Lazily.ts"

/**
 * Lets every process of a container run again.
 *
 * @since 0.1.0
 * @category commands
 */
export const thawCommand = Command.make(
  "thaw",
  { name: instanceName, timeout: freezeTimeout, dryRun, format },
  lazily(() => import("../actions/Change.ts").then((action) => action.thaw))
).pipe(
  Command.withDescription("Let every process of a frozen container run again"),
  Command.withExamples([{ command: "effect-lxc thaw web1.example.com" }])
)

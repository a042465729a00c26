/**
 * `effect-lxc kill`.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import { dryRun, format, instanceName } from "../Flags.ts"
import { lazily } from "../Lazily.ts"

/**
 * Ends an instance without asking its guest.
 *
 * @since 0.1.0
 * @category commands
 */
export const killCommand = Command.make(
  "kill",
  { name: instanceName, dryRun, format },
  lazily(() => import("../actions/Change.ts").then((action) => action.kill))
).pipe(
  Command.withDescription("End a container without asking its guest, and remove what it had on the host"),
  Command.withExamples([{ command: "effect-lxc kill web1.example.com" }])
)

/**
 * `effect-lxc freeze`.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import { dryRun, format, freezeTimeout, instanceName } from "../Flags.ts"
import { lazily } from "../Lazily.ts"

/**
 * Freezes every process of a container.
 *
 * @since 0.1.0
 * @category commands
 */
export const freezeCommand = Command.make(
  "freeze",
  { name: instanceName, timeout: freezeTimeout, dryRun, format },
  lazily(() => import("../actions/Change.ts").then((action) => action.freeze))
).pipe(
  Command.withDescription("Freeze every process of a container"),
  Command.withExamples([{ command: "effect-lxc freeze web1.example.com" }])
)

/**
 * `effect-lxc reboot`.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import { dryRun, force, format, inPlace, instanceName, specFlag, stopTimeout } from "../Flags.ts"
import { lazily } from "../Lazily.ts"

/**
 * Stops an instance and starts it again.
 *
 * @since 0.1.0
 * @category commands
 */
export const rebootCommand = Command.make(
  "reboot",
  { name: instanceName, spec: specFlag, inPlace, timeout: stopTimeout, force, dryRun, format },
  lazily(() => import("../actions/Change.ts").then((action) => action.reboot))
).pipe(
  Command.withDescription("Stop a container and start it again, with the spec it was started with or another"),
  Command.withExamples([{ command: "effect-lxc reboot web1.example.com --spec web1.yaml" }])
)

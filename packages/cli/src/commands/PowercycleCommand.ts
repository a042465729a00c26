/**
 * `effect-lxc powercycle`.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import { dryRun, format, toggle } from "../Flags.ts"
import { lazily } from "../Lazily.ts"

/**
 * Restarts the host itself.
 *
 * @since 0.1.0
 * @category commands
 */
export const powercycleCommand = Command.make(
  "powercycle",
  {
    sure: toggle("yes-i-mean-this-host", "Without this nothing is done"),
    dryRun,
    format
  },
  lazily(() => import("../actions/Powercycle.ts").then((action) => action.powercycle))
).pipe(
  Command.withDescription(
    "Restart this host at once, without stopping or syncing anything: by the kernel's sysrq, else reboot -n -f"
  ),
  Command.withShortDescription("Restart this host at once"),
  Command.withExamples([
    { command: "effect-lxc powercycle --dry-run" },
    { command: "effect-lxc powercycle --yes-i-mean-this-host" }
  ])
)

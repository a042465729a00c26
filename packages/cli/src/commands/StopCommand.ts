/**
 * `effect-lxc stop`.
 *
 * @since 0.1.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { allOf, dryRun, force, format, instanceName, parallel, stopTimeout } from "../Flags.ts"
import { lazily } from "../Lazily.ts"

/**
 * Ends an instance and removes every trace of it.
 *
 * @since 0.1.0
 * @category commands
 */
export const stopCommand = Command.make(
  "stop",
  { name: Argument.optional(instanceName), all: allOf, parallel, timeout: stopTimeout, force, dryRun, format },
  lazily(() => import("../actions/Change.ts").then((action) => action.stop))
).pipe(
  Command.withDescription(
    "Halt a container and remove what it had on the host; a guest that does not obey goes on running unless --force"
  ),
  Command.withShortDescription("Halt a container and remove what it had on the host"),
  Command.withExamples([
    { command: "effect-lxc stop web1.example.com" },
    { command: "effect-lxc stop web1.example.com --timeout 10s --force" },
    { command: "effect-lxc stop --all /etc/effect-lxc/specs" }
  ])
)

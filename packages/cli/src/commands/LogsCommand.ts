/**
 * `effect-lxc logs`.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { instanceName, toggle } from "../Flags.ts"
import { lazily } from "../Lazily.ts"

const console = toggle("console", "What the guest wrote to its console, instead of what LXC says")
const follow = toggle("follow", "Go on with what is written from now on, until Ctrl-C")

const tail = Flag.Int("tail").pipe(
  Flag.withMetavar("N"),
  Flag.withDescription("Only the last N lines (default: all)"),
  Flag.filter((lines) => lines >= 0, () => "a number of lines, 0 or more"),
  Flag.optional
)

/**
 * Shows the logs of a container.
 *
 * @since 0.1.0
 * @category commands
 */
export const logsCommand = Command.make(
  "logs",
  { name: instanceName, console, follow, tail },
  lazily(() => import("../actions/Logs.ts").then((action) => action.logs))
).pipe(
  Command.withDescription("Show what LXC logged of a container, or what its guest wrote to the console; also when it is gone"),
  Command.withShortDescription("Show the logs of a container"),
  Command.withExamples([
    { command: "effect-lxc logs web1.example.com --tail 20" },
    { command: "effect-lxc logs web1.example.com --console --follow" }
  ])
)

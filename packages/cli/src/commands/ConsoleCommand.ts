/**
 * `effect-lxc console`.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { instanceName, toggle } from "../Flags.ts"
import { lazily } from "../Lazily.ts"

const command = toggle("command", "Print the command that connects a terminal, as JSON, and do not connect")

const tty = Flag.Int("tty").pipe(
  Flag.withMetavar("N"),
  Flag.withDescription("Which terminal of the guest: 1 and up; 0 is its console (default: the first free one)"),
  Flag.filter((number) => number >= 0 && number <= 63, () => "a whole number from 0 to 63"),
  Flag.optional
)

/**
 * Connects a terminal with one of a container's.
 *
 * @since 0.1.0
 * @category commands
 */
export const consoleCommand = Command.make(
  "console",
  { name: instanceName, command, tty },
  lazily(() => import("../actions/Console.ts").then((action) => action.console))
).pipe(
  Command.withDescription("Connect this terminal with one of a container's; Ctrl-a q leaves it"),
  Command.withExamples([
    { command: "effect-lxc console web1.example.com" },
    { command: "effect-lxc console web1.example.com --command" }
  ])
)

/**
 * `effect-lxc watch`.
 *
 * @since 0.1.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { instanceName } from "../Flags.ts"
import { lazily } from "../Lazily.ts"

/**
 * Shows changes of states as they happen.
 *
 * @since 0.1.0
 * @category commands
 */
export const watchCommand = Command.make(
  "watch",
  { names: Argument.variadic(instanceName) },
  lazily(() => import("../actions/Watch.ts").then((action) => action.watch))
).pipe(
  Command.withDescription("Show each change of a container's state as it happens, until Ctrl-C; of all where no name is given"),
  Command.withShortDescription("Show changes of states as they happen"),
  Command.withExamples([{ command: "effect-lxc watch" }, { command: "effect-lxc watch web1.example.com --json" }])
)

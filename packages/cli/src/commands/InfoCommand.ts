/**
 * `effect-lxc info`.
 *
 * @since 0.1.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { lazily } from "../Lazily.ts"

const names = Argument.String("name").pipe(
  Argument.withMetavar("NAME"),
  Argument.withDescription("Names of containers; all where none is given"),
  Argument.variadic()
)

/**
 * Shows what containers use and may use.
 *
 * @since 0.1.0
 * @category commands
 */
export const infoCommand = Command.make(
  "info",
  { names },
  lazily(() => import("../actions/Info.ts").then((action) => action.info))
).pipe(
  Command.withDescription("Show what containers use and may use"),
  Command.withExamples([{ command: "effect-lxc info" }, { command: "effect-lxc info web1.example.com --json" }])
)

/**
 * `effect-lxc list`.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import { toggle } from "../Flags.ts"
import { lazily } from "../Lazily.ts"

const all = toggle("all", "Also containers that are not managed here, with their lxcpath")

/**
 * Shows which containers there are.
 *
 * @since 0.1.0
 * @category commands
 */
export const listCommand = Command.make(
  "list",
  { all },
  lazily(() => import("../actions/List.ts").then((action) => action.list))
).pipe(
  Command.withDescription("List containers with their states"),
  Command.withExamples([{ command: "effect-lxc list" }, { command: "effect-lxc list --all --json" }])
)

/**
 * `effect-lxc verify`.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import { lazily } from "../Lazily.ts"

/**
 * Shows everything that is wrong with the host.
 *
 * @since 0.1.0
 * @category commands
 */
export const verifyCommand = Command.make(
  "verify",
  {},
  lazily(() => import("../actions/Host.ts").then((action) => action.verify))
).pipe(
  Command.withDescription("Show everything that is wrong with this host, and what to do; exit code 1 if something is an error"),
  Command.withShortDescription("Show everything that is wrong with this host"),
  Command.withExamples([{ command: "effect-lxc verify" }, { command: "effect-lxc verify --json" }])
)

/**
 * `effect-lxc host`.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import { lazily } from "../Lazily.ts"

/**
 * Shows what the host has, what is free, and what it has promised.
 *
 * @since 0.1.0
 * @category commands
 */
export const hostCommand = Command.make("host", {}, lazily(() => import("../actions/Host.ts").then((action) => action.host))).pipe(
  Command.withDescription("Show what this host has, what is free, and what it has promised to containers"),
  Command.withExamples([{ command: "effect-lxc host --json" }])
)

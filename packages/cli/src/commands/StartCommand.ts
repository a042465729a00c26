/**
 * `effect-lxc start`.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import { dryRun, format, spec, startTimeout } from "../Flags.ts"
import { lazily } from "../Lazily.ts"

/**
 * Brings an instance up.
 *
 * @since 0.1.0
 * @category commands
 */
export const startCommand = Command.make(
  "start",
  { spec, timeout: startTimeout, dryRun, format },
  lazily(() => import("../actions/Start.ts").then((action) => action.start))
).pipe(
  Command.withDescription("Start a container and see it alive; a failure undoes everything that was done"),
  Command.withShortDescription("Start a container"),
  Command.withExamples([
    { command: "effect-lxc start web1.yaml" },
    { command: "effect-lxc start web1.yaml --dry-run" }
  ])
)

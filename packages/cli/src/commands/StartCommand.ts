/**
 * `effect-lxc start`.
 *
 * @since 0.1.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { allOf, dryRun, format, parallel, spec, startTimeout } from "../Flags.ts"
import { lazily } from "../Lazily.ts"

/**
 * Brings an instance up, or all of a directory.
 *
 * @since 0.1.0
 * @category commands
 */
export const startCommand = Command.make(
  "start",
  { spec: Argument.optional(spec), all: allOf, parallel, timeout: startTimeout, dryRun, format },
  lazily(() => import("../actions/Start.ts").then((action) => action.start))
).pipe(
  Command.withDescription("Start a container and see it alive; a failure undoes everything that was done, and with --all does not stop the others"),
  Command.withShortDescription("Start a container"),
  Command.withExamples([
    { command: "effect-lxc start web1.yaml" },
    { command: "effect-lxc start web1.yaml --dry-run" },
    { command: "effect-lxc start --all /etc/effect-lxc/specs --parallel 8" }
  ])
)

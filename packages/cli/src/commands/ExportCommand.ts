/**
 * `effect-lxc export`.
 *
 * @since 0.1.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { archive, dryRun, format, stopTimeout, toggle } from "../Flags.ts"
import { lazily } from "../Lazily.ts"

const subject = Argument.String("what").pipe(
  Argument.withMetavar("NAME|SPEC"),
  Argument.withDescription("The name of a running container, or a spec: a file, - for standard input")
)

/**
 * Packs an instance into one stream.
 *
 * @since 0.1.0
 * @category commands
 */
export const exportCommand = Command.make(
  "export",
  {
    subject,
    archive: archive("The file to make, - for standard output"),
    stop: toggle("stop", "Stop a running container first; it stays stopped"),
    timeout: stopTimeout,
    force: toggle("force", "Replace a file that is there"),
    dryRun,
    format
  },
  lazily(() => import("../actions/Migrate.ts").then((action) => action.exportTo))
).pipe(
  Command.withDescription(
    "Pack the spec and the root of a container into one stream, sealed with its SHA-256, for effect-lxc import on another host"
  ),
  Command.withShortDescription("Pack a container into one file or stream"),
  Command.withExamples([
    { command: "effect-lxc export web1.example.com web1.export --stop" },
    { command: "effect-lxc export web1.yaml - | ssh host2 effect-lxc import -" }
  ])
)

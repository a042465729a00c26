/**
 * `effect-lxc import`.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { archive, dryRun, format, hostPathOf, startTimeout, toggle } from "../Flags.ts"
import { lazily } from "../Lazily.ts"

const name = Flag.String("name").pipe(
  Flag.withMetavar("NEW"),
  Flag.withDescription("Give it this name instead of its own"),
  Flag.filterMap(
    (given) => Result.getSuccess(Schema.decodeUnknownResult(InstanceName)(given)),
    () => "a host name: lower-case letters, digits, hyphens inside and dots between"
  ),
  Flag.optional
)

const images = Flag.String("images").pipe(
  Flag.withMetavar("DIR"),
  Flag.withDescription("Where its root and its spec are put (default: images in the state directory)"),
  Flag.filterMap(hostPathOf, () => "a directory"),
  Flag.optional
)

/**
 * Restores an instance from a stream, and starts it.
 *
 * @since 0.1.0
 * @category commands
 */
export const importCommand = Command.make(
  "import",
  {
    archive: archive("A file made by effect-lxc export, - for standard input"),
    name,
    images,
    noStart: toggle("no-start", "Restore it and do not start it"),
    timeout: startTimeout,
    dryRun,
    format
  },
  lazily(() => import("../actions/Migrate.ts").then((action) => action.importFrom))
).pipe(
  Command.withDescription(
    "Check an export, restore its root and its spec, and start it; what is damaged or fails leaves nothing behind"
  ),
  Command.withShortDescription("Restore a container from an export and start it"),
  Command.withExamples([
    { command: "effect-lxc import web1.export" },
    { command: "effect-lxc import web1.export --name web2 --images /srv/images --no-start" }
  ])
)

/**
 * `effect-lxc checkpoint` and `effect-lxc restore`.
 *
 * @since 0.1.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { dryRun, format, hostPathOf, instanceName, startTimeout, toggle } from "../Flags.ts"
import { lazily } from "../Lazily.ts"

const directory = Argument.String("dir").pipe(
  Argument.withMetavar("DIR"),
  Argument.withDescription("The directory of a checkpoint"),
  Argument.filterMap(hostPathOf, () => "a directory")
)

/**
 * Keeps the processes of a running container in a directory.
 *
 * @since 0.1.0
 * @category commands
 */
export const checkpointCommand = Command.make(
  "checkpoint",
  {
    name: instanceName,
    directory,
    stop: toggle("stop", "End the container with the checkpoint"),
    leaveRunning: toggle("leave-running", "Let it go on running, which is what happens without a flag"),
    timeout: startTimeout,
    dryRun,
    format
  },
  lazily(() => import("../actions/Checkpoint.ts").then((action) => action.checkpoint))
).pipe(
  Command.withDescription(
    "Keep the processes of a running container in a directory, with CRIU; where CRIU cannot, it goes on running"
  ),
  Command.withShortDescription("Keep the processes of a container, with CRIU"),
  Command.withExamples([{ command: "effect-lxc checkpoint web1.example.com /var/tmp/web1 --stop" }])
)

/**
 * Brings the processes of a checkpoint back.
 *
 * @since 0.1.0
 * @category commands
 */
export const restoreCommand = Command.make(
  "restore",
  {
    // DIR, or NAME DIR: the checkpoint knows its name.
    words: Argument.String("dir").pipe(
      Argument.withMetavar("[NAME] DIR"),
      Argument.withDescription("The directory of a checkpoint; a name before it must be that of its container"),
      Argument.between(1, 2)
    ),
    timeout: startTimeout,
    dryRun,
    format
  },
  lazily(() => import("../actions/Checkpoint.ts").then((action) => action.restore))
).pipe(
  Command.withDescription("Bring the processes of a checkpoint back, on the root they had; a failure leaves the checkpoint"),
  Command.withShortDescription("Bring the processes of a checkpoint back"),
  Command.withExamples([{ command: "effect-lxc restore /var/tmp/web1" }])
)

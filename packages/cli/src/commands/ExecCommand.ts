/**
 * `effect-lxc exec`.
 *
 * @since 0.1.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { env, instanceName } from "../Flags.ts"
import { lazily } from "../Lazily.ts"

const argv = Argument.String("argv").pipe(
  Argument.withMetavar("ARGV"),
  Argument.withDescription("The program and its arguments, behind --; no shell reads them"),
  Argument.atLeast(1)
)

const cwd = Flag.String("cwd").pipe(
  Flag.withMetavar("DIR"),
  Flag.withDescription("The directory in the guest to start in (default /; another one needs /bin/sh in the guest)"),
  Flag.optional
)

const uid = Flag.Int("uid").pipe(
  Flag.withMetavar("N"),
  Flag.withDescription("The user to run as, by its number in the guest (default 0)"),
  Flag.optional
)

const gid = Flag.Int("gid").pipe(
  Flag.withMetavar("N"),
  Flag.withDescription("The group to run as, by its number in the guest (default: the number of the user)"),
  Flag.optional
)

/**
 * Runs a program in a container.
 *
 * @since 0.1.0
 * @category commands
 */
export const execCommand = Command.make(
  "exec",
  { name: instanceName, argv, env, cwd, uid, gid },
  lazily(() => import("../actions/Exec.ts").then((action) => action.exec))
).pipe(
  Command.withDescription(
    "Run a program in a running container, on this standard input and output; the exit code is the program's own. Signals are passed on, and a third one in a row ends it. Where this command is killed by SIGKILL the program runs on until it ends by itself or with the container"
  ),
  Command.withShortDescription("Run a program in a running container"),
  Command.withExamples([
    { command: "effect-lxc exec web1.example.com -- /bin/ps" },
    { command: "effect-lxc exec web1.example.com --env TERM=xterm --uid 1000 -- /bin/sh" }
  ])
)

/**
 * The program without its commands.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import { globalFlags } from "./Globals.ts"

/**
 * The program with some commands.
 *
 * @since 0.1.0
 * @category constructors
 */
export const withCommands = <const Commands extends ReadonlyArray<Command.Command.SubcommandEntry>>(commands: Commands) =>
  Command.make("effect-lxc").pipe(
    Command.withDescription("LXC system containers: plans that can be read, kept, carried out and undone"),
    Command.withSubcommands(commands),
    Command.withGlobalFlags(globalFlags)
  )

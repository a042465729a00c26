/**
 * The commands that are asked most often, without all others.
 *
 * @since 0.1.0
 */
import { infoCommand } from "./commands/InfoCommand.ts"
import { listCommand } from "./commands/ListCommand.ts"
import { withCommands } from "./Root.ts"

/**
 * Whether a command line is for these commands, and asks for nothing that concerns all.
 *
 * @since 0.1.0
 * @category queries
 */
export const isQuestion = ([first, ...rest]: ReadonlyArray<string>): boolean =>
  (first === "list" || first === "info") && !rest.some((word) => word.startsWith("--completions"))

/**
 * @since 0.1.0
 * @category commands
 */
export const questions = withCommands([listCommand, infoCommand])

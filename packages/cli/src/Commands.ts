/**
 * The tree of all commands.
 *
 * @since 0.1.0
 */
import { checkpointCommand, restoreCommand } from "./commands/CheckpointCommand.ts"
import { cleanupCommand } from "./commands/CleanupCommand.ts"
import { configCommand } from "./commands/ConfigCommand.ts"
import { consoleCommand } from "./commands/ConsoleCommand.ts"
import { execCommand } from "./commands/ExecCommand.ts"
import { exportCommand } from "./commands/ExportCommand.ts"
import { factsCommand } from "./commands/FactsCommand.ts"
import { freezeCommand } from "./commands/FreezeCommand.ts"
import { importCommand } from "./commands/ImportCommand.ts"
import { hostCommand } from "./commands/HostCommand.ts"
import { infoCommand } from "./commands/InfoCommand.ts"
import { killCommand } from "./commands/KillCommand.ts"
import { listCommand } from "./commands/ListCommand.ts"
import { logsCommand } from "./commands/LogsCommand.ts"
import { planCommand } from "./commands/PlanCommand.ts"
import { powercycleCommand } from "./commands/PowercycleCommand.ts"
import { rebootCommand } from "./commands/RebootCommand.ts"
import { resizeCommand } from "./commands/ResizeCommand.ts"
import { recoverCommand } from "./commands/RecoverCommand.ts"
import { runCommand } from "./commands/RunCommand.ts"
import { schemaCommand } from "./commands/SchemaCommand.ts"
import { startCommand } from "./commands/StartCommand.ts"
import { stopCommand } from "./commands/StopCommand.ts"
import { thawCommand } from "./commands/ThawCommand.ts"
import { watchCommand } from "./commands/WatchCommand.ts"
import { verifyCommand } from "./commands/VerifyCommand.ts"
import { withCommands } from "./Root.ts"

/**
 * All commands; which code one of them needs is loaded when it runs.
 *
 * @since 0.1.0
 * @category commands
 */
export const commands = withCommands([
  {
    group: "CHANGE",
    commands: [startCommand, stopCommand, rebootCommand, killCommand, freezeCommand, thawCommand, resizeCommand, runCommand]
  },
  { group: "MOVE", commands: [exportCommand, importCommand, checkpointCommand, restoreCommand] },
  { group: "MEND", commands: [cleanupCommand, recoverCommand, powercycleCommand] },
  { group: "ENTER", commands: [execCommand, consoleCommand] },
  { group: "LOOK", commands: [listCommand, infoCommand, logsCommand, watchCommand, hostCommand, verifyCommand] },
  { group: "PLAN", commands: [planCommand, configCommand, factsCommand, schemaCommand] }
])

/**
 * Flags that every command takes.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Flag from "effect/cli/Flag"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Option from "effect/Option"
import { areApart, defaultDirectories, Directories } from "@effect-lxc/core/host/Directories"
import { duration, hostPathOf, toggle } from "./Flags.ts"
import { UsageError } from "./UsageError.ts"

const directory = (name: string, description: string, usual: string) =>
  Flag.String(name).pipe(
    Flag.withMetavar("DIR"),
    Flag.withDescription(`${description} (default ${usual})`),
    Flag.filterMap(hostPathOf, () => "a directory"),
    Flag.optional
  )

/** `run` is volatile, `log` holds the logs, `state` survives a boot. */
const RunDir = GlobalFlag.Setting("run-dir")({
  flag: directory("run-dir", "Where running containers are kept", defaultDirectories.run)
})

const LogDir = GlobalFlag.Setting("log-dir")({
  flag: directory("log-dir", "Where logs are kept", defaultDirectories.log)
})

const StateDir = GlobalFlag.Setting("state-dir")({
  flag: directory("state-dir", "Where is kept what is meant to run", defaultDirectories.state)
})

const LockWait = GlobalFlag.Setting("lock-wait")({
  flag: duration("lock-wait", "How long to wait for somebody else who changes the same container (default 30s)", () => true)
})

const RollbackLimit = GlobalFlag.Setting("rollback-limit")({
  flag: duration("rollback-limit", "How long undoing may take, after a failure or Ctrl-C (default 60s)", (ms) => ms > 0)
})

const ToolLimit = GlobalFlag.Setting("tool-limit")({
  flag: duration("tool-limit", "How long one call of mount, losetup, ip and the like may take (default 30s)", (ms) => ms > 0)
})

/**
 * How long is waited, as far as the flags say it.
 *
 * @since 0.1.0
 * @category accessors
 */
export const limits = Effect.gen(function*() {
  return {
    lockWaitMs: Option.getOrUndefined(yield* LockWait),
    rollbackLimitMs: Option.getOrUndefined(yield* RollbackLimit),
    toolLimits: { tool: Option.getOrUndefined(yield* ToolLimit) }
  }
})

/**
 * Whether results and errors are for programs.
 *
 * @since 0.1.0
 * @category flags
 */
export const Json = GlobalFlag.Setting("json")({
  flag: toggle("json", "Print results as JSON, and an error as a line of JSON on standard error")
})

/**
 * Whether the host is a simulated one, held in memory for the time of this command.
 *
 * @since 0.1.0
 * @category flags
 */
export const Simulate = GlobalFlag.Setting("simulate")({
  flag: toggle("simulate", "Work on a simulated host").pipe(Flag.withHidden)
})

/**
 * All of them.
 *
 * @since 0.1.0
 * @category flags
 */
export const globalFlags = [RunDir, LogDir, StateDir, LockWait, RollbackLimit, ToolLimit, Json, Simulate] as const

/**
 * The directories that the flags name, and the usual ones where they name none.
 *
 * @since 0.1.0
 * @category accessors
 */
export const directories = Effect.gen(function*() {
  const { log, run, state } = defaultDirectories
  const named = {
    run: Option.getOrElse(yield* RunDir, () => run),
    log: Option.getOrElse(yield* LogDir, () => log),
    state: Option.getOrElse(yield* StateDir, () => state)
  }
  if (areApart(named)) return new Directories(named)
  const problems = ["--run-dir, --log-dir and --state-dir: each needs a directory of its own"]
  return yield* new UsageError({ problems, command: "effect-lxc" })
})

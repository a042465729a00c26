/**
 * Why a step, or an observation, failed.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { escape } from "../model/HostText.ts"

/**
 * A process that holds what should be let go.
 *
 * @since 0.1.0
 * @category models
 */
export const Holder = Schema.Struct({ pid: Schema.Int, command: Schema.String })

/**
 * @since 0.1.0
 * @category models
 */
export const StepProblem = Schema.TaggedUnion({
  /**
   * A command ended with another exit code than 0, or by a signal; with both, by the exit code that a shell gives for that signal,
   * which may be the command's own. `log` are LXC's own ERROR lines of this run.
   */
  CommandFailed: {
    argv: Schema.Array(Schema.String),
    exitCode: Schema.NullOr(Schema.Int),
    signal: Schema.NullOr(Schema.String),
    stderr: Schema.String,
    log: Schema.Array(Schema.String)
  },
  /** A command did not end in time and was killed with its process group. */
  CommandTimedOut: { argv: Schema.Array(Schema.String), timeoutMs: Schema.Int, log: Schema.Array(Schema.String) },
  /** A system call failed; `code` is its errno by name. */
  SystemCallFailed: { call: Schema.String, path: Schema.String, code: Schema.String, advice: Schema.String },
  /** Something is in the way that is not ours to remove. */
  Conflict: { found: Schema.String, advice: Schema.String },
  /** A mount, a device or a cgroup stayed busy. A device that is mounted on this host says where: that holds it, and no process. */
  Busy: {
    path: Schema.String,
    waitedMs: Schema.Int,
    holders: Schema.Array(Holder),
    mountedOn: Schema.optionalKey(Schema.Array(Schema.String))
  },
  /** The first process ended after a start that LXC called a success. */
  InitEnded: { name: Schema.String, afterMs: Schema.Int, cause: Schema.String, log: Schema.Array(Schema.String) },
  /** A limit was asked for and is not in force. */
  LimitNotInForce: { file: Schema.String, wanted: Schema.String, found: Schema.String },
  /** The guest did not end in time; it goes on running. */
  StillRunning: { name: Schema.String, waitedMs: Schema.Int, frozenAgain: Schema.Boolean },
  /** An export is not what it should be; nothing of it was put in place. */
  ArchiveDamaged: { archive: Schema.String, why: Schema.String },
  /** It was not undone, and may not even have been tried: there was no time left for it. */
  NotUndone: { why: Schema.String },
  /** Processes survived everything that kills. */
  CannotKill: { name: Schema.String, waitedMs: Schema.Int, holders: Schema.Array(Holder) }
})

/**
 * @since 0.1.0
 * @category models
 */
export type StepProblem = typeof StepProblem.Type

const lines = (title: string, texts: ReadonlyArray<string>): ReadonlyArray<string> =>
  texts.length === 0 ? [] : [title, ...texts.map((text) => `  ${escape(text)}`)]

const held = (holders: ReadonlyArray<typeof Holder.Type>): ReadonlyArray<string> =>
  holders.length === 0
    ? ["no process on this host is seen to hold it; another mount namespace may"]
    : holders.map((holder) => `held by ${holder.pid} (${escape(holder.command)})`)

/** Of a device that is mounted in sight nothing need be supposed. */
const busy = (holders: ReadonlyArray<typeof Holder.Type>, mountedOn: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...mountedOn.map((target) => `it is mounted on ${escape(target)}; unmount it there first`),
  ...mountedOn.length > 0 && holders.length === 0 ? [] : held(holders)
]

/** A command as a person would read it; the plan has it exactly. */
const shown = (argv: ReadonlyArray<string>): string => argv.map(escape).join(" ")

const endOf = ({ exitCode, signal }: { readonly exitCode: number | null; readonly signal: string | null }): string => {
  if (signal === null) return `exited with ${exitCode}`
  return exitCode === null ? `was ended by ${signal}` : `ended with exit code ${exitCode}, as by ${signal}`
}

/**
 * What failed and what to do, one line after the other.
 *
 * @since 0.1.0
 * @category rendering
 */
export const explain = (problem: StepProblem): ReadonlyArray<string> => {
  switch (problem._tag) {
    case "CommandFailed": {
      const stderr = problem.log.length > 0 ? [] : problem.stderr.split("\n").filter((line) => line.trim() !== "")
      return [shown(problem.argv), endOf(problem), ...lines("LXC says:", problem.log), ...lines("it says:", stderr)]
    }
    case "CommandTimedOut":
      return [
        `${shown(problem.argv)}`,
        `did not end within ${problem.timeoutMs} ms and was killed`,
        ...lines("LXC says:", problem.log)
      ]
    case "SystemCallFailed":
      return [`${problem.call} ${escape(problem.path)}: ${problem.code}; ${problem.advice}`]
    case "Conflict":
      return [`${escape(problem.found)}; ${problem.advice}`]
    case "Busy":
      return [`${escape(problem.path)} stayed busy for ${problem.waitedMs} ms`, ...busy(problem.holders, problem.mountedOn ?? [])]
    case "InitEnded":
      return [
        `the first process of ${problem.name} ended after ${problem.afterMs} ms (${problem.cause})`,
        ...lines("LXC says:", problem.log)
      ]
    case "LimitNotInForce":
      return [`${escape(problem.file)} should be ${escape(problem.wanted)} and is ${escape(problem.found)}`]
    case "StillRunning":
      return [
        `${problem.name} did not end within ${problem.waitedMs} ms and goes on running${
          problem.frozenAgain ? ", frozen again" : ""
        }`,
        `give it more time (--timeout), or kill it: effect-lxc stop --force ${problem.name}`
      ]
    case "ArchiveDamaged":
      return [`${escape(problem.archive)} cannot be imported: ${problem.why}`, "nothing of it was put in place; export it or copy it again"]
    case "NotUndone":
      return [problem.why]
    case "CannotKill":
      return [`processes of ${problem.name} were alive ${problem.waitedMs} ms after SIGKILL`, ...held(problem.holders)]
  }
}

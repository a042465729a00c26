/**
 * The whole program, as a function of its arguments.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as CliConfig from "effect/cli/CliConfig"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import type { FlagDoc, HelpDoc } from "effect/cli/HelpDoc"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Ref from "effect/Ref"
import { defaultDirectories } from "@effect-lxc/core/host/Directories"
import { adviceFor, Whereabouts } from "./Advice.ts"
import { failuresOf, failureText } from "./Failure.ts"
import { Hypervisors, type MakeHypervisor } from "./Hypervisors.ts"
import { Output } from "./Output.ts"
import { isQuestion, questions } from "./Questions.ts"
import { usageError } from "./UsageError.ts"
import { version } from "./Version.ts"

/** Errors can be met before the flags are read, and are for programs even so. */
const wantsJson = (argv: ReadonlyArray<string>): boolean => {
  const end = argv.indexOf("--")
  return (end === -1 ? argv : argv.slice(0, end)).some((word) => word === "--json" || word === "--json=true")
}

/** What effect/cli has to say while it reads a command line. */
interface Said {
  /** Help, the version, a script for completion: printed where they were asked for, that is, where nothing fails. */
  readonly results: Array<string>
  /** The commands that could have followed where one was missing. */
  commands: ReadonlyArray<string>
}

const types: ReadonlyMap<string, string> = new Map([["completions", "SHELL"], ["log-level", "LEVEL"]])

/** A flag that is given or not has no value to show; two have so many that the columns would not fit a page. */
const readable = (flag: FlagDoc): FlagDoc => ({
  ...flag,
  type: flag.type.startsWith("[=") ? "boolean" : types.get(flag.name) ?? flag.type
})

const formatter = CliOutput.defaultFormatter({ colors: false, globalFlags: "summary" })

const formatHelp = (doc: HelpDoc): string =>
  formatter.formatHelpDoc({
    ...doc,
    flags: doc.flags.map(readable),
    ...(doc.args === undefined ? {} : { args: doc.args.map((arg) => ({ ...arg, name: arg.type, type: "" })) }),
    ...(doc.globalFlags === undefined ? {} : { globalFlags: doc.globalFlags.map(readable) })
  })

/** Nobody wants a page of help for a misspelt flag. */
const presenterOf = (said: Said): CliOutput.Presenter => ({
  present: (event) =>
    Effect.sync(() => {
      switch (event._tag) {
        case "Help":
          said.results.push(`${formatHelp(event.helpDoc)}\n`)
          said.commands = event.helpDoc.subcommands?.flatMap((group) => group.commands.map(({ name }) => name)) ?? []
          break
        case "Version":
          said.results.push(`${event.name} ${event.version}\n`)
          break
        case "InvalidInvocation":
          break
      }
    })
})

/** effect/cli prints scripts for completion through the console. */
const consoleOf = (said: Said): Console.Console => ({
  ...globalThis.console,
  log: (...words: ReadonlyArray<unknown>) => {
    said.results.push(`${words.map(String).join(" ")}\n`)
  }
})

/**
 * effect/cli asks for files and a terminal, for prompts and for flags that read files. There is none of these here, and
 * each of those services would have to be loaded before the first word is read.
 */
const withoutEnvironment = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  effect as Effect.Effect<A, E, Exclude<R, Command.Environment>> // they are asked for by type only, as said above

/** `help stop` is what many programs take for `stop --help`. */
const withHelp = (argv: ReadonlyArray<string>): ReadonlyArray<string> => argv[0] === "help" ? [...argv.slice(1), "--help"] : argv

/** To make all commands takes longer than a list of a few dozen containers. */
const runCommand = (argv: ReadonlyArray<string>) =>
  isQuestion(argv)
    ? Command.runWith(questions, { version })(argv)
    : Effect.flatMap(Effect.promise(() => import("./Commands.ts")), ({ commands }) => Command.runWith(commands, { version })(argv))

/**
 * Carries out a command line on the hypervisors that `make` gives, and gives the exit code: 0 done, 1 failed, 2 bad
 * usage or bad input, 3 the plan was rejected or is stale; of `exec` it is the program's own. Results and everything else go to {@link Output}.
 *
 * When it is interrupted, what it was doing is undone first, and it is said how things were left.
 *
 * @since 0.1.0
 * @category programs
 */
export const run = (
  argv: ReadonlyArray<string>,
  make: MakeHypervisor
): Effect.Effect<number, never, Output> =>
  Effect.gen(function*() {
    const output = yield* Output
    const json = wantsJson(argv)
    const whereabouts = yield* Ref.make(defaultDirectories)
    const said: Said = { results: [], commands: [] }
    const report = Effect.fnUntraced(function*(cause: Cause.Cause<unknown>) {
      const failures = failuresOf(cause)
      const advise = adviceFor(yield* Ref.get(whereabouts))
      for (const failure of failures) yield* output.err(failureText(failure, json, advise))
      return Math.max(...failures.map((failure) => failure.code))
    })
    return yield* withoutEnvironment(runCommand(withHelp(argv))).pipe(
      Effect.catchTag("ShowHelp", (error) => Effect.fail(usageError(error, argv, said.commands))),
      Effect.andThen(Effect.suspend(() => said.results.length === 0 ? Effect.void : output.out(said.results.join("")))),
      Effect.provideService(CliOutput.Presenter, presenterOf(said)),
      Effect.provideService(CliConfig.CliConfig, {
        builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions, GlobalFlag.LogLevel]
      }),
      Effect.provideService(Console.Console, consoleOf(said)),
      Effect.provideService(TerminalCapabilities.TerminalCapabilities, { canColor: false, canAnimate: false, canPrompt: false }),
      Effect.provideService(Logger.LogToStderr, true),
      Effect.provideService(Hypervisors, make),
      Effect.provideService(Whereabouts, whereabouts),
      Effect.as(0),
      Effect.catchTag("ProgramEnded", ({ exitCode }) => Effect.succeed(exitCode)),
      Effect.catchIf(
        (error) => error._tag === "OutputLost" && error.code === "EPIPE",
        () => Effect.succeed(0)
      ),
      Effect.catchCause(report)
    )
  })

/**
 * The refusal of a command line.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type { CliError, ShowHelp } from "effect/cli/CliError"
import { escape } from "@effect-lxc/core/model/HostText"

/**
 * The command line does not say what it should. Nothing was looked at.
 *
 * @since 0.1.0
 * @category errors
 */
export class UsageError extends Schema.TaggedError<UsageError>()("UsageError", {
  problems: Schema.Array(Schema.String),
  /** The command whose help shows how it is meant, such as `effect-lxc plan start`. */
  command: Schema.String
}) {
  override get message(): string {
    return [...this.problems, `see: ${this.command} --help`].join("\n")
  }
}

const meant = (suggestions: ReadonlyArray<string>): string =>
  suggestions.length === 0 ? "" : `; did you mean ${suggestions.join(" or ")}?`

const quoted = (text: string): string => `"${escape(text)}"`

/** effect/cli writes the words that can be chosen as a type: `"v1" | "v2"`. */
const choice = (expected: string): string =>
  /^"[^"]*"(?: \| "[^"]*")+$/.test(expected) ? expected.replaceAll('"', "").replaceAll(" | ", ", ").replace(/, ([^,]*)$/, " or $1") : expected

const sentence = (error: CliError): string => {
  switch (error._tag) {
    case "UnrecognizedOption":
      return `there is no flag ${escape(error.option)}${meant(error.suggestions)}`
    case "UnknownSubcommand":
      return `there is no command ${quoted(error.subcommand)}${meant(error.suggestions)}`
    case "MissingArgument":
      return `${error.argument.toUpperCase()} is missing`
    case "MissingOption":
      return `--${error.option} is missing`
    case "UnexpectedArgument":
      return `there is too much: ${error.arguments.map(quoted).join(" ")}`
    case "InvalidValue": {
      const name = error.kind === "flag" ? `--${error.option}` : error.option.toUpperCase()
      // effect/cli takes every number flag for one of any number; ours are counts.
      const expected = choice(error.expected.replace(/^Expected:? /, "").replace("a string representing a finite number", "a whole number"))
      return error.value === ""
        ? `${name} needs a value`
        : `${name}: expected ${expected}; found ${quoted(error.value)}`
    }
    default:
      return escape(error.message)
  }
}

/** The word behind a flag that has no value, where it begins with a hyphen: it was read as flags of one letter. */
const mistaken = (argv: ReadonlyArray<string>, { errors }: ShowHelp): readonly [flag: string, word: string] | undefined => {
  const lacking = errors.find((error) => error._tag === "InvalidValue" && error.kind === "flag" && error.value === "")
  const flag = lacking?._tag === "InvalidValue" ? `--${lacking.option}` : undefined
  const word = flag === undefined ? undefined : argv[argv.indexOf(flag) + 1]
  return flag !== undefined && word !== undefined && argv.includes(flag) && /^-[^-]/.test(word) ? [flag, word] : undefined
}

/**
 * What effect/cli found wrong with the words of a command line, in our words; `commands` are those that could have followed.
 *
 * @since 0.1.0
 * @category conversions
 */
export const usageError = (help: ShowHelp, argv: ReadonlyArray<string>, commands: ReadonlyArray<string>): UsageError => {
  const { commandPath, errors } = help
  const command = commandPath.join(" ")
  if (errors.length === 0) return new UsageError({ problems: [`a command is missing: ${commands.join(", ")}`], command })
  const [flag, word] = mistaken(argv, help) ?? []
  if (flag === undefined || word === undefined) return new UsageError({ problems: errors.map(sentence), command })
  const isOfWord = (error: CliError): boolean =>
    error._tag === "UnrecognizedOption" ? word.includes(error.option.replace(/^-+/, "")) : error._tag === "InvalidValue" && error.value === ""
  const problems = [
    `${flag} needs a value; ${quoted(word)} begins with a hyphen and is taken for a flag: write ${flag}=${escape(word)} if it is meant`,
    ...errors.filter((error) => !isOfWord(error)).map(sentence)
  ]
  return new UsageError({ problems, command })
}

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
      const expected = error.expected.replace(/^Expected:? /, "")
      return error.value === ""
        ? `${name} needs a value`
        : `${name}: expected ${expected}; found ${quoted(error.value)}`
    }
    default:
      return escape(error.message)
  }
}

/**
 * What effect/cli found wrong, in our words; `commands` are those that could have followed.
 *
 * @since 0.1.0
 * @category conversions
 */
export const usageError = ({ commandPath, errors }: ShowHelp, commands: ReadonlyArray<string>): UsageError =>
  new UsageError({
    problems: errors.length === 0 ? [`a command is missing: ${commands.join(", ")}`] : errors.map(sentence),
    command: commandPath.join(" ")
  })

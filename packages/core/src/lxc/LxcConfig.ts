/**
 * LXC's configuration as a document: what a file says, line by line.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { escape, isPrintable } from "../model/HostText.ts"

/**
 * A line: a key with its value (an empty value clears what was set before) or a comment.
 *
 * @since 0.1.0
 * @category schemas
 */
export const LxcLine = Schema.TaggedUnion({
  Entry: { key: Schema.String, value: Schema.String },
  Comment: { text: Schema.String }
})

/**
 * @since 0.1.0
 * @category models
 */
export type LxcLine = typeof LxcLine.Type

/**
 * The lines in their order, which matters: keys repeat.
 *
 * @since 0.1.0
 * @category models
 */
export type LxcConfig = ReadonlyArray<LxcLine>

/**
 * @since 0.1.0
 * @category constructors
 */
export const entry = (key: string, value: string): LxcLine => ({ _tag: "Entry", key, value })

/**
 * @since 0.1.0
 * @category constructors
 */
export const comment = (text: string): LxcLine => ({ _tag: "Comment", text })

/**
 * A line (counted from 1) that cannot be read, or that cannot be written so that it would be read back the same.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidConfigLine extends Schema.TaggedError<InvalidConfigLine>("effect-lxc/InvalidConfigLine")(
  "InvalidConfigLine",
  { line: Schema.Number, text: Schema.String, reason: Schema.String }
) {
  override get message(): string {
    return `line ${this.line}: ${this.reason}: ${escape(this.text)}`
  }
}

/**
 * The text of a document, ending in a newline. Fails where LXC would not read a line back as it is meant: a control
 * character, a blank at either end, a pair of quotes around a value (LXC strips them), a key that is none.
 *
 * @since 0.1.0
 * @category rendering
 */
export const render = (config: LxcConfig): Result.Result<string, InvalidConfigLine> => {
  let written = ""
  for (const [index, line] of config.entries()) {
    const text = line._tag === "Comment" ? line.text : line.value
    const reason = line._tag === "Comment" ? unwritableText(text) : unwritableKey(line.key) ?? unwritableValue(text)
    const before = line._tag === "Comment" ? "#" : `${line.key} =`
    if (reason !== undefined) {
      return Result.fail(new InvalidConfigLine({ line: index + 1, text: `${before} ${text}`, reason }))
    }
    written += text === "" ? `${before}\n` : `${before} ${text}\n`
  }
  return Result.succeed(written)
}

const writableKey = /^lxc\.[!-<>-~]+$/

const unwritableKey = (key: string): string | undefined =>
  writableKey.test(key) ? undefined : "a key is lxc. and visible ASCII without ="

const unwritableText = (text: string): string | undefined => {
  if (text !== "" && !isPrintable(text)) {
    return "there is a control character or broken Unicode"
  }
  return text.startsWith(" ") || text.endsWith(" ") ? "there is a blank at an end" : undefined
}

/** What nearly every value is: visible at both ends, with no quote at its beginning, and ASCII. */
const plainValue = /^[!#-&(-~](?:[ -~]*[!-~])?$/

const unwritableValue = (value: string): string | undefined =>
  plainValue.test(value)
    ? undefined
    : unwritableText(value) ?? (stripQuotes(value) === value ? undefined : "LXC would strip the quotes")

/**
 * What a text says, and the lines (counted from 1) that LXC ignores without a word because they do not begin with `lxc.`.
 *
 * @since 0.1.0
 * @category models
 */
export interface ParsedConfig {
  readonly config: LxcConfig
  readonly ignored: ReadonlyArray<{ readonly line: number; readonly text: string }>
}

/**
 * Reads a text by the rules of LXC's own parser (parse_line in confile.c of LXC 5.0.2): lines are trimmed, empty ones
 * and comments mean nothing, one pair of quotes around a value is stripped, a line of `lxc.` without `=` is an error.
 *
 * @since 0.1.0
 * @category conversions
 */
export const parse = (text: string): Result.Result<ParsedConfig, InvalidConfigLine> => {
  const config: Array<LxcLine> = []
  const ignored: Array<{ line: number; text: string }> = []
  for (const [index, raw] of text.split("\n").entries()) {
    const line = trimBlanks(raw)
    if (line.startsWith("#")) {
      config.push(comment(trimBlanks(line.slice(1))))
    } else if (line.startsWith("lxc.")) {
      const equals = line.indexOf("=")
      if (equals < 0) {
        return Result.fail(new InvalidConfigLine({ line: index + 1, text: line, reason: "there is no =" }))
      }
      config.push(entry(trimBlanks(line.slice(0, equals)), stripQuotes(trimBlanks(line.slice(equals + 1)))))
    } else if (line !== "") {
      ignored.push({ line: index + 1, text: line })
    }
  }
  return Result.succeed({ config, ignored })
}

const isBlank = (character: string | undefined): boolean => character === " " || character === "\t" || character === "\r"

/** By hand: a pattern for blanks at the end takes the square of the time where many stand in the middle. */
const trimBlanks = (text: string): string => {
  let [start, end] = [0, text.length]
  while (start < end && isBlank(text[start])) start += 1
  while (start < end && isBlank(text[end - 1])) end -= 1
  return text.slice(start, end)
}

const stripQuotes = (value: string): string =>
  value.length > 1 && (value[0] === "\"" || value[0] === "'") && value.at(-1) === value[0] ? value.slice(1, -1) : value

/**
 * Text that may reach a configuration file, an argument list or a message.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { satisfies } from "./Field.ts"

const controlOrLoneSurrogate = /[\p{Cc}\p{Cs}\u2028\u2029]/u

/** What nearly every text is made of: told at once, without a look into the tables of Unicode. */
const visibleAscii = /^[ -~]+$/

/**
 * True for text that is not empty, is well-formed Unicode, and has no control character (C0, DEL, C1) and no line or
 * paragraph separator.
 *
 * @since 0.1.0
 * @category guards
 */
export const isPrintable = (text: string): boolean =>
  visibleAscii.test(text) || text.length > 0 && !controlOrLoneSurrogate.test(text)

/**
 * Text for which {@link isPrintable} holds: it stays one line, and one word list cannot become two, wherever it is
 * written.
 *
 * @since 0.1.0
 * @category schemas
 */
export const PlainText = Schema.String.check(
  satisfies("text of at least one character, without control characters or line breaks", isPrintable)
)

const shownEscaped = /[\p{C}\p{Zl}\p{Zp}\\]|(?! )\p{Zs}/gu

const escapes: ReadonlyMap<string, string> = new Map([["\n", "\\n"], ["\r", "\\r"], ["\t", "\\t"], ["\\", "\\\\"]])

/** Most names and paths: nothing of them is escaped, and no table of Unicode need be built to see it. */
const shownAsIs = /^[ -[\]-~]*$/

/**
 * The text as one visible line: control and format characters, lone surrogates, odd blanks and backslashes are shown as
 * `\n`, `\\` or `\u{200b}`.
 *
 * @since 0.1.0
 * @category rendering
 */
export const escape = (text: string): string =>
  shownAsIs.test(text) ? text : text.replace(shownEscaped, (character) =>
    escapes.get(character) ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)

/**
 * A name that somebody gave, as one visible line; one without a character is seen to be one.
 *
 * @since 0.1.0
 * @category rendering
 */
export const shownName = (name: string): string => name === "" ? '""' : escape(name)

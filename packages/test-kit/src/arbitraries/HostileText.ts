/**
 * Text that somebody may try.
 *
 * @since 0.1.0
 */
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"

/** The simplest come first: it is towards them that a text shrinks. */
const parts = [
  "a", "1", "/", ".", "..", "-", "--", " ", "'", "\"", "=", "#", ",", ":", ";", "$", "`", "\\", "|", "&", "*", "~", "!",
  // Line breaks of every kind, and what else ends or hides text.
  "\n", "\r", "\0", "\t", "\u001b[31m", "\u007f", "\u0085", "\u2028", "\u2029", "\ufeff", "\u200b", "\u202e", "\u00a0",
  // Half a character, marks without a letter, letters that look like others.
  "\ud800", "\udc00", "\u0301", "a\u0308", "é", "\u0430", "\uff57", "\u0131", "😀",
  // What YAML, a shell, LXC and JavaScript read as something else.
  "~", "null", "yes", "0x10", "1e3", "1_000", "!!js/function x", "&a", "*a", "<<", "{", "[", "$(id)", "${HOME}", "%s",
  "lxc.hook.pre-start = /x", "lxc.rootfs.path = /", "__proto__", "constructor", "toString",
  // More than anything holds.
  "9".repeat(40), "-1", "NaN", "Infinity", "x".repeat(300), "/x".repeat(2_100)
] as const

const shorter = (chosen: ReadonlyArray<number>): ReadonlyArray<ReadonlyArray<number>> => [
  ...chosen.map((_, at) => chosen.filter((__, index) => index !== at)),
  ...chosen.flatMap((part, at) => part === 0 ? [] : [chosen.map((each, index) => index === at ? 0 : each)])
]

const Chosen = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: parts.length - 1 }))).check(Schema.isMaxLength(6))

/**
 * Control characters, line breaks, NUL, `..`, leading dashes, look-alikes, half characters, combining marks, amounts that
 * nothing holds, and what YAML, a shell and LXC take for something else: up to six of them joined. Shrinks to fewer, and
 * each to `a`.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const hostileText: Arbitrary.Arbitrary<string> = Arbitrary.map(
  Arbitrary.schema(Chosen, { shrink: shorter }),
  (chosen) => chosen.map((part) => parts[part] ?? "").join("")
)

/**
 * Text of HTML that is made of texts which nobody vouches for.
 *
 * @since 0.1.0
 */

/**
 * What may stand in a page as it is.
 *
 * @since 0.1.0
 * @category models
 */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/**
 * What can be put into a page: a text or a number is escaped.
 *
 * @since 0.1.0
 * @category models
 */
export type Content = Html | string | number | ReadonlyArray<Html>

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;", "'": "&#39;" }

/** What a browser would not show, and what turns the order of the text around it. */
const invisible = /[^\P{Cc}\n\t]|\p{Cf}|\p{Cs}/gu

/**
 * A text as it is read, in an element or in an attribute in quotes; a character that is not seen by its number.
 *
 * @since 0.1.0
 * @category rendering
 */
export const escaped = (text: string): string =>
  text
    .replace(/[&<>"']/g, (character) => entities[character] ?? "")
    .replace(invisible, (character) => `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`)

const contentText = (content: Content): string =>
  content instanceof Html
    ? content.text
    : typeof content === "object"
    ? content.map(({ text }) => text).join("")
    : escaped(String(content))

/**
 * A piece of a page. Whatever is put into it is escaped, but for what is one itself.
 *
 * @since 0.1.0
 * @category constructors
 */
export const html = (parts: TemplateStringsArray, ...contents: ReadonlyArray<Content>): Html =>
  new Html(parts.reduce((text, piece, index) => `${text}${contentText(contents[index - 1] ?? "")}${piece}`))

/**
 * No piece.
 *
 * @since 0.1.0
 * @category constants
 */
export const nothing: Html = new Html("")

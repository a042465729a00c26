/**
 * UTF-8, in which hosts count and hash text.
 *
 * @since 0.1.0
 */

/**
 * The UTF-8 bytes of a text; a lone surrogate becomes U+FFFD, as in the WHATWG encoder.
 *
 * @since 0.1.0
 * @category conversions
 */
export const utf8Bytes = (text: string): ReadonlyArray<number> => {
  const bytes: Array<number> = []
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0
    pushPoint(bytes, point >= 0xd800 && point <= 0xdfff ? 0xfffd : point)
  }
  return bytes
}

const pushPoint = (bytes: Array<number>, point: number): void => {
  if (point < 0x80) {
    bytes.push(point)
  } else if (point < 0x800) {
    bytes.push(0xc0 | (point >> 6), continuation(point))
  } else if (point < 0x10000) {
    bytes.push(0xe0 | (point >> 12), continuation(point >> 6), continuation(point))
  } else {
    bytes.push(0xf0 | (point >> 18), continuation(point >> 12), continuation(point >> 6), continuation(point))
  }
}

const continuation = (bits: number): number => 0x80 | (bits & 0x3f)

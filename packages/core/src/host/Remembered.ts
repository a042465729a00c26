/**
 * What was made of a text is not made again as long as the same texts come: for the most part the kernel says what it said before.
 *
 * @since 0.1.0
 */

/**
 * How much is kept: so many answers, for first texts that are not longer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Bounds {
  readonly most: number
  readonly longest?: number
}

/**
 * The same function of texts, which remembers what it last answered for each first one of them. The function has to be pure, and
 * its answers are everybody's.
 *
 * @since 0.1.0
 * @category combinators
 */
export const remembered = <Texts extends ReadonlyArray<string>, A>(
  body: (...texts: Texts) => A,
  { longest = Number.POSITIVE_INFINITY, most }: Bounds = { most: 64 }
): (...texts: Texts) => A => {
  const answers = new Map<string, { readonly texts: Texts; readonly answer: A }>()
  return (...texts) => {
    const key = texts[0] ?? ""
    const known = answers.get(key)
    if (known?.texts.every((text, index) => text === texts[index]) === true) return known.answer
    const answer = body(...texts)
    if (key.length > longest) return answer
    if (answers.size >= most) answers.clear()
    answers.set(key, { texts, answer })
    return answer
  }
}

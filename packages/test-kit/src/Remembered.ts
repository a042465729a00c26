/**
 * What was made of a text is not made again as long as the same texts come.
 *
 * @since 0.1.0
 */

/** How many answers are kept. */
const most = 64

/**
 * The same function of texts, which remembers what it last answered.
 *
 * @since 0.1.0
 * @category combinators
 */
export const remembered = <Texts extends ReadonlyArray<string>, A>(body: (...texts: Texts) => A): (...texts: Texts) => A => {
  const answers = new Map<string, { readonly answer: A }>()
  return (...texts) => {
    const key = texts.join("\0")
    const known = answers.get(key)
    if (known !== undefined) return known.answer
    if (answers.size >= most) answers.clear()
    const answer = body(...texts)
    answers.set(key, { answer })
    return answer
  }
}

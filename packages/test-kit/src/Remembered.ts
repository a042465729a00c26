/**
 * What was made of a text is not made again as long as the same texts come.
 *
 * @since 0.1.0
 */

/** How many answers are kept. */
const most = 64

/**
 * The same function of texts, which remembers what it last answered for each first one of them.
 *
 * @since 0.1.0
 * @category combinators
 */
export const remembered = <Texts extends ReadonlyArray<string>, A>(body: (...texts: Texts) => A): (...texts: Texts) => A => {
  const answers = new Map<string, { readonly texts: Texts; readonly answer: A }>()
  return (...texts) => {
    const key = texts[0] ?? ""
    const known = answers.get(key)
    if (known?.texts.every((text, index) => text === texts[index]) === true) return known.answer
    if (answers.size >= most) answers.clear()
    const answer = body(...texts)
    answers.set(key, { texts, answer })
    return answer
  }
}

/**
 * Guessing the word that was meant.
 *
 * @since 0.1.0
 */

/**
 * The word of `words` that `written` is probably a misspelling of: the same but for case, `_` and `-`, or at most two
 * letters off (one for words of up to four letters).
 *
 * @since 0.1.0
 * @category matching
 */
export const nearest = (written: string, words: ReadonlyArray<string>): string | undefined => {
  const plain = plainLetters(written)
  const allowed = plain.length <= 4 ? 1 : 2
  const ranked = words
    .map((word) => ({ word, distance: distance(plain, plainLetters(word)) }))
    .filter((candidate) => candidate.distance <= allowed)
    .sort((a, b) => a.distance - b.distance)
  return ranked[0]?.word
}

const plainLetters = (word: string): string => word.slice(0, 40).toLowerCase().replace(/[_-]/g, "")

/** The number of letters to insert, remove or replace (Levenshtein). */
const distance = (from: string, to: string): number => {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}

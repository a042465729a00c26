/**
 * Two texts compared line by line.
 *
 * @since 0.1.0
 */

/** How many lines the two have in common, in one order, from line `i` of the one and line `j` of the other on. */
const commonFrom = (before: ReadonlyArray<string>, after: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<number>> => {
  const longest = Array.from({ length: before.length + 1 }, () => Array.from({ length: after.length + 1 }, () => 0))
  const at = (i: number, j: number): number => longest[i]?.[j] ?? 0
  for (let i = before.length - 1; i >= 0; i--) {
    const row = longest[i] ?? []
    for (let j = after.length - 1; j >= 0; j--) {
      row[j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  return longest
}

/** Every line with its sign: a blank where both have it. */
const signed = (before: ReadonlyArray<string>, after: ReadonlyArray<string>): ReadonlyArray<string> => {
  const longest = commonFrom(before, after)
  const lines: Array<string> = []
  let i = 0
  let j = 0
  while (i < before.length || j < after.length) {
    const removes = j === after.length || (longest[i + 1]?.[j] ?? -1) >= (longest[i]?.[j + 1] ?? -1)
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push(` ${before[i]}`)
      i += 1
      j += 1
    } else if (i < before.length && removes) {
      lines.push(`-${before[i]}`)
      i += 1
    } else {
      lines.push(`+${after[j]}`)
      j += 1
    }
  }
  return lines
}

const context = 1

/**
 * What is different, as the hunks of a patch: a line that went with `-`, one that came with `+`, and one line around them;
 * `…` stands for lines that are the same. Empty where nothing is different.
 *
 * @since 0.1.0
 * @category comparisons
 */
export const hunks = (before: ReadonlyArray<string>, after: ReadonlyArray<string>): ReadonlyArray<string> => {
  const lines = signed(before, after)
  if (lines.every((line) => line.startsWith(" "))) return []
  const isNear = (index: number): boolean =>
    lines.slice(Math.max(0, index - context), index + context + 1).some((line) => !line.startsWith(" "))
  return lines.flatMap((line, index) => isNear(index) ? [line] : index === 0 || isNear(index - 1) ? ["…"] : [])
}

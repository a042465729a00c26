/**
 * Tables of text.
 *
 * @since 0.1.0
 */

/**
 * Rows under a heading, each column as wide as its widest cell, two blanks between; a line each.
 *
 * @since 0.1.0
 * @category rendering
 */
export const table = (heading: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const all = [heading, ...rows]
  const widths = heading.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const line = (row: ReadonlyArray<string>): string =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd()
  return all.map((row) => `${line(row)}\n`).join("")
}

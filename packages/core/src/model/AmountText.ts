/**
 * Amounts in words for people.
 *
 * @since 0.1.0
 */

/**
 * How many there are of something: `1 step`, `2 steps`.
 *
 * @since 0.1.0
 * @category rendering
 */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`

const units = ["MiB", "GiB", "TiB", "PiB"]

/**
 * Bytes in the largest unit of which there is one, from MiB on.
 *
 * @since 0.1.0
 * @category rendering
 */
export const sizeText = (bytes: number): string => {
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10) - 2))
  return `${(bytes / 1024 ** (power + 2)).toFixed(1)} ${units[power]}`
}

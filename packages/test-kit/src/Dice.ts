/**
 * Chance that can be had again.
 *
 * @since 0.1.0
 */

/**
 * Numbers drawn from a seed, the same ones each time.
 *
 * @since 0.1.0
 * @category models
 */
export interface Dice {
  /** A whole number from 0 to below `n`. */
  readonly below: (n: number) => number
  /** One of a list that is not empty. */
  readonly pick: <A>(values: readonly [A, ...ReadonlyArray<A>]) => A
  /** True once in `n` times. */
  readonly oneIn: (n: number) => boolean
}

/**
 * Dice of their own for a seed: splitmix32, which tells seeds that lie side by side well apart.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeDice = (seed: number): Dice => {
  let state = seed | 0
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }
  const below = (n: number): number => next() % n
  return {
    below,
    pick: (values) => values[below(values.length)] ?? values[0],
    oneIn: (n) => below(n) === 0
  }
}

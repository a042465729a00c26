/**
 * Why an instance cannot be had of an LXC.
 *
 * @since 0.1.0
 */

/**
 * A field of the spec that the given LXC or host cannot carry out: `code` is a stable word for programs, `field` is
 * empty where the whole spec is meant.
 *
 * @since 0.1.0
 * @category models
 */
export interface Refusal {
  readonly code: string
  readonly field: string
  readonly message: string
  readonly advice: string
}

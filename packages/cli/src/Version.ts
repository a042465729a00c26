/**
 * The version of this command line.
 *
 * @since 0.1.0
 */

/**
 * The same as in package.json, which a bundle does not carry along.
 *
 * @since 0.1.0
 * @category constants
 */
export const version = "0.1.0"

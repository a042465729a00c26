/**
 * Names of the host's ends of virtual Ethernet pairs.
 *
 * @since 0.1.0
 */
import { fnv1a64 } from "./Hash.ts"

const digits = 10
const names = 36n ** BigInt(digits)

/**
 * What the host's names for the nics of an instance begin with, and nobody else's do: `el`, ten characters, `n`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const vethPrefix = (instanceName: string): string => {
  const hash = (fnv1a64(instanceName) % names).toString(36).padStart(digits, "0")
  return `el${hash}n`
}

/**
 * The host's name for nic `index` (0…99) of an instance: 15 characters at most (IFNAMSIZ counts the NUL) of `[a-z0-9]`,
 * the same for the same instance and index, so that a leftover is found by name.
 *
 * @since 0.1.0
 * @category constructors
 */
export const vethName = (instanceName: string, index: number): string => `${vethPrefix(instanceName)}${index}`

/**
 * Whether an interface has a name that this library gives, to whatever instance.
 *
 * @since 0.1.0
 * @category names
 */
export const isVethName = (name: string): boolean => /^el[0-9a-z]{10}n\d+$/.test(name)

/**
 * What a name that this library gives begins with: the same for all nics of an instance.
 *
 * @since 0.1.0
 * @category names
 */
export const prefixIn = (vethName: string): string => vethName.slice(0, "el".length + digits + "n".length)

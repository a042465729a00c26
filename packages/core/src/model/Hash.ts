/**
 * The hash behind derived names.
 *
 * @since 0.1.0
 */
import { utf8Bytes } from "./Utf8.ts"

/** The upper and the lower 32 bits of the offset basis, 0xcbf29ce484222325. */
const basis = [0xcbf29ce4, 0x84222325] as const

/** The prime of the 64-bit hash is 2^40 + this. */
const prime = 0x1b3

const word = 2 ** 32

/**
 * The upper and the lower 32 bits of {@link fnv1a64}.
 *
 * @since 0.1.0
 * @category hashing
 */
export const fnv1a64Words = (text: string): readonly [number, number] => {
  let [high, low]: readonly [number, number] = basis
  for (const byte of utf8Bytes(text)) {
    const mixed = (low ^ byte) >>> 0
    const product = mixed * prime // of 41 bits: exact
    high = (high * prime + mixed * 2 ** 8 + Math.floor(product / word)) >>> 0
    low = product >>> 0
  }
  return [high, low]
}

/**
 * The 64-bit FNV-1a hash of the UTF-8 bytes of a text, as an unsigned integer. LXC names its command socket by it where
 * the path of the container is too long for one (lxc/commands_utils.c); names of host interfaces and MAC addresses are
 * derived from it. It is no protection against anyone who looks for collisions.
 *
 * @since 0.1.0
 * @category hashing
 */
export const fnv1a64 = (text: string): bigint => {
  const [high, low] = fnv1a64Words(text)
  return BigInt(high) * BigInt(word) + BigInt(low)
}

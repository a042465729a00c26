/**
 * The hash behind derived names.
 *
 * @since 0.1.0
 */
import { utf8Bytes } from "./Utf8.ts"

const offsetBasis = 0xcbf29ce484222325n
const prime = 0x100000001b3n

/**
 * The 64-bit FNV-1a hash of the UTF-8 bytes of a text, as an unsigned integer. LXC names its command socket by it where
 * the path of the container is too long for one (lxc/commands_utils.c); names of host interfaces and MAC addresses are
 * derived from it. It is no protection against anyone who looks for collisions.
 *
 * @since 0.1.0
 * @category hashing
 */
export const fnv1a64 = (text: string): bigint =>
  utf8Bytes(text).reduce((hash, byte) => BigInt.asUintN(64, (hash ^ BigInt(byte)) * prime), offsetBasis)

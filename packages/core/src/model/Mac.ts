/**
 * Ethernet addresses.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { parsed, satisfies } from "./Field.ts"
import { fnv1a64Words } from "./Hash.ts"

const sixOctets = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/

const isUnicast = (mac: string): boolean => Number.parseInt(mac.slice(0, 2), 16) % 2 === 0

const isMac = (mac: string): boolean => sixOctets.test(mac) && isUnicast(mac) && mac !== "00:00:00:00:00:00"

const MacText = Schema.String.check(
  satisfies(
    "the address of one interface: six octets such as aa:00:00:12:34:56, the first one even, not all zero",
    isMac
  )
).pipe(Schema.brand("Mac"))

/**
 * The address of one Ethernet interface: six lower-case octets with colons, unicast, not all zero. A spec may write it
 * in capitals.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Mac = parsed({
  from: Schema.String,
  to: MacText,
  decode: (written) => Result.succeed(written.toLowerCase()),
  encode: (mac) => mac
})

/**
 * @since 0.1.0
 * @category models
 */
export type Mac = typeof MacText.Type

/**
 * The address of nic `index` of the instance `name` where the spec gives none: the same for the same name and index,
 * unicast and locally administered.
 *
 * @since 0.1.0
 * @category constructors
 */
export const derive = (name: string, index: number): Mac => {
  const [high, low] = fnv1a64Words(`${index}/${name}`)
  const octets = [(high >>> 8 & 0xfc) | 0x02, high, low >>> 24, low >>> 16, low >>> 8, low]
  const mac = octets.map((octet) => (octet & 0xff).toString(16).padStart(2, "0")).join(":")
  return mac as Mac // six lower-case octets, the first of them even and not zero
}

/**
 * IP addresses as text.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { satisfies } from "./Field.ts"

/**
 * The family of an IP address in text form; undefined where the text is none. A zone (`%eth0`) is not part of it.
 *
 * @since 0.1.0
 * @category conversions
 */
export const ipFamily = (text: string): "v4" | "v6" | undefined =>
  isIpv4(text) ? "v4" : isIpv6(text) ? "v6" : undefined

const readsAs = (schema: Schema.ConstraintDecoder<unknown>): (text: string) => boolean => {
  const decode = Schema.decodeUnknownOption(schema)
  return (text) => Option.isSome(decode(text))
}

const isIpv4 = readsAs(Schema.Ipv4AddressFromString)

const isIpv6 = readsAs(Schema.Ipv6AddressFromString)

const isCidr = (text: string): boolean => {
  const [, address = "", prefix] = /^([0-9A-Fa-f.:]+)\/(0|[1-9][0-9]{0,2})$/.exec(text) ?? []
  const family = ipFamily(address)
  return family !== undefined && Number(prefix) <= (family === "v4" ? 32 : 128)
}

/**
 * An address with the length of its network's prefix: 10.0.0.5/24, fd00::5/64.
 *
 * @since 0.1.0
 * @category schemas
 */
export const CidrAddress = Schema.String.check(
  satisfies("an address with its prefix length such as 10.0.0.5/24 or fd00::5/64", isCidr)
)

/**
 * An address alone: 10.0.0.1, fd00::1.
 *
 * @since 0.1.0
 * @category schemas
 */
export const IpAddress = Schema.String.check(
  satisfies("an address such as 10.0.0.1 or fd00::1", (text: string) => ipFamily(text) !== undefined)
)

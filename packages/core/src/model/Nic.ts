/**
 * Network interfaces of an instance.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { defaultsTo, parsed, satisfies, wholeNumber } from "./Field.ts"
import { CidrAddress, IpAddress, ipFamily } from "./IpText.ts"
import { derive, Mac } from "./Mac.ts"

/**
 * The name of a network interface: 1 to 15 visible ASCII characters (IFNAMSIZ counts the NUL) of those that need no
 * quoting anywhere, no leading dash, not `.` or `..`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const InterfaceName = Schema.String.check(
  satisfies(
    "the name of a network interface: 1 to 15 letters, digits, dots, hyphens and the like",
    (name: string) => /^[A-Za-z0-9_.@+][A-Za-z0-9_.@+-]{0,14}$/.test(name) && name !== "." && name !== "..",
    { pattern: "^[A-Za-z0-9_.@+][A-Za-z0-9_.@+-]{0,14}$" }
  )
)

const Gateways = parsed({
  from: Schema.Union([Schema.String, Schema.Array(Schema.String)]).annotate({
    expected: "an address, or a list of one IPv4 and one IPv6 address"
  }),
  to: Schema.Array(IpAddress).check(
    satisfies("one IPv4 and one IPv6 address at most", (gateways: ReadonlyArray<string>) => {
      const families = gateways.map(ipFamily)
      return new Set(families).size === families.length
    })
  ),
  decode: (written) => Result.succeed(typeof written === "string" ? [written] : written),
  encode: (gateways): string | ReadonlyArray<string> => gateways
})

/**
 * A network interface. `bridged` is a virtual Ethernet pair with the host's end in the bridge `link`; `macvlan` hangs on
 * the host's interface `link`; `phys` moves `link` itself into the guest until it stops. Without a `name` the guest calls
 * it eth0, eth1 and so on.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Nic = Schema.Struct({
  mode: defaultsTo(Schema.Literals(["bridged", "macvlan", "phys"]), "bridged"),
  link: InterfaceName.annotateKey({ messageMissingKey: "is required: the bridge or interface of the host to use" }),
  mac: Schema.optionalKey(Mac),
  name: Schema.optionalKey(InterfaceName),
  mtu: Schema.optionalKey(Schema.Finite.check(wholeNumber(68, 65_535))),
  addresses: defaultsTo(Schema.Array(CidrAddress), []),
  gateway: defaultsTo(Gateways, [])
})

/**
 * @since 0.1.0
 * @category models
 */
export type Nic = typeof Nic.Type

/**
 * The address that nic `index` of the instance `name` gets. A moved interface of the host keeps its own unless the spec gives
 * one, as it is not ours to change: then it is not known.
 *
 * @since 0.1.0
 * @category accessors
 */
export const macOf = (name: string, nic: Nic, index: number): Mac | undefined =>
  nic.mac ?? (nic.mode === "phys" ? undefined : derive(name, index))

/**
 * A MAC on an interface of the host: what is sent to it there gets to one nic only.
 *
 * @since 0.1.0
 * @category models
 */
export interface LinkedMac {
  readonly mac: string
  readonly link: string
}

/**
 * The MACs that nics of the instance `name` have on links that others may hang on, too. One that is moved is there alone.
 *
 * @since 0.1.0
 * @category accessors
 */
export const linkedMacs = (name: string, nics: ReadonlyArray<Nic>): ReadonlyArray<LinkedMac> =>
  nics.flatMap((nic, index) => {
    const mac = macOf(name, nic, index)
    return mac === undefined || nic.mode === "phys" ? [] : [{ mac, link: nic.link }]
  })

const maxNics = 100

/**
 * The interfaces of one instance, in the order in which the guest gets them: a hundred at most, none with the MAC, guest
 * name or moved link of another.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Nics = Schema.Array(Nic).check(
  satisfies("a hundred nics at most", (nics: ReadonlyArray<Nic>) => nics.length <= maxNics, { maxItems: maxNics }).abort(),
  Schema.makeFilter((nics) => [
    ...repeated(nics, "mac", (nic) => nic.mac),
    ...repeated(nics, "name", (nic) => nic.name),
    ...repeated(nics, "link", (nic) => nic.mode === "phys" ? nic.link : undefined)
  ])
)

const repeated = (
  nics: ReadonlyArray<Nic>,
  field: "mac" | "name" | "link",
  valueOf: (nic: Nic) => string | undefined
): ReadonlyArray<Schema.FilterIssue> => {
  const firsts = new Map<string, number>()
  return nics.flatMap((nic, i) => {
    const value = valueOf(nic)
    if (value === undefined) return []
    const first = firsts.get(value)
    if (first === undefined) firsts.set(value, i)
    return first === undefined
      ? []
      : [{ path: [i, field], issue: `${value} is already nics[${first}].${field}; no two may have the same` }]
  })
}

/**
 * The network of a container, from the /proc/PID/net of its first process: no program of a guest is asked.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { remembered } from "./Remembered.ts"

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/**
 * An interface as the guest has it.
 *
 * @since 0.1.0
 * @category models
 */
export const GuestInterface = Schema.Struct({
  /** The guest's own name for it. */
  name: Schema.String,
  /** The host's end of a virtual Ethernet pair; null where there is none, or where it cannot be told. */
  hostName: Schema.NullOr(Schema.String),
  /** What the guest received and sent; the host's end has it the other way round. */
  receivedBytes: Count,
  sentBytes: Count,
  /** In CIDR notation where the length of the prefix is known. */
  addresses: Schema.Array(Schema.String)
})

/**
 * @since 0.1.0
 * @category models
 */
export type GuestInterface = typeof GuestInterface.Type

/**
 * The text of a file below /proc/PID/net. Of some guests not all need be read, and the kernel takes longer to make such a
 * text up than to read it takes.
 *
 * @since 0.1.0
 * @category models
 */
export type ReadNetwork = (file: "dev" | "route" | "fib_trie" | "if_inet6" | "igmp") => string

/**
 * The host's end of a virtual Ethernet pair, and the index that the other end has in its own namespace, where that can be
 * read: where there is but one end it need not be.
 *
 * @since 0.1.0
 * @category models
 */
export interface HostPeer {
  readonly name: string
  readonly guestIndex: () => number | undefined
}

/** One whose index was read. */
interface IndexedPeer {
  readonly name: string
  readonly guestIndex: number
}

interface Counted {
  readonly name: string
  readonly receivedBytes: number
  readonly sentBytes: number
}

/** `NAME: RXBYTES …(8)… TXBYTES …`; a name may hold a colon. Source: proc_pid_net(5). */
const countersOf = (dev: string): ReadonlyArray<Counted> =>
  [...dev.matchAll(/^ *(\S+): *(\d+)(?: +\d+){7} +(\d+)/gm)].map(([, name = "", received, sent]) =>
    ({ name, receivedBytes: Number(received), sentBytes: Number(sent) }))

/** The kernel prints addresses of routes as they are in memory: the first byte last. */
const littleEndian = (hex: string): number => Number.parseInt(hex.match(/../g)?.reverse().join("") ?? "0", 16)

const parseIpv4 = (text: string): number => text.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0)

interface Connected {
  readonly name: string
  readonly network: number
  readonly mask: number
}

/** Routes without a gateway: the networks that an interface is in. */
const connectedOf = (route: string): ReadonlyArray<Connected> =>
  route.split("\n").flatMap((line) => {
    const [name, network, gateway, , , , , mask] = line.split("\t").map((each) => each.trim())
    return name === undefined || network === undefined || mask === undefined || gateway !== "00000000" || mask === "00000000"
      ? []
      : [{ name, network: littleEndian(network), mask: littleEndian(mask) }]
  })

const lengthOf = (mask: number): number => mask.toString(2).replaceAll("0", "").length

const contains = (network: Connected, address: number): boolean => (address & network.mask) === (network.network & network.mask)

/** Addresses of a guest seldom change. Of texts that are longer there are few, and they would take the memory of many. */
const ofGuests = { most: 2_000, longest: 4_096 }

/** Addresses of the guest itself: the leaves that are `host LOCAL`. */
const localAddresses = remembered((fibTrie: string): ReadonlyArray<string> => {
  const found = new Set<string>()
  let leaf: string | undefined
  for (const [, address] of fibTrie.matchAll(/\|-- (\d+\.\d+\.\d+\.\d+)|\/32 host LOCAL/g)) {
    if (address !== undefined) leaf = address
    else if (leaf !== undefined) found.add(leaf)
  }
  return [...found]
}, ofGuests)

/** An address is of the interface with the smallest network around it; without one, of the only interface besides lo. */
const ipv4Of = (read: ReadNetwork, names: ReadonlyArray<string>): ReadonlyArray<readonly [name: string, address: string]> => {
  const addresses = localAddresses(read("fib_trie"))
  const others = names.filter((name) => name !== "lo")
  const routes = addresses.every((address) => address.startsWith("127.")) ? "" : read("route")
  const connected = [...connectedOf(routes)].sort((one, other) => lengthOf(other.mask) - lengthOf(one.mask))
  return addresses.flatMap((address): ReadonlyArray<readonly [string, string]> => {
    if (address.startsWith("127.")) return [["lo", `${address}/8`]]
    const network = connected.find((each) => contains(each, parseIpv4(address)))
    if (network !== undefined) return [[network.name, `${address}/${lengthOf(network.mask)}`]]
    const [only, ...more] = others
    return only !== undefined && more.length === 0 ? [[only, `${address}/32`]] : []
  })
}

/** RFC 5952: groups without leading zeros, the longest run of zeros (the first of equals, two at least) as `::`. */
const ipv6Text = (hex: string): string => {
  const groups = Array.from({ length: 8 }, (_, at) => Number.parseInt(hex.slice(at * 4, at * 4 + 4), 16))
  let [from, longest] = [0, 1]
  for (const at of groups.keys()) {
    let end = at
    while (groups[end] === 0) end++
    if (end - at > longest) [from, longest] = [at, end - at]
  }
  const text = groups.map((group) => group.toString(16))
  return longest < 2 ? text.join(":") : `${text.slice(0, from).join(":")}::${text.slice(from + longest).join(":")}`
}

interface Inet6 {
  readonly name: string
  readonly index: number
  readonly address: string
}

/** `ADDRESS INDEX LENGTH SCOPE FLAGS NAME`, all numbers hexadecimal. */
const inet6Of = remembered((text: string): ReadonlyArray<Inet6> =>
  [...text.matchAll(/^([0-9a-f]{32}) ([0-9a-f]+) ([0-9a-f]+) \w+ \w+ +(\S+)$/gm)]
    .map(([, address = "", index = "", length = "", name = ""]) => ({
      name,
      index: Number.parseInt(index, 16),
      address: `${ipv6Text(address)}/${Number.parseInt(length, 16)}`
    })), ofGuests)

/** Indices of interfaces that are up, from their IPv6 addresses, else from the groups they listen to. */
const indicesOf = (read: ReadNetwork, inet6: ReadonlyArray<Inet6>, peers: ReadonlyArray<IndexedPeer>): ReadonlyMap<number, string> => {
  const indices = new Map(inet6.map(({ index, name }) => [index, name]))
  if (peers.every(({ guestIndex }) => indices.has(guestIndex))) return indices
  for (const line of read("igmp").split("\n")) {
    const [, index, name] = /^(\d+)\t(\S+)/.exec(line) ?? []
    if (index !== undefined && name !== undefined) indices.set(Number(index), name)
  }
  return indices
}

/** By index; where one end and one interface are left over, they belong together. */
const byIndex = (
  indices: ReadonlyMap<number, string>,
  others: ReadonlyArray<string>,
  peers: ReadonlyArray<IndexedPeer>
): ReadonlyMap<string, string> => {
  const known = peers.flatMap((peer) => {
    const name = indices.get(peer.guestIndex)
    return name === undefined ? [] : [[name, peer.name] as const]
  })
  const found = new Map(known)
  const matched = new Set(known.map(([, host]) => host))
  const rest = peers.filter((peer) => !matched.has(peer.name))
  const unmatched = others.filter((name) => !found.has(name))
  const [peer, name] = [rest[0], unmatched[0]]
  if (rest.length === 1 && unmatched.length === 1 && peer !== undefined && name !== undefined) found.set(name, peer.name)
  return found
}

/** The host's ends by the guest's names. One end and one interface need no index: these two would be left over in any case. */
const peersOf = (
  read: ReadNetwork,
  inet6: ReadonlyArray<Inet6>,
  names: ReadonlyArray<string>,
  peers: ReadonlyArray<HostPeer>
): ReadonlyMap<string, string> => {
  const others = names.filter((name) => name !== "lo")
  const [peer, name] = [peers[0], others[0]]
  if (peers.length === 1 && others.length === 1 && peer !== undefined && name !== undefined) return new Map([[name, peer.name]])
  const indexed = peers.flatMap((each) => {
    const guestIndex = each.guestIndex()
    return guestIndex === undefined ? [] : [{ name: each.name, guestIndex }]
  })
  return byIndex(indicesOf(read, inet6, indexed), others, indexed)
}

/**
 * The interfaces of a guest in its own order, with the byte counters that it sees itself and its addresses. An IPv4
 * address that lies in no network of an interface is left out where more than one could have it: /proc does not say.
 *
 * @since 0.1.0
 * @category decoding
 */
export const guestInterfaces = (read: ReadNetwork, peers: ReadonlyArray<HostPeer>): ReadonlyArray<GuestInterface> => {
  const counted = countersOf(read("dev"))
  const names = counted.map((each) => each.name)
  const ipv6 = inet6Of(read("if_inet6"))
  const hosts = peersOf(read, ipv6, names, peers)
  const ipv4 = ipv4Of(read, names)
  return counted.map((each) => ({
    ...each,
    hostName: hosts.get(each.name) ?? null,
    addresses: [
      ...ipv4.filter(([name]) => name === each.name).map(([, address]) => address),
      ...ipv6.filter(({ name }) => name === each.name).map(({ address }) => address)
    ]
  }))
}

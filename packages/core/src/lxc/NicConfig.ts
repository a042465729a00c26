/**
 * The network interfaces of an instance as configuration.
 *
 * @since 0.1.0
 */
import type { Instance } from "../model/Instance.ts"
import { ipFamily } from "../model/IpText.ts"
import { macOf, type Nic } from "../model/Nic.ts"
import { vethName } from "../model/VethName.ts"
import { type Dialect, type NicKey, nicKeyName, pinsVeth } from "./Dialect.ts"
import { comment, entry, type LxcLine } from "./LxcConfig.ts"
import type { Refusal } from "./Refusal.ts"
import type { Section } from "./Section.ts"

/**
 * A block for each nic. An instance without nics gets a network namespace with nothing but lo: what LXC does without any
 * line about networks differs between releases, down to sharing the host's network.
 *
 * @since 0.1.0
 * @category constructors
 */
export const nicsSection = (instance: Instance, dialect: Dialect): Section => {
  if (instance.nics.length === 0) {
    return { lines: [entry(nicKeyName(dialect, 0, "type"), "empty")], refusals: [] }
  }
  return {
    lines: instance.nics.flatMap((nic, index) => nicLines(instance.name, nic, index, dialect)),
    refusals: instance.nics.flatMap((nic, index) =>
      dialect.name === "legacy" && nic.mode !== "bridged" ? [onlyBridged(nic, index, dialect)] : [])
  }
}

const onlyBridged = (nic: Nic, index: number, { version }: Dialect): Refusal => ({
  code: "nic-mode",
  field: `nics[${index}].mode`,
  message: `nic ${index} has the mode ${nic.mode}; with LXC ${version} only bridged nics can be had`,
  advice: "use mode bridged, or LXC 2.1.0 or later"
})

const types: Record<Nic["mode"], string> = { bridged: "veth", macvlan: "macvlan", phys: "phys" }

const nicLines = (name: string, nic: Nic, index: number, dialect: Dialect): ReadonlyArray<LxcLine> => {
  const line = (key: NicKey, value: string): LxcLine => entry(nicKeyName(dialect, index, key), value)
  const optional = (key: NicKey, value: string | number | undefined): ReadonlyArray<LxcLine> =>
    value === undefined ? [] : [line(key, String(value))]
  return [
    comment(`NIC ${index}`),
    line("type", types[nic.mode]),
    line("link", nic.link),
    ...optional("hwaddr", macOf(name, nic, index)),
    line("flags", "up"),
    ...optional("name", nic.name),
    ...optional("mtu", nic.mtu),
    ...optional("veth.pair", nic.mode === "bridged" && pinsVeth(dialect) ? vethName(name, index) : undefined),
    ...nic.addresses.map((address) =>
      line(ipFamily(address.replace(/\/.*/, "")) === "v4" ? "ipv4.address" : "ipv6.address", address)),
    ...nic.gateway.map((address) => line(ipFamily(address) === "v4" ? "ipv4.gateway" : "ipv6.gateway", address))
  ]
}

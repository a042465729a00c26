/**
 * What a host must have before the interfaces of an instance can be made.
 *
 * @since 0.1.0
 */
import { interfaceNamed, nicsWithMac } from "../host/FactsIndex.ts"
import type { HostFacts } from "../host/HostFacts.ts"
import type { Instance } from "../model/Instance.ts"
import { macOf, type Nic } from "../model/Nic.ts"
import type { Rejection } from "./PlanRejected.ts"

const checkNic = (nic: Nic, index: number, facts: HostFacts): ReadonlyArray<Rejection> => {
  const link = interfaceNamed(facts, nic.link)
  if (link === undefined) {
    const what = nic.mode === "bridged" ? "bridge" : "interface"
    return [{
      code: `${what}-missing`,
      field: `nics[${index}].link`,
      message: `the host has no ${what} ${nic.link}`,
      advice: nic.mode === "bridged"
        ? `create it (ip link add ${nic.link} type bridge), or name one that exists`
        : "name one that exists"
    }]
  }
  const rejections: Array<Rejection> = []
  if (nic.mode === "bridged" && link.kind !== "bridge") {
    rejections.push({
      code: "not-a-bridge",
      field: `nics[${index}].link`,
      message: `${link.name} is not a bridge`,
      advice: "name a bridge, or choose another mode"
    })
  }
  if (nic.mtu !== undefined && nic.mode !== "phys" && nic.mtu > link.mtu) {
    rejections.push({
      code: "mtu-too-large",
      field: `nics[${index}].mtu`,
      message: `${nic.mtu} is more than the ${link.mtu} of ${link.name}`,
      advice: `give at most ${link.mtu}, or raise the mtu of ${link.name}`
    })
  }
  return rejections
}

/** Two nics of which one is of another instance that runs, with one MAC for both. */
interface Alike {
  readonly mac: string
  readonly index: number
  readonly neighbour: string
  /** Whether both hang on the same interface of the host. */
  readonly sameLink: boolean
}

const alikeOf = (instance: Instance, facts: HostFacts): ReadonlyArray<Alike> =>
  instance.nics.flatMap((nic, index) => {
    const mac = macOf(instance.name, nic, index)
    if (mac === undefined) return []
    return nicsWithMac(facts, mac).filter((other) => other.instance !== instance.name).map((other) => ({
      mac,
      index,
      neighbour: other.instance,
      sameLink: nic.link === other.nic.link && nic.mode !== "phys" && other.nic.mode !== "phys"
    }))
  })

const anotherMac = "give another, or none: each name then gets one of its own"

/** On one link neither of the two would get what is sent to it. */
const macTaken = (instance: Instance, { index, mac, neighbour }: Alike): Rejection => ({
  code: "mac-in-use",
  field: `nics[${index}].mac`,
  message: `${mac} is the MAC of ${neighbour}, which is running on ${instance.nics[index]?.link ?? ""} as well`,
  advice: anotherMac
})

/** On another link nobody here knows whether the two links are one network. */
const macTwice = ({ index, mac, neighbour }: Alike): string =>
  `nics[${index}].mac: ${mac} is the MAC of ${neighbour} too, which is running on another link; if both are one network, ${anotherMac}`

/**
 * Every nic that cannot be made, or would not work, on this host; and, as warnings, MACs that an instance has in common with
 * another one that runs, on another link.
 *
 * @since 0.1.0
 * @category planners
 */
export const checkNics = (
  instance: Instance,
  facts: HostFacts
): { readonly rejections: ReadonlyArray<Rejection>; readonly warnings: ReadonlyArray<string> } => {
  const alike = alikeOf(instance, facts)
  return {
    rejections: [
      ...instance.nics.flatMap((nic, index) => checkNic(nic, index, facts)),
      ...alike.filter((each) => each.sameLink).map((each) => macTaken(instance, each))
    ],
    warnings: alike.filter((each) => !each.sameLink).map(macTwice)
  }
}

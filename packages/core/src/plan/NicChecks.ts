/**
 * What a host must have before the interfaces of an instance can be made.
 *
 * @since 0.1.0
 */
import { interfaceNamed } from "../host/FactsIndex.ts"
import type { HostFacts } from "../host/HostFacts.ts"
import type { Instance } from "../model/Instance.ts"
import type { Nic } from "../model/Nic.ts"
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

/**
 * @since 0.1.0
 * @category planners
 */
export const checkNics = (instance: Instance, facts: HostFacts): ReadonlyArray<Rejection> =>
  instance.nics.flatMap((nic, index) => checkNic(nic, index, facts))

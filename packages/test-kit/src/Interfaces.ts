/**
 * Interfaces of a simulated host.
 *
 * @since 0.1.0
 */
import type { SimulatedState } from "./SimulatedState.ts"

type Interfaces = SimulatedState["interfaces"]

const ethernetMtu = 1_500

/**
 * Each bridge with the least MTU of its ports, or that of Ethernet where it has none: so the kernel does unless somebody
 * sets it.
 *
 * @since 0.1.0
 * @category transitions
 */
export const adjustBridges = (interfaces: Interfaces): Interfaces =>
  interfaces.map((each) => {
    if (each.kind !== "bridge") return each
    const ports = interfaces.filter((port) => port.bridge === each.name)
    return { ...each, mtu: ports.length === 0 ? ethernetMtu : Math.min(...ports.map((port) => port.mtu)) }
  })

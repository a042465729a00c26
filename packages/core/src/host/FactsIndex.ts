/**
 * Facts by their names: what is looked up for each of many is found without going through all of them again.
 *
 * @since 0.1.0
 */
import type { Instance } from "../model/Instance.ts"
import { type LinkedMac, macOf, type Nic } from "../model/Nic.ts"
import { isActive, statusOf } from "./ContainerStatus.ts"
import type { ContainerFacts, HostFacts, Interface, LoopDevice, PathFacts } from "./HostFacts.ts"

/** Up to so many are looked through in less time than it takes to make an index of them. */
const few = 16

/** Those of a list by a key. A list of facts does not change: a long one is gone through once, when something in it is first asked for. */
const grouped = <A>(keyOf: (each: A) => string) => {
  const known = new WeakMap<ReadonlyArray<A>, ReadonlyMap<string, ReadonlyArray<A>>>()
  const indexOf = (list: ReadonlyArray<A>): ReadonlyMap<string, ReadonlyArray<A>> => {
    const found = known.get(list)
    if (found !== undefined) return found
    const groups = new Map<string, Array<A>>()
    for (const each of list) {
      const group = groups.get(keyOf(each))
      if (group === undefined) groups.set(keyOf(each), [each])
      else group.push(each)
    }
    known.set(list, groups)
    return groups
  }
  return (list: ReadonlyArray<A>, key: string): ReadonlyArray<A> =>
    list.length <= few ? list.filter((each) => keyOf(each) === key) : indexOf(list).get(key) ?? []
}

const paths = grouped<PathFacts>(({ path }) => path)
const interfaces = grouped<Interface>(({ name }) => name)
const loops = grouped<LoopDevice>(({ device }) => device)

/**
 * What is at a path that was asked for.
 *
 * @since 0.1.0
 * @category queries
 */
export const pathAt = (facts: HostFacts, path: string): PathFacts | undefined => paths(facts.paths, path)[0]

/**
 * @since 0.1.0
 * @category queries
 */
export const interfaceNamed = (facts: HostFacts, name: string): Interface | undefined =>
  interfaces(facts.interfaces, name)[0]

/**
 * What is behind a loop device.
 *
 * @since 0.1.0
 * @category queries
 */
export const loopsAt = (facts: HostFacts, device: string): ReadonlyArray<LoopDevice> => loops(facts.loops, device)

/**
 * A nic of an instance that runs, by what its record says.
 *
 * @since 0.1.0
 * @category models
 */
export interface NicInUse {
  readonly instance: string
  readonly nic: Nic
  readonly mac: string
}

/** By their records, which a host decodes once: most MACs are hashes of names, and take longest of all in a plan to start. */
const nicsOfRecords = new WeakMap<Instance, ReadonlyArray<NicInUse>>()

const nicsOfRecord = (instance: string, record: Instance): ReadonlyArray<NicInUse> => {
  const known = nicsOfRecords.get(record)
  if (known?.every((each) => each.instance === instance) === true) return known
  const nics = record.nics.flatMap((nic, index) => {
    const mac = macOf(instance, nic, index)
    return mac === undefined ? [] : [{ instance, nic, mac }]
  })
  nicsOfRecords.set(record, nics)
  return nics
}

const nicsOf = (containers: ReadonlyArray<ContainerFacts>): ReadonlyArray<NicInUse> =>
  containers.flatMap((each) => each.record === null || !isActive(statusOf(each)) ? [] : nicsOfRecord(each.name, each.record))

const macs = grouped<NicInUse>(({ mac }) => mac)
const nicsIn = new WeakMap<ReadonlyArray<ContainerFacts>, ReadonlyArray<NicInUse>>()

/**
 * The nics of what runs that have this MAC.
 *
 * @since 0.1.0
 * @category queries
 */
export const nicsWithMac = ({ containers }: HostFacts, mac: string): ReadonlyArray<NicInUse> => {
  const nics = nicsIn.get(containers) ?? nicsOf(containers)
  nicsIn.set(containers, nics)
  return macs(nics, mac)
}

/**
 * Other instances that run and have this MAC on this link, sorted.
 *
 * @since 0.1.0
 * @category queries
 */
export const macTakenBy = (facts: HostFacts, name: string, { link, mac }: LinkedMac): ReadonlyArray<string> =>
  nicsWithMac(facts, mac)
    .filter(({ instance, nic }) => instance !== name && nic.mode !== "phys" && nic.link === link)
    .map(({ instance }) => instance)
    .sort()

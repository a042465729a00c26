/**
 * A machine in memory, for the time of one command.
 *
 * @since 0.1.0
 */
import type * as Layer from "effect/Layer"
import type { Instance } from "@effect-lxc/core/model/Instance"
import type { Hypervisor, HypervisorOptions } from "@effect-lxc/core/runtime/Hypervisor"
import { type Guest, obedient } from "@effect-lxc/test-kit/Guest"
import { emptyHost } from "@effect-lxc/test-kit/HostBuilder"
import { layer } from "@effect-lxc/test-kit/TestHypervisor"

/** As many partitions as are asked for. */
const partitionsOf = (disks: Instance["disks"]): Readonly<Record<string, ReadonlyArray<Guest>>> => {
  const count = new Map<string, number>()
  for (const { partition = 0, path } of disks) {
    if (partition > 0) count.set(path, Math.max(partition, count.get(path) ?? 0))
  }
  return Object.fromEntries([...count].map(([path, length]) => [path, Array.from({ length }, () => obedient())]))
}

/**
 * A host on which nothing has been done yet and that has what instances name: its images and its bridges.
 *
 * @since 0.1.0
 * @category layers
 */
export const simulatedHypervisor = (
  options: HypervisorOptions,
  wanted: ReadonlyArray<Instance>
): Layer.Layer<Hypervisor> => {
  const disks = wanted.flatMap((each) => each.disks)
  return layer({
    ...options,
    host: emptyHost({
      images: Object.fromEntries([
        ...disks.flatMap((disk) => disk.partition === undefined ? [[disk.path, obedient()] as const] : []),
        ...wanted.flatMap(({ lxc }) =>
          lxc.mounts.flatMap(({ source }) => source === "tmpfs" ? [] : [[`${source}/`, obedient()] as const])
        )
      ]),
      partitions: partitionsOf(disks),
      bridges: [...new Set(wanted.flatMap(({ nics }) => nics.flatMap((nic) => nic.link === undefined ? [] : [nic.link])))]
    })
  })
}

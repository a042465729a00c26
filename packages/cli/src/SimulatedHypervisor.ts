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
const partitionsOf = (wanted: Instance | undefined): Readonly<Record<string, ReadonlyArray<Guest>>> => {
  const count = new Map<string, number>()
  for (const { partition = 0, path } of wanted?.disks ?? []) {
    if (partition > 0) count.set(path, Math.max(partition, count.get(path) ?? 0))
  }
  return Object.fromEntries([...count].map(([path, length]) => [path, Array.from({ length }, () => obedient())]))
}

/**
 * A host on which nothing has been done yet and that has what an instance names: its images and its bridges.
 *
 * @since 0.1.0
 * @category layers
 */
export const simulatedHypervisor = (
  options: HypervisorOptions,
  wanted: Instance | undefined
): Layer.Layer<Hypervisor> =>
  layer({
    ...options,
    state: emptyHost({
      images: Object.fromEntries([
        ...wanted?.disks.flatMap((disk) => disk.partition === undefined ? [[disk.path, obedient()] as const] : []) ?? [],
        ...wanted?.lxc.mounts.flatMap(({ source }) => source === "tmpfs" ? [] : [[`${source}/`, obedient()] as const]) ?? []
      ]),
      partitions: partitionsOf(wanted),
      bridges: wanted?.nics.flatMap((nic) => nic.link === undefined ? [] : [nic.link]) ?? []
    })
  })

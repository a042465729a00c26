/**
 * A machine in memory, for the time of one command.
 *
 * @since 0.1.0
 */
import type * as Layer from "effect/Layer"
import type { Instance } from "@effect-lxc/core/model/Instance"
import type { Hypervisor, HypervisorOptions } from "@effect-lxc/core/runtime/Hypervisor"
import { obedient } from "@effect-lxc/test-kit/Guest"
import { emptyHost } from "@effect-lxc/test-kit/HostBuilder"
import { layer } from "@effect-lxc/test-kit/TestHypervisor"

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
      images: Object.fromEntries(wanted?.disks.map((disk) => [disk.path, obedient()]) ?? []),
      bridges: wanted?.nics.flatMap((nic) => nic.link === undefined ? [] : [nic.link]) ?? []
    })
  })

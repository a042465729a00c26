/**
 * Limits that are more than a host has.
 *
 * @since 0.1.0
 */
import type { HostFacts } from "../host/HostFacts.ts"
import type { Resources } from "../model/Resources.ts"

const mebibytes = (bytes: number): string => `${Math.floor(bytes / 2 ** 20)} MiB`

/**
 * A limit is no reservation, and one that is more than the machine has can be had: it limits nothing, which may not be what
 * was meant. Of what the facts do not say nothing is said.
 *
 * @since 0.1.0
 * @category planners
 */
export const beyondHost = (
  { memory, vcpus }: Partial<Resources>,
  { cpus, memory: total }: HostFacts
): ReadonlyArray<string> => [
  ...(memory === undefined || total === undefined || memory <= total
    ? []
    : [`resources.memory: ${mebibytes(memory)} is more than the ${mebibytes(total)} of this host, and limits nothing`]),
  ...(vcpus === undefined || cpus === undefined || vcpus <= cpus.length
    ? []
    : [`resources.vcpus: ${vcpus} is more than the ${cpus.length} of this host, and limits nothing`])
]

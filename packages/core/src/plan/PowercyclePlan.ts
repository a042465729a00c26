/**
 * The plan that restarts the host itself.
 *
 * @since 0.1.0
 */
import { isActive, statusOf } from "../host/ContainerStatus.ts"
import type { Directories } from "../host/Directories.ts"
import type { HostFacts } from "../host/HostFacts.ts"
import { InstanceName } from "../model/InstanceName.ts"
import { basisOf } from "./Basis.ts"
import { type Plan, planFrom } from "./Plan.ts"

/**
 * The name under which an operation on the host itself holds its lock.
 *
 * @since 0.1.0
 * @category constants
 */
export const hostItself: InstanceName = InstanceName.make("localhost")

/**
 * Plans the restart of a host that may no longer be able to end anything in order: one step, which neither stops nor
 * syncs. Every container that it cuts off is named in a warning. It is never rejected.
 *
 * @since 0.1.0
 * @category planners
 */
export const planPowercycle = (directories: Directories, facts: HostFacts): Plan =>
  planFrom({
    operation: "powercycle",
    instance: hostItself,
    directories,
    basis: basisOf(directories, hostItself, { paths: [], links: [] }, facts),
    steps: [{ _tag: "PowerCycle" }],
    undoFrom: 1,
    warnings: facts.containers.map(statusOf).filter(isActive).map(({ lxcPath, name, state }) =>
      `${name} under ${lxcPath} is ${state} and is cut off without being stopped`
    ).sort()
  })

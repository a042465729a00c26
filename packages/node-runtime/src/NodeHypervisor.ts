/**
 * The hypervisor of the Linux host on which this process runs.
 *
 * @since 0.1.0
 */
import { Hypervisor, type HypervisorOptions } from "@effect-lxc/core/runtime/Hypervisor"
import * as Layer from "effect/Layer"
import * as NodeHost from "./NodeHost.ts"
import * as NodeJournal from "./NodeJournal.ts"
import * as NodeLocks from "./NodeLocks.ts"
import * as NodeSessions from "./NodeSessions.ts"

/**
 * Needs root to change anything; queries work as far as the kernel lets the user read.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: HypervisorOptions = {}): Layer.Layer<Hypervisor> =>
  Hypervisor.layer(options).pipe(
    Layer.provide([NodeHost.layer, NodeJournal.layer, NodeLocks.layer, NodeSessions.layer])
  )

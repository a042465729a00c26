/**
 * The hypervisor of the Linux host on which this process runs.
 *
 * @since 0.1.0
 */
import { Hypervisor, type HypervisorOptions } from "@effect-lxc/core/runtime/Hypervisor"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NodeHost from "./NodeHost.ts"
import * as NodeJournal from "./NodeJournal.ts"
import * as NodeLocks from "./NodeLocks.ts"
import * as NodeSessions from "./NodeSessions.ts"
import { ToolLimits } from "./Tools.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface NodeHypervisorOptions extends HypervisorOptions {
  /** How long calls of tools and other waits may take where a plan does not say it. */
  readonly toolLimits?: { readonly [Limit in keyof ToolLimits]?: number | undefined } | undefined
}

/** What is given, over what is set by whoever builds the layer. */
const limitsLayer = ({ toolLimits = {} }: NodeHypervisorOptions) =>
  Layer.effect(ToolLimits, Effect.map(ToolLimits, (usual) => ({
    tool: toolLimits.tool ?? usual.tool,
    disk: toolLimits.disk ?? usual.disk,
    busy: toolLimits.busy ?? usual.busy,
    attach: toolLimits.attach ?? usual.attach
  })))

/**
 * Needs root to change anything; queries work as far as the kernel lets the user read.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: NodeHypervisorOptions = {}): Layer.Layer<Hypervisor> =>
  Hypervisor.layer(options).pipe(
    Layer.provide([NodeHost.layer, NodeJournal.layer, NodeLocks.layer, NodeSessions.layer]),
    Layer.provide(limitsLayer(options))
  )

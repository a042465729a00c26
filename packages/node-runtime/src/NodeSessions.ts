/**
 * Sessions with the containers of a real Linux host.
 *
 * @since 0.1.0
 */
import { Sessions } from "@effect-lxc/core/runtime/Sessions"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { attach } from "./AttachedProgram.ts"
import { kernelEvents } from "./KernelEvents.ts"
import { logStream } from "./LogStream.ts"
import { ToolLimits } from "./Tools.ts"

/**
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Sessions> = Layer.effect(Sessions, Effect.map(ToolLimits, (limits) => ({
  attach: (request) => Effect.provideService(attach(request), ToolLimits, limits),
  log: logStream,
  changes: kernelEvents
})))

/**
 * The plans that freeze and thaw a container.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { Directories } from "../host/Directories.ts"
import type { HostFacts } from "../host/HostFacts.ts"
import { hostPath } from "../model/HostPath.ts"
import type { InstanceName } from "../model/InstanceName.ts"
import { basisOf } from "./Basis.ts"
import { type Plan, planFrom } from "./Plan.ts"
import type { PlanRejected } from "./PlanRejected.ts"
import { requireRunning } from "./Running.ts"
import { timeoutOf } from "./Step.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface FreezeOptions {
  /** How long the kernel may take to freeze or thaw every process, in milliseconds; 10 s by default. */
  readonly timeoutMs?: number | undefined
}

const defaultTimeout = 10_000

const plan = (operation: "freeze" | "thaw", tag: "Freeze" | "Thaw") =>
(
  name: InstanceName,
  directories: Directories,
  facts: HostFacts,
  options: FreezeOptions = {}
): Result.Result<Plan, PlanRejected> =>
  Result.map(requireRunning(operation, name, directories, facts), () =>
    planFrom({
      operation,
      instance: name,
      directories,
      basis: basisOf(directories, name, { paths: [], links: [] }, facts),
      steps: [{
        _tag: tag,
        lxcPath: hostPath(directories.containers),
        name,
        timeoutMs: timeoutOf(options) ?? defaultTimeout
      }],
      undoFrom: 0,
      warnings: []
    }))

/**
 * Plans to freeze every process of a running container. What is frozen already is left so; what cannot be frozen in time
 * is thawed again.
 *
 * @since 0.1.0
 * @category planners
 */
export const planFreeze = plan("freeze", "Freeze")

/**
 * Plans to let every process of a container run again.
 *
 * @since 0.1.0
 * @category planners
 */
export const planThaw = plan("thaw", "Thaw")

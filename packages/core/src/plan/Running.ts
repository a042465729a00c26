/**
 * What operations on a running container ask first.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { statusOf } from "../host/ContainerStatus.ts"
import type { Directories } from "../host/Directories.ts"
import type { ContainerFacts, HostFacts } from "../host/HostFacts.ts"
import { remainsOf } from "../host/Remains.ts"
import type { InstanceName } from "../model/InstanceName.ts"
import type { Operation } from "./Operation.ts"
import { PlanRejected } from "./PlanRejected.ts"

/**
 * The container, if it runs in order: first process and monitor alive.
 *
 * @since 0.1.0
 * @category planners
 */
export const requireRunning = (
  operation: Operation,
  name: InstanceName,
  directories: Directories,
  facts: HostFacts
): Result.Result<ContainerFacts, PlanRejected> => {
  const { container } = remainsOf(directories, name, facts)
  const status = container === undefined ? undefined : statusOf(container)
  const reject = (code: string, message: string, advice: string) =>
    Result.fail(
      new PlanRejected({ operation, instance: name, rejections: [{ code, field: "name", message, advice }] })
    )
  if (container === undefined || status === undefined || (status.state === "STOPPED" && status.problem !== "init-dead")) {
    return reject("not-running", `${name} is not running`, "start it first: effect-lxc start SPEC")
  }
  return status.problem === null
    ? Result.succeed(container)
    : reject(
      status.problem,
      `${name} is ${status.state} (${status.problem})`,
      `end what is left of it: effect-lxc kill ${name}`
    )
}

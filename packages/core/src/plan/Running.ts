/**
 * What operations on a running container ask first.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { statusOf } from "../host/ContainerStatus.ts"
import type { Directories } from "../host/Directories.ts"
import type { ContainerFacts, HostFacts } from "../host/HostFacts.ts"
import { isNothingHere, type Remains, remainsOf } from "../host/Remains.ts"
import type { InstanceName } from "../model/InstanceName.ts"
import type { Operation } from "./Operation.ts"
import { PlanRejected, type Rejection } from "./PlanRejected.ts"

/**
 * Why nothing is done to a container of the name that somebody else runs; undefined where there is none, or something is here.
 *
 * @since 0.1.0
 * @category planners
 */
export const notManaged = (
  name: string,
  directories: Directories,
  facts: HostFacts,
  remains: Remains = remainsOf(directories, name, facts)
): Rejection | undefined => {
  const other = remains.elsewhere
  return other === undefined || !isNothingHere(remains) ? undefined : {
    code: "not-managed",
    field: "name",
    message: `${name} runs under the lxcpath ${other.lxcPath} and is not managed here`,
    advice: `ask for it with the --run-dir that it was started with, or stop it with: lxc-stop -P ${other.lxcPath} -n ${name}`
  }
}

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
  const remains = remainsOf(directories, name, facts)
  const { container } = remains
  const status = container === undefined ? undefined : statusOf(container)
  const rejected = (rejection: Rejection) => Result.fail(new PlanRejected({ operation, instance: name, rejections: [rejection] }))
  const reject = (code: string, message: string, advice: string) => rejected({ code, field: "name", message, advice })
  const foreign = notManaged(name, directories, facts, remains)
  if (foreign !== undefined) return rejected(foreign)
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

/**
 * Steps on a container that goes on running: freeze, thaw, limit, reboot.
 *
 * @since 0.1.0
 */
import { payloadCgroup } from "@effect-lxc/core/host/CgroupLayout"
import * as Commands from "@effect-lxc/core/plan/Commands"
import type { Step } from "@effect-lxc/core/plan/Step"
import { HostError } from "@effect-lxc/core/runtime/Host"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as fs from "node:fs"
import { freezerState, groupOf } from "./CgroupTree.ts"
import { systemCall } from "./HostFiles.ts"
import { lstat, readText } from "./KernelFiles.ts"
import { hasMonitor, initOf, isBack, waitFor } from "./Liveness.ts"
import { currentTrees } from "./Mounts.ts"
import type { ContainerRef } from "./Monitors.ts"
import { sameLimit } from "./StartingSteps.ts"
import { runToolOk } from "./Tools.ts"

type Case<Tag extends Step["_tag"]> = Extract<Step, { readonly _tag: Tag }>

/**
 * @since 0.1.0
 * @category steps
 */
export const isThawed = (container: ContainerRef): boolean =>
  freezerState(currentTrees(), payloadCgroup(container.name)) === "thawed"

/** LXC finds a container by its monitor and its configuration: where either is gone, the freezer is told directly. */
const isKnownToLxc = (container: ContainerRef): boolean =>
  lstat(`${container.lxcPath}/${container.name}/config`) !== undefined && hasMonitor(container)

const thawGroups = (container: ContainerRef) =>
  systemCall("write", `${payloadCgroup(container.name)}/freezer.state`, () => {
    for (const { mountPoint, version } of currentTrees().hierarchies) {
      const group = `${mountPoint}/${payloadCgroup(container.name)}`
      const file = version === 2 ? `${group}/cgroup.freeze` : `${group}/freezer.state`
      if (fs.existsSync(file)) fs.writeFileSync(file, version === 2 ? "0" : "THAWED")
    }
  })

/**
 * @since 0.1.0
 * @category steps
 */
export const thaw = Effect.fn("ContainerSteps.thaw")(function*(step: Case<"Thaw">) {
  if (!isKnownToLxc(step)) return yield* thawGroups(step)
  const asked = yield* Effect.result(runToolOk(Commands.thaw(step), step.timeoutMs))
  // One that ends by a signal that waited for it takes its monitor along, which then does not answer any more.
  if (Result.isFailure(asked) && !(asked.failure.problem._tag === "CommandFailed" && isThawed(step))) return yield* asked.failure
})

/**
 * @since 0.1.0
 * @category steps
 */
export const isFrozen = (container: ContainerRef): boolean =>
  freezerState(currentTrees(), payloadCgroup(container.name)) === "frozen"

/**
 * Freezes every process; one that cannot be frozen in time is thawed again, with all others.
 *
 * @since 0.1.0
 * @category steps
 */
export const freeze = Effect.fn("RunningSteps.freeze")(function*(step: Case<"Freeze">) {
  yield* runToolOk(Commands.freeze(step), step.timeoutMs).pipe(
    Effect.onError(() => Effect.ignore(runToolOk(Commands.thaw(step), step.timeoutMs)))
  )
})

const pidsFiles = (step: Case<"ForbidForks">): ReadonlyArray<string> =>
  step.hierarchies.map((tree) => `${tree}/${payloadCgroup(step.name)}/pids.max`).filter((file) => fs.existsSync(file))

/**
 * @since 0.1.0
 * @category steps
 */
export const canNotFork = (step: Case<"ForbidForks">): boolean =>
  pidsFiles(step).every((file) => readText(file)?.trim() === "0")

/** Written at once: a cgroup file takes the whole value in one write(2), and tells in its errno why it does not. */
const writeLimit = (file: string, value: string) => systemCall("write", file, () => fs.writeFileSync(file, value))

/**
 * @since 0.1.0
 * @category steps
 */
export const forbidForks = Effect.fn("RunningSteps.forbidForks")(function*(step: Case<"ForbidForks">) {
  for (const file of pidsFiles(step)) yield* writeLimit(file, "0")
})

/** A weight has a line for everyone, and then one for each device that has another. */
const held = (file: string): string => (readText(file) ?? "not there").split("\n")[0] ?? ""

const adviceOf: Readonly<Record<string, string>> = {
  EBUSY: "more than that is in use, and the kernel cannot reclaim it: choose more, or end something in the container",
  ENOENT: "the kernel of this host has no such limit",
  ERANGE: "the host has not all of these processors",
  EINVAL: "the kernel does not take this value"
}

const withAdvice = ({ problem }: HostError): HostError => {
  const advice = problem._tag === "SystemCallFailed" ? adviceOf[problem.code] : undefined
  return new HostError({
    problem: problem._tag === "SystemCallFailed" && advice !== undefined ? { ...problem, advice } : problem
  })
}

const limitFile = (step: Case<"SetLimit">): string | undefined => {
  const init = initOf(step)
  const group = init === undefined ? undefined : groupOf(currentTrees(), init.pid, step.controller)
  return group === undefined ? undefined : `${group}/${step.file}`
}

/**
 * @since 0.1.0
 * @category steps
 */
export const hasLimit = (step: Case<"SetLimit">): boolean => {
  const file = limitFile(step)
  return file !== undefined && sameLimit(step.value, held(file))
}

/**
 * Writes a limit and reads it back.
 *
 * @since 0.1.0
 * @category steps
 */
export const setLimit = Effect.fn("RunningSteps.setLimit")(function*(step: Case<"SetLimit">) {
  const file = limitFile(step)
  if (file === undefined) {
    return yield* new HostError({
      problem: { _tag: "Conflict", found: `${step.name} has no cgroup of ${step.controller}`, advice: "see that it runs" }
    })
  }
  yield* Effect.mapError(writeLimit(file, step.value), withAdvice)
  const found = held(file)
  if (!sameLimit(step.value, found)) {
    return yield* new HostError({ problem: { _tag: "LimitNotInForce", file, wanted: step.value, found } })
  }
})

/** lxc-stop -r waits by itself; beyond that it hangs. */
const hangs = 5_000

/**
 * Asks LXC for its own reboot and waits for another first process.
 *
 * @since 0.1.0
 * @category steps
 */
export const rebootInPlace = Effect.fn("RunningSteps.rebootInPlace")(function*(step: Case<"RebootInPlace">) {
  const before = initOf(step)
  const until = (yield* Clock.currentTimeMillis) + step.timeoutMs
  yield* runToolOk(Commands.rebootInPlace(step), step.timeoutMs + hangs)
  const left = until - (yield* Clock.currentTimeMillis)
  if (yield* waitFor(step, () => isBack(step, before), left)) return
  return yield* new HostError({
    problem: { _tag: "StillRunning", name: step.name, waitedMs: step.timeoutMs, frozenAgain: false }
  })
})

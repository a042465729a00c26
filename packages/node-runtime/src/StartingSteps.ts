/**
 * Steps that start a container, and see that it runs as it should.
 *
 * @since 0.1.0
 */
import { isSameProcess } from "@effect-lxc/core/host/ProcessStat"
import { childEnd, errors } from "@effect-lxc/core/lxc/LxcLog"
import * as Commands from "@effect-lxc/core/plan/Commands"
import type { Step } from "@effect-lxc/core/plan/Step"
import { HostError } from "@effect-lxc/core/runtime/Host"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { groupOf } from "./CgroupTree.ts"
import { checkLogFile, systemCall } from "./HostFiles.ts"
import { lstat, readText } from "./KernelFiles.ts"
import { hasMonitor, initOf, waitFor } from "./Liveness.ts"
import { LogSlices } from "./LogSlices.ts"
import { currentTrees, requireMounts } from "./Mounts.ts"
import { commandFailed, runTool } from "./Tools.ts"

type Case<Tag extends Step["_tag"]> = Extract<Step, { readonly _tag: Tag }>

const logLines = (text: string): ReadonlyArray<string> => errors(text).map((line) => line.message)

/** LXC appends to its log at every start, for ever. */
const moveAside = (log: string, size: number) =>
  systemCall("rename", log, () => {
    if ((lstat(log)?.size ?? 0) > size) fs.renameSync(log, `${log}.1`)
  })

/**
 * Starts the container. lxc-start says why it failed only in its log, so what it appends in this run is read.
 *
 * @since 0.1.0
 * @category steps
 */
export const startContainer = Effect.fn("ContainerSteps.start")(function*(step: Case<"StartContainer">) {
  const argv = Commands.startContainer(step)
  yield* checkLogFile(step.logFile)
  yield* checkLogFile(step.consoleLog)
  if (step.logSize !== undefined) yield* moveAside(step.logFile, step.logSize)
  yield* requireMounts(step.mounts)
  const logs = yield* LogSlices
  logs.begin(step.logFile)
  const ended = yield* runTool(argv, step.timeoutMs).pipe(
    Effect.catchTag("HostError", ({ problem }) =>
      Effect.fail(
        new HostError({
          problem: problem._tag === "CommandTimedOut" ? { ...problem, log: logLines(logs.read(step.logFile)) } : problem
        })
      ))
  )
  if (ended.exitCode !== 0) {
    yield* requireMounts(step.mounts) // of a bare directory LXC says that its init, or a target, is missing
    return yield* commandFailed(argv, ended, logLines(logs.read(step.logFile)))
  }
  if (/already running/.test(ended.stderr)) {
    return yield* new HostError({
      problem: {
        _tag: "Conflict",
        found: `LXC says that ${step.name} is running already`,
        advice: `look at it: effect-lxc info ${step.name}`
      }
    })
  }
})

/**
 * Whether a limit is in force: the kernel keeps bytes as pages.
 *
 * @since 0.1.0
 * @category queries
 */
export const sameLimit = (wanted: string, found: string): boolean => {
  if (wanted === found) return true
  const page = 4096n
  return /^\d+$/.test(wanted) && /^\d+$/.test(found) && BigInt(wanted) / page === BigInt(found) / page &&
    BigInt(wanted) >= page
}

/**
 * Reads each limit back from the container's own cgroup.
 *
 * @since 0.1.0
 * @category steps
 */
export const confirmLimits = Effect.fn("ContainerSteps.confirmLimits")(function*(step: Case<"ConfirmLimits">) {
  const init = initOf(step)
  if (init === undefined) return
  const trees = currentTrees()
  for (const limit of step.limits) {
    const group = groupOf(trees, init.pid, limit.controller)
    const file = `${group ?? `(no cgroup of ${limit.controller})`}/${limit.file}`
    const found = (group === undefined ? undefined : readText(file))?.trim() ?? "not there"
    if (!sameLimit(limit.value, found)) {
      if (initOf(step) === undefined) return // it ended meanwhile: the next step says so, and why
      return yield* new HostError({
        problem: { _tag: "LimitNotInForce", file, wanted: limit.value, found }
      })
    }
  }
})

/**
 * Watches one and the same first process for the settling window; its death is noticed at once.
 *
 * @since 0.1.0
 * @category steps
 */
export const confirmAlive = Effect.fn("ContainerSteps.confirmAlive")(function*(step: Case<"ConfirmAlive">) {
  const logs = yield* LogSlices
  const began = yield* Clock.currentTimeMillis
  const init = initOf(step)
  const ended = () => init === undefined || !isSameProcess(init, initOf(step))
  if (!(yield* waitFor(step, ended, step.settleMs))) return
  const afterMs = (yield* Clock.currentTimeMillis) - began
  yield* waitFor(step, () => !hasMonitor(step), 2_000) // the monitor logs how init ended, then goes
  const log = logs.read(step.logFile)
  return yield* new HostError({
    problem: {
      _tag: "InitEnded",
      name: step.name,
      afterMs,
      cause: childEnd(log) ?? "exit code 0",
      log: logLines(log)
    }
  })
})

/**
 * Steps that end a container: signal, wait, kill.
 *
 * @since 0.1.0
 */
import { monitorCgroup, payloadCgroup } from "@effect-lxc/core/host/CgroupLayout"
import { isSameProcess, type ProcessStat } from "@effect-lxc/core/host/ProcessStat"
import * as Commands from "@effect-lxc/core/plan/Commands"
import type { Step } from "@effect-lxc/core/plan/Step"
import { HostError } from "@effect-lxc/core/runtime/Host"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as os from "node:os"
import { pidsBelow } from "./CgroupTree.ts"
import { systemCall } from "./HostFiles.ts"
import { visitDirectories, writeIfThere } from "./KernelFiles.ts"
import { hasProcesses, initOf, isBack, isElsewhere, isGone, monitorOf, waitFor } from "./Liveness.ts"
import { type ContainerRef, findMonitor, hasExecuted, startersOf } from "./Monitors.ts"
import { trackingRoot } from "./Mounts.ts"
import { ageOf, commandOf, processStat, receivableSignals, upFor, waitsForSignals } from "./Processes.ts"
import { runTool, runToolOk } from "./Tools.ts"

type Case<Tag extends Step["_tag"]> = Extract<Step, { readonly _tag: Tag }>

const retryEvery = 5

/** SIGRTMIN is 34 in glibc's numbering, which LXC and systemd use. */
const realTimeMinimum = 34
const realTimeMaximum = 64
const systemdHalt = realTimeMinimum + 3
const powerFailure = os.constants.signals.SIGPWR

const signalNumber = (signal: string): number | undefined => {
  const [, above, below] = /^SIGRT(?:MIN\+(\d+)|MAX-(\d+))$/.exec(signal) ?? []
  if (above !== undefined) return realTimeMinimum + Number(above)
  if (below !== undefined) return realTimeMaximum - Number(below)
  const known: Readonly<Record<string, number>> = os.constants.signals
  return known[signal]
}

const receives = (mask: bigint, signal: number): boolean => (mask >> BigInt(signal - 1) & 1n) === 1n

const chosen = (signal: string, mask: bigint): number | undefined =>
  signal !== "halt" ? signalNumber(signal) : receives(mask, systemdHalt) ? systemdHalt : powerFailure

/**
 * Sends the signal once the first process is ready to receive it, or when it is as old as its grace.
 *
 * @since 0.1.0
 * @category steps
 */
export const signalContainer = Effect.fn("ContainerSteps.signal")(function*(step: Case<"SignalContainer">) {
  const init = initOf(step)
  if (init === undefined) return
  const until = (yield* Clock.currentTimeMillis) + Math.max(0, step.graceMs - ageOf(init, upFor()))
  let number: number | undefined
  while (true) {
    const mask = receivableSignals(init.pid) ?? 0n
    number = chosen(step.signal, mask)
    const ready = number === undefined || receives(mask, number) || waitsForSignals(init.pid)
    if (ready || (yield* Clock.currentTimeMillis) >= until) break
    yield* Effect.sleep(retryEvery)
  }
  if (number === undefined) {
    return yield* new HostError({
      problem: { _tag: "Conflict", found: `there is no signal ${step.signal}`, advice: "correct lxc.haltSignal" }
    })
  }
  if (!isSameProcess(init, processStat(init.pid))) return // it ended by itself, and its pid may be another's
  yield* systemCall("kill", `${step.signal} to ${init.pid}`, () => process.kill(init.pid, number))
})

/** Stopped by a signal, or by a debugger: it neither answers nor ends before somebody lets it go on. */
const isSilent = (monitor: ProcessStat | undefined): boolean => monitor?.state === "T" || monitor?.state === "t"

/** Whether the time would only be waited out: of what is left nothing ends by itself. */
const isInVain = (step: Case<"AwaitStopped">): boolean =>
  step.onTimeout === "continue" && !hasProcesses(step) && isSilent(findMonitor(step))

/**
 * @since 0.1.0
 * @category steps
 */
export const awaitStopped = Effect.fn("ContainerSteps.awaitStopped")(function*(step: Case<"AwaitStopped">) {
  if (yield* waitFor(step, () => isGone(step) || isInVain(step), step.timeoutMs)) return
  if (step.onTimeout === "continue" || isElsewhere(step)) return
  const frozenAgain = step.onTimeout === "freeze"
  if (frozenAgain) yield* runToolOk(Commands.freeze(step), "tool")
  return yield* new HostError({
    problem: { _tag: "StillRunning", name: step.name, waitedMs: step.timeoutMs, frozenAgain }
  })
})

/**
 * A process that is frozen by the old freezer dies when it is thawed. A guest may have frozen some by itself, as one does that pauses
 * containers of its own: the group above does not thaw those.
 */
const thawed = (group: string): void => {
  if (fs.existsSync(`${group}/freezer.state`)) visitDirectories(group, (at) => writeIfThere(`${at}/freezer.state`, "THAWED"))
}

/** SIGKILL to all that is in the groups by which the container is known. */
const killGroups = (step: Case<"KillContainer">) =>
  systemCall("kill", payloadCgroup(step.name), () => {
    for (const tree of step.hierarchies) {
      const group = `${tree}/${payloadCgroup(step.name)}`
      writeIfThere(`${group}/cgroup.kill`, "1")
      thawed(group)
      for (const pid of [...pidsBelow(group), ...pidsBelow(`${tree}/${monitorCgroup(step.name)}`)]) killPid(pid)
    }
  })

const killPid = (pid: number): void => {
  try {
    process.kill(pid, "SIGKILL")
  } catch {
    // gone already
  }
}

const survivors = (step: Case<"KillContainer">) =>
  [...new Set(step.hierarchies.flatMap((tree) => pidsBelow(`${tree}/${payloadCgroup(step.name)}`)))]
    .slice(0, 20)
    .map((pid) => ({ pid, command: commandOf(pid) }))

/** A monitor that is stopped by a signal, or gone, cleans nothing up. */
const cleansUp = (container: ContainerRef): boolean => {
  const monitor = monitorOf(container)
  return monitor !== undefined && !isSilent(monitor)
}

/**
 * Whether nothing of the container lives, nor anything that is about to start it.
 *
 * @since 0.1.0
 * @category steps
 */
export const isDead = (container: ContainerRef): boolean => isGone(container) && startersOf(container).length === 0

/**
 * Where it runs, LXC has put a client that still waits for it into the group of its monitor, in each tree: there are few processes
 * in that, and looking through those of a host with a thousand takes 60 ms.
 */
const possibleStarters = (step: Case<"KillContainer">): ReadonlyArray<number> | undefined =>
  initOf(step) !== undefined && monitorOf(step) !== undefined
    ? pidsBelow(`${trackingRoot()}/${monitorCgroup(step.name)}`)
    : undefined

/** SIGKILL to the first process, with which all others of its pid namespace go, and a thaw: the monitor cleans up as after any end. */
const killInit = (step: Case<"KillContainer">, { pid }: ProcessStat) =>
  systemCall("kill", payloadCgroup(step.name), () => {
    killPid(pid)
    for (const tree of step.hierarchies) thawed(`${tree}/${payloadCgroup(step.name)}`)
  })

/**
 * Does what `lxc-stop -k` makes the monitor do, without a process for it. While a container is brought up, also by a reboot of its
 * own, that would let the monitor wait for ever: only LXC itself can tell when it may. Gives whether nothing of it is left.
 *
 * Its end in order is over with its monitor, whatever process there is in its group that was none of its own. The last event of it
 * is that the monitor does not listen any more: then it may be there for a moment, and does nothing.
 */
const killInOrder = Effect.fnUntraced(function*(step: Case<"KillContainer">) {
  const until = (yield* Clock.currentTimeMillis) + step.timeoutMs
  const init = initOf(step)
  if (init !== undefined && hasExecuted(init, step)) {
    yield* killInit(step, init)
    let gone = false
    let back = false
    const done = (): boolean => {
      gone = isGone(step)
      back = !gone && isBack(step, init)
      return gone || back || monitorOf(step) === undefined
    }
    yield* waitFor(step, done, step.timeoutMs)
    if (!back) return gone
  }
  const left = until - (yield* Clock.currentTimeMillis)
  yield* Effect.ignore(runTool(Commands.kill(step), Math.max(0, left)))
  return isGone(step)
})

/**
 * Ends every process of the container and its monitor: in order where that cleans up, else without it, unless what is in the groups
 * of its name runs below another lxcpath.
 *
 * @since 0.1.0
 * @category steps
 */
export const killContainer = Effect.fn("ContainerSteps.kill")(function*(step: Case<"KillContainer">) {
  for (const pid of startersOf(step, possibleStarters(step))) killPid(pid)
  if ((cleansUp(step) ? yield* killInOrder(step) : isGone(step)) || isElsewhere(step)) return
  yield* killGroups(step)
  if (yield* waitFor(step, () => isGone(step), step.timeoutMs)) return
  return yield* new HostError({
    problem: { _tag: "CannotKill", name: step.name, waitedMs: step.timeoutMs, holders: survivors(step) }
  })
})

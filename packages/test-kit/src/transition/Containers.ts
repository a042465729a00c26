/**
 * Steps on running containers: check, signal, wait, thaw, kill.
 *
 * @since 0.1.0
 */
import { childEnd, errors } from "@effect-lxc/core/lxc/LxcLog"
import { SignalName } from "@effect-lxc/core/model/Signal"
import * as Commands from "@effect-lxc/core/plan/Commands"
import { sameLimit } from "../CgroupFiles.ts"
import * as Schema from "effect/Schema"
import { answers, changeProcess, containerNamed, isElsewhere, isGone, processesIn, processOf, runningNamed } from "../Process.ts"
import { deliver, freeze, killMonitor, receives, thaw as thawContainer } from "../Lifecycle.ts"
import { logOfRun } from "../LxcLogText.ts"
import { after, type Call, type Case, commandFailed, conflict, done, failed, type Outcome, pending, timedOut } from "../Outcome.ts"
import type { SimulatedContainer, SimulatedState } from "../SimulatedState.ts"
import { timing } from "../Timing.ts"
import { isDefined, treeOf, undefinedFor } from "./Running.ts"
import type { Seen } from "./Seen.ts"

interface Named {
  readonly lxcPath: string
  readonly name: string
}

/** The file of a container's cgroup in the tree of a controller. */
const limitFile = (state: SimulatedState, payload: string, controller: string, file: string) => {
  const tree = treeOf(state, controller)
  return {
    path: `${tree?.mountPoint ?? `(no cgroup of ${controller})`}/${payload}/${file}`,
    text: tree?.groups[payload]?.[file]
  }
}

/**
 * @since 0.1.0
 * @category transitions
 */
export const confirmLimits = (state: SimulatedState, step: Case<"ConfirmLimits">): Outcome => {
  const container = runningNamed(state, step)
  if (container === undefined) return done(state)
  for (const limit of step.limits) {
    const { path, text = "not there" } = limitFile(state, container.payload, limit.controller, limit.file)
    if (!sameLimit(limit.value, text)) {
      return failed(state, { _tag: "LimitNotInForce", file: path, wanted: limit.value, found: text })
    }
  }
  return done(state)
}

const monitorWait = 2_000

const ended = (state: SimulatedState, step: Case<"ConfirmAlive">, afterMs: number): Outcome => {
  const log = logOfRun(state, step.logFile)
  return failed(state, {
    _tag: "InitEnded",
    name: step.name,
    afterMs,
    cause: childEnd(log) ?? "exit code 0",
    log: errors(log).map((line) => line.message)
  })
}

/**
 * Watches one first process; when it dies, waits for the monitor to log how.
 *
 * @since 0.1.0
 * @category transitions
 */
export const confirmAlive = (state: SimulatedState, step: Case<"ConfirmAlive">, call: Call): Outcome => {
  const [phase, value] = call.phase.split(" ")
  const deadline = call.since + step.settleMs
  const pid = runningNamed(state, step)?.init
  if (phase === "ended") {
    const noticed = call.since + Number(value)
    return containerNamed(state, step)?.listening !== true || state.now >= noticed + monitorWait
      ? ended(state, step, Number(value))
      : pending(state, noticed + monitorWait, call.phase)
  }
  if (pid === undefined || (phase === "watching" && pid !== Number(value))) {
    return confirmAlive(state, step, { since: call.since, phase: `ended ${state.now - call.since}` })
  }
  return state.now >= deadline ? done(state) : pending(state, deadline, `watching ${pid}`)
}

/**
 * @since 0.1.0
 * @category observations
 */
export const observeThaw = (state: SimulatedState, step: Case<"Thaw">): Seen => ({
  done: containerNamed(state, step)?.frozen !== true
})

/** What a tool does that asks a monitor: its work after a moment, or nothing until its time is over. */
const asking = (
  state: SimulatedState,
  container: SimulatedContainer,
  call: Call,
  argv: Commands.Argv,
  timeoutMs: number,
  body: () => Outcome
): Outcome =>
  answers(state, container)
    ? after(state, call, timing.lxcFreeze, body)
    : after(state, call, timeoutMs, () => failed(state, timedOut(argv, timeoutMs)))

/**
 * lxc-unfreeze, or the freezer itself where no monitor is there to ask, or LXC would not find the container.
 *
 * @since 0.1.0
 * @category transitions
 */
export const thaw = (state: SimulatedState, step: Case<"Thaw">, call: Call): Outcome => {
  const container = containerNamed(state, step)
  if (container === undefined) return done(state)
  const thawed = () => done(thawContainer(state, container.id))
  return container.listening && isDefined(state, step)
    ? asking(state, container, call, Commands.thaw(step), step.timeoutMs, thawed)
    : thawed()
}

/**
 * @since 0.1.0
 * @category observations
 */
export const observeSignal = (state: SimulatedState, step: Case<"SignalContainer">): Seen => ({
  done: runningNamed(state, step) === undefined
})

const isSignal = Schema.is(SignalName)

/** What `halt` means to a first process: SIGRTMIN+3 where it has a handler for that, else SIGPWR. */
const chosen = (state: SimulatedState, container: SimulatedContainer, signal: string): string =>
  signal !== "halt" ? signal : receives(state, container, "SIGRTMIN+3") ? "SIGRTMIN+3" : "SIGPWR"

/**
 * kill(2), as soon as there is a handler for the signal, or the process is as old as its grace.
 *
 * @since 0.1.0
 * @category transitions
 */
export const signal = (state: SimulatedState, step: Case<"SignalContainer">): Outcome => {
  const container = runningNamed(state, step)
  if (container === undefined) return done(state)
  if (step.signal !== "halt" && !isSignal(step.signal)) {
    return failed(state, conflict(`there is no signal ${step.signal}`, "correct lxc.haltSignal"))
  }
  const number = chosen(state, container, step.signal)
  const grown = container.execedAt + step.graceMs
  if (!receives(state, container, number) && state.now < grown) {
    const ready = container.execedAt + container.guest.handlersAfterMs
    return pending(state, ready > state.now ? Math.min(ready, grown) : grown, "grace")
  }
  return done(deliver(state, container.id, number))
}

/**
 * @since 0.1.0
 * @category observations
 */
export const observeGone = (state: SimulatedState, step: Named): Seen => ({ done: isGone(state, step) })

/** Whether all that is left is a monitor that is stopped by a signal. */
const isInVain = (state: SimulatedState, step: Named): boolean =>
  processOf(state, containerNamed(state, step)?.monitor)?.state === "T" && processesIn(state, `lxc.payload.${step.name}`).length === 0

/**
 * @since 0.1.0
 * @category transitions
 */
export const awaitStopped = (state: SimulatedState, step: Case<"AwaitStopped">, call: Call): Outcome => {
  const deadline = call.since + step.timeoutMs
  const still = (at: SimulatedState, frozenAgain: boolean): Outcome =>
    failed(at, { _tag: "StillRunning", name: step.name, waitedMs: step.timeoutMs, frozenAgain })
  if (isGone(state, step)) return done(state)
  if (step.onTimeout === "continue" && isInVain(state, step)) return done(state)
  if (state.now < deadline) return pending(state, deadline, "waiting")
  if (step.onTimeout === "continue" || isElsewhere(state, step)) return done(state)
  if (step.onTimeout === "fail") return still(state, false)
  const container = containerNamed(state, step)
  const argv = Commands.freeze(step)
  if (container?.listening !== true) return failed(state, commandFailed(argv, 1, `${step.name} is not running\n`))
  if (!isDefined(state, step)) return failed(state, undefinedFor(argv, step))
  return asking(state, container, { since: deadline, phase: call.phase }, argv, 10_000, () =>
    still(freeze(state, container.id), true))
}

/** SIGKILL to everything in the container's groups; what is frozen is thawed first. */
const killGroups = (state: SimulatedState, step: Case<"KillContainer">): SimulatedState => {
  const container = containerNamed(state, step)
  if (container === undefined) return killPayload(state, step.name)
  return killMonitor(killPayload(thawContainer(state, container.id), step.name), container.id)
}

/** Of the container, what an attach left, and of one of that name below another lxcpath that has lost its monitor. */
const killPayload = (state: SimulatedState, name: string): SimulatedState =>
  processesIn(state, `lxc.payload.${name}`)
    .filter((each) => each.state !== "D")
    .reduce((before, { pid }) => {
      const container = before.containers.find(({ init }) => init === pid)
      return container === undefined ? changeProcess(before, pid, { state: "Z" }) : deliver(before, container.id, "SIGKILL")
    }, state)

/**
 * SIGKILL to the first process and a thaw, unless the monitor is stopped by a signal, for that would not clean up; else, and where
 * it does not end, SIGKILL by way of the cgroups, unless what is in them runs below another lxcpath.
 *
 * @since 0.1.0
 * @category transitions
 */
export const kill = (state: SimulatedState, step: Case<"KillContainer">, call: Call): Outcome => {
  const [phase, since] = call.phase.split(" ")
  if (phase === "groups") return awaitKilled(state, step, Number(since))
  if (isGone(state, step)) return done(state)
  const container = containerNamed(state, step)
  const deadline = call.since + step.timeoutMs
  const stopped = processOf(state, container?.monitor)?.state === "T"
  if (container?.listening === true && !stopped && state.now < deadline) {
    return pending(deliver(thawContainer(state, container.id), container.id, "SIGKILL"), deadline, call.phase)
  }
  return isElsewhere(state, step) ? done(state) : awaitKilled(killGroups(state, step), step, state.now)
}

const awaitKilled = (state: SimulatedState, step: Case<"KillContainer">, since: number): Outcome => {
  if (isGone(state, step)) return done(state)
  const deadline = since + step.timeoutMs
  if (state.now < deadline) return pending(state, deadline, `groups ${since}`)
  const holders = processesIn(state, `lxc.payload.${step.name}`).map(({ command, pid }) => ({ pid, command }))
  return failed(state, { _tag: "CannotKill", name: step.name, waitedMs: step.timeoutMs, holders })
}

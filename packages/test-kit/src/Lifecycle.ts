/**
 * What happens to containers by themselves: signals, deaths, and LXC's cleaning up after them, in time.
 *
 * @since 0.1.0
 */
import { remove } from "./FileTree.ts"
import { countKill } from "./CgroupFiles.ts"
import { adjustBridges } from "./Interfaces.ts"
import { appendLog } from "./LxcLogText.ts"
import { freeUnused, guestAt, topMount } from "./MountOps.ts"
import {
  answers,
  changeContainer,
  changeProcess,
  containerById,
  isLiving,
  processesIn,
  processOf,
  removeProcess,
  spawn
} from "./Process.ts"
import type { HostEvent, SimulatedContainer, SimulatedState } from "./SimulatedState.ts"
import { timing } from "./Timing.ts"

/**
 * Notes that something will happen `inMs` from now.
 *
 * @since 0.1.0
 * @category transitions
 */
export const schedule = (state: SimulatedState, inMs: number, event: HostEvent): SimulatedState => ({
  ...state,
  agenda: [...state.agenda, { at: state.now + inMs, event }]
})

/**
 * Takes directories of a group, and of those below it, out of every tree.
 *
 * @since 0.1.0
 * @category transitions
 */
export const removeGroups = (state: SimulatedState, group: string): SimulatedState => ({
  ...state,
  trees: state.trees.map((tree) => ({
    ...tree,
    groups: Object.fromEntries(
      Object.entries(tree.groups).filter(([path]) => path !== group && !path.startsWith(`${group}/`))
    )
  }))
})

/** The network namespace ends: what was made for it goes, what was moved into it comes back, once. */
const endNetwork = (state: SimulatedState, { id, moved }: SimulatedContainer): SimulatedState => ({
  ...changeContainer(state, id, { moved: [] }),
  interfaces: adjustBridges([
    ...state.interfaces.filter((each) => each.container !== id),
    ...moved.map((each) => ({ ...each, container: null }))
  ])
})

const endProcesses = (state: SimulatedState, container: SimulatedContainer): SimulatedState =>
  processesIn(state, container.payload)
    .filter((each) => each.state !== "D" || container.frozen)
    .reduce((before, each) => removeProcess(before, each.pid), state)

/** What the kernel does without LXC: the pid namespace and the network namespace end, cgroup directories stay. */
const endOrphan = (state: SimulatedState, container: SimulatedContainer): SimulatedState => {
  const ended = endNetwork(endProcesses(state, container), container)
  return freeUnused({ ...ended, containers: ended.containers.filter((each) => each.id !== container.id) })
}

const logEnd = (state: SimulatedState, { logFile, name }: SimulatedContainer, init: number, how: string | undefined): SimulatedState =>
  how === undefined ? state : appendLog(state, logFile, name, [{
    level: "INFO",
    source: "error.c:lxc_error_set_and_log:34",
    text: `Child <${init}> ended on ${how}`
  }])

/**
 * The first process ends, and with it all others of the container. A monitor that answers cleans up in the order and at
 * the times that were measured; a stopped one does nothing; without one the cgroup directories stay.
 *
 * @since 0.1.0
 * @category transitions
 */
export const initEnds = (state: SimulatedState, id: number, how: string | undefined): SimulatedState => {
  const container = containerById(state, id)
  if (container === undefined || container.init === null) return state
  if (container.monitor === null) return endOrphan(state, container)
  const ended = { init: null, phase: "ending", frozen: false, pending: [] } as const
  const dead = freeUnused(changeContainer(endProcesses(state, container), id, ended))
  return answers(state, container)
    ? cleanUpLater(logEnd(dead, container, container.init, how), id)
    : dead
}

const cleanUpLater = (state: SimulatedState, id: number): SimulatedState => {
  const first = schedule(state, timing.payloadRemoved, { _tag: "PayloadRemoved", id })
  const second = schedule(first, timing.socketClosed, { _tag: "SocketClosed", id })
  return schedule(second, timing.monitorExits, { _tag: "MonitorExits", id })
}

/**
 * A monitor that was stopped by a signal goes on: it sees then what happened meanwhile.
 *
 * @since 0.1.0
 * @category transitions
 */
export const continueMonitor = (state: SimulatedState, id: number): SimulatedState => {
  const container = containerById(state, id)
  if (container === undefined || container.monitor === null) return state
  const woken = changeProcess(state, container.monitor, { state: "S" })
  return container.phase === "ending" ? cleanUpLater(woken, id) : woken
}

/**
 * SIGKILL to a monitor. Its parent-death signal takes the container with it (LXC's default), unless that is frozen in a
 * v1 freezer; with `lxc.monitor.signal.pdeath = 0` it goes on as an orphan. Cgroup directories and the pid file stay.
 *
 * @since 0.1.0
 * @category transitions
 */
export const killMonitor = (state: SimulatedState, id: number): SimulatedState => {
  const container = containerById(state, id)
  if (container === undefined || container.monitor === null) return state
  const zombie = changeProcess(state, container.monitor, { state: "Z", parent: 1 })
  const alone = schedule(
    changeContainer(zombie, id, { monitor: null, listening: false }),
    timing.reaped,
    { _tag: "Reaped", pid: container.monitor }
  )
  if (container.init === null) return endOrphan(alone, container)
  if (!container.diesWithMonitor) return changeProcess(alone, container.init, { parent: 1 })
  return deliver(alone, id, "SIGKILL")
}

const isV2 = (state: SimulatedState): boolean => state.trees.every((tree) => tree.version === 2)

/**
 * A signal reaches the first process: SIGKILL kills, the guest's own halt signal is obeyed, what finds no handler is
 * lost, and a frozen process gets it when it is thawed (on v2 SIGKILL works at once).
 *
 * @since 0.1.0
 * @category transitions
 */
export const deliver = (state: SimulatedState, id: number, signal: string): SimulatedState => {
  const container = containerById(state, id)
  if (container === undefined) return state
  const init = processOf(state, container.init)
  if (!isLiving(init)) return state
  if (container.frozen && !(signal === "SIGKILL" && isV2(state))) {
    return changeContainer(state, id, { pending: [...container.pending, signal] })
  }
  if (signal === "SIGKILL") return init.state === "D" ? state : initEnds(state, id, "signal Killed(9)")
  if (!receives(state, container, signal)) return state
  return signal === container.guest.haltSignal ? halts(state, container) : interrupted(state, container)
}

const halts = (state: SimulatedState, { guest, id, mayReboot }: SimulatedContainer): SimulatedState => {
  if (guest.haltAfterMs === null) return state
  if (guest.powersOff === null) return schedule(state, guest.haltAfterMs, { _tag: "InitExits", id, code: 0 })
  return mayReboot
    ? schedule(state, guest.haltAfterMs, { _tag: "InitPowersOff", id })
    : schedule(state, guest.haltAfterMs + guest.powersOff.deniedMs, { _tag: "InitExits", id, code: 0 })
}

const interrupted = (state: SimulatedState, { guest: { onInterrupt }, id }: SimulatedContainer): SimulatedState => {
  if (onInterrupt === null) return state
  const { afterMs, does } = onInterrupt
  return schedule(state, afterMs, does === "reboot" ? { _tag: "InitReboots", id } : { _tag: "InitExits", id, code: 130 })
}

/**
 * Whether the first process has a handler for a signal by now.
 *
 * @since 0.1.0
 * @category queries
 */
export const receives = (state: SimulatedState, container: SimulatedContainer, signal: string): boolean =>
  state.now >= container.execedAt + container.guest.handlersAfterMs &&
  (signal === container.guest.haltSignal || (signal === "SIGINT" && container.guest.onInterrupt !== null))

/**
 * @since 0.1.0
 * @category transitions
 */
export const freeze = (state: SimulatedState, id: number): SimulatedState => {
  const container = containerById(state, id)
  if (container === undefined) return state
  const stopped = isV2(state) ? state : processesIn(state, container.payload)
    .reduce((before, each) => changeProcess(before, each.pid, { state: "D" }), state)
  return changeContainer(stopped, id, { frozen: true })
}

/**
 * @since 0.1.0
 * @category transitions
 */
export const thaw = (state: SimulatedState, id: number): SimulatedState => {
  const container = containerById(state, id)
  if (container === undefined || !container.frozen) return state
  const going = processesIn(state, container.payload)
    .reduce((before, each) => changeProcess(before, each.pid, { state: "S" }), state)
  const thawed = changeContainer(going, id, { frozen: false, pending: [] })
  return container.pending.reduce((before, waiting) => {
    if (waiting.startsWith(exit)) return initExits(before, id, Number(waiting.slice(exit.length)))
    if (waiting === "power off") return initEnds(before, id, poweredOff)
    return waiting === "reboot" ? reboot(before, id) : deliver(before, id, waiting)
  }, thawed)
}

/** What the kernel gives as the end of a first process that called reboot(2) to halt. */
const poweredOff = "signal Interrupt(2)"

/**
 * The first process calls reboot(2): LXC keeps its monitor, its cgroups and the config it has read, and executes another
 * first process. Without the capability the call fails, and the process ends.
 *
 * @since 0.1.0
 * @category transitions
 */
export const reboot = (state: SimulatedState, id: number): SimulatedState => {
  const container = containerById(state, id)
  if (container === undefined) return state
  const init = processOf(state, container.init)
  if (init === undefined) return state
  if (!container.mayReboot) return initExits(state, id, 1)
  if (!answers(state, container) || !hasInit(state, container)) return initEnds(state, id, "signal Hangup(1)")
  const agenda = state.agenda.filter(({ event }) => event._tag === "Reaped" || event.id !== id)
  const ended = endProcesses(logEnd({ ...state, agenda }, container, init.pid, "signal Hangup(1)"), container)
  const begun = spawn(limitedAnew(ended, container), { parent: init.parent, command: init.command, cgroup: container.payload })
  const again = changeContainer(begun, id, { init: ended.nextPid, execedAt: state.now, frozen: false, pending: [] })
  const { exits } = container.guest
  return exits === null ? again : schedule(again, exits.afterMs, { _tag: "InitExits", id, code: exits.code })
}

/** Whether an init is on the root as it is mounted now. */
const hasInit = (state: SimulatedState, { root }: SimulatedContainer): boolean =>
  topMount(state, root) === undefined || guestAt(state, root)?.init === "present"

/** LXC makes the cgroup again, by the config that it read at the start. */
const limitedAnew = (state: SimulatedState, { limits, payload }: SimulatedContainer): SimulatedState => ({
  ...state,
  trees: state.trees.map((tree) => ({ ...tree, groups: { ...tree.groups, [payload]: limits[tree.mountPoint] ?? {} } }))
})

/** LXC logs how init ended, but for exit code 0. */
const initExits = (state: SimulatedState, id: number, code: number): SimulatedState =>
  initEnds(state, id, code === 0 ? undefined : `error (${code})`)

/** An end that waits, among the pending signals, for the process to be thawed. */
const exit = "exit "

/** What a frozen process was about to do waits, as signals do. */
const ifThawed = (state: SimulatedState, container: SimulatedContainer, what: string, body: () => SimulatedState): SimulatedState =>
  container.frozen ? changeContainer(state, container.id, { pending: [...container.pending, what] }) : body()

const happens = (state: SimulatedState, event: HostEvent): SimulatedState => {
  if (event._tag === "Reaped") return removeProcess(state, event.pid)
  const container = containerById(state, event.id)
  if (container === undefined) return state
  switch (event._tag) {
    case "InitExits":
      return ifThawed(state, container, `${exit}${event.code}`, () => initExits(state, event.id, event.code))
    case "InitPowersOff":
      return ifThawed(state, container, "power off", () => initEnds(state, event.id, poweredOff))
    case "InitReboots":
      return ifThawed(state, container, "reboot", () => reboot(state, event.id))
    case "InitKilled":
      return initEnds(countKill(state, container.payload), event.id, "signal Killed(9)")
    default:
      // One that is stopped does it when it goes on.
      return processOf(state, container.monitor)?.state === "T" ? state : cleansUp(state, container, event)
  }
}

type CleaningUp = Extract<HostEvent, { readonly _tag: "PayloadRemoved" | "SocketClosed" | "MonitorExits" }>

/** What a monitor does when its container has ended. */
const cleansUp = (state: SimulatedState, container: SimulatedContainer, { _tag }: CleaningUp): SimulatedState => {
  switch (_tag) {
    case "PayloadRemoved":
      return removeGroups(endNetwork(state, container), container.payload)
    case "SocketClosed":
      return changeContainer(state, container.id, { listening: false })
    case "MonitorExits":
      return monitorExits(state, container)
  }
}

const monitorExits = (state: SimulatedState, container: SimulatedContainer): SimulatedState => {
  const ended = removeGroups(removeProcess(state, container.monitor), container.monitorGroup)
  const unfiled = remove(ended, container.pidFile)
  return { ...unfiled, containers: unfiled.containers.filter((each) => each.id !== container.id) }
}

/** What happens next: of what happens at the same time, what was noted first. */
const nextOf = (state: SimulatedState): SimulatedState["agenda"][number] | undefined =>
  state.agenda.reduce<SimulatedState["agenda"][number] | undefined>(
    (first, each) => first === undefined || each.at < first.at ? each : first,
    undefined
  )

/**
 * When the next thing happens by itself; undefined where nothing will.
 *
 * @since 0.1.0
 * @category queries
 */
export const nextEventAt = (state: SimulatedState): number | undefined => nextOf(state)?.at

/**
 * Lets time pass up to `to`, and everything happen that was due by then, in its order.
 *
 * @since 0.1.0
 * @category transitions
 */
export const advance = (state: SimulatedState, to: number): SimulatedState => {
  let current = state
  while (true) {
    const due = nextOf(current)
    if (due === undefined || due.at > to) return to > current.now ? { ...current, now: to } : current
    const agenda = current.agenda.filter((each) => each !== due)
    current = happens({ ...current, agenda, now: Math.max(current.now, due.at) }, due.event)
  }
}

/**
 * The same host at another time: everything that it remembers or expects is moved with it.
 *
 * @since 0.1.0
 * @category transitions
 */
export const rebase = (state: SimulatedState, now: number): SimulatedState => {
  const shift = now - state.now
  return {
    ...state,
    now,
    bootedAt: state.bootedAt + shift,
    agenda: state.agenda.map((each) => ({ ...each, at: each.at + shift })),
    containers: state.containers.map((each) => ({ ...each, execedAt: each.execedAt + shift }))
  }
}

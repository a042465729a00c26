/**
 * Processes and containers of a simulated host.
 *
 * @since 0.1.0
 */
import { payloadCgroup } from "@effect-lxc/core/host/CgroupLayout"
import type { SimulatedContainer, SimulatedProcess, SimulatedState } from "./SimulatedState.ts"

/**
 * @since 0.1.0
 * @category queries
 */
export const processOf = (state: SimulatedState, pid: number | null | undefined): SimulatedProcess | undefined =>
  state.processes.find((each) => each.pid === pid)

/**
 * @since 0.1.0
 * @category queries
 */
export const isLiving = (process: SimulatedProcess | undefined): process is SimulatedProcess =>
  process !== undefined && process.state !== "Z"

/**
 * The pid of the first process that is started after a boot.
 *
 * @since 0.1.0
 * @category constants
 */
export const firstPid = 1_000

/** Pids below are not given again: RESERVED_PIDS of kernel/pid.c. */
const reservedPids = 300

/** The first free pid after one, from the beginning again at the end. */
const pidAfter = (state: SimulatedState, last: number): number => {
  const taken = new Set(state.processes.map((each) => each.pid))
  let pid = last
  do pid = pid + 1 < state.pidMax ? pid + 1 : reservedPids
  while (taken.has(pid))
  return pid
}

/**
 * Adds a process; its pid is the state's `nextPid`. Pids come again when all were given.
 *
 * @since 0.1.0
 * @category transitions
 */
export const spawn = (
  state: SimulatedState,
  process: Pick<SimulatedProcess, "parent" | "command" | "cgroup"> & Partial<SimulatedProcess>
): SimulatedState => ({
  ...state,
  nextPid: pidAfter(state, state.nextPid),
  processes: [...state.processes, {
    pid: state.nextPid,
    startTime: Math.floor((state.now - state.bootedAt) / 10),
    state: "S",
    holds: [],
    ...process
  }]
})

/**
 * Null is the pid of no process.
 *
 * @since 0.1.0
 * @category transitions
 */
export const changeProcess = (
  state: SimulatedState,
  pid: number | null,
  changes: Partial<SimulatedProcess>
): SimulatedState => ({
  ...state,
  processes: state.processes.map((each) => each.pid === pid ? { ...each, ...changes } : each)
})

/**
 * @since 0.1.0
 * @category transitions
 */
export const removeProcess = (state: SimulatedState, pid: number | null): SimulatedState => ({
  ...state,
  processes: state.processes.filter((each) => each.pid !== pid)
})

/**
 * Living processes in a cgroup directory and below it.
 *
 * @since 0.1.0
 * @category queries
 */
export const processesIn = (state: SimulatedState, group: string): ReadonlyArray<SimulatedProcess> =>
  state.processes.filter((each) => isLiving(each) && (each.cgroup === group || each.cgroup.startsWith(`${group}/`)))

/**
 * @since 0.1.0
 * @category queries
 */
export const containerById = (state: SimulatedState, id: number): SimulatedContainer | undefined =>
  state.containers.find((each) => each.id === id)

/**
 * The container by the two names that LXC knows it by: the one with a monitor where there are two copies.
 *
 * @since 0.1.0
 * @category queries
 */
export const containerNamed = (
  state: SimulatedState,
  { lxcPath, name }: { readonly lxcPath: string; readonly name: string }
): SimulatedContainer | undefined => {
  const found = state.containers.filter((each) => each.lxcPath === lxcPath && each.name === name)
  return found.find((each) => each.listening) ?? found[0]
}

/**
 * The container by its two names, while its first process lives.
 *
 * @since 0.1.0
 * @category queries
 */
export const runningNamed = (
  state: SimulatedState,
  names: { readonly lxcPath: string; readonly name: string }
): SimulatedContainer | undefined => {
  const container = containerNamed(state, names)
  return isLiving(processOf(state, container?.init)) ? container : undefined
}

/**
 * @since 0.1.0
 * @category transitions
 */
export const changeContainer = (
  state: SimulatedState,
  id: number,
  changes: Partial<SimulatedContainer>
): SimulatedState => ({
  ...state,
  containers: state.containers.map((each) => each.id === id ? { ...each, ...changes } : each)
})

/**
 * Whether the monitor answers on its socket: not stopped by a signal, and not hung.
 *
 * @since 0.1.0
 * @category queries
 */
export const answers = (state: SimulatedState, container: SimulatedContainer): boolean => {
  const monitor = processOf(state, container.monitor)
  return container.listening && container.phase !== "hung" && isLiving(monitor) && monitor.state !== "T"
}

/**
 * Whether the group of the name is that of a container below another lxcpath, by the monitor of that.
 *
 * @since 0.1.0
 * @category queries
 */
export const isElsewhere = (
  state: SimulatedState,
  { lxcPath, name }: { readonly lxcPath: string; readonly name: string }
): boolean =>
  state.containers.some((each) =>
    each.lxcPath !== lxcPath && each.payload === payloadCgroup(name) &&
    [each.monitor, each.init].every((pid) => isLiving(processOf(state, pid)))
  )

/**
 * Whether neither a monitor nor a process of the container is left.
 *
 * @since 0.1.0
 * @category queries
 */
export const isGone = (
  state: SimulatedState,
  { lxcPath, name }: { readonly lxcPath: string; readonly name: string }
): boolean =>
  !state.containers.some((each) => each.lxcPath === lxcPath && each.name === name && each.listening) &&
  processesIn(state, payloadCgroup(name)).length === 0

/**
 * What befalls containers on a host, for tests to bring about: `simulated.update(Incidents.killMonitor("web1"))`.
 *
 * @since 0.1.0
 */
import { boot } from "./Boot.ts"
import { countKill, isMemoryLimited } from "./CgroupFiles.ts"
import { makeDirectories, remove, write } from "./FileTree.ts"
import * as Lifecycle from "./Lifecycle.ts"
import { busyWith, mountOver, putOn, reachableMount, takeOff } from "./MountOps.ts"
import { answers, changeContainer, changeProcess, spawn } from "./Process.ts"
import type { CgroupTree, SimulatedContainer, SimulatedState } from "./SimulatedState.ts"
import { isDefined } from "./transition/Running.ts"

/**
 * @since 0.1.0
 * @category models
 */
export type Incident = (state: SimulatedState) => SimulatedState

const onContainer = (
  name: string,
  change: (state: SimulatedState, container: SimulatedContainer) => SimulatedState
): Incident =>
(state) => {
  const container = state.containers.find((each) => each.name === name)
  return container === undefined ? state : change(state, container)
}

/**
 * `kill -9` of a monitor: its container goes with it, its cgroups and its pid file stay.
 *
 * @since 0.1.0
 * @category incidents
 */
export const killMonitor = (name: string): Incident =>
  onContainer(name, (state, { id }) => Lifecycle.killMonitor(state, id))

/**
 * `kill -9` of a monitor whose container outlives it (`lxc.monitor.signal.pdeath = 0`).
 *
 * @since 0.1.0
 * @category incidents
 */
export const orphan = (name: string): Incident =>
  onContainer(name, (state, { id }) => Lifecycle.killMonitor(changeContainer(state, id, { diesWithMonitor: false }), id))

/**
 * `kill -STOP` of a monitor: every LXC tool that asks it hangs.
 *
 * @since 0.1.0
 * @category incidents
 */
export const stopMonitor = (name: string): Incident =>
  onContainer(name, (state, { monitor }) => changeProcess(state, monitor, { state: "T" }))

/**
 * `kill -CONT` of a monitor.
 *
 * @since 0.1.0
 * @category incidents
 */
export const continueMonitor = (name: string): Incident =>
  onContainer(name, (state, { id }) => Lifecycle.continueMonitor(state, id))

/**
 * `kill -9` of the first process.
 *
 * @since 0.1.0
 * @category incidents
 */
export const killInit = (name: string): Incident =>
  onContainer(name, (state, { id }) => Lifecycle.deliver(state, id, "SIGKILL"))

/**
 * The first process ends by itself; a frozen one when it is thawed.
 *
 * @since 0.1.0
 * @category incidents
 */
export const exitInit = (name: string, code: number): Incident =>
  onContainer(name, (state, { id }) => Lifecycle.schedule(state, 0, { _tag: "InitExits", id, code }))

/**
 * The guest powers itself off: by reboot(2), or, where that is denied, its first process exits.
 *
 * @since 0.1.0
 * @category incidents
 */
export const powerOff = (name: string): Incident =>
  onContainer(name, (state, { id, mayReboot }) =>
    Lifecycle.schedule(state, 0, mayReboot ? { _tag: "InitPowersOff", id } : { _tag: "InitExits", id, code: 0 }))

/**
 * The first process calls reboot(2): LXC starts another one in its place, or, where the call is denied, it is the end.
 *
 * @since 0.1.0
 * @category incidents
 */
export const rebootInside = (name: string): Incident => onContainer(name, (state, { id }) => Lifecycle.reboot(state, id))

/** Whether a tool of LXC's can freeze or thaw it: it asks the monitor of one whose configuration it finds. */
const obeys = (state: SimulatedState, container: SimulatedContainer): boolean => answers(state, container) && isDefined(state, container)

/**
 * `lxc-freeze` by somebody else.
 *
 * @since 0.1.0
 * @category incidents
 */
export const freeze = (name: string): Incident =>
  onContainer(name, (state, container) => obeys(state, container) ? Lifecycle.freeze(state, container.id) : state)

/**
 * `lxc-unfreeze` by somebody else.
 *
 * @since 0.1.0
 * @category incidents
 */
export const thaw = (name: string): Incident =>
  onContainer(name, (state, container) => obeys(state, container) ? Lifecycle.thaw(state, container.id) : state)

/**
 * A program that somebody runs in it by `lxc-attach` wants more memory than its limit: the kernel kills that, and nothing else.
 * Without a limit nothing happens, nor while it is frozen.
 *
 * @since 0.1.0
 * @category incidents
 */
export const outOfMemory = (name: string): Incident =>
  onContainer(name, (state, container) =>
    obeys(state, container) && !container.frozen && isMemoryLimited(state, container.payload) ? countKill(state, container.payload) : state)

/**
 * The first process waits for a device that does not answer: nothing kills it.
 *
 * @since 0.1.0
 * @category incidents
 */
export const hangInDevice = (name: string): Incident =>
  onContainer(name, (state, { init }) => changeProcess(state, init, { state: "D" }))

/**
 * A shell with its working directory at a path: what is mounted there now cannot be unmounted.
 *
 * @since 0.1.0
 * @category incidents
 */
export const occupy = (path: string, command = "-bash"): Incident => (state) =>
  spawn(state, { parent: 1, command, cgroup: "", holds: [{ path, mount: mountOver(state, path) }] })

/**
 * Whoever holds a path lets it go.
 *
 * @since 0.1.0
 * @category incidents
 */
export const release = (path: string): Incident => (state) => ({
  ...state,
  processes: state.processes.filter((each) => !each.holds.some((held) => held.path === path))
})

/**
 * A mount by somebody else.
 *
 * @since 0.1.0
 * @category incidents
 */
export const mountOn = (target: string, source = "tmpfs"): Incident => (state) =>
  putOn(state, {
    target,
    source,
    root: "/",
    device: `0:${200 + state.mounts.length}`,
    fsType: "tmpfs",
    options: ["rw"],
    image: null
  })

/**
 * `umount` by somebody else, who gives up where it is busy.
 *
 * @since 0.1.0
 * @category incidents
 */
export const unmountFrom = (target: string): Incident => (state) => {
  const mount = reachableMount(state, target)
  return mount === undefined || busyWith(state, mount) !== undefined ? state : takeOff(state, mount)
}

/**
 * A file by somebody else.
 *
 * @since 0.1.0
 * @category incidents
 */
export const putFile = (path: string, text = "", mode = "0644"): Incident => (state) => write(state, path, mode, text)

/**
 * A directory by somebody else.
 *
 * @since 0.1.0
 * @category incidents
 */
export const putDirectory = (path: string, mode = "0755"): Incident => (state) => makeDirectories(state, path, mode)

/**
 * Somebody removes a file, or a directory that is empty.
 *
 * @since 0.1.0
 * @category incidents
 */
export const removePath = (path: string): Incident => (state) => remove(state, path)

/**
 * The disk below a directory is full.
 *
 * @since 0.1.0
 * @category incidents
 */
export const fillDisk = (directory: string): Incident => (state) => ({ ...state, full: [...state.full, directory] })

/**
 * LXC takes a limit, by the name of its file, and does not put it in force.
 *
 * @since 0.1.0
 * @category incidents
 */
export const ignoreLimit = (file: string): Incident => (state) => ({
  ...state,
  ignoredLimits: [...state.ignoredLimits, file]
})

/** In v1 a new group has no processors, until somebody gives it those of the group above, as LXC does. */
const madeByHand = ({ controllers, version }: CgroupTree): Readonly<Record<string, string>> =>
  version === 1 && controllers.includes("cpuset") ? { "cpuset.cpus": "" } : {}

/**
 * Directories that a killed monitor, or a failed start, left in every cgroup tree.
 *
 * @since 0.1.0
 * @category incidents
 */
export const leaveCgroup = (name: string): Incident => (state) => ({
  ...state,
  trees: state.trees.map((tree) => ({ ...tree, groups: { [name]: madeByHand(tree), ...tree.groups } }))
})

/**
 * An interface that outlived its container.
 *
 * @since 0.1.0
 * @category incidents
 */
export const leaveInterface = (name: string): Incident => (state) => ({
  ...state,
  interfaces: [...state.interfaces, { name, kind: "veth", mtu: 1_500, container: null }]
})

/**
 * Power failure and boot: what is on a tmpfs is gone, and so is everything that ran.
 *
 * @since 0.1.0
 * @category incidents
 */
export const reboot = (bootId: string): Incident => (state) => boot(state, bootId)

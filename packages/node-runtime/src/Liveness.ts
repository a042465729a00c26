/**
 * Whether a container lives, and waiting for its end by the kernel's own events.
 *
 * @since 0.1.0
 */
import { payloadCgroup } from "@effect-lxc/core/host/CgroupLayout"
import { commandSocketName, isListening } from "@effect-lxc/core/host/CommandSockets"
import { isAlive, isSameProcess, type ProcessStat } from "@effect-lxc/core/host/ProcessStat"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as fs from "node:fs"
import * as net from "node:net"
import { initIn, isPopulated } from "./CgroupTree.ts"
import { readText } from "./KernelFiles.ts"
import { type ContainerRef, findMonitor, initOfMonitor, monitorByFile, monitorOfInit } from "./Monitors.ts"
import { trackingRoot } from "./Mounts.ts"
import { processStat } from "./Processes.ts"

/**
 * Whether a monitor listens for this container.
 *
 * @since 0.1.0
 * @category queries
 */
export const hasMonitor = ({ lxcPath, name }: ContainerRef): boolean =>
  isListening(readText("/proc/net/unix") ?? "", commandSocketName(lxcPath, name))

/**
 * The monitor. Where its pid file is gone, all processes are looked through only if somebody listens for the container.
 *
 * @since 0.1.0
 * @category queries
 */
export const monitorOf = (container: ContainerRef): ProcessStat | undefined =>
  monitorByFile(container) ?? (hasMonitor(container) ? findMonitor(container) : undefined)

/**
 * The container's own group in the tree that tells which processes it has.
 *
 * @since 0.1.0
 * @category queries
 */
export const trackingGroup = (name: string): string => `${trackingRoot()}/${payloadCgroup(name)}`

/**
 * Whether the group of the name is that of a container below another lxcpath, by the monitor of that. It is not asked for where
 * nothing is amiss: a guest may have many groups to look through.
 *
 * @since 0.1.0
 * @category queries
 */
export const isElsewhere = (container: ContainerRef): boolean => {
  const pid = initIn(trackingGroup(container.name))
  return pid !== undefined && monitorOfInit(pid, container) === "another"
}

/**
 * The first process: the child of the monitor, else the first of its pid namespace in the container's group.
 *
 * @since 0.1.0
 * @category queries
 */
export const initOf = (container: ContainerRef): ProcessStat | undefined => {
  const monitor = monitorByFile(container)
  const child = monitor === undefined ? undefined : initOfMonitor(monitor)
  if (child !== undefined) return child
  const pid = initIn(trackingGroup(container.name))
  const stat = pid === undefined ? undefined : processStat(pid)
  return isAlive(stat) ? stat : undefined
}

/**
 * Whether the container has another first process than it had, as after a reboot.
 *
 * @since 0.1.0
 * @category queries
 */
export const isBack = (container: ContainerRef, before: ProcessStat | undefined): boolean => {
  const init = initOf(container)
  return init !== undefined && !isSameProcess(before, init)
}

/**
 * Whether a process of the container lives.
 *
 * @since 0.1.0
 * @category queries
 */
export const hasProcesses = ({ name }: ContainerRef): boolean => isPopulated(trackingGroup(name))

/**
 * Whether neither a process nor a monitor of the container is left. Any local user can listen on the monitor's abstract
 * socket, so a socket counts only with the process whose it is.
 *
 * @since 0.1.0
 * @category queries
 */
export const isGone = (container: ContainerRef): boolean =>
  !hasProcesses(container) && (!hasMonitor(container) || findMonitor(container) === undefined)

/** The longest time between two looks where the kernel gives no event (no unified tree, a socket that refuses us). */
const lookEvery = 50
/** After an event another one may come from a group that is made anew, of which nobody is told. */
const inMotion = 20
/** With both events at hand a look now and then is only a guard against an event that was lost. */
const guardEvery = 1_000

const watchSocket = (container: ContainerRef, wake: () => void) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const socket = net.connect({ path: `\0${commandSocketName(container.lxcPath, container.name)}` })
      socket.on("error", wake).on("close", wake)
      return socket
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )

const watchGroup = (container: ContainerRef, wake: () => void) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const events = `${trackingGroup(container.name)}/cgroup.events`
      if (!fs.existsSync(events)) return undefined
      try {
        return fs.watch(events, wake).on("error", wake)
      } catch {
        return undefined // gone between the two calls: the next look sees it
      }
    }),
    (watcher) => Effect.sync(() => watcher?.close())
  )

/**
 * Waits until `done` holds, looking again at every event of the container: the end of its command socket, which comes
 * with the end of its monitor, and a change of its cgroup.events. Gives whether it held within `timeoutMs`.
 *
 * @since 0.1.0
 * @category waiting
 */
export const waitFor = Effect.fn("Liveness.waitFor")(function*(
  container: ContainerRef,
  done: () => boolean,
  timeoutMs: number
) {
  if (done()) return true
  if (timeoutMs <= 0) return false
  const events = yield* Queue.sliding<void>(1)
  const wake = (): void => {
    Queue.offerUnsafe(events, undefined)
  }
  yield* watchSocket(container, wake)
  const watcher = yield* watchGroup(container, wake)
  const until = (yield* Clock.currentTimeMillis) + timeoutMs
  const longest = watcher === undefined ? lookEvery : guardEvery
  let pause = longest
  while (!done()) {
    const left = until - (yield* Clock.currentTimeMillis)
    if (left <= 0) return false
    const event = yield* Effect.timeoutOption(Queue.take(events), Math.min(left, pause))
    pause = Option.isSome(event) ? inMotion : Math.min(2 * pause, longest)
  }
  return true
}, Effect.scoped)

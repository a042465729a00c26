/**
 * Steps on loop devices and mounts.
 *
 * @since 0.1.0
 */
import type { LoopDevice } from "@effect-lxc/core/host/HostFacts"
import { isMountOf, mountedAt, type MountEntry } from "@effect-lxc/core/host/MountTable"
import * as Commands from "@effect-lxc/core/plan/Commands"
import type { Step } from "@effect-lxc/core/plan/Step"
import { HostError, type Observed, type Results } from "@effect-lxc/core/runtime/Host"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { deviceNumberOf } from "./DiskFacts.ts"
import { holdersOfDevice, holdersOfMount } from "./Holders.ts"
import { systemCall } from "./HostFiles.ts"
import { names, readInteger } from "./KernelFiles.ts"
import { backingFileOf, loopDevicesOf, usableLoopDevicesOf } from "./LoopDevices.ts"
import { isMountPoint, mountTable } from "./Mounts.ts"
import { commandFailed, runTool, runToolOk, ToolLimits } from "./Tools.ts"

type Case<Tag extends Step["_tag"]> = Extract<Step, { readonly _tag: Tag }>

/** No event tells when a mount or a device is let go of: it is looked after at once again, and then less and less often. */
const retryFirst = 1
const retryEvery = 20

const isLoopOf = (step: Case<"AttachLoop">, loop: LoopDevice): boolean => {
  const at = `/sys/block/${loop.device.slice("/dev/".length)}`
  return loop.backingFile === step.file && (loop.offset ?? 0) === step.offset &&
    (readInteger(`${at}/loop/sizelimit`) ?? 0) === step.sizeLimit && (step.readOnly || readInteger(`${at}/ro`) === 0)
}

/** A device by its path, or by the name of the step that gave it; undefined where that step never came to give it. */
const resolve = (device: string, results: Results): string | undefined =>
  device.startsWith("$") ? results.get(device.slice(1)) : device

const needed = Effect.fnUntraced(function*(device: string, results: Results) {
  return resolve(device, results) ?? (yield* new HostError({
    problem: { _tag: "Conflict", found: `${device} is not known`, advice: "the step that gives it must come before" }
  }))
})

/**
 * @since 0.1.0
 * @category steps
 */
export const observeLoop = (step: Case<"AttachLoop">): Observed => {
  const loop = usableLoopDevicesOf(step.file).find((each) => isLoopOf(step, each))
  return loop === undefined ? { done: false } : { done: true, result: loop.device }
}

/**
 * @since 0.1.0
 * @category steps
 */
export const attachLoop = Effect.fnUntraced(function*(step: Case<"AttachLoop">) {
  return (yield* runToolOk(Commands.attachLoop(step), "tool")).trim()
})

/** Devices with the step's file; where the device is known only that one, so that a foreign one is left alone. */
const devicesOf = (step: Case<"DetachLoop">, results: Results): ReadonlyArray<string> => {
  const device = resolve(step.device, results)
  if (device !== undefined) return backingFileOf(device) === step.file ? [device] : []
  const mounted = new Set(mountTable().map((mount) => mount.source))
  return loopDevicesOf(step.file)
    .filter((loop) => !mounted.has(loop.device) && (step.offset === undefined || (loop.offset ?? 0) === step.offset))
    .map((loop) => loop.device)
}

/**
 * @since 0.1.0
 * @category steps
 */
export const observeNoLoop = (step: Case<"DetachLoop">, results: Results): Observed => ({
  done: devicesOf(step, results).length === 0
})

/** Where umount(8) has asked for it already, a device goes with its last user, and may do so while losetup(8) is asked as well. */
const askToDetach = Effect.fnUntraced(function*(device: string, file: string) {
  const argv = Commands.detachLoop(device)
  const ended = yield* runTool(argv, "tool")
  if (ended.exitCode !== 0 && backingFileOf(device) === file) return yield* commandFailed(argv, ended, [])
})

/**
 * @since 0.1.0
 * @category steps
 */
export const detachLoop = Effect.fnUntraced(function*(step: Case<"DetachLoop">, results: Results) {
  for (const device of devicesOf(step, results)) {
    yield* askToDetach(device, step.file)
    // While a device is held from another mount namespace it stays attached, and goes with its last user.
    const { busy } = yield* ToolLimits
    const until = (yield* Clock.currentTimeMillis) + busy
    let pause = retryFirst
    while (backingFileOf(device)?.startsWith(step.file) === true) {
      if ((yield* Clock.currentTimeMillis) >= until) {
        const mountedOn = mountTable().filter((mount) => mount.source === device).map((mount) => mount.target)
        const seen = mountedOn.length === 0 ? {} : { mountedOn }
        return yield* new HostError({
          problem: { _tag: "Busy", path: device, waitedMs: busy, holders: holdersOfDevice(device), ...seen }
        })
      }
      yield* Effect.sleep(pause)
      pause = Math.min(2 * pause, retryEvery)
    }
  }
})

/** Whether a mount is of this source: mount(8) may write another of a device's names into the table. */
const isOf = (table: ReadonlyArray<MountEntry>, mount: MountEntry, source: string, bind: boolean): boolean =>
  isMountOf(table, mount, source, bind) || (!bind && source.startsWith("/") && deviceNumberOf(source) === mount.device)

const occupied = (mount: MountEntry, source: string) =>
  new HostError({
    problem: {
      _tag: "Conflict",
      found: `${mount.source} is mounted on ${mount.target}, not ${source}`,
      advice: "look who mounted it, and unmount it"
    }
  })

/**
 * @since 0.1.0
 * @category steps
 */
export const observeMount = Effect.fnUntraced(function*(step: Case<"Mount">, results: Results) {
  const source = yield* needed(step.source, results)
  const bind = step.options.includes("bind")
  if (!isMountPoint(step.target)) return { done: false }
  const table = mountTable()
  const mount = mountedAt(table, step.target)
  if (mount === undefined) return { done: false }
  return isOf(table, mount, source, bind) ? { done: true } : yield* occupied(mount, source)
})

/**
 * @since 0.1.0
 * @category steps
 */
export const mount = Effect.fnUntraced(function*(step: Case<"Mount">, results: Results) {
  yield* runToolOk(Commands.mount(step, yield* needed(step.source, results)), "tool")
})

const mountsOf = (step: Case<"Unmount">, results: Results, table: ReadonlyArray<MountEntry>): ReadonlyArray<MountEntry> => {
  const source = resolve(step.source, results)
  return table.filter((mount) =>
    mount.target === step.target &&
    (source === undefined || isOf(table, mount, source, false) || isMountOf(table, mount, source, true))
  )
}

/**
 * @since 0.1.0
 * @category steps
 */
export const observeNoMount = (step: Case<"Unmount">, results: Results): Observed => ({
  done: mountsOf(step, results, mountTable()).length === 0
})

/** Whether there is nothing of it to unmount; fails where something else is on top of it. */
const isUnmounted = Effect.fnUntraced(function*(step: Case<"Unmount">, results: Results) {
  const table = mountTable()
  const top = mountedAt(table, step.target)
  const ours = mountsOf(step, results, table)
  if (top === undefined || ours.length === 0) return true
  return ours.some((each) => each.device === top.device && each.source === top.source) ? false : yield* occupied(top, step.source)
})

/**
 * Unmounts what is on top, and tries again while it is busy: a monitor that is ending still holds its root.
 *
 * @since 0.1.0
 * @category steps
 */
export const unmount = Effect.fnUntraced(function*(step: Case<"Unmount">, results: Results) {
  const argv = Commands.unmount(step)
  const until = (yield* Clock.currentTimeMillis) + step.timeoutMs
  let pause = retryFirst
  while (true) {
    if (yield* isUnmounted(step, results)) return
    const ended = yield* runTool(argv, "tool")
    if (ended.exitCode === 0) return
    if (!/busy/.test(ended.stderr)) return yield* commandFailed(argv, ended, [])
    if ((yield* Clock.currentTimeMillis) >= until) {
      return yield* new HostError({
        problem: { _tag: "Busy", path: step.target, waitedMs: step.timeoutMs, holders: holdersOfMount(step.target) }
      })
    }
    yield* Effect.sleep(pause)
    pause = Math.min(2 * pause, retryEvery)
  }
})

/**
 * @since 0.1.0
 * @category steps
 */
export const observeInterface = (step: Case<"DeleteInterface">) =>
  systemCall("lstat", `/sys/class/net/${step.name}`, () => ({ done: !names("/sys/class/net").includes(step.name) }))

/**
 * @since 0.1.0
 * @category steps
 */
export const deleteInterface = Effect.fnUntraced(function*(step: Case<"DeleteInterface">) {
  const argv = Commands.deleteInterface(step)
  const ended = yield* runTool(argv, "tool")
  // It may go by itself at that moment, with the container whose it is.
  if (ended.exitCode !== 0 && names("/sys/class/net").includes(step.name)) return yield* commandFailed(argv, ended, [])
})

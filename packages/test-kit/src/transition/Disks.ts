/**
 * Steps on loop devices and mounts.
 *
 * @since 0.1.0
 */
import { isMountOf, originOf } from "@effect-lxc/core/host/MountTable"
import * as Commands from "@effect-lxc/core/plan/Commands"
import type { Results } from "@effect-lxc/core/runtime/Host"
import { nodeAt } from "../FileTree.ts"
import { busyWith, deviceNumber, freeUnused, imageOf, isDirectory, putOn, reachableMount, sizeOf, takeOff, topMount } from "../MountOps.ts"
import { after, type Call, type Case, commandFailed, conflict, done, failed, type Outcome, pending } from "../Outcome.ts"
import type { SimulatedMount, SimulatedProcess, SimulatedState } from "../SimulatedState.ts"
import { timing } from "../Timing.ts"
import { isProblem, resolve, type Seen } from "./Seen.ts"

/** One that can be written serves a step that only reads; not the other way round. */
const loopOf = (state: SimulatedState, { file, offset, readOnly, sizeLimit }: Case<"AttachLoop">) =>
  state.loops.find((loop) =>
    loop.backingFile === file && (loop.offset ?? 0) === offset && loop.sizeLimit === sizeLimit && (readOnly || !loop.readOnly)
  )

/**
 * @since 0.1.0
 * @category observations
 */
export const observeAttachLoop = (state: SimulatedState, step: Case<"AttachLoop">): Seen => {
  const loop = loopOf(state, step)
  return loop === undefined ? { done: false } : { done: true, result: loop.device }
}

const freeLoop = (state: SimulatedState): string => {
  const used = new Set(state.loops.map((loop) => loop.device))
  let number = 0
  while (used.has(`/dev/loop${number}`)) number += 1
  return `/dev/loop${number}`
}

/**
 * losetup(8): the kernel makes as many devices as are asked for.
 *
 * @since 0.1.0
 * @category transitions
 */
export const attachLoop = (state: SimulatedState, step: Case<"AttachLoop">, call: Call): Outcome =>
  after(state, call, timing.losetup, () => {
    const node = nodeAt(state, step.file)
    if (node?.kind !== "file" && !state.blockDevices.includes(step.file)) {
      const why = node === undefined ? "No such file or directory" : "Is a directory"
      return failed(
        state,
        commandFailed(Commands.attachLoop(step), 1, `losetup: ${step.file}: failed to set up loop device: ${why}\n`)
      )
    }
    const device = freeLoop(state)
    const { file: backingFile, offset, readOnly, sizeLimit } = step
    const loop = { device, backingFile, ...(offset === 0 ? {} : { offset }), sizeLimit, readOnly, autoclear: false }
    return done({ ...state, loops: [...state.loops, loop] }, device)
  })

/**
 * Devices with the step's file; where the device is known only that one, so that a foreign one is left alone.
 *
 * @since 0.1.0
 * @category queries
 */
export const attachedTo = (state: SimulatedState, step: Case<"DetachLoop">, results: Results): ReadonlyArray<string> => {
  const device = resolve(step.device, results)
  const mounted = new Set(state.mounts.map((mount) => mount.source))
  return state.loops
    .filter((loop) => loop.backingFile === step.file)
    .filter((loop) => device === undefined
      ? !mounted.has(loop.device) && (step.offset === undefined || (loop.offset ?? 0) === step.offset)
      : loop.device === device)
    .map((loop) => loop.device)
}

/**
 * @since 0.1.0
 * @category observations
 */
export const observeDetachLoop = (state: SimulatedState, step: Case<"DetachLoop">, results: Results): Seen => ({
  done: attachedTo(state, step, results).length === 0
})

/**
 * losetup(8) says 0 also for a device in use: that one goes with its last user, and is waited for.
 *
 * @since 0.1.0
 * @category transitions
 */
export const detachLoop = (
  state: SimulatedState,
  step: Case<"DetachLoop">,
  results: Results,
  call: Call
): Outcome =>
  after(state, call, timing.losetup, () => {
    const devices = attachedTo(state, step, results)
    const asked = freeUnused(letGo(state, ...devices))
    const [held] = attachedTo(asked, step, results)
    if (held === undefined) return done(asked)
    const mountedOn = asked.mounts.filter((mount) => mount.source === held).map((mount) => mount.target)
    const seen = mountedOn.length === 0 ? {} : { mountedOn }
    return asked.now >= call.since + timing.detach
      ? failed(asked, { _tag: "Busy", path: held, waitedMs: timing.detach, holders: [], ...seen })
      : pending(asked, call.since + timing.detach, "detached")
  })

const occupied = (mount: SimulatedMount, source: string) =>
  conflict(`${mount.source} is mounted on ${mount.target}, not ${source}`, "look who mounted it, and unmount it")

/**
 * @since 0.1.0
 * @category observations
 */
export const observeMount = (state: SimulatedState, step: Case<"Mount">, results: Results): Seen => {
  const source = resolve(step.source, results)
  return source === undefined ? unknown(step) : seenMount(state, step, source)
}

const unknown = (step: Case<"Mount">) => conflict(`${step.source} is not known`, "the step that gives it must come before")

const seenMount = (state: SimulatedState, step: Case<"Mount">, source: string): Seen => {
  const top = topMount(state, step.target)
  if (top === undefined) return { done: false }
  return isMountOf(state.mounts, top, source, step.options.includes("bind")) ? { done: true } : occupied(top, source)
}

/** The mount that a directory is on, in a list of one, with the directory as its root. */
const mountAt = (state: SimulatedState, directory: string): ReadonlyArray<SimulatedMount> => {
  const origin = originOf(state.mounts, directory)
  return state.mounts.filter(({ device }) => device === origin?.device).slice(0, 1).map((each) => ({ ...each, ...origin }))
}

/** A file system without a device: what is seen in an overlay is what is below it. */
const inMemory = (state: SimulatedState, step: Case<"Mount">, fsType: "tmpfs" | "overlay"): SimulatedMount | string => {
  const layers = ["lowerdir=", "upperdir=", "workdir="].flatMap((key) =>
    step.options.filter((option) => option.startsWith(key)).map((option) => option.slice(key.length))
  )
  const [lower] = layers
  if (layers.some((layer) => nodeAt(state, layer)?.kind !== "directory")) {
    return `mount: ${step.target}: special device overlay does not exist.`
  }
  const number = state.mounts.length
  return {
    target: step.target,
    source: fsType,
    root: "/",
    device: `0:${200 + number}`,
    fsType,
    options: ["rw", ...step.options],
    image: lower === undefined ? null : topMount(state, lower)?.image ?? lower,
    layers: layers.flatMap((layer) => mountAt(state, layer)).map(({ source }) => source)
  }
}

/** The line that a mount adds to the table, or mount(8)'s complaint. */
const mounted = (state: SimulatedState, step: Case<"Mount">, source: string): SimulatedMount | string => {
  if (!isDirectory(state, step.target)) return `mount: ${step.target}: mount point does not exist.`
  const loop = state.loops.find((each) => each.device === source)
  const options = step.options.filter((option) => option !== "bind")
  const mode = options.includes("ro") ? [] : loop?.readOnly === true ? ["ro"] : ["rw"]
  if (step.options.includes("bind")) {
    const [from] = nodeAt(state, source) === undefined ? [] : mountAt(state, source)
    if (from === undefined) return `mount: ${step.target}: special device ${source} does not exist.`
    return { ...from, target: step.target, options: [...mode, ...options], image: source }
  }
  if (source === "tmpfs" || source === "overlay") return inMemory(state, step, source)
  const image = imageOf(state, source)
  const known = state.blockDevices.includes(source) || loop !== undefined
  if (!known) return `mount: ${step.target}: special device ${source} does not exist.`
  const isWhole = loop === undefined || loop.sizeLimit === 0 || loop.sizeLimit >= sizeOf(state, image)
  const fsType = isWhole ? state.images[image]?.fsType ?? null : null
  if (fsType === null || (step.fsType !== null && step.fsType !== fsType)) {
    return `mount: ${step.target}: wrong fs type, bad option, bad superblock on ${source}, missing codepage or helper program, or other error.`
  }
  const device = deviceNumber(state, source)
  return { target: step.target, source, root: "/", device, fsType, options: [...mode, ...options], image }
}

/**
 * mount(8): exit code 32, and one line on stderr.
 *
 * @since 0.1.0
 * @category transitions
 */
export const mount = (state: SimulatedState, step: Case<"Mount">, results: Results, call: Call): Outcome =>
  after(state, call, timing.mount, () => {
    const source = resolve(step.source, results)
    if (source === undefined) return failed(state, unknown(step))
    const seen = seenMount(state, step, source)
    if (isProblem(seen)) return failed(state, seen)
    const entry = mounted(state, step, source)
    return typeof entry === "string"
      ? failed(state, commandFailed(Commands.mount(step, source), 32, `${entry}\n`))
      : done(putOn(state, entry))
  })

/** Mounts at the step's target that are the step's to remove. */
const mountsOf = (state: SimulatedState, step: Case<"Unmount">, results: Results): ReadonlyArray<SimulatedMount> => {
  const source = resolve(step.source, results)
  return state.mounts.filter((each) =>
    each.target === step.target &&
    (source === undefined || each.source === source || isMountOf(state.mounts, each, source, true))
  )
}

/**
 * @since 0.1.0
 * @category observations
 */
export const observeUnmount = (state: SimulatedState, step: Case<"Unmount">, results: Results): Seen => ({
  done: mountsOf(state, step, results).length === 0
})

/** LOOP_CLR_FD: the device goes with its last user. */
const letGo = (state: SimulatedState, ...devices: ReadonlyArray<string>): SimulatedState => ({
  ...state,
  loops: state.loops.map((loop) => devices.includes(loop.device) ? { ...loop, autoclear: true } : loop)
})

const holder = ({ command, pid }: SimulatedProcess) => ({ pid, command })

/**
 * umount(8), tried again while it is busy.
 *
 * @since 0.1.0
 * @category transitions
 */
export const unmount = (state: SimulatedState, step: Case<"Unmount">, results: Results, call: Call): Outcome =>
  after(state, call, timing.umount, () => {
    const ours = mountsOf(state, step, results)
    const top = topMount(state, step.target)
    if (top === undefined || ours.length === 0) return done(state)
    if (!ours.includes(top)) return failed(state, occupied(top, step.source))
    const found = reachableMount(state, step.target)
    if (found === undefined) {
      return failed(state, commandFailed(Commands.unmount(step), 32, `umount: ${step.target}: not mounted.\n`))
    }
    const busy = busyWith(state, found)
    if (busy === undefined) return done(takeOff(step.detach === true ? letGo(state, found.source) : state, found))
    if (state.now >= call.since + step.timeoutMs) {
      const holders = busy.map(holder)
      return failed(state, { _tag: "Busy", path: step.target, waitedMs: step.timeoutMs, holders })
    }
    return pending(state, Math.min(state.now + timing.retryUnmount, call.since + step.timeoutMs), "busy")
  })

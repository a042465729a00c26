/**
 * Loop devices, as the kernel shows them.
 *
 * @since 0.1.0
 */
import type { LoopsThatMatter } from "@effect-lxc/core/host/FactsFor"
import type { LoopDevice } from "@effect-lxc/core/host/HostFacts"
import type { MountEntry } from "@effect-lxc/core/host/MountTable"
import * as fs from "node:fs"
import { fileKey, names, readInteger, readText, statOf } from "./KernelFiles.ts"

/** Where the kernel has them. `/sys/block` has links to it: to follow one takes half as long as the read. */
const blockDevices = "/sys/devices/virtual/block"

const fileBehind = (name: string): string | undefined => {
  const text = readText(`${blockDevices}/${name}/loop/backing_file`)
  return text?.endsWith("\n") === true ? text.slice(0, -1) : text
}

/** The kernel keeps devices that are not used any more; of such a one a failed read costs Node three times what asking first does. */
const fileIfAny = (name: string): string | undefined =>
  fs.existsSync(`${blockDevices}/${name}/loop`) ? fileBehind(name) : undefined

/** Devices of some size, as those in use are: one read tells it of all. */
const sizedDevices = (): ReadonlySet<string> => new Set((readText("/proc/partitions") ?? "").match(/\bloop\d+$/gm))

/**
 * The file behind a loop device; undefined where a device is none, or has none.
 *
 * @since 0.1.0
 * @category reading
 */
export const backingFileOf = (device: string): string | undefined =>
  device.startsWith("/dev/loop") ? fileIfAny(device.slice("/dev/".length)) : undefined

const every: LoopsThatMatter = { device: () => true, loop: () => true }

const fileOf = (name: string, isAttached: boolean): string | undefined => isAttached ? fileBehind(name) : fileIfAny(name)

const loopNames = (): ReadonlyArray<string> => names(blockDevices).filter((name) => name.startsWith("loop"))

/** A file may stand for another device, or be gone, since it was attached: then it is another one's name. */
const loopWith = (name: string, backingFile: string, stats: fs.Stats | undefined): LoopDevice => {
  const device = `/dev/${name}`
  return stats?.isFile() === true ? { device, backingFile, inode: fileKey(stats) } : { device, backingFile }
}

const withOffset = (name: string, loop: LoopDevice): LoopDevice => {
  const offset = readInteger(`${blockDevices}/${name}/loop/offset`) ?? 0
  return offset === 0 ? loop : { ...loop, offset }
}

/**
 * What is known before loop devices are looked at.
 *
 * @since 0.1.0
 * @category models
 */
export interface Surroundings {
  /** What is mounted: a device that is has a file. */
  readonly mounts: ReadonlyArray<MountEntry>
  /** Tells what a file is: whoever has looked at most of them before need not look again. */
  readonly look: typeof statOf
}

/**
 * The loop devices that matter, to be looked at one by one: each gives undefined where it has no file, or by its file does
 * not matter.
 *
 * @since 0.1.0
 * @category reading
 */
export const loopsToObserve = (
  { look, mounts }: Surroundings,
  matters: LoopsThatMatter = every
): ReadonlyArray<() => LoopDevice | undefined> => {
  const mounted = new Set(mounts.map(({ source }) => source))
  return loopNames().filter((name) => matters.device(`/dev/${name}`)).map((name) => () => {
    const file = fileOf(name, mounted.has(`/dev/${name}`))
    if (file === undefined) return undefined
    const loop = loopWith(name, file, look(file))
    return matters.loop(loop) ? withOffset(name, loop) : undefined
  })
}

/**
 * Loop devices that have this file: of the others nothing more is read.
 *
 * @since 0.1.0
 * @category reading
 */
export const loopDevicesOf = (file: string): ReadonlyArray<LoopDevice> => {
  const sized = sizedDevices()
  return loopNames()
    .filter((name) => fileOf(name, sized.has(name)) === file)
    .map((name) => withOffset(name, loopWith(name, file, statOf(file))))
}

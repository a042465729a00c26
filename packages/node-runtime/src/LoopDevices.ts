/**
 * Loop devices, as the kernel shows them.
 *
 * @since 0.1.0
 */
import type { LoopsThatMatter } from "@effect-lxc/core/host/FactsFor"
import type { LoopDevice } from "@effect-lxc/core/host/HostFacts"
import * as fs from "node:fs"
import { fileKey, names, readInteger, readText, statOf } from "./KernelFiles.ts"

/** Where the kernel has them. `/sys/block` has links to it: to follow one takes half as long as the read. */
const blockDevices = "/sys/devices/virtual/block"

const fileBehind = (name: string): string | undefined =>
  readText(`${blockDevices}/${name}/loop/backing_file`)?.replace(/\n$/, "")

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

/** A file may stand for another device, or be gone, since it was attached: then it is another one's name. */
const inodeOf = (file: string): Pick<LoopDevice, "inode"> => {
  const stats = statOf(file)
  return stats?.isFile() === true ? { inode: fileKey(stats) } : {}
}

/**
 * The loop devices that matter, to be looked at one by one: each gives undefined where it has no file, or by its file does
 * not matter.
 *
 * @since 0.1.0
 * @category reading
 */
export const loopsToObserve = (matters: LoopsThatMatter = every): ReadonlyArray<() => LoopDevice | undefined> => {
  const sized = sizedDevices()
  return names(blockDevices).filter((name) => name.startsWith("loop") && matters.device(`/dev/${name}`)).map((name) => () => {
    const file = sized.has(name) ? fileBehind(name) : fileIfAny(name)
    if (file === undefined) return undefined
    const loop = { device: `/dev/${name}`, backingFile: file, ...inodeOf(file) }
    if (!matters.loop(loop)) return undefined
    const offset = readInteger(`${blockDevices}/${name}/loop/offset`) ?? 0
    return offset === 0 ? loop : { ...loop, offset }
  })
}

/**
 * Loop devices that have this file: of the others nothing more is read.
 *
 * @since 0.1.0
 * @category reading
 */
export const loopDevicesOf = (file: string): ReadonlyArray<LoopDevice> =>
  loopsToObserve({ ...every, loop: ({ backingFile }) => backingFile === file })
    .map((observed) => observed())
    .filter((each) => each !== undefined)

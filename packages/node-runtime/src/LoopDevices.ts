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

/** Every device, to be asked for its file. */
const loopNames = (): ReadonlyArray<{ readonly name: string; readonly file: () => string | undefined }> => {
  const sized = sizedDevices()
  return names(blockDevices)
    .filter((name) => name.startsWith("loop"))
    .map((name) => ({ name, file: () => sized.has(name) ? fileBehind(name) : fileIfAny(name) }))
}

/** A file may stand for another device, or be gone, since it was attached: then it is another one's name. */
const loopWith = (name: string, backingFile: string, stats: fs.Stats | undefined): LoopDevice => ({
  device: `/dev/${name}`,
  backingFile,
  ...stats?.isFile() === true ? { inode: fileKey(stats) } : {}
})

const withOffset = (name: string, loop: LoopDevice): LoopDevice => {
  const offset = readInteger(`${blockDevices}/${name}/loop/offset`) ?? 0
  return offset === 0 ? loop : { ...loop, offset }
}

/**
 * The loop devices that matter, to be looked at one by one: each gives undefined where it has no file, or by its file does
 * not matter. `look` tells what a file is: who has looked at most of them before need not look again.
 *
 * @since 0.1.0
 * @category reading
 */
export const loopsToObserve = (
  matters: LoopsThatMatter = every,
  look: typeof statOf = statOf
): ReadonlyArray<() => LoopDevice | undefined> =>
  loopNames().filter(({ name }) => matters.device(`/dev/${name}`)).map(({ file, name }) => () => {
    const backingFile = file()
    if (backingFile === undefined) return undefined
    const loop = loopWith(name, backingFile, look(backingFile))
    return matters.loop(loop) ? withOffset(name, loop) : undefined
  })

/**
 * Loop devices that have this file: of the others nothing more is read.
 *
 * @since 0.1.0
 * @category reading
 */
export const loopDevicesOf = (path: string): ReadonlyArray<LoopDevice> =>
  loopNames().filter(({ file }) => file() === path).map(({ name }) => withOffset(name, loopWith(name, path, statOf(path))))

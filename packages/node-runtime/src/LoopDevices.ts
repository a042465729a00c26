/**
 * Loop devices, as the kernel shows them.
 *
 * @since 0.1.0
 */
import type { LoopDevice } from "@effect-lxc/core/host/HostFacts"
import * as fs from "node:fs"
import { names, readInteger, readText } from "./KernelFiles.ts"

/** The kernel keeps devices that are not used any more; of such a one a failed read costs Node three times what asking first does. */
const backingFile = (name: string): string | undefined => {
  const at = `/sys/block/${name}/loop`
  return fs.existsSync(at) ? readText(`${at}/backing_file`)?.replace(/\n$/, "") : undefined
}

/**
 * The file behind a loop device; undefined where a device is none, or has none.
 *
 * @since 0.1.0
 * @category reading
 */
export const backingFileOf = (device: string): string | undefined =>
  device.startsWith("/dev/loop") ? backingFile(device.slice("/dev/".length)) : undefined

/**
 * Names of loop devices, in use or not.
 *
 * @since 0.1.0
 * @category reading
 */
export const loopNames = (): ReadonlyArray<string> => names("/sys/block").filter((name) => name.startsWith("loop"))

/**
 * A loop device by its name; undefined where it has no file, or by device and file does not matter.
 *
 * @since 0.1.0
 * @category reading
 */
export const loopDevice = (name: string, matters: (loop: LoopDevice) => boolean = () => true): LoopDevice | undefined => {
  const file = backingFile(name)
  if (file === undefined || !matters({ device: `/dev/${name}`, backingFile: file })) return undefined
  const offset = readInteger(`/sys/block/${name}/loop/offset`) ?? 0
  return { device: `/dev/${name}`, backingFile: file, ...(offset === 0 ? {} : { offset }) }
}

/**
 * Loop devices that have a file.
 *
 * @since 0.1.0
 * @category reading
 */
export const loopDevices = (): ReadonlyArray<LoopDevice> =>
  loopNames().map((name) => loopDevice(name)).filter((each) => each !== undefined)

/**
 * Loop devices that have this file: of the others nothing more is read.
 *
 * @since 0.1.0
 * @category reading
 */
export const loopDevicesOf = (file: string): ReadonlyArray<LoopDevice> =>
  loopNames().map((name) => loopDevice(name, ({ backingFile }) => backingFile === file)).filter((each) => each !== undefined)

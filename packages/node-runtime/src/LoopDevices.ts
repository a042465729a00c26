/**
 * Loop devices, as the kernel shows them.
 *
 * @since 0.1.0
 */
import type { LoopsThatMatter } from "@effect-lxc/core/host/FactsFor"
import type { LoopDevice } from "@effect-lxc/core/host/HostFacts"
import type { MountEntry } from "@effect-lxc/core/host/MountTable"
import type * as fs from "node:fs"
import { fileKey, names, readInteger, readText, statOf } from "./KernelFiles.ts"

/** Where the kernel has them. `/sys/block` has links to it: to follow one takes half as long as the read. */
const blockDevices = "/sys/devices/virtual/block"

/** A device that has a file, as it was when it was read. */
interface Attached {
  /** The directory that the kernel makes anew, with another number, each time that the device is given a file. */
  readonly directory: number
  readonly file: string
  readonly fileKey: string
}

/** To look whether a device is as it was takes half as long as to read it. */
const known = new Map<string, Attached>()

const directoryOf = (name: string): number | undefined => statOf(`${blockDevices}/${name}/loop`)?.ino

/** A device that is read-only may be given another file while it has one (LOOP_CHANGE_FD of loop(4)): of such nothing is kept. */
const isReadOnly = (name: string): boolean => readInteger(`${blockDevices}/${name}/ro`) !== 0

const keyOf = (stats: fs.Stats | undefined): string | undefined => stats?.isFile() === true ? fileKey(stats) : undefined

const readFile = (name: string, directory: number, look: typeof statOf): string | undefined => {
  const text = readText(`${blockDevices}/${name}/loop/backing_file`)
  const file = text?.endsWith("\n") === true ? text.slice(0, -1) : text
  const key = file === undefined ? undefined : keyOf(look(file))
  known.delete(name)
  if (file !== undefined && key !== undefined && !isReadOnly(name) && directoryOf(name) === directory) {
    known.set(name, { directory, file, fileKey: key })
  }
  return file
}

/** The kernel keeps devices that are not used any more, and shows the file of others by the name that it has now. */
const fileBehind = (name: string, look: typeof statOf): string | undefined => {
  const directory = directoryOf(name)
  if (directory === undefined) return undefined
  const before = known.get(name)
  const isAsBefore = before?.directory === directory && keyOf(look(before.file)) === before.fileKey
  return isAsBefore ? before.file : readFile(name, directory, look)
}

/**
 * The file behind a loop device; undefined where a device is none, or has none.
 *
 * @since 0.1.0
 * @category reading
 */
export const backingFileOf = (device: string): string | undefined =>
  device.startsWith("/dev/loop") ? fileBehind(device.slice("/dev/".length), statOf) : undefined

const every: LoopsThatMatter = { device: () => true, loop: () => true }

const loopNames = (): ReadonlyArray<string> => names(blockDevices).filter((name) => name.startsWith("loop"))

/** Those of some size, as all in use are but one of a file that is empty by now: one read tells it of all. */
const sizedLoops = (): ReadonlyArray<string> => (readText("/proc/partitions") ?? "").match(/\bloop\d+$/gm) ?? []

/** A file may stand for another device, or be gone, since it was attached: then it is another one's name. */
const loopWith = (name: string, backingFile: string, inode: string | undefined): LoopDevice => {
  const device = `/dev/${name}`
  return inode === undefined ? { device, backingFile } : { device, backingFile, inode }
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

/** Of a device without a size nothing can be mounted: those that are mounted are all else that can matter to a plan. */
const inUse = (mounts: ReadonlyArray<MountEntry>): ReadonlyArray<string> => [
  ...new Set([
    ...sizedLoops(),
    ...mounts.flatMap(({ source }) => source.startsWith("/dev/loop") ? [source.slice("/dev/".length)] : [])
  ])
]

/** A number that the kernel counts up with each event of a device, as when one is given a file, or loses it. */
const eventNumber = (): string | undefined => readText("/sys/kernel/uevent_seqnum")

/** What a look at all devices in use came to. */
interface Survey {
  /** That number as it was before. */
  readonly events: string | undefined
  /** The files that they have. */
  readonly files: ReadonlySet<string>
}

/** The last one after which of each was known what file it has, if any. */
let surveyed: Survey = { events: undefined, files: new Set() }

/** Gives what notes that one of these devices was looked at. */
const beginSurvey = (events: Survey["events"], names: ReadonlyArray<string>): (name: string, file: string | undefined) => void => {
  const left = new Set(names)
  const files = new Set<string>()
  return (name, file) => {
    const key = file === undefined ? undefined : known.get(name)?.fileKey
    if (file !== undefined && key === undefined) return
    left.delete(name)
    if (key !== undefined) files.add(key)
    if (left.size === 0) surveyed = { events, files }
  }
}

/** Whether no device has this file, as the last survey tells: nothing has happened to any since then. */
const isSurelyOfNone = (file: string): boolean => {
  if (surveyed.events === undefined || surveyed.events !== eventNumber()) return false
  const key = keyOf(statOf(file))
  return key !== undefined && !surveyed.files.has(key)
}

/**
 * All loop devices, or those in use that matter, to be looked at one by one: each gives undefined where it has no file, or by
 * its file does not matter.
 *
 * @since 0.1.0
 * @category reading
 */
export const loopsToObserve = ({ look, mounts }: Surroundings, wanted?: LoopsThatMatter): ReadonlyArray<() => LoopDevice | undefined> => {
  const matters = wanted ?? every
  const events = eventNumber()
  const all = wanted === undefined ? loopNames() : inUse(mounts)
  const some = all.filter((name) => matters.device(`/dev/${name}`))
  const note = some.length === all.length ? beginSurvey(events, all) : undefined
  return some.map((name) => () => {
    const file = fileBehind(name, look)
    note?.(name, file)
    if (file === undefined) return undefined
    const loop = loopWith(name, file, keyOf(look(file)))
    return matters.loop(loop) ? withOffset(name, loop) : undefined
  })
}

/** Whether a device that was read before has neither that file nor that name: it has what it had, whatever that is called now. */
const hasAnother = (name: string, file: string, key: string | undefined): boolean => {
  const before = known.get(name)
  return before !== undefined && before.file !== file && before.fileKey !== key && directoryOf(name) === before.directory
}

const having = (file: string, all: ReadonlyArray<string>): ReadonlyArray<LoopDevice> => {
  const key = keyOf(statOf(file))
  return all.filter((name) => !hasAnother(name, file, key) && fileBehind(name, statOf) === file)
    .map((name) => withOffset(name, loopWith(name, file, key)))
}

/**
 * Loop devices that have this file.
 *
 * @since 0.1.0
 * @category reading
 */
export const loopDevicesOf = (file: string): ReadonlyArray<LoopDevice> => having(file, loopNames())

/**
 * Those of some size, of which something can be mounted.
 *
 * @since 0.1.0
 * @category reading
 */
export const usableLoopDevicesOf = (file: string): ReadonlyArray<LoopDevice> => isSurelyOfNone(file) ? [] : having(file, sizedLoops())

/**
 * Mounts and loop devices of a simulated host.
 *
 * @since 0.1.0
 */
import { isBelow } from "@effect-lxc/core/model/HostPath"
import { nodeAt } from "./FileTree.ts"
import type { Guest } from "./Guest.ts"
import { isLiving, processOf } from "./Process.ts"
import type { SimulatedContainer, SimulatedMount, SimulatedProcess, SimulatedState } from "./SimulatedState.ts"

/**
 * The mount on top at a path.
 *
 * @since 0.1.0
 * @category queries
 */
export const topMount = (state: SimulatedState, target: string): SimulatedMount | undefined =>
  state.mounts.findLast((mount) => mount.target === target)

const guestIn = (state: SimulatedState, { image }: SimulatedMount): Guest | undefined =>
  image === null ? undefined : state.images[image]

/**
 * What is in the file system at a directory: of the image mounted there, or of the directory itself.
 *
 * @since 0.1.0
 * @category queries
 */
export const guestAt = (state: SimulatedState, directory: string): Guest | undefined => {
  const mount = topMount(state, directory)
  return mount === undefined ? state.images[directory] : guestIn(state, mount)
}

/**
 * Whether a path leads to a directory: on the host, or in a guest that is mounted above it and does not lack it.
 *
 * @since 0.1.0
 * @category queries
 */
export const isDirectory = (state: SimulatedState, path: string): boolean => {
  const isThere = nodeAt(state, path)?.kind === "directory"
  const over = state.mounts.findLast(({ target }) => target === path || isBelow(target, path))
  if (over === undefined) return isThere
  const guest = guestIn(state, over)
  if (guest === undefined) return isThere || over.target === path
  return !guest.lacks.includes(path.slice(over.target.length + 1))
}

/**
 * The device that a loop device's file, or a path of a spec, brings into the mount table.
 *
 * @since 0.1.0
 * @category queries
 */
export const imageOf = (state: SimulatedState, source: string): string => {
  const loop = state.loops.find((each) => each.device === source)
  return loop === undefined ? source : loop.offset === undefined ? loop.backingFile : `${loop.backingFile}@${loop.offset}`
}

const imageBytes = 64 * 1024 * 1024

/**
 * Bytes of the file system in an image, a device or, by `PATH@START`, a partition.
 *
 * @since 0.1.0
 * @category queries
 */
export const sizeOf = (state: SimulatedState, image: string): number => {
  const [, path = image, start] = /(.*)@(\d+)$/.exec(image) ?? []
  return state.partitions[path]?.find((each) => each.start === Number(start))?.size ?? imageBytes
}

/** A mount made later above it, or on it, hides a mount: its path leads elsewhere. */
const isHidden = (state: SimulatedState, mount: SimulatedMount): boolean =>
  state.mounts
    .slice(state.mounts.indexOf(mount) + 1)
    .some((later) => isBelow(later.target, mount.target))

/**
 * The mount that umount2(2) finds at a path; undefined where it finds none, though one may be there and be hidden.
 *
 * @since 0.1.0
 * @category queries
 */
export const reachableMount = (state: SimulatedState, target: string): SimulatedMount | undefined => {
  const top = topMount(state, target)
  return top === undefined || isHidden(state, top) ? undefined : top
}

/**
 * The mount into which a path leads, as a process that goes there keeps it; null where that is the host's own root.
 *
 * @since 0.1.0
 * @category queries
 */
export const mountOver = (state: SimulatedState, path: string): SimulatedProcess["holds"][number]["mount"] => {
  const over = state.mounts.findLast((mount) => mount.target === path || isBelow(mount.target, path))
  return over === undefined ? null : { target: over.target, source: over.source }
}

/**
 * Why umount2(2) says EBUSY: processes that hold the mount, or mounts below it. Undefined where it is free.
 *
 * @since 0.1.0
 * @category queries
 */
export const busyWith = (
  state: SimulatedState,
  mount: SimulatedMount
): ReadonlyArray<SimulatedProcess> | undefined => {
  const index = state.mounts.indexOf(mount)
  const below = state.mounts.slice(index + 1).some((later) => isBelow(mount.target, later.target))
  const pins = state.containers
    // Its root as it was at the start: not what somebody mounted over it since.
    .filter((each) => each.root === mount.target && each.rootSource === mount.source)
    .map((each) => processOf(state, each.monitor))
    .filter(isLiving)
  const users = state.processes.filter((each) =>
    isLiving(each) && each.holds.some((held) => held.mount?.target === mount.target && held.mount.source === mount.source)
  )
  const holders = [...pins, ...users]
  return below || holders.length > 0 ? holders : undefined
}

/** A mount's source, and those of what it is made of. */
const sourcesOf = (mount: SimulatedMount): ReadonlyArray<string> => [mount.source, ...(mount.layers ?? [])]

/**
 * What a container takes into its mount namespace: the mounts at a path of the host, and with `below` those below it.
 *
 * @since 0.1.0
 * @category queries
 */
export const sourcesAt = (state: SimulatedState, path: string, below: boolean): ReadonlyArray<string> =>
  state.mounts.filter((each) => each.target === path || (below && isBelow(path, each.target))).flatMap(sourcesOf)

/** The containers into whose namespace a mount at a path of the host comes. */
const reaches = (state: SimulatedState, target: string) => (container: SimulatedContainer): boolean =>
  state.propagation === "shared" && container.init !== null && isBelow(container.root, target)

/**
 * Puts a mount at the end of the table. Where mounts propagate, one below the root of a running container is seen in it.
 *
 * @since 0.1.0
 * @category transitions
 */
export const putOn = (state: SimulatedState, mount: SimulatedMount): SimulatedState => ({
  ...state,
  mounts: [...state.mounts, mount],
  containers: state.containers.map((each) =>
    reaches(state, mount.target)(each) ? { ...each, sources: [...each.sources, ...sourcesOf(mount)] } : each
  )
})

/**
 * Whether a loop device is in use: mounted, below an overlay, or in the mount namespace of a container.
 *
 * @since 0.1.0
 * @category queries
 */
export const isHeld = (state: SimulatedState, device: string): boolean =>
  state.mounts.some((mount) => sourcesOf(mount).includes(device)) ||
  state.containers.some((each) => each.sources.includes(device) && each.init !== null)

/**
 * Detached loop devices that were still in use go with their last user.
 *
 * @since 0.1.0
 * @category transitions
 */
export const freeUnused = (state: SimulatedState): SimulatedState => ({
  ...state,
  loops: state.loops.filter((loop) => !loop.autoclear || isHeld(state, loop.device))
})

const withoutOne = (sources: ReadonlyArray<string>, gone: ReadonlyArray<string>): ReadonlyArray<string> =>
  gone.reduce((left, each) => left.toSpliced(left.lastIndexOf(each), left.includes(each) ? 1 : 0), sources)

/**
 * Unmounts; what was in a tmpfs is gone. Where mounts propagate it goes from running containers too.
 *
 * @since 0.1.0
 * @category transitions
 */
export const takeOff = (state: SimulatedState, mount: SimulatedMount): SimulatedState =>
  freeUnused({
    ...state,
    mounts: state.mounts.filter((each) => each !== mount),
    containers: state.containers.map((each) =>
      reaches(state, mount.target)(each) ? { ...each, sources: withoutOne(each.sources, sourcesOf(mount)) } : each
    ),
    files: mount.fsType === "tmpfs"
      ? Object.fromEntries(Object.entries(state.files).filter(([path]) => !isBelow(mount.target, path)))
      : state.files
  })

/**
 * `major:minor` of a device.
 *
 * @since 0.1.0
 * @category queries
 */
export const deviceNumber = (state: SimulatedState, source: string): string =>
  source.startsWith("/dev/loop") ? `7:${source.slice("/dev/loop".length)}` : `8:${state.blockDevices.indexOf(source)}`

/**
 * The steps that remove what is left of an instance when nothing of it runs.
 *
 * @since 0.1.0
 */
import type { Directories } from "../host/Directories.ts"
import type { LoopDevice } from "../host/HostFacts.ts"
import type { MountEntry } from "../host/MountTable.ts"
import { isOurDirectory, isOurFile, namesOf, ownFilesIn, type Remains } from "../host/Remains.ts"
import { hostPath } from "../model/HostPath.ts"
import type { Step } from "./Step.ts"

/** How long a busy mount is tried again: the monitor holds the root for 10 to 85 ms after its cgroup is gone. */
const unmountTimeout = 5_000

/** A loop device that is not needed any more goes with the last of its mounts: umount(8) frees it in passing. */
const unmountAll = (mounts: ReadonlyArray<MountEntry>, loops: ReadonlyArray<LoopDevice>): ReadonlyArray<Step> =>
  mounts.map(({ source, target }, at) => ({
    _tag: "Unmount",
    source,
    target,
    timeoutMs: unmountTimeout,
    ...(loops.some(({ device }) => device === source) && mounts.findLastIndex((each) => each.source === source) === at
      ? { detach: true }
      : {})
  }))

/**
 * What LXC made for the container and should have removed: interfaces and cgroups.
 *
 * @since 0.1.0
 * @category planners
 */
export const containerResidue = (remains: Remains): ReadonlyArray<Step> => {
  const hierarchies = [...new Set(remains.cgroups.flatMap((each) => each.hierarchies))].sort()
  return [
    ...remains.interfaces.map((each): Step => ({ _tag: "DeleteInterface", name: each.name })),
    ...(remains.cgroups.length === 0 ? [] : [{
      _tag: "RemoveCgroups" as const,
      names: remains.cgroups.map((each) => each.name).sort(),
      hierarchies: hierarchies.map((each) => hostPath(each))
    }])
  ]
}

/**
 * What holds the disks: mounts in reverse order of the mount table, then loop devices. `keepRoot` spares the mount on
 * the root directory and the device behind it.
 *
 * @since 0.1.0
 * @category planners
 */
export const diskResidue = (
  directories: Directories,
  name: string,
  remains: Remains,
  keepRoot: boolean
): ReadonlyArray<Step> => {
  const root = keepRoot ? remains.mounts.find((mount) => mount.target === directories.rootfs(name)) : undefined
  const loops = remains.loops.filter((loop) => loop.device !== root?.source)
  return [
    ...unmountAll(remains.mounts.filter((mount) => mount !== root), loops),
    ...loops.map((loop): Step => ({
      _tag: "DetachLoop",
      device: hostPath(loop.device),
      file: hostPath(loop.backingFile)
    }))
  ]
}

/**
 * The files of the instance and its directories, the last thing to go. That it is meant to run stays where that may be said of
 * another that runs elsewhere.
 *
 * @since 0.1.0
 * @category planners
 */
export const fileResidue = (directories: Directories, name: string, remains: Remains): ReadonlyArray<Step> => {
  const { container } = remains
  if (container === undefined) return []
  const there = namesOf(directories, remains)
  const own = directories.container(name)
  const remove = (file: string): Step => ({ _tag: "RemoveFile", path: hostPath(`${own}/${file}`) })
  const files = ownFilesIn(there)
  const record = files.filter((file) => file === "instance.json")
  const others = files.filter((file) => file !== "instance.json")
  const foreign = there.some((file) => !isOurDirectory(file) && !isOurFile(file))
  return [
    ...others.map(remove),
    ...there.filter(isOurDirectory).sort().map((file): Step => ({
      _tag: "RemoveDirectory",
      path: hostPath(`${own}/${file}`),
      ifEmpty: false,
      ...(`${own}/${file}` === directories.rootfs(name) ? { root: "goes" } : {})
    })),
    ...(container.meantToRun && remains.elsewhere === undefined
      ? [{ _tag: "RemoveFile", path: hostPath(directories.meantToRun(name)) } as const]
      : []),
    ...record.map(remove),
    { _tag: "RemoveDirectory", path: hostPath(own), ifEmpty: foreign },
    ...sharedDirectories(directories)
  ]
}

/**
 * The directories that all instances share: the last one leaves them empty.
 *
 * @since 0.1.0
 * @category planners
 */
export const sharedDirectories = (directories: Directories): ReadonlyArray<Extract<Step, { readonly _tag: "RemoveDirectory" }>> =>
  [directories.state, directories.containers].map((each) => ({ _tag: "RemoveDirectory", path: hostPath(each), ifEmpty: true }))

/**
 * Whether a step takes away what says that the instance is meant to run, or the directory that this is in.
 *
 * @since 0.1.0
 * @category queries
 */
export const forgets = (directories: Directories, name: string, step: Step): boolean =>
  "path" in step && [directories.meantToRun(name), directories.state].includes(step.path)

/**
 * What befalls a host from outside, as plain data, and what it does to a simulated one.
 *
 * @since 0.1.0
 */
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import * as Schema from "effect/Schema"
import { namesIn, nodeAt, parentOf } from "./FileTree.ts"
import * as Incidents from "./Incidents.ts"
import { isDirectory, topMount } from "./MountOps.ts"
import type { SimulatedState } from "./SimulatedState.ts"

const named = { name: InstanceName }
const at = { path: HostPath }

/**
 * What somebody else, a guest or chance does. Each names a container of this library's lxcpath, or a path of the host.
 *
 * @since 0.1.0
 * @category models
 */
export const Happening = Schema.TaggedUnion({
  /** `kill -9` of the monitor. */
  KillMonitor: named,
  /** `kill -9` of a monitor whose container outlives it. */
  OrphanContainer: named,
  /** `kill -STOP` of the monitor: every LXC tool that asks it hangs. */
  StopMonitor: named,
  /** `kill -CONT` of the monitor. */
  ContinueMonitor: named,
  /** `kill -9` of the first process. */
  KillInit: named,
  /** The first process ends by itself, with this code. */
  ExitInit: { ...named, code: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 })) },
  /** The guest powers itself off; without the capability sys_boot its first process ends all the same. */
  PowerOff: named,
  /** The guest reboots itself; without the capability sys_boot it is the end of its first process. */
  RebootInside: named,
  /** lxc-freeze(1) by somebody else. */
  FreezeContainer: named,
  /** lxc-unfreeze(1) by somebody else. */
  ThawContainer: named,
  /** A program that was attached to it wants more memory than its limit: the kernel kills that. */
  OutOfMemory: named,
  /** A shell has its working directory at the path: nothing there can be unmounted. */
  Occupy: at,
  /** Whoever occupies the path lets it go. */
  Release: at,
  /** A tmpfs is mounted on the path, a directory. */
  MountTmpfs: at,
  /** umount(8) of what was mounted on the path last. */
  UnmountPath: at,
  /** Also the directories above it. */
  PutFile: { ...at, text: Schema.String },
  PutDirectory: at,
  /** Unlinks a file or removes an empty directory. */
  RemovePath: at,
  /** An empty directory of this name at the top of every cgroup tree. */
  LeaveCgroup: { group: Schema.String },
  /** A veth of this name that belongs to nobody. */
  LeaveInterface: { interface: Schema.String },
  /** Nothing more can be written below the directory. */
  FillDisk: { directory: HostPath },
  /** Power failure and boot; as a fault of a process in a `World`, all that run there end with it. */
  Boot: { bootId: Schema.String }
})

/**
 * @since 0.1.0
 * @category models
 */
export type Happening = typeof Happening.Type

type Place = (state: SimulatedState, path: string) => boolean

const where = (place: Place, path: string, incident: Incidents.Incident): Incidents.Incident => (state) =>
  place(state, path) ? incident(state) : state

const isPlaceForFile: Place = (state, path) =>
  nodeAt(state, parentOf(path))?.kind !== "file" && nodeAt(state, path)?.kind !== "directory"

const isRemovable: Place = (state, path) => namesIn(state, path).length === 0 && topMount(state, path) === undefined

const isFreeName: Place = (state, name) => state.interfaces.every((each) => each.name !== name)

/**
 * What a happening does to a simulated host. Where there is nothing for it to befall, nothing happens.
 *
 * @since 0.1.0
 * @category incidents
 */
export const befall = (happening: Happening): Incidents.Incident => {
  switch (happening._tag) {
    case "KillMonitor":
      return Incidents.killMonitor(happening.name)
    case "OrphanContainer":
      return Incidents.orphan(happening.name)
    case "StopMonitor":
      return Incidents.stopMonitor(happening.name)
    case "ContinueMonitor":
      return Incidents.continueMonitor(happening.name)
    case "KillInit":
      return Incidents.killInit(happening.name)
    case "ExitInit":
      return Incidents.exitInit(happening.name, happening.code)
    case "PowerOff":
      return Incidents.powerOff(happening.name)
    case "RebootInside":
      return Incidents.rebootInside(happening.name)
    case "FreezeContainer":
      return Incidents.freeze(happening.name)
    case "ThawContainer":
      return Incidents.thaw(happening.name)
    case "OutOfMemory":
      return Incidents.outOfMemory(happening.name)
    case "Occupy":
      return where(isDirectory, happening.path, Incidents.occupy(happening.path))
    case "Release":
      return Incidents.release(happening.path)
    case "MountTmpfs":
      return where(isDirectory, happening.path, Incidents.mountOn(happening.path))
    case "UnmountPath":
      return Incidents.unmountFrom(happening.path)
    case "PutFile":
      return where(isPlaceForFile, happening.path, Incidents.putFile(happening.path, happening.text))
    case "PutDirectory":
      return Incidents.putDirectory(happening.path)
    case "RemovePath":
      return where(isRemovable, happening.path, Incidents.removePath(happening.path))
    case "LeaveCgroup":
      return Incidents.leaveCgroup(happening.group)
    case "LeaveInterface":
      return where(isFreeName, happening.interface, Incidents.leaveInterface(happening.interface))
    case "FillDisk":
      return Incidents.fillDisk(happening.directory)
    case "Boot":
      return Incidents.reboot(happening.bootId)
  }
}

/**
 * What the file systems of an instance are made from.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { defaultsTo, notSupported, refuses, satisfies } from "./Field.ts"
import { HostPath } from "./HostPath.ts"

const DiskPath = HostPath.check(
  refuses((path) => path === "/" ? "is the host's own root; a container must not run on it" : undefined)
)

/** File systems that are no disk's, or that mount(8) hands to a helper program. */
const notOnDisk = /^(?:fuse.*|.*fuse|nfs.*|cifs|smb.*|9p|ceph|overlay|tmpfs|ramfs|proc|sysfs|dev.*|cgroup.*|none|bind|swap)$/

/**
 * The name of a file system type for mount(8), of a file system that lives on a disk.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FileSystemType = Schema.String.check(
  satisfies("a file system type such as ext4 or xfs", (type: string) => /^[a-z0-9][a-z0-9._-]{0,31}$/.test(type)),
  refuses((type) => notOnDisk.test(type) ? `${type} is not a file system on a disk` : undefined)
)

/** Words that make mount(8) do something else than mount this disk here, or ask a helper program. */
const notAMountOption =
  /^(?:loop|offset|sizelimit|bind|rbind|move|remount|r?shared|r?slave|r?private|r?unbindable|[xX]-.*|u?helper|users?|owner|group|comment)(?:=|$)/

/**
 * One option of mount(8): visible ASCII without commas and quotes, no leading dash, and none that would make it another
 * operation than mounting this disk (bind, remount, move, propagation, loop, `X-…` and helpers).
 *
 * @since 0.1.0
 * @category schemas
 */
export const MountOption = Schema.String.check(
  satisfies(
    "one mount option such as noatime or commit=30",
    (option: string) => /^[A-Za-z0-9_][A-Za-z0-9_.:/+@=-]{0,127}$/.test(option)
  ),
  refuses((option) =>
    notAMountOption.test(option) ? `${option} is refused: it does not say how to mount this disk` : undefined
  )
)

/**
 * A disk of an instance: a block device, an image file or a directory on the host. Without `fsType` mount(8) finds it out.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Disk = Schema.Struct({
  path: DiskPath,
  partition: notSupported("give a block device, image or directory that is the file system itself"),
  fsType: Schema.optionalKey(FileSystemType),
  options: defaultsTo(Schema.Array(MountOption), []),
  readOnly: defaultsTo(Schema.Boolean, false),
  target: notSupported("the only disk is the root")
}).check(Schema.makeFilter(({ options, readOnly }) =>
  readOnly && options.includes("rw") ? { path: ["options"], issue: "rw contradicts readOnly" } : undefined
))

/**
 * @since 0.1.0
 * @category models
 */
export type Disk = typeof Disk.Type

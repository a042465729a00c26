/**
 * What the file systems of an instance are made from.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { defaultsTo, matches, refuses, wholeNumber } from "./Field.ts"
import { GuestPath } from "./GuestPath.ts"
import { HostPath } from "./HostPath.ts"
import { MemorySize } from "./MemorySize.ts"

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
  matches("a file system type such as ext4 or xfs", /^[a-z0-9][a-z0-9._-]{0,31}$/),
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
  matches("one mount option such as noatime or commit=30", /^[A-Za-z0-9_][A-Za-z0-9_.:/+@=-]{0,127}$/),
  refuses((option) =>
    notAMountOption.test(option) ? `${option} is refused: it does not say how to mount this disk` : undefined
  )
)

const minimumVolatile = 64 * 1024

/**
 * How much the guest may write to a volatile root, in bytes, where its spec does not say.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultVolatileSize = 256 * 1024 * 1024

/**
 * A disk of an instance: a block device, an image file or a directory on the host, or the partition of a device or image
 * by its number. Without `fsType` mount(8) finds it out. The first disk is the root and has no `target`; every other is
 * seen by the guest at its `target`, a directory that is there already. What is written to a `volatile` root is kept in
 * memory, `volatileSize` bytes at most, and vanishes when the instance stops; the disk itself is not written to.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Disk = Schema.Struct({
  path: DiskPath,
  partition: Schema.optionalKey(Schema.Finite.check(wholeNumber(1, 128, "the number of a partition, from 1 to 128"))),
  fsType: Schema.optionalKey(FileSystemType),
  options: defaultsTo(Schema.Array(MountOption), []),
  readOnly: defaultsTo(Schema.Boolean, false),
  target: Schema.optionalKey(GuestPath),
  volatile: Schema.optionalKey(Schema.Boolean),
  volatileSize: Schema.optionalKey(MemorySize.check(
    refuses((bytes) => bytes < minimumVolatile ? "is below 64KiB, in which nothing fits" : undefined)
  ))
}).check(Schema.makeFilter(({ options, readOnly, volatile = false, volatileSize }) => {
  if (volatileSize !== undefined && !volatile) {
    return { path: ["volatileSize"], issue: "needs volatile: true" }
  }
  const word = volatile ? "volatile" : "readOnly"
  return (readOnly || volatile) && options.includes("rw")
    ? { path: ["options"], issue: `rw contradicts ${word}` }
    : undefined
}))

/**
 * @since 0.1.0
 * @category models
 */
export type Disk = typeof Disk.Type

const maxDisks = 64

const rootProblems = ({ target }: Disk): ReadonlyArray<Schema.FilterIssue> =>
  target === undefined ? [] : [{ path: [0, "target"], issue: "the first disk is the root and has no other place" }]

const furtherProblems = ({ target, volatile = false }: Disk, index: number): ReadonlyArray<Schema.FilterIssue> => [
  ...(target === undefined
    ? [{ path: [index, "target"], issue: "is required: the place in the guest where it is seen, such as srv/data" }]
    : []),
  ...(volatile ? [{ path: [index, "volatile"], issue: "only the root can be volatile" }] : [])
]

/**
 * The disks of one instance: the root, and further ones each with its place in the guest.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Disks = Schema.Array(Disk).check(Schema.makeFilter((disks) => {
  if (disks.length === 0) return "a disk is required"
  if (disks.length > maxDisks) return `has more than ${maxDisks} disks`
  return disks.flatMap((disk, index) => index === 0 ? rootProblems(disk) : furtherProblems(disk, index))
}))

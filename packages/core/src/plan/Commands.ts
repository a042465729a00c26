/**
 * The exact command of each step that is done by one.
 *
 * The real host runs these, the shell rendering prints them: there is one place where an argument is decided.
 *
 * @since 0.1.0
 */
import { members } from "./ExportFormat.ts"
import type { Step } from "./Step.ts"

type Case<Tag extends Step["_tag"]> = Extract<Step, { readonly _tag: Tag }>

/**
 * A command and its arguments; never a shell line.
 *
 * @since 0.1.0
 * @category models
 */
export type Argv = readonly [command: string, ...args: ReadonlyArray<string>]

/**
 * losetup(8): the device is printed on stdout.
 *
 * @since 0.1.0
 * @category commands
 */
export const attachLoop = (step: Case<"AttachLoop">): Argv => [
  "losetup",
  "--find",
  "--show",
  ...(step.offset > 0 ? ["--offset", String(step.offset)] : []),
  ...(step.sizeLimit > 0 ? ["--sizelimit", String(step.sizeLimit)] : []),
  ...(step.readOnly ? ["--read-only"] : []),
  "--",
  step.file
]

/**
 * losetup(8).
 *
 * @since 0.1.0
 * @category commands
 */
export const detachLoop = (device: string): Argv => ["losetup", "--detach", device]

/**
 * mount(8).
 *
 * @since 0.1.0
 * @category commands
 */
export const mount = (step: Case<"Mount">, source: string): Argv => [
  "mount",
  ...(step.fsType === null ? [] : ["-t", step.fsType]),
  ...(step.options.length === 0 ? [] : ["-o", step.options.join(",")]),
  "--",
  source,
  step.target
]

/**
 * umount(8). The target stands in the mount table as it is: it is not resolved again by following links.
 *
 * @since 0.1.0
 * @category commands
 */
export const unmount = ({ detach, target }: Pick<Case<"Unmount">, "detach" | "target">): Argv => [
  "umount",
  "--no-canonicalize",
  ...(detach === true ? ["--detach-loop"] : []),
  "--",
  target
]

const container = (step: { readonly name: string; readonly lxcPath: string }) => ["-n", step.name, "-P", step.lxcPath]

/**
 * lxc-start(1): returns when the monitor reports that init was executed, or that it was not.
 *
 * @since 0.1.0
 * @category commands
 */
export const startContainer = (step: Case<"StartContainer">): Argv => [
  "lxc-start",
  "-d",
  ...container(step),
  "-o",
  step.logFile,
  "-l",
  step.logLevel,
  "-L",
  step.consoleLog,
  "-p",
  step.pidFile
]

const criu = (step: Case<"Checkpoint"> | Case<"Restore">) =>
  [...container(step), "-D", step.directory, "-o", step.logFile, "-l", "INFO"] as const

/**
 * criu(8): whether the kernel has all that CRIU needs, and CRIU knows the kernel.
 *
 * @since 0.1.0
 * @category commands
 */
export const checkCriu: Argv = ["criu", "check"]

/**
 * lxc-checkpoint(1).
 *
 * @since 0.1.0
 * @category commands
 */
export const checkpoint = (step: Case<"Checkpoint">): Argv => ["lxc-checkpoint", ...criu(step), ...(step.stop ? ["-s"] : [])]

/**
 * lxc-checkpoint(1), daemonised.
 *
 * @since 0.1.0
 * @category commands
 */
export const restore = (step: Case<"Restore">): Argv => ["lxc-checkpoint", "-r", "-d", ...criu(step)]

/**
 * lxc-unfreeze(1).
 *
 * @since 0.1.0
 * @category commands
 */
export const thaw = (step: Case<"Thaw"> | Case<"Freeze">): Argv => ["lxc-unfreeze", ...container(step)]

/**
 * lxc-freeze(1).
 *
 * @since 0.1.0
 * @category commands
 */
export const freeze = (step: Case<"Freeze"> | Case<"AwaitStopped">): Argv => ["lxc-freeze", ...container(step)]

/**
 * lxc-stop(1): SIGKILL to init, and a thaw, by the monitor, which then cleans up.
 *
 * @since 0.1.0
 * @category commands
 */
export const kill = (step: Case<"KillContainer">): Argv => ["lxc-stop", "-k", ...container(step)]

/**
 * ip-link(8).
 *
 * @since 0.1.0
 * @category commands
 */
export const deleteInterface = (step: Case<"DeleteInterface">): Argv => ["ip", "link", "delete", "dev", step.name]

/**
 * lxc-stop(1) with the signal that asks init for a reboot, waiting for at most so many seconds.
 *
 * @since 0.1.0
 * @category commands
 */
export const rebootInPlace = (step: Case<"RebootInPlace">): Argv => [
  "lxc-stop",
  "-r",
  "-t",
  String(Math.max(1, Math.ceil(step.timeoutMs / 1000))),
  ...container(step)
]

/** What makes tar keep a root as it is: owners by number, holes, extended attributes, ACLs; no path that means a remote host. */
const faithfully = ["--numeric-owner", "--xattrs", "--xattrs-include=*", "--acls", "--force-local"]

/** A text as a basic regular expression within commas that matches just it. */
const literally = (text: string): string => text.replace(/[\\.*[\]^$,]/g, "\\$&")

/**
 * tar(1) of GNU, to standard output. What is in the root is found by tar itself, never named here; links are kept and
 * not followed, and other file systems are left out. A name is rewritten, and so is that of a hard link's other end, but
 * never where a symbolic link points to.
 *
 * @since 0.1.0
 * @category commands
 */
export const packExport = (step: Case<"ExportArchive">): Argv => [
  "tar",
  "--create",
  "--format=posix",
  "--sparse",
  ...faithfully,
  "--sort=name",
  "--one-file-system",
  "--absolute-names",
  `--transform=flags=rh;s,^${literally(step.root)}${step.kind === "image" ? "$" : ""},${members[step.kind]},`,
  "--file=-",
  `--directory=${step.files}`,
  "--",
  members.manifest,
  members.spec,
  step.root
]

/**
 * tar(1) of GNU: in a new directory, nothing outside it is reached and nothing is written twice.
 *
 * @since 0.1.0
 * @category commands
 */
export const unpackExport = (step: Case<"ImportArchive">): Argv => [
  "tar",
  "--extract",
  ...faithfully,
  "--same-owner",
  "--same-permissions",
  "--keep-old-files",
  "--delay-directory-restore",
  `--directory=${step.directory}`,
  `--file=${step.archive}`
]

/**
 * sync(1): everything written to the file system of a directory is on its disk.
 *
 * @since 0.1.0
 * @category commands
 */
export const syncFileSystem = (directory: string): Argv => ["sync", "--file-system", "--", directory]

/**
 * rm(1): links are removed, not followed; another file system below is left, and is a failure.
 *
 * @since 0.1.0
 * @category commands
 */
export const removeTree = (step: Pick<Case<"RemoveTree">, "path">): Argv => ["rm", "-rf", "--one-file-system", "--", step.path]

/**
 * reboot(8): at once, without sync.
 *
 * @since 0.1.0
 * @category commands
 */
export const reboot: Argv = ["reboot", "-n", "-f"]

/**
 * rm(1) of one file: what is not there is removed.
 *
 * @since 0.1.0
 * @category commands
 */
export const removeFile = (step: Pick<Case<"RemoveFile">, "path">): Argv => ["rm", "-f", "--", step.path]

/**
 * rmdir(1).
 *
 * @since 0.1.0
 * @category commands
 */
export const removeDirectory = (step: Case<"RemoveDirectory">): Argv => [
  "rmdir",
  ...(step.ifEmpty ? ["--ignore-fail-on-non-empty"] : []),
  "--",
  step.path
]

/**
 * mkdir(1).
 *
 * @since 0.1.0
 * @category commands
 */
export const makeDirectory = (step: Case<"MakeDirectory">): Argv => ["mkdir", "-p", "-m", step.mode, "--", step.path]

/**
 * mv(1) that replaces nothing, or only what a step may replace.
 *
 * @since 0.1.0
 * @category commands
 */
export const moveIntoPlace = (step: Case<"MoveIntoPlace">): Argv => [
  "mv",
  step.replace ? "--force" : "--no-clobber",
  "--no-target-directory",
  "--",
  step.from,
  step.to
]

/**
 * find(1): rmdir(2) of a group and those below it, children first; a group with a process in it stays.
 *
 * @since 0.1.0
 * @category commands
 */
export const removeCgroup = (group: string): Argv => ["find", group, "-depth", "-type", "d", "-delete"]

/**
 * The same of each group of a step.
 *
 * @since 0.1.0
 * @category commands
 */
export const removeCgroups = (step: Case<"RemoveCgroups">): ReadonlyArray<Argv> =>
  step.hierarchies.flatMap((tree) => step.names.map((name) => removeCgroup(`${tree}/${name}`)))

import { accessSync, closeSync, constants, existsSync, openSync, readFileSync, readSync } from "node:fs"

/** Whether real containers can run on this machine, and if not, what is missing, as the end of a sentence. */
export interface RealHost {
  readonly available: boolean
  readonly reason: string
}

// A root shell started by su has no sbin on PATH.
const directories = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/bin", "/sbin", "/bin"]

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const hasCommand = (name: string): boolean =>
  directories.some((directory) => directory !== "" && isExecutable(`${directory}/${name}`))

/** An ELF file that asks for an interpreter (PT_INTERP) does not start in a root file system without one. */
const isStaticElf = (path: string): boolean => {
  const head = Buffer.alloc(4096)
  const file = openSync(path, "r")
  try {
    readSync(file, head, 0, head.length, 0)
  } finally {
    closeSync(file)
  }
  const isElf64LittleEndian = head.readUInt32BE(0) === 0x7f454c46 && head[4] === 2 && head[5] === 1
  if (!isElf64LittleEndian) return false
  const offset = Number(head.readBigUInt64LE(32))
  const size = head.readUInt16LE(54)
  const count = head.readUInt16LE(56)
  for (let index = 0; index < count; index++) {
    const at = offset + index * size
    if (at + 4 > head.length) return false
    if (head.readUInt32LE(at) === 3) return false
  }
  return true
}

const hasStaticBusybox = (): boolean =>
  ["/bin/busybox", "/usr/bin/busybox"].some((path) => isExecutable(path) && isStaticElf(path))

const hasCgroups = (): boolean => {
  try {
    return /^\S+ \/sys\/fs\/cgroup(\/\S*)? cgroup2? /m.test(readFileSync("/proc/self/mounts", "utf8"))
  } catch {
    return false
  }
}

const missing = (): string | undefined => {
  if (process.platform !== "linux") return "this is not Linux"
  if (process.getuid?.() !== 0) return "only root can start these containers"
  if (!hasCommand("lxc-start")) return "lxc-start is not installed (Debian package lxc)"
  if (!hasCommand("ip")) return "ip is not installed (Debian package iproute2)"
  if (!hasCommand("mkfs.ext4")) return "mkfs.ext4 is not installed (Debian package e2fsprogs)"
  if (!hasStaticBusybox()) return "there is no static busybox (Debian package busybox-static)"
  if (!existsSync("/dev/loop-control")) return "there are no loop devices (/dev/loop-control)"
  if (!hasCgroups()) return "no cgroups are mounted below /sys/fs/cgroup"
  return undefined
}

const reason = missing()

/** Decided once for a process: tests of a real host stand in `describe.runIf(realHost.available)`. */
export const realHost: RealHost = { available: reason === undefined, reason: reason ?? "" }

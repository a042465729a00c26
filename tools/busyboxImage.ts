import { execFileSync } from "node:child_process"
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** What the first process of a guest does; each is a thing that was seen to go wrong, but for the first two. */
export const inits = {
  /** A full init: reads /etc/inittab, handles SIGPWR; a halt takes it two seconds. */
  busybox: undefined,
  /** Ends when it is asked to, within a tenth of a second; by SIGUSR2 it powers off, as a full init, and exits where it may not. */
  obedient: "#!/bin/sh\ntrap 'exit 0' PWR\ntrap '/bin/busybox poweroff -f; exit 0' USR2\nwhile :; do sleep 0.05; done\n",
  /** Pid 1 without a handler, as no shell is: the kernel drops every signal but SIGKILL. */
  deaf: "#!/bin/sh\nexec sleep 1000000\n",
  exitsAtOnce: "#!/bin/sh\nexit 3\n",
  exitsSoon: "#!/bin/sh\nusleep 200000\nexit 7\n",
  /** Installs its handler late: a halt signal before that is lost. */
  slow: "#!/bin/sh\nusleep 700000\ntrap 'exit 0' PWR\nwhile :; do sleep 0.05; done\n",
  /** Forks as fast as it can, and so do its children; deaf to the halt signal. */
  forkBomb: "#!/bin/sh\nbomb() { while :; do (exec sleep 3) & (bomb) & sleep 0.1; done; }\n(sleep 0.3; bomb) &\nwhile :; do wait; done\n",
  /** Reboots by SIGINT, as an init does on ctrl-alt-del, and by SIGTERM, as a full init of busybox; ends by SIGPWR. */
  rebootable: "#!/bin/sh\ntrap 'exec /bin/busybox reboot -f' INT TERM\ntrap 'exit 0' PWR\nwhile :; do sleep 0.05; done\n",
  /** Reboots a tenth of a second after it began, again and again. */
  restless: "#!/bin/sh\nusleep 100000\nexec /bin/busybox reboot -f\n",
  /** Does at once what it is told: ends by SIGPWR, powers off by SIGUSR2, reboots by SIGINT, exits with 7 by SIGUSR1. */
  told: "#!/bin/sh\ntrap 'exit 0' PWR\ntrap '/bin/busybox poweroff -f; exit 0' USR2\ntrap 'exec /bin/busybox reboot -f' INT\ntrap 'exit 7' USR1\nsleep 1000000 &\nwhile :; do wait; done\n",
  /** Exits with 7 by SIGUSR1, and by nothing else. */
  stubborn: "#!/bin/sh\ntrap 'exit 7' USR1\nsleep 1000000 &\nwhile :; do wait; done\n",
  notExecutable: "#!/bin/sh\nexit 0\n",
  /** Its interpreter is not there. */
  badInterpreter: "#!/no/such\nexit 0\n",
  missing: null
} as const

export type Init = keyof typeof inits

const busybox = ["/bin/busybox", "/usr/bin/busybox"].find((path) => existsSync(path)) ?? "/bin/busybox"

const commands = [
  "sh", "init", "mount", "umount", "sleep", "usleep", "ps", "ls", "cat", "echo", "poweroff", "halt", "reboot", "kill", "ip",
  "hostname", "mkdir", "sync", "true", "false", "dd", "env", "id"
]

/** Lays out a root file system of a few files: a static busybox, its commands, and an init. */
export const layOutBusyboxRoot = (root: string, init: Init): void => {
  for (const directory of ["bin", "sbin", "etc", "proc", "sys", "dev", "tmp", "run", "root", "mnt"]) {
    mkdirSync(join(root, directory), { recursive: true })
  }
  copyFileSync(busybox, join(root, "bin/busybox"))
  for (const command of commands) symlinkSync("/bin/busybox", join(root, "bin", command))
  writeFileSync(join(root, "etc/inittab"), "::sysinit:/bin/mkdir -p /run\n::respawn:/bin/sleep 1000\n::shutdown:/bin/sync\n")
  const script = inits[init]
  if (script === undefined) symlinkSync("/bin/busybox", join(root, "sbin/init"))
  else if (script !== null) {
    writeFileSync(join(root, "sbin/init"), script)
    chmodSync(join(root, "sbin/init"), init === "notExecutable" ? 0o644 : 0o755)
  }
}

/** Makes an ext4 image of 16 MiB with such a root. Needs mkfs.ext4 and no root rights. */
export const makeBusyboxImage = (image: string, init: Init = "busybox"): void => {
  const root = mkdtempSync(join(tmpdir(), "busybox-root-"))
  try {
    chmodSync(root, 0o755)
    layOutBusyboxRoot(root, init)
    writeFileSync(image, "")
    truncateSync(image, 16 * 1024 * 1024)
    execFileSync("mkfs.ext4", ["-q", "-F", "-d", root, image], { stdio: ["ignore", "ignore", "pipe"], env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } })
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

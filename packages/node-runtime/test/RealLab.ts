import { Directories } from "@effect-lxc/core/host/Directories"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { decodeInstance, type Instance } from "@effect-lxc/core/model/Instance"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { vethPrefix } from "@effect-lxc/core/model/VethName"
import { Result } from "effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { hostDifferences, type HostSnapshot, hostSnapshot } from "../../../tools/hostSnapshot.ts"
import { type Init, makeBusyboxImage } from "../../../tools/busyboxImage.ts"

const prefix = "elt"
const run = (command: string, ...args: ReadonlyArray<string>): string =>
  execFileSync(command, args, { encoding: "utf8", timeout: 20_000, stdio: ["ignore", "pipe", "pipe"] })

const tolerant = (body: () => void): void => {
  try {
    body()
  } catch {
    // already as it should be
  }
}

const below = (directory: string): ReadonlyArray<string> => fs.existsSync(directory) ? fs.readdirSync(directory) : []

/** Blanks and the like stand in the mount table as octal escapes. */
const unescaped = (field: string): string => field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

const mountTargets = (under: string): ReadonlyArray<string> =>
  fs.readFileSync("/proc/self/mounts", "utf8").split("\n").map((line) => unescaped(line.split(" ")[1] ?? ""))
    .filter((target) => target === under || target.startsWith(`${under}/`)).reverse()

const cgroupDirectories = (name: string): ReadonlyArray<string> =>
  fs.readFileSync("/proc/self/mounts", "utf8").split("\n").map((line) => line.split(" "))
    .filter(([, , type]) => type === "cgroup" || type === "cgroup2")
    .flatMap(([, target = ""]) => below(target).filter((each) => each.includes(name)).map((each) => `${target}/${each}`))

/** A monitor that is ending still holds its root for a moment. */
const unmountFor = 3_000

const unmountBelow = (directory: string): void => {
  const until = performance.now() + unmountFor
  while (mountTargets(directory).length > 0 && performance.now() < until) {
    for (const target of mountTargets(directory)) tolerant(() => run("umount", target))
  }
}

/** Who was told to sit in a lab's directory (`sleep`), and stayed when the run was aborted: nothing could be unmounted. */
const endOccupiers = (id: string): void => {
  for (const pid of below("/proc").filter((name) => /^\d+$/.test(name))) {
    tolerant(() => {
      const isOurs = [`/run/${id}/`, `/var/tmp/${id}/`].some((place) => fs.readlinkSync(`/proc/${pid}/cwd`).startsWith(place))
      if (isOurs && fs.readFileSync(`/proc/${pid}/comm`, "utf8") === "sleep\n") process.kill(Number(pid), "SIGKILL")
    })
  }
}

/** Ends all that runs of a lab, and takes off what it mounted, attached and left in the kernel, by its names alone. */
const end = (id: string): void => {
  const containers = `/run/${id}/containers`
  for (const name of below(containers)) {
    tolerant(() => run("timeout", "-k", "1", "10", "lxc-stop", "-k", "-n", name, "-P", containers))
  }
  for (const group of cgroupDirectories(`.${id}-`)) tolerant(() => fs.writeFileSync(`${group}/cgroup.kill`, "1"))
  endOccupiers(id)
  for (const directory of [`/run/${id}`, `/var/tmp/${id}`]) unmountBelow(directory)
  for (const line of run("losetup", "--noheadings", "--output", "NAME,BACK-FILE").split("\n")) {
    const [device, file] = line.trim().split(/\s+/)
    if (device !== undefined && file?.startsWith(`/var/tmp/${id}/`) === true) tolerant(() => run("losetup", "-d", device))
  }
  for (const group of cgroupDirectories(`.${id}-`)) tolerant(() => run("find", group, "-depth", "-type", "d", "-delete"))
}

const deleteInterfaces = (isOurs: (name: string) => boolean): void => {
  for (const name of below("/sys/class/net").filter(isOurs)) tolerant(() => run("ip", "link", "delete", name))
}

/** Removes all that a lab made, by its names alone: also what an aborted run of an earlier process left. */
const sweep = (id: string): void => {
  end(id)
  deleteInterfaces((name) => name.startsWith(`${id}b`))
  for (const directory of [`/run/${id}`, `/var/tmp/${id}`]) fs.rmSync(directory, { recursive: true, force: true })
}

const isRunning = (pid: string): boolean => fs.existsSync(`/proc/${pid}`)

/** Several labs may find the same remains at once, and what stays busy now is found again: that stops no test. */
const sweepAborted = (): void => {
  const idPattern = new RegExp(`^${prefix}(\\d+)(?:x\\d+)?$`)
  for (const id of new Set([...below("/run"), ...below("/var/tmp")])) {
    const pid = idPattern.exec(id)?.[1]
    if (pid !== undefined && !isRunning(pid)) tolerant(() => sweep(id))
  }
}

/** The id of a lab of this process; with a number it is one of several. */
export const labId = (number?: number): string => `${prefix}${process.pid}${number === undefined ? "" : `x${number}`}`

/**
 * A corner of the real host for one test file: its own directories, bridge, images and names, all with the prefix of
 * this process.
 */
export class RealLab {
  readonly id: string
  readonly files: string
  readonly bridge: string
  readonly directories: Directories

  /** By its id it is one that another process has opened. */
  constructor(id = labId()) {
    this.id = id
    this.files = `/var/tmp/${this.id}`
    this.bridge = `${this.id}b`
    this.directories = new Directories({
      run: HostPath.make(`/run/${this.id}`),
      log: HostPath.make(`${this.files}/log`),
      state: HostPath.make(`${this.files}/state`)
    })
  }

  open(): void {
    sweepAborted()
    sweep(this.id)
    fs.mkdirSync(this.files, { recursive: true })
    run("ip", "link", "add", this.bridge, "type", "bridge")
    run("ip", "link", "set", this.bridge, "up")
  }

  /** After a failed test: what it left must not make the next one fail. */
  reset(): void {
    this.close()
    this.open()
  }

  close(): void {
    sweep(this.id)
  }

  /** Between two tests that do not clean up after themselves: all goes but the bridge and the images. */
  clear(): void {
    end(this.id)
    deleteInterfaces((name) => [...this.names].some((each) => name.startsWith(vethPrefix(each))))
    fs.rmSync(this.directories.run, { recursive: true, force: true })
    for (const name of below(this.files).filter((each) => !each.endsWith(".img"))) {
      fs.rmSync(`${this.files}/${name}`, { recursive: true, force: true })
    }
  }

  private readonly names = new Set<InstanceName>()

  name(short: string): InstanceName {
    const name = InstanceName.make(`${this.id}-${short}`)
    this.names.add(name)
    return name
  }

  image(init: Init): string {
    const path = `${this.files}/${init}.img`
    if (!fs.existsSync(path)) makeBusyboxImage(path, init)
    return path
  }

  /** An instance with an image of this guest, one nic on the lab's bridge, and whatever else is asked for. */
  instance(short: string, init: Init, more: Readonly<Record<string, unknown>> = {}): Instance {
    return Result.getOrThrow(decodeInstance({
      name: this.name(short),
      disks: [{ path: this.image(init) }],
      nics: [{ link: this.bridge }],
      ...more
    }))
  }

  snapshot(): HostSnapshot {
    return hostSnapshot(this.directories.run, this.directories.state)
  }

  /** What is of this lab, or of nobody: other labs may be at work on the same machine. */
  differences(before: HostSnapshot): ReadonlyArray<string> {
    const veths = [...this.names].map(vethPrefix)
    const isForeign = (line: string): boolean =>
      /^. (?:cgroup|loop|mount|file) /.test(line)
        ? !line.includes(this.id)
        : /^. interface /.test(line) && !line.includes(this.id) && !veths.some((each) => line.includes(each))
    return hostDifferences(before, this.snapshot()).filter((line) => !isForeign(line))
  }
}

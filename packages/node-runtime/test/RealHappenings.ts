import type { Directories } from "@effect-lxc/core/host/Directories"
import type { ContainerFacts } from "@effect-lxc/core/host/HostFacts"
import { isAlive, type ProcessStat } from "@effect-lxc/core/host/ProcessStat"
import { currentTrees } from "@effect-lxc/node-runtime/Mounts"
import { observeContainers } from "@effect-lxc/node-runtime/Containers"
import { linkOf, processStat, receivableSignals } from "@effect-lxc/node-runtime/Processes"
import type { Happening } from "@effect-lxc/test-kit/Happening"
import { Effect } from "effect"
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import * as fs from "node:fs"
import { constants } from "node:os"
import { dirname } from "node:path"

/** Whether a tool did what it was told; why not is not asked. */
const tool = (command: string, ...args: ReadonlyArray<string>): boolean => {
  try {
    execFileSync(command, args, { timeout: 10_000, stdio: "ignore" })
    return true
  } catch {
    return false
  }
}

const kindAt = (path: string): "directory" | "file" | undefined => {
  const stats = fs.statSync(path, { throwIfNoEntry: false })
  return stats === undefined ? undefined : stats.isDirectory() ? "directory" : "file"
}

/** Waits until it holds, for as long as it may take on a busy machine; gives whether it does. */
export const until = (holds: () => boolean, withinMs = 5_000): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    const deadline = performance.now() + withinMs
    while (!holds()) {
      if (performance.now() > deadline) return false
      yield* Effect.sleep(1)
    }
    return true
  })

/** The containers of a lab as they are now. */
export const containersIn = (directories: Directories): ReadonlyArray<ContainerFacts> =>
  observeContainers(directories, currentTrees(), { all: false })

const now = (stat: ProcessStat): ProcessStat | undefined => {
  const found = processStat(stat.pid)
  return found?.startTime === stat.startTime ? found : undefined
}

const isEnded = (stat: ProcessStat | null): boolean => !isAlive(stat) || !isAlive(now(stat))

const signal = (stat: ProcessStat, name: NodeJS.Signals): void => {
  if (isAlive(now(stat))) process.kill(stat.pid, name)
}

/** By SIGUSR1 the guests of busyboxImage that can be told anything exit; by the others they do what a full init does. */
type Told = "SIGUSR1" | "SIGUSR2" | "SIGTERM"

const hears = (init: ProcessStat, told: Told): boolean =>
  ((receivableSignals(init.pid) ?? 0n) >> BigInt(constants.signals[told] - 1) & 1n) === 1n

/**
 * What befalls the real host of a lab. Each happening is over when its effect returns, but for what LXC then does; where
 * there is nothing for it to befall, nothing happens. A boot is no such thing.
 */
export class RealHappenings {
  /** First processes that were ended while they were frozen, each with the name of its container. */
  private readonly doomed = new Map<ProcessStat, string>()
  private readonly occupiers = new Map<string, Array<ChildProcess>>()
  private readonly directories: Directories
  private readonly bridge: string
  private interfaces = 0

  constructor(directories: Directories, bridge: string) {
    this.directories = directories
    this.bridge = bridge
  }

  befall(happening: Happening): Effect.Effect<void> {
    switch (happening._tag) {
      case "KillMonitor":
        return this.onContainer(happening.name, (each) => this.killMonitor(each))
      case "StopMonitor":
        return this.onContainer(happening.name, ({ monitor }) => this.changeMonitor(monitor, "SIGSTOP", "T"))
      case "ContinueMonitor":
        return this.onContainer(happening.name, ({ monitor }) => this.changeMonitor(monitor, "SIGCONT", "S"))
      case "KillInit":
        return this.onContainer(happening.name, (each) => this.endInit(each, "SIGKILL"))
      case "ExitInit":
        return this.onContainer(happening.name, (each) => this.endInit(each, "SIGUSR1"))
      case "PowerOff":
        return this.onContainer(happening.name, (each) => this.endInit(each, "SIGUSR2"))
      case "RebootInside":
        return this.onContainer(happening.name, (each) => this.endInit(each, "SIGTERM"))
      case "FreezeContainer":
      case "ThawContainer":
        return this.onContainer(happening.name, (each) => this.ask(each, happening._tag === "FreezeContainer" ? "lxc-freeze" : "lxc-unfreeze"))
      case "OutOfMemory":
        return this.onContainer(happening.name, (each) => this.exhaust(each))
      case "Occupy":
        return this.occupy(happening.path)
      case "Release":
        return this.release(happening.path)
      default:
        return Effect.sync(() => this.change(happening))
    }
  }

  /** Whether all that were ended have ended, but for those that are still frozen. */
  haveEnded(containers: ReadonlyArray<ContainerFacts>): boolean {
    const thawed = new Set(containers.filter(({ freezer }) => freezer === "thawed").map(({ name }) => name))
    return [...this.doomed].every(([init, name]) => isEnded(init) || !thawed.has(name))
  }

  /** Lets everything go that is held, and every monitor go on. */
  get over(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      for (const path of this.occupiers.keys()) yield* this.release(path)
      for (const { monitor } of containersIn(this.directories)) if (isAlive(monitor)) signal(monitor, "SIGCONT")
    })
  }

  private onContainer(name: string, change: (container: ContainerFacts) => Effect.Effect<void>): Effect.Effect<void> {
    return Effect.suspend(() => {
      const container = containersIn(this.directories).find((each) => each.name === name)
      return container === undefined ? Effect.void : change(container)
    })
  }

  private killMonitor({ freezer, init, monitor, name }: ContainerFacts): Effect.Effect<void> {
    if (!isAlive(monitor)) return Effect.void
    const livesOn = this.outlivesMonitor(name)
    signal(monitor, "SIGKILL")
    if (freezer !== "thawed" && init !== null && !livesOn) this.doomed.set(init, name)
    return Effect.asVoid(until(() => isEnded(monitor) && (livesOn || freezer !== "thawed" || isEnded(init))))
  }

  /** With this setting the kernel does not tell the first process of its parent's end. */
  private outlivesMonitor(name: string): boolean {
    const config = this.directories.config(name)
    return fs.existsSync(config) && /^lxc\.monitor\.signal\.pdeath = 0$/m.test(fs.readFileSync(config, "utf8"))
  }

  private changeMonitor(monitor: ProcessStat | null, name: "SIGSTOP" | "SIGCONT", letter: string): Effect.Effect<void> {
    if (!isAlive(monitor)) return Effect.void
    signal(monitor, name)
    return Effect.asVoid(until(() => isEnded(monitor) || (now(monitor)?.state === "T") === (letter === "T")))
  }

  /** What is frozen has its signal when it is thawed; before it has a handler it would be lost. */
  private endInit({ freezer, init, name }: ContainerFacts, by: "SIGKILL" | Told): Effect.Effect<void> {
    if (!isAlive(init)) return Effect.void
    return Effect.gen({ self: this }, function*() {
      if (by !== "SIGKILL") yield* until(() => isEnded(init) || hears(init, by))
      signal(init, by)
      if (freezer !== "thawed") this.doomed.set(init, name)
      if (freezer === "thawed") yield* until(() => isEnded(init))
    })
  }

  private ask({ monitor, name }: ContainerFacts, command: string): Effect.Effect<void> {
    return Effect.sync(() => {
      if (isAlive(monitor) && monitor.state !== "T") tool(command, "-n", name, "-P", this.directories.containers)
    })
  }

  /** No more than 128 MiB, which is beyond every limit that is drawn, and little for the host where there is none. */
  private exhaust({ freezer, monitor, name }: ContainerFacts): Effect.Effect<void> {
    return Effect.sync(() => {
      if (!isAlive(monitor) || monitor.state === "T" || freezer !== "thawed") return
      tool("lxc-attach", "-n", name, "-P", this.directories.containers, "--", "/bin/busybox", "dd", "if=/dev/zero", "of=/dev/null", "bs=128M", "count=1")
    })
  }

  private occupy(path: string): Effect.Effect<void> {
    if (kindAt(path) !== "directory") return Effect.void
    const shell = spawn("sleep", ["1000000"], { cwd: path, stdio: "ignore" })
    this.occupiers.set(path, [...this.occupiers.get(path) ?? [], shell])
    return Effect.asVoid(until(() => shell.pid !== undefined && linkOf(shell.pid, "cwd") !== undefined))
  }

  private release(path: string): Effect.Effect<void> {
    const shells = this.occupiers.get(path) ?? []
    this.occupiers.delete(path)
    for (const shell of shells) shell.kill("SIGKILL")
    return Effect.asVoid(until(() => shells.every((each) => each.signalCode !== null)))
  }

  private change(happening: Happening): void {
    switch (happening._tag) {
      case "MountTmpfs":
        if (kindAt(happening.path) === "directory") tool("mount", "-t", "tmpfs", "tmpfs", happening.path)
        return
      case "UnmountPath":
        tool("umount", happening.path)
        return
      case "PutFile":
        if (tool("mkdir", "-p", dirname(happening.path)) && kindAt(happening.path) !== "directory") {
          fs.writeFileSync(happening.path, happening.text)
        }
        return
      case "PutDirectory":
        tool("mkdir", "-p", happening.path)
        return
      case "RemovePath":
        tool("rm", "-d", happening.path)
        return
      case "LeaveCgroup":
        for (const { mountPoint } of currentTrees().hierarchies) tool("mkdir", `${mountPoint}/${happening.group}`)
        return
      case "LeaveInterface":
        this.interfaces += 1
        tool("ip", "link", "add", happening.interface, "type", "veth", "peer", "name", `${this.bridge}${this.interfaces}`)
        return
      default:
        throw new Error(`${happening._tag} cannot be brought about on this host`)
    }
  }
}

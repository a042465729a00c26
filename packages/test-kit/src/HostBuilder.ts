/**
 * Building simulated hosts in a line or two.
 *
 * @since 0.1.0
 */
import type { CgroupLayoutName } from "@effect-lxc/core/host/CgroupLayout"
import { type Machine, tools } from "@effect-lxc/core/host/HostSurvey"
import { makeDirectories, write } from "./FileTree.ts"
import type { Guest } from "./Guest.ts"
import * as Guests from "./Guest.ts"
import { firstPid, spawn } from "./Process.ts"
import type { CgroupTree, SimulatedMount, SimulatedState } from "./SimulatedState.ts"

/**
 * What a host has beyond an empty Debian with LXC 5.0.2 on cgroup v2.
 *
 * @since 0.1.0
 * @category models
 */
export interface HostOptions {
  /** Guests by the path of the image, the block device (below /dev) or the directory (ending in a slash) they are in. */
  readonly images?: Readonly<Record<string, Guest>> | undefined
  /** Guests in the partitions of disks, by the path of the disk: the first is number 1. */
  readonly partitions?: Readonly<Record<string, ReadonlyArray<Guest>>> | undefined
  readonly bridges?: ReadonlyArray<string> | undefined
  /** Other interfaces of the host. */
  readonly interfaces?: ReadonlyArray<string> | undefined
  readonly layout?: CgroupLayoutName | undefined
  readonly lxcVersion?: string | null | undefined
  readonly kernel?: string | undefined
  /** The release of CRIU, null where it is not installed; 4.1 by default. */
  readonly criu?: string | null | undefined
  readonly cpus?: number | undefined
  readonly swapAccounting?: boolean | undefined
  /** By default the file that the layout has: io.weight on v2, none on v1 (kernels since 5.0 have it no more). */
  readonly ioWeightFile?: string | null | undefined
  /** Containers that run under other lxcpaths. */
  readonly foreign?: ReadonlyArray<{ readonly lxcPath: string; readonly name: string }> | undefined
  /** How the host's mounts propagate; `private` by default. */
  readonly propagation?: "private" | "shared" | undefined
  /** What differs from a machine that has everything. */
  readonly machine?: Partial<Machine> | undefined
  /** Symbolic links, by their path. */
  readonly links?: Readonly<Record<string, string>> | undefined
}

const v1Controllers = [
  ["cpuset"],
  ["cpu", "cpuacct"],
  ["blkio"],
  ["memory"],
  ["devices"],
  ["freezer"],
  ["pids"]
] as const

const tree = (mountPoint: string, version: 1 | 2, controllers: ReadonlyArray<string>): CgroupTree => ({
  mountPoint,
  version,
  controllers,
  groups: {}
})

const treesOf = (layout: CgroupLayoutName): ReadonlyArray<CgroupTree> => {
  if (layout === "v2") return [tree("/sys/fs/cgroup", 2, ["cpuset", "cpu", "io", "memory", "pids"])]
  const v1 = v1Controllers.map((each) => tree(`/sys/fs/cgroup/${each.join(",")}`, 1, each))
  return layout === "v1" ? v1 : [...v1, tree("/sys/fs/cgroup/unified", 2, [])]
}

const mountOf = (
  target: string,
  source: string,
  fsType: string,
  device: string,
  options: ReadonlyArray<string>
): SimulatedMount => ({ target, source, fsType, device, root: "/", options: ["rw", ...options], image: null })

const treeMount = (each: CgroupTree, index: number): SimulatedMount =>
  mountOf(
    each.mountPoint,
    each.version === 2 ? "cgroup2" : "cgroup",
    each.version === 2 ? "cgroup2" : "cgroup",
    `0:${30 + index}`,
    each.version === 2 ? [] : each.controllers
  )

const systemDirectories = ["/run", "/var/log", "/var/lib", "/srv", "/dev", "/tmp"]

const isDirectory = (path: string): boolean => path.endsWith("/")
const plain = (path: string): string => isDirectory(path) ? path.slice(0, -1) : path
const isDevice = (path: string): boolean => path.startsWith("/dev/")

const addImage = (state: SimulatedState, path: string, guest: Guest): SimulatedState => {
  const at = plain(path)
  const known = { ...state, images: { ...state.images, [at]: guest } }
  if (isDirectory(path)) return makeDirectories(known, at)
  return isDevice(path)
    ? { ...known, blockDevices: [...known.blockDevices, at] }
    : write(known, at, "0600", "")
}

const mebibyte = 1024 * 1024

/** Partitions of 16 MiB, one after the other from the first MiB on. */
const addPartitions = (state: SimulatedState, path: string, guests: ReadonlyArray<Guest>): SimulatedState => {
  const table = guests.map((_, index) => ({ number: index + 1, start: (1 + 16 * index) * mebibyte, size: 16 * mebibyte }))
  const images = Object.fromEntries(table.map(({ start }, index) => [`${path}@${start}`, guests[index] ?? Guests.blank()]))
  const known = addImage(state, path, Guests.blank())
  return { ...known, partitions: { ...known.partitions, [path]: table }, images: { ...known.images, ...images } }
}

const gibibyte = 1024 ** 3

/** With everything that a host of containers needs. */
const machineOf = (options: HostOptions): Machine => ({
  memory: { totalBytes: 8 * gibibyte, availableBytes: 6 * gibibyte },
  cpus: options.cpus ?? 4,
  numaNodes: 1,
  sockets: 1,
  root: true,
  tools: [...tools.keys()].map((name) => ({
    name,
    path: (options.lxcVersion === null && name.startsWith("lxc-")) || (options.criu === null && name === "criu") ? null : `/usr/bin/${name}`
  })),
  namespaces: ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"],
  loopControl: true,
  ...options.machine
})

const empty = (options: HostOptions): SimulatedState => {
  const layout = options.layout ?? "v2"
  const trees = treesOf(layout)
  return {
    now: 0,
    bootedAt: -1_000_000,
    bootId: "5a1d1b2e-0000-4000-8000-000000000001",
    kernel: options.kernel ?? "6.1.0-44-amd64",
    machine: machineOf(options),
    lxcVersion: options.lxcVersion === undefined ? "5.0.2" : options.lxcVersion,
    criu: options.criu === undefined ? "4.1" : options.criu,
    answers: {},
    cpus: options.cpus ?? 4,
    swapAccounting: options.swapAccounting ?? true,
    ioWeightFile: options.ioWeightFile === undefined ? (layout === "v2" ? "io.weight" : null) : options.ioWeightFile,
    ignoredLimits: [],
    trees,
    files: { "/": { kind: "directory", mode: "0755", text: "" } },
    links: options.links ?? {},
    full: [],
    blockDevices: [],
    images: {},
    partitions: {},
    loops: [],
    propagation: options.propagation ?? "private",
    mounts: [
      mountOf("/", "/dev/vda1", "ext4", "254:1", []),
      mountOf("/run", "tmpfs", "tmpfs", "0:20", []),
      ...trees.map(treeMount)
    ],
    interfaces: [
      { name: "lo", kind: "loopback", mtu: 65_536, container: null },
      ...(options.interfaces ?? []).map((name) => ({ name, kind: "other", mtu: 1_500, container: null }) as const),
      ...(options.bridges ?? []).map((name) => ({ name, kind: "bridge", mtu: 1_500, container: null }) as const)
    ],
    processes: [{ pid: 1, parent: 0, startTime: 1, state: "S", command: "/sbin/init", cgroup: "", holds: [] }],
    containers: [],
    monitorLeak: "some",
    logMarks: {},
    agenda: [],
    nextPid: firstPid,
    pidMax: 32_768,
    nextId: 1
  }
}

/**
 * A container that runs already, started by somebody else with LXC's own tools.
 *
 * @since 0.1.0
 * @category constructors
 */
export const withForeign = (state: SimulatedState, lxcPath: string, name: string): SimulatedState => {
  const id = state.nextId
  const monitor = state.nextPid
  const payload = `lxc.payload.${name}`
  const monitorGroup = `lxc.monitor.${name}`
  const monitored = spawn(state, { parent: 1, command: `[lxc monitor] ${lxcPath} ${name}`, cgroup: monitorGroup })
  const running = spawn(monitored, { parent: monitor, command: "/sbin/init", cgroup: payload })
  return {
    ...running,
    nextId: id + 1,
    trees: running.trees.map((each) => ({ ...each, groups: { ...each.groups, [payload]: {}, [monitorGroup]: {} } })),
    containers: [...running.containers, {
      id,
      lxcPath,
      name,
      phase: "running",
      monitor,
      init: monitored.nextPid,
      listening: true,
      frozen: false,
      payload,
      monitorGroup,
      root: `${lxcPath}/${name}/rootfs`,
      rootSource: null,
      sources: [],
      guest: Guests.obedient(),
      config: "",
      logFile: `/var/log/lxc/${name}.log`,
      pidFile: "",
      pending: [],
      moved: [],
      execedAt: state.now,
      limits: {},
      mayReboot: true,
      diesWithMonitor: true
    }]
  }
}

/**
 * A host with LXC, and with what is named: a path without a kind is an image file.
 *
 * @since 0.1.0
 * @category constructors
 */
export const emptyHost = (options: HostOptions = {}): SimulatedState => {
  const directories = systemDirectories.reduce((state, path) => makeDirectories(state, path), empty(options))
  const images = Object.entries(options.images ?? {})
    .reduce((state, [path, guest]) => addImage(state, path, guest), directories)
  const disks = Object.entries(options.partitions ?? {})
    .reduce((state, [path, guests]) => addPartitions(state, path, guests), images)
  return (options.foreign ?? []).reduce((state, { lxcPath, name }) => withForeign(state, lxcPath, name), disks)
}

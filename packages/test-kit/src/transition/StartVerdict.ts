/**
 * Whether LXC can bring a container up on a simulated host, and what it logs if not.
 *
 * @since 0.1.0
 */
import { scaffolding } from "@effect-lxc/core/lxc/Scaffolding"
import { applyLimits } from "../CgroupFiles.ts"
import { makeDirectories, nodeAt } from "../FileTree.ts"
import type { Guest } from "../Guest.ts"
import { adjustBridges } from "../Interfaces.ts"
import { blank } from "../Guest.ts"
import { errorLine, type LogMessage } from "../LxcLogText.ts"
import type { LxcSettings, MountSetting, NicSettings } from "../LxcSettings.ts"
import { removeGroups } from "../Lifecycle.ts"
import { guestAt, topMount } from "../MountOps.ts"
import { changeContainer } from "../Process.ts"
import type { SimulatedContainer, SimulatedState } from "../SimulatedState.ts"
import * as Result from "effect/Result"

/**
 * `Hangs`: LXC waits for ever. `OutOfMemory`: a success by LXC's word, dead a moment later.
 *
 * @since 0.1.0
 * @category models
 */
export type Verdict =
  | {
    readonly _tag: "Fails"
    readonly state: SimulatedState
    readonly log: ReadonlyArray<LogMessage>
    /** Whether LXC may leave the monitor's group. */
    readonly leaks: boolean
  }
  | { readonly _tag: "Hangs"; readonly state: SimulatedState }
  | {
    readonly _tag: "Runs"
    readonly state: SimulatedState
    readonly guest: Guest
    /** The group that was made for it. */
    readonly payload: string
    readonly outOfMemory: boolean
    /** Lines of level ERROR do not mean that it failed. */
    readonly log: ReadonlyArray<LogMessage>
  }

const fails = (state: SimulatedState, ...log: ReadonlyArray<LogMessage>): Verdict => ({ _tag: "Fails", state, log, leaks: true })

/** The directory of a new group: the pinned name, or the first numbered one that is free. */
const groupName = (state: SimulatedState, pinned: string | undefined, fallback: string): string | undefined => {
  const taken = (name: string): boolean => state.trees.some((tree) => tree.groups[name] !== undefined)
  if (pinned !== undefined) return taken(pinned) ? undefined : pinned
  if (!taken(fallback)) return fallback
  let number = 1
  while (taken(`${fallback}-${number}`)) number += 1
  return `${fallback}-${number}`
}

/**
 * Makes a directory in every tree; undefined where a pinned one is there already, which LXC refuses with ERANGE.
 *
 * @since 0.1.0
 * @category transitions
 */
export const makeGroup = (
  state: SimulatedState,
  pinned: string | undefined,
  fallback: string
): { readonly state: SimulatedState; readonly name: string } | undefined => {
  const name = groupName(state, pinned, fallback)
  if (name === undefined) return undefined
  const trees = state.trees.map((tree) => ({ ...tree, groups: { ...tree.groups, [name]: {}, "lxc.pivot": {} } }))
  return { state: { ...state, trees }, name }
}

/**
 * What LXC logs where a pinned group is there already.
 *
 * @since 0.1.0
 * @category constants
 */
export const groupExists: LogMessage = errorLine(
  "cgfsng.c:cgfsng_payload_create:1408",
  "Numerical result out of range - Failed to create container cgroup"
)

const isMulticast = (mac: string | undefined): boolean => mac !== undefined && Number.parseInt(mac, 16) % 2 === 1

/** LXC cuts a name that is too long for the kernel, and goes on. */
const pairName = (container: SimulatedContainer, nic: NicSettings, index: number): string =>
  (nic.pair ?? `veth${container.id}x${index}`).slice(0, 15)

const addVeth = (
  state: SimulatedState,
  container: SimulatedContainer,
  nic: NicSettings,
  index: number
): SimulatedState | LogMessage => {
  const name = pairName(container, nic, index)
  if (state.interfaces.some((each) => each.name === name)) {
    const peer = `veth${container.id}p${index}`
    return errorLine("network.c:netdev_configure_server_veth:662", `File exists - Failed to create veth pair "${name}" and "${peer}"`)
  }
  const bridge = state.interfaces.find((each) => each.name === nic.link)
  if (nic.link !== undefined && bridge === undefined) {
    return errorLine(
      "network.c:netdev_configure_server_veth:711",
      `No such file or directory - Failed to attach "${name}" to bridge "${nic.link}", bridge interface doesn't exist`
    )
  }
  if (bridge !== undefined && bridge.kind !== "bridge") {
    return errorLine(
      "network.c:netdev_configure_server_veth:724",
      `Operation not supported - Failed to attach "${name}" to bridge "${bridge.name}"`
    )
  }
  if (isMulticast(nic.mac)) {
    return errorLine("network.c:setup_hw_addr:3819", "Cannot assign requested address - Failed to perform ioctl")
  }
  const veth = {
    name,
    kind: "veth",
    mtu: nic.mtu ?? bridge?.mtu ?? 1_500,
    container: container.id,
    ...(bridge === undefined ? {} : { bridge: bridge.name })
  } as const
  return { ...state, interfaces: adjustBridges([...state.interfaces, veth]) }
}

const addNic = (
  state: SimulatedState,
  container: SimulatedContainer,
  nic: NicSettings,
  index: number
): SimulatedState | LogMessage => {
  if (nic.type === "veth") return addVeth(state, container, nic, index)
  if (nic.type !== "macvlan" && nic.type !== "phys") return state
  const link = state.interfaces.find((each) => each.name === nic.link)
  if (link === undefined) {
    return errorLine("network.c:lxc_create_network_priv:3427", `No such device - Failed to create network device on "${nic.link ?? ""}"`)
  }
  if (nic.type === "macvlan") return state
  const { kind, mtu, name } = link
  return {
    ...state,
    interfaces: state.interfaces.filter((each) => each !== link),
    containers: state.containers.map((each) =>
      each.id === container.id ? { ...each, moved: [...each.moved, { name, kind, mtu }] } : each
    )
  }
}

const addNics = (
  state: SimulatedState,
  container: SimulatedContainer,
  nics: ReadonlyArray<NicSettings>
): SimulatedState | LogMessage => {
  let current = state
  for (const [index, nic] of nics.entries()) {
    const next = addNic(current, container, nic, index)
    if ("level" in next) return next
    current = next
  }
  return current
}

/** LXC makes these below a root without a file system, before it finds no init there. */
const scaffold = (state: SimulatedState, root: string): SimulatedState =>
  topMount(state, root) === undefined && state.images[root] === undefined
    ? scaffolding.reduce((made, name) => makeDirectories(made, `${root}/${name}`), state)
    : state

const execFailure = (guest: Guest, init: string): LogMessage | undefined => {
  const [program = init] = init.split(" ")
  const present = program === "/sbin/init" ? guest.init : guest.programs.includes(program) ? "present" : "missing"
  if (present === "present") return undefined
  const why = present === "not-executable" ? "Permission denied" : "No such file or directory"
  return errorLine("start.c:start:2197", `${why} - Failed to exec "${program}"`)
}

const kibibyte = 1_024

/** What comes of a memory limit that is too low, measured with LXC 5.0.2. */
const memory = (state: SimulatedState, guest: Guest, limit: number) => {
  const v2 = state.trees.every((tree) => tree.version === 2)
  if (limit < 100 * kibibyte) return v2 ? "sync" : "hang"
  if (limit < 200 * kibibyte) return "wake"
  return limit < guest.needsBytes ? "killed" : undefined
}

const sequence = (number: number): LogMessage =>
  errorLine("sync.c:sync_wait:34", `An error occurred in another process (expected sequence number ${number})`)

const notSpawned = (name: string): LogMessage => errorLine("start.c:__lxc_start:2107", `Failed to spawn container "${name}"`)

/** Where LXC mounts the root of a container while it sets it up, as Debian builds it. */
const mountPoint = "/usr/lib/x86_64-linux-gnu/lxc/rootfs"

const isBind = ({ options }: MountSetting): boolean => options.includes("bind") || options.includes("rbind")

/** Said of an optional mount too. */
const missingSource = (state: SimulatedState, mount: MountSetting): ReadonlyArray<LogMessage> =>
  isBind(mount) && nodeAt(state, mount.source) === undefined
    ? [errorLine("utils.c:safe_mount:1220", `No such file or directory - Failed to mount "${mount.source}" onto "${mountPoint}/${mount.target}"`)]
    : []

const cutName = ({ pair }: NicSettings): ReadonlyArray<LogMessage> =>
  pair === undefined || pair.length < 16 ? [] : [errorLine("confile_utils.c:network_ifname:712", `Network device name "${pair}" is too long (>= 16)`)]

/** LXC makes what it mounts on if it is told to, never what it mounts. */
const canMount = (state: SimulatedState, guest: Guest, mount: MountSetting): boolean =>
  (mount.options.some((option) => option.startsWith("create=")) || !guest.lacks.includes(mount.target)) &&
  missingSource(state, mount).length === 0

/**
 * Goes through what LXC does between its fork and the execution of init, in its order.
 *
 * @since 0.1.0
 * @category transitions
 */
export const judge = (state: SimulatedState, container: SimulatedContainer, settings: LxcSettings): Verdict => {
  const root = settings.root ?? "/"
  if (!root.startsWith("/")) return fails(state, errorLine("conf.c:lxc_rootfs_init:576", `Bad file descriptor - Failed to open "${root}"`))
  if (nodeAt(state, root)?.kind !== "directory") {
    return fails(
      state,
      errorLine("conf.c:lxc_rootfs_init:576", `No such file or directory - Failed to open "${root}"`),
      errorLine("start.c:__lxc_start:2079", `Failed to handle rootfs pinning for container "${container.name}"`)
    )
  }
  if (settings.root === undefined) return rootless(state, container.name)
  const group = makeGroup(state, settings.payload, `lxc.payload.${container.name}`)
  if (group === undefined) return fails(state, groupExists)
  const grouped = changeContainer(group.state, container.id, { payload: group.name })
  const verdict = setUp(grouped, container, root, { ...settings, payload: group.name })
  return verdict._tag === "Fails" ? { ...verdict, state: removeGroups(verdict.state, group.name) } : verdict
}

/** The settings with the group that was made. */
type Grouped = LxcSettings & { readonly payload: string }

const setUp = (state: SimulatedState, container: SimulatedContainer, root: string, settings: Grouped): Verdict => {
  const networked = addNics(state, container, settings.nics)
  if ("level" in networked) {
    return fails(
      state,
      networked,
      errorLine("start.c:lxc_spawn:1840", "Failed to create the network"),
      notSpawned(container.name)
    )
  }
  const limits = applyLimits(networked, settings.limits)
  if (Result.isFailure(limits)) {
    const setup = errorLine("start.c:lxc_spawn:1795", `Failed to setup cgroup limits for container "${container.name}"`)
    return fails(networked, ...limits.failure, setup, notSpawned(container.name))
  }
  const limited: SimulatedState = {
    ...networked,
    trees: networked.trees.map((tree) => ({
      ...tree,
      groups: { ...tree.groups, [settings.payload]: limits.success.get(tree.mountPoint) ?? {} }
    }))
  }
  const guest = guestAt(limited, root) ?? blank()
  const unmountable = settings.mounts.find((mount) => !mount.options.includes("optional") && !canMount(limited, guest, mount))
  if (unmountable !== undefined) {
    return fails(
      scaffold(limited, root),
      ...missingSource(limited, unmountable),
      errorLine(
        "conf.c:mount_entry:2446",
        `No such file or directory - Failed to mount "${unmountable.source}" on "${mountPoint}/${unmountable.target}"`
      ),
      errorLine("conf.c:lxc_setup:4419", "Failed to setup mount entries"),
      errorLine("start.c:do_start:1272", `Failed to setup container "${container.name}"`),
      sequence(3),
      notSpawned(container.name)
    )
  }
  const verdict = execute(scaffold(limited, root), guest, settings, memoryLimit(limits.success))
  return verdict._tag === "Fails" ? { ...verdict, log: [...verdict.log, notSpawned(container.name)] } : verdict
}

/** NaN where there is none, or `max`: it is less than nothing. */
const memoryLimit = (files: ReadonlyMap<string, Readonly<Record<string, string>>>): number => {
  const all = [...files.values()]
  return Number(all.map((each) => each["memory.limit_in_bytes"] ?? each["memory.max"]).find((each) => each !== undefined))
}

/** What LXC complains of, and goes on. */
const complaints = (state: SimulatedState, { mounts, nics }: LxcSettings): ReadonlyArray<LogMessage> =>
  [...nics.flatMap(cutName), ...mounts.flatMap((each) => missingSource(state, each))]

/** Without a root LXC goes on with that of the host, as far as the console. */
const rootless = (state: SimulatedState, name: string): Verdict =>
  fails(
    state,
    errorLine("conf.c:lxc_setup:4478", "Failed to setup console"),
    errorLine("start.c:do_start:1272", `Failed to setup container "${name}"`),
    sequence(4),
    notSpawned(name)
  )

const execute = (state: SimulatedState, guest: Guest, settings: Grouped, limit: number): Verdict => {
  const room = memory(state, guest, limit)
  if (room === "hang") return { _tag: "Hangs", state }
  if (room === "sync") return fails(state, errorLine("sync.c:sync_wait:34", "Sync wait failure"))
  if (room === "wake") {
    const log = [errorLine("sync.c:sync_wake:62", "Broken pipe - Failed to wake up")]
    return { _tag: "Fails", state, log, leaks: false }
  }
  const failure = execFailure(guest, settings.init)
  return failure === undefined
    ? { _tag: "Runs", state, guest, payload: settings.payload, outOfMemory: room === "killed", log: complaints(state, settings) }
    : fails(state, failure, sequence(7))
}

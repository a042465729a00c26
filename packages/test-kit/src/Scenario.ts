/**
 * A host and an instance that fits it, described in a few words: what a property is tried on, and shrinks to.
 *
 * @since 0.1.0
 */
import { defaultDirectories } from "@effect-lxc/core/host/Directories"
import { decodeInstance, type Instance } from "@effect-lxc/core/model/Instance"
import { vethName } from "@effect-lxc/core/model/VethName"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Guest } from "./Guest.ts"
import * as Guests from "./Guest.ts"
import { emptyHost } from "./HostBuilder.ts"
import * as Incidents from "./Incidents.ts"
import type { WrittenSpec } from "./Request.ts"
import type { SimulatedState } from "./SimulatedState.ts"

const Residue = Schema.Literals(["monitor-cgroup", "payload-cgroup", "interface", "run-files", "half-written", "log"])

/**
 * Every combination is one that a start accepts. `residue` is what an earlier run of the instance left.
 *
 * @since 0.1.0
 * @category models
 */
export const Scenario = Schema.Struct({
  name: Schema.Literals(["web1", "web10", "web1-1", "db.example.com"]),
  layout: Schema.Literals(["v2", "v1", "hybrid"]),
  lxc: Schema.Literals(["5", "6", "4", "oldest"]),
  disk: Schema.Literals(["image", "device", "directory"]),
  readOnly: Schema.Boolean,
  /** What is written to the root is kept in memory. */
  volatile: Schema.Boolean,
  /** A further disk, seen at srv/data. */
  data: Schema.Boolean,
  /** Whether the guest may reboot itself. */
  bootable: Schema.Boolean,
  /** Without terminals, as a checkpoint wants it. */
  quiet: Schema.Boolean,
  guest: Schema.Literals(["busybox", "systemd"]),
  nics: Schema.Array(Schema.Literals(["bridged", "small", "macvlan", "phys"])).check(Schema.isMaxLength(3)),
  memory: Schema.NullOr(Schema.Literals(["64MiB", "256MiB"])),
  swap: Schema.Boolean,
  vcpus: Schema.NullOr(Schema.Literals([1, 0.5, 2])),
  cpuWeight: Schema.NullOr(Schema.Literals([100, 10_000])),
  pids: Schema.NullOr(Schema.Literals([100])),
  residue: Schema.Array(Residue).check(Schema.isMaxLength(3))
})

/**
 * @since 0.1.0
 * @category models
 */
export type Scenario = typeof Scenario.Type

/**
 * The simplest one: busybox in an image, no nic, no limit, on LXC 5 and cgroup v2.
 *
 * @since 0.1.0
 * @category constants
 */
export const simplest: Scenario = {
  name: "web1",
  layout: "v2",
  lxc: "5",
  disk: "image",
  readOnly: false,
  volatile: false,
  data: false,
  bootable: false,
  quiet: false,
  guest: "busybox",
  nics: [],
  memory: null,
  swap: false,
  vcpus: null,
  cpuWeight: null,
  pids: null,
  residue: []
}

const versionOf = ({ layout, lxc }: Scenario): string => {
  if (lxc === "oldest") return layout === "v2" ? "4.0.0" : "1.0.6"
  return { "4": "4.0.12", "5": "5.0.2", "6": "6.0.4" }[lxc]
}

/**
 * Where the root of a scenario is, by the kind of its disk.
 *
 * @since 0.1.0
 * @category constants
 */
export const diskPath = { image: "/srv/images/root.img", device: "/dev/vg0/root", directory: "/srv/roots/one" } as const

/**
 * Where the further disk of a scenario is.
 *
 * @since 0.1.0
 * @category constants
 */
export const dataPath = "/srv/images/data.img"

const nicOf = (scenario: Scenario, kind: Scenario["nics"][number], index: number) => {
  const legacy = versionOf(scenario).startsWith("1.")
  const mac = `aa:00:00:00:00:0${index}`
  if (kind === "bridged" || legacy) return { link: "br0", mac }
  return kind === "small" ? { link: "br0", mac, mtu: 1_400 } : { mode: kind, link: `eth${index}`, mac }
}

/**
 * The spec of a scenario, as somebody would write it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const specOf = (scenario: Scenario): WrittenSpec => {
  const { bootable, cpuWeight, data, disk, memory, name, nics, pids, quiet, readOnly, swap, vcpus, volatile } = scenario
  return {
    name,
    disks: [
      { path: diskPath[disk], readOnly, ...(volatile ? { volatile } : {}) },
      ...(data ? [{ path: dataPath, target: "srv/data" }] : [])
    ],
    nics: nics.map((kind, index) => nicOf(scenario, kind, index)),
    resources: {
      ...(memory === null ? {} : { memory, ...(swap ? { swap: "64MiB" } : {}) }),
      ...(vcpus === null ? {} : { vcpus }),
      ...(cpuWeight === null ? {} : { cpuWeight }),
      ...(pids === null ? {} : { pids })
    },
    lxc: {
      ...(bootable ? { dropCapabilities: [] } : {}),
      ...(quiet ? { ttys: 0, console: "none" } : {})
    }
  }
}

/**
 * The instance of a scenario.
 *
 * @since 0.1.0
 * @category constructors
 */
export const instanceOf = (scenario: Scenario): Instance => Result.getOrThrow(decodeInstance(specOf(scenario)))

const guests: Readonly<Record<Scenario["guest"], Guest>> = { busybox: Guests.obedient(), systemd: Guests.systemd() }

const incidentFor = (name: string, residue: Scenario["residue"][number]): Incidents.Incident => {
  const own = defaultDirectories.container(name)
  switch (residue) {
    case "monitor-cgroup":
      return Incidents.leaveCgroup(`lxc.monitor.${name}`)
    case "payload-cgroup":
      return Incidents.leaveCgroup(`lxc.payload.${name}`)
    case "interface":
      return Incidents.leaveInterface(vethName(name, 0))
    case "run-files":
      return Incidents.putFile(defaultDirectories.config(name), "lxc.uts.name = old\n", "0600")
    case "half-written":
      return Incidents.putFile(`${own}/instance.json.new`, "{", "0600")
    case "log":
      return Incidents.putFile(defaultDirectories.lxcLog(name), "an older line\n", "0640")
  }
}

/**
 * The host of a scenario without what an earlier run left.
 *
 * @since 0.1.0
 * @category constructors
 */
export const cleanHostOf = (scenario: Scenario): SimulatedState =>
  emptyHost({
    layout: scenario.layout,
    lxcVersion: versionOf(scenario),
    bridges: ["br0"],
    interfaces: ["eth0", "eth1", "eth2"],
    images: {
      [`${diskPath[scenario.disk]}${scenario.disk === "directory" ? "/" : ""}`]: guests[scenario.guest],
      [dataPath]: Guests.obedient()
    }
  })

/**
 * The host of a scenario.
 *
 * @since 0.1.0
 * @category constructors
 */
export const hostOf = (scenario: Scenario): SimulatedState => {
  // Directories are made with the mode that a start gives them, as by an earlier one.
  const made = Incidents.putDirectory(defaultDirectories.container(scenario.name), "0700")
  const needsRun = scenario.residue.some((each) => each === "run-files" || each === "half-written")
  const clean = cleanHostOf(scenario)
  return scenario.residue.reduce((state, each) => incidentFor(scenario.name, each)(state), needsRun ? made(clean) : clean)
}

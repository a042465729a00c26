/**
 * Everything that is wrong with a host, at once.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { monitorCgroup, payloadCgroup } from "../host/CgroupLayout.ts"
import { statusOf } from "../host/ContainerStatus.ts"
import type { Directories } from "../host/Directories.ts"
import { controllersOf } from "../host/HostInfo.ts"
import type { ContainerFacts, HostFacts } from "../host/HostFacts.ts"
import { isOnlyMeantToRun } from "../host/Remains.ts"
import { criuAdvice, type HostSurvey, tools } from "../host/HostSurvey.ts"
import { cgroupPrefix, devicePrefix } from "../lxc/CgroupKeys.ts"
import { atLeast, parseLxcVersion } from "../lxc/LxcVersion.ts"
import type { Instance } from "../model/Instance.ts"
import { isVethName, prefixIn, vethPrefix } from "../model/VethName.ts"
import { checkNics } from "./NicChecks.ts"
import { beyondHost } from "./Overcommitment.ts"

/**
 * An `error` keeps containers from running as they should; a `warning` does so for some, or is something left; a `note`
 * is good to know.
 *
 * @since 0.1.0
 * @category models
 */
export const Finding = Schema.Struct({
  /** A stable word for programs, such as `tool-missing`. */
  code: Schema.String,
  severity: Schema.Literals(["error", "warning", "note"]),
  message: Schema.String,
  advice: Schema.String
})

/**
 * @since 0.1.0
 * @category models
 */
export type Finding = typeof Finding.Type

/**
 * @since 0.1.0
 * @category models
 */
export interface Verification {
  /** Whether no finding is an error. */
  readonly ok: boolean
  /** Errors first. */
  readonly findings: ReadonlyArray<Finding>
}

const finding = (severity: Finding["severity"], code: string, message: string, advice: string): Finding => ({
  code,
  severity,
  message,
  advice
})

const checkLxc = ({ cgroups: { layout }, lxcVersion }: HostFacts): ReadonlyArray<Finding> => {
  if (lxcVersion === null) return [] // its tools are missing, which is said there
  const version = parseLxcVersion(lxcVersion)
  if (Result.isFailure(version)) {
    return [finding("error", "lxc-version-unknown", version.failure, "see what lxc-start --version prints")]
  }
  const prefix = cgroupPrefix(version.success, layout)
  const devices = devicePrefix(version.success, layout)
  return [
    ...(atLeast(version.success, "1.0.0") ? [] : [
      finding("error", "lxc-too-old", `LXC is ${lxcVersion}`, "install LXC 1.0 or later; 5.0 is what this library is made for")
    ]),
    ...(atLeast(version.success, "5.0.0") ? [] : [
      finding("warning", "lxc-old", `LXC ${lxcVersion} cannot be told which cgroups to use`, "with LXC 5.0 or later a second copy of a container is refused by LXC itself")
    ]),
    ...(Result.isFailure(prefix) ? [finding("error", prefix.failure.code, prefix.failure.message, prefix.failure.advice)] : []),
    ...(Result.isSuccess(prefix) && Result.isFailure(devices)
      ? [finding("warning", devices.failure.code, devices.failure.message, devices.failure.advice)]
      : [])
  ]
}

/** What only some operations need. */
const optionalTools: ReadonlySet<string> = new Set(["criu"])

const checkTools = (survey: HostSurvey): ReadonlyArray<Finding> => {
  const missing = survey.tools.filter((each) => each.path === null).map((each) => each.name)
  const lxc = missing.filter((name) => tools.get(name) === "lxc")
  const advice = (name: string) =>
    name === "criu" ? criuAdvice : `install it, on Debian and Ubuntu with: apt-get install ${tools.get(name) ?? name}`
  return [
    ...(lxc.length === 0 ? [] : [
      finding("error", lxc.includes("lxc-start") ? "lxc-missing" : "tool-missing", `not installed: ${lxc.join(", ")}`, advice("lxc-start"))
    ]),
    ...missing.filter((name) => !lxc.includes(name)).map((name) =>
      optionalTools.has(name)
        ? finding("note", "tool-missing", `${name} is not installed: nothing can be checkpointed`, advice(name))
        : finding("error", "tool-missing", `${name} is not installed`, advice(name))
    )
  ]
}

const neededNamespaces = ["mnt", "uts", "ipc", "pid", "net"]
const usefulNamespaces = ["user", "cgroup"]

const checkKernel = (survey: HostSurvey): ReadonlyArray<Finding> => [
  ...(survey.root ? [] : [finding("error", "not-root", "this is not run by root", "run it as root: mounts, cgroups and namespaces need that")]),
  ...neededNamespaces.filter((kind) => !survey.namespaces.includes(kind)).map((kind) =>
    finding("error", "namespace-missing", `the kernel has no ${kind} namespaces`, "boot one that has (CONFIG_NAMESPACES and what is below it)")
  ),
  ...usefulNamespaces.filter((kind) => !survey.namespaces.includes(kind)).map((kind) =>
    finding("warning", "namespace-missing", `the kernel has no ${kind} namespaces`, "containers share the host's; boot a kernel that has them")
  ),
  ...(survey.loopControl ? [] : [
    finding("error", "loop-missing", "there are no loop devices, which image files need", "load the module: modprobe loop")
  ])
]

const limitControllers: ReadonlyMap<string, string> = new Map([
  ["memory", "memory and swap"],
  ["cpu", "vcpus and cpuWeight"],
  ["cpuset", "cpuMask"],
  ["pids", "pids"]
])

const checkCgroups = (facts: HostFacts): ReadonlyArray<Finding> => {
  const controllers = controllersOf(facts)
  const v1 = facts.cgroups.layout !== "v2"
  const enable = "boot with it enabled (cgroup_enable=, see kernel-parameters.txt), or mount its tree"
  return [
    ...(v1 && !controllers.includes("devices") ? [
      finding("error", "controller-missing", "there is no controller devices: containers could use every device", enable)
    ] : []),
    ...(v1 && !controllers.includes("freezer") ? [
      finding("warning", "controller-missing", "there is no controller freezer: nothing can be frozen", enable)
    ] : []),
    ...[...limitControllers].filter(([name]) => !controllers.includes(name)).map(([name, what]) =>
      finding("warning", "controller-missing", `there is no controller ${name}: ${what} cannot be limited`, enable)
    ),
    ...(facts.cgroups.swapAccounting || !controllers.includes("memory") ? [] : [
      finding("note", "swap-accounting", "the kernel does not limit swap", "boot it with swapaccount=1 if a spec is to limit it")
    ]),
    ...(facts.cgroups.ioWeightFile === null
      ? [finding("note", "io-weight", "the kernel has no proportional I/O weight", "use BFQ for the disks if a spec is to have ioWeight")]
      : [])
  ]
}

const checkDirectories = (survey: HostSurvey): ReadonlyArray<Finding> =>
  survey.directories.flatMap(({ kind, mode, path, uid }) => {
    if (kind === "missing") return [] // made by the first start
    if (kind === "other") {
      return [finding("error", "directory-wrong", `${path} is not a directory`, "look what it is, and remove it by hand")]
    }
    return uid === 0 && (Number.parseInt(mode, 8) & 0o022) === 0 ? [] : [
      finding(
        "error",
        "directory-unsafe",
        `${path} belongs to uid ${uid} with mode ${mode}`,
        `others could change what is in it: chown root ${path}; chmod go-w ${path}`
      )
    ]
  })

const own = (directories: Directories, facts: HostFacts): ReadonlyArray<ContainerFacts> =>
  facts.containers.filter((each) => each.lxcPath === directories.containers)

const checkNetwork = (directories: Directories, facts: HostFacts, survey: HostSurvey): ReadonlyArray<Finding> => {
  const specs = [
    ...own(directories, facts).flatMap((each) => each.record ?? []),
    ...survey.wanted.flatMap((each) => each.instance ?? [])
  ]
  const byName = new Map<string, Instance>(specs.reverse().map((instance) => [instance.name, instance]))
  return [...byName.values()].flatMap((instance) => {
    const { rejections, warnings } = checkNics(instance, facts)
    return [
      ...rejections.map(({ advice, code, field, message }) =>
        finding("error", code, `${instance.name}: ${field}: ${message}`, advice)
      ),
      ...warnings.map((text) =>
        finding("warning", "mac-twice", `${instance.name}: ${text}`, "see with effect-lxc info which networks they are in")
      )
    ]
  })
}

/** What is in the run directory of an instance that was started in another boot tells of nothing that is there now. */
const notRunning = (name: string, restarted: boolean): Finding =>
  finding(
    "warning",
    "not-running",
    `${name} is meant to run and does not${restarted ? ": the host was restarted since it was started" : ""}`,
    `start it by its spec, which removes what is left of it, or forget it: effect-lxc cleanup ${name}`
  )

/** Known here by nothing but the state directory, which several run directories may have. */
const runsElsewhere = (name: string, lxcPath: string): Finding =>
  finding(
    "note",
    "runs-elsewhere",
    `${name} is meant to run, and runs under the lxcpath ${lxcPath}`,
    "if that is of another run directory, give each a state directory of its own with --state-dir"
  )

const checkContainer = (container: ContainerFacts, restarted: boolean): ReadonlyArray<Finding> => {
  const { name } = container
  const end = `end what is left of it: effect-lxc kill ${name}`
  const unreadable = container.record === null && container.files.includes("instance.json")
    ? [finding("warning", "record-unreadable", `the record of ${name} cannot be understood`, `stop it, and start it by its spec: effect-lxc stop ${name}`)]
    : []
  switch (statusOf(container).problem) {
    case "monitor-dead":
      return [finding("error", "orphan", `processes of ${name} live on without their monitor`, end), ...unreadable]
    case "init-dead":
      return [finding("error", "init-dead", `the first process of ${name} is dead, its monitor is not`, end), ...unreadable]
    case "monitor-silent":
      return [finding("error", "monitor-silent", `the monitor of ${name} does not answer, and LXC's tools would hang`, end), ...unreadable]
    case "leftovers":
      return container.meantToRun && (restarted || container.files.length === 0)
        ? [notRunning(name, restarted)]
        : [finding("warning", "leftovers", `${name} does not run, and something of it is left`, `effect-lxc cleanup ${name}`), ...unreadable]
    case null:
      return unreadable
  }
}

const checkLimits = ({ name, record }: ContainerFacts, facts: HostFacts): ReadonlyArray<Finding> =>
  beyondHost(record?.resources ?? {}, facts).map((text) =>
    finding("note", "limit-beyond-host", `${name}: ${text}`, "if it should: effect-lxc resize, and its spec"))

const nameIn = (cgroup: string): string | undefined =>
  [payloadCgroup(""), monitorCgroup("")].flatMap((prefix) => cgroup.startsWith(prefix) ? [cgroup.slice(prefix.length)] : [])[0]

/** What carries a name of ours, and no container that is known has that name. */
const checkStrays = (directories: Directories, facts: HostFacts): ReadonlyArray<Finding> => {
  const known = new Set(facts.containers.map((each) => each.name))
  const isKnown = (name: string): boolean => known.has(name) || known.has(name.replace(/-[1-9]\d{0,2}$/, ""))
  const cgroups = facts.cgroupDirectories.filter((each) => {
    const name = nameIn(each.name)
    return name !== undefined && !isKnown(name)
  })
  const prefixes = new Set([...known].map(vethPrefix))
  const interfaces = facts.interfaces.filter(({ name }) => isVethName(name) && !prefixes.has(prefixIn(name)))
  const mounts = facts.mounts.filter(({ target }) => {
    const name = target.startsWith(`${directories.containers}/`) ? target.slice(directories.containers.length + 1).split("/")[0] : undefined
    return name !== undefined && !known.has(name)
  })
  const gone = facts.loops.filter((loop) => loop.backingFile.endsWith(" (deleted)"))
  return [
    ...cgroups.map((each) => {
      const name = nameIn(each.name) ?? ""
      return each.populated
        ? finding("error", "orphan", `processes live in ${each.name}, of no container that is known`, `see what they are; end them with: effect-lxc cleanup ${name}`)
        : finding("warning", "cgroup-left", `the cgroup ${each.name} is left, of no container that is known`, `effect-lxc cleanup ${name}`)
    }),
    ...interfaces.map(({ name }) =>
      finding("warning", "interface-left", `the interface ${name} is of no container that is known`, `ip link delete dev ${name}`)
    ),
    ...mounts.map(({ target }) =>
      finding("warning", "mount-left", `something is mounted on ${target}, of no container that is known`, `umount ${target}`)
    ),
    ...gone.map(({ backingFile, device }) =>
      finding("warning", "loop-deleted", `${device} has a file that is deleted: ${backingFile}`, `see who uses it; detach it with: losetup --detach ${device}`)
    )
  ]
}

const checkWanted = (survey: HostSurvey): ReadonlyArray<Finding> =>
  survey.wanted.filter((each) => each.instance === null).map(({ file }) =>
    finding("warning", "state-unreadable", `${file} cannot be understood`, "start its instance by its spec again, or remove the file")
  )

const severities: ReadonlyArray<Finding["severity"]> = ["error", "warning", "note"]

/**
 * @since 0.1.0
 * @category constructors
 */
export const verification = (findings: ReadonlyArray<Finding>): Verification => ({
  ok: findings.every((each) => each.severity !== "error"),
  findings: severities.flatMap((severity) => findings.filter((each) => each.severity === severity))
})

/**
 * What is wrong with a machine, whatever runs on it.
 *
 * @since 0.1.0
 * @category checks
 */
export const verifyMachine = (survey: HostSurvey): ReadonlyArray<Finding> => [
  ...checkKernel(survey),
  ...checkTools(survey),
  ...checkDirectories(survey),
  ...checkWanted(survey)
]

/**
 * An operation that has not ended, and who has the lock of its instance: null is somebody who says nothing of itself,
 * undefined is nobody.
 *
 * @since 0.1.0
 * @category models
 */
export interface Unended {
  readonly instance: string
  readonly holder: string | null | undefined
  /** Why its journal cannot be read, where it cannot: then no command of this library goes on. */
  readonly damage?: string | undefined
}

const checkUnended = (directories: Directories) => ({ damage, holder, instance }: Unended): Finding => {
  if (holder !== undefined) return finding("note", "under-way", `${instance} is being changed by ${holder ?? "another process"}`, "wait for it")
  return damage === undefined
    ? finding("warning", "unfinished", `an operation on ${instance} did not end, and its process is gone`, `undo or complete it: effect-lxc recover ${instance}`)
    : finding(
      "error",
      "journal-damaged",
      `an operation on ${instance} did not end, and cannot be undone: ${damage}`,
      `mend or remove ${directories.journal(instance)} by hand, and then what is left: effect-lxc cleanup ${instance}`
    )
}

/** Of instances that are meant to run: whether one was started in another boot. */
const restarts = (directories: Directories, { bootId }: HostFacts, { wanted }: HostSurvey) => {
  const startedIn = new Map(wanted.map((each) => [each.file, each.bootId]))
  return (name: string): boolean => (startedIn.get(directories.meantToRun(name)) ?? bootId) !== bootId
}

/**
 * What is wrong with LXC, with cgroups, and with what runs or ran. `unfinished` are the operations that have not ended.
 *
 * @since 0.1.0
 * @category checks
 */
export const verifyHost = (
  directories: Directories,
  facts: HostFacts,
  survey: HostSurvey,
  unfinished: ReadonlyArray<Unended>
): ReadonlyArray<Finding> => {
  const restarted = restarts(directories, facts, survey)
  const elsewhere = new Map(facts.containers
    .filter((each) => each.socket && each.lxcPath !== directories.containers)
    .map((each) => [each.name, each.lxcPath]))
  return [
    ...checkLxc(facts),
    ...checkCgroups(facts),
    ...checkNetwork(directories, facts, survey),
    ...own(directories, facts).flatMap((each) => {
      const lxcPath = isOnlyMeantToRun(each) ? elsewhere.get(each.name) : undefined
      return lxcPath === undefined ? checkContainer(each, restarted(each.name)) : [runsElsewhere(each.name, lxcPath)]
    }),
    ...own(directories, facts).flatMap((each) => checkLimits(each, facts)),
    ...checkStrays(directories, facts),
    ...unfinished.map(checkUnended(directories))
  ]
}

/**
 * What is seen of a host after a move, as lines that do not depend on the setting: what the simulated and the real host
 * have to agree on.
 *
 * Left out, because it is no property of the behaviour that is compared:
 * - pids, start times, numbers of loop devices, `major:minor` and inodes, the boot id: given in the order of asking;
 * - how much a guest uses (memory, number of processes): chosen by the guest;
 * - options of mounts but `ro` and `rw`: defaults of the file system and of the kernel;
 * - what is not of the setting: of the machine, or of somebody else at work on it;
 * - the letter of a process that lives and is not stopped by a signal: running, sleeping and frozen follow one another;
 * - confinement (`security`): a property of the machine, which the simulated host is not told.
 *
 * @since 0.1.0
 */
import type { ContainerFacts, HostFacts, LoopDevice } from "@effect-lxc/core/host/HostFacts"
import type { MountEntry } from "@effect-lxc/core/host/MountTable"
import { isAlive, type ProcessStat } from "@effect-lxc/core/host/ProcessStat"
import { encodeInstance } from "@effect-lxc/core/model/Instance"
import { isBelow } from "@effect-lxc/core/model/HostPath"
import { vethPrefix } from "@effect-lxc/core/model/VethName"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import type { ContainerInfo } from "@effect-lxc/core/runtime/Queries"
import type { StepProblem } from "@effect-lxc/core/runtime/StepProblem"
import * as Effect from "effect/Effect"
import type { Answer } from "../Request.ts"
import { actorNames, archives, fileIn, images, imports, nameIn, type Setting, unplaced } from "./Setting.ts"

/**
 * @since 0.1.0
 * @category models
 */
export type Lines = ReadonlyArray<string>

const json = (value: unknown): string => JSON.stringify(value)

const processWord = (stat: ProcessStat | null): string =>
  !isAlive(stat) ? "none" : stat.state === "T" || stat.state === "t" ? "stopped" : "alive"

const containerLines = (each: ContainerFacts): Lines => [
  `container ${each.name}: socket ${each.socket}, monitor ${processWord(each.monitor)}, init ${processWord(each.init)}, ` +
  `populated ${each.populated}, ${each.freezer}, meant to run ${each.meantToRun}`,
  `container ${each.name} has files ${[...each.files].sort().join(" ")}`,
  `container ${each.name} has the record ${each.record === null ? "none" : json(encodeInstance(each.record))}`,
  ...(each.limits ?? []).map(({ controller, file, value }) => `container ${each.name} has ${controller} ${file} = ${value}`)
]

/** The file behind a loop device, in place of its number. */
const behind = (loops: ReadonlyArray<LoopDevice>) => (source: string): string => {
  const loop = loops.find((each) => each.device === source)
  return loop === undefined ? source : `loop of ${loop.backingFile}`
}

const mountLine = (mount: MountEntry, source: string): string =>
  `mount ${source} on ${mount.target} (${mount.fsType}, ${mount.options.includes("ro") ? "ro" : "rw"}${
    mount.root === "/" ? "" : `, of ${mount.root}`
  })`

const factLines = (facts: HostFacts, setting: Setting): Lines => {
  const { directories, files, prefix } = setting
  const ofSetting = (path: string): boolean => isBelow(directories.run, path) || isBelow(files, path)
  const prefixes = actorNames.map((actor) => vethPrefix(nameIn(setting, actor)))
  const source = behind(facts.loops)
  return [
    ...facts.containers.filter((each) => each.lxcPath === directories.containers).flatMap(containerLines).sort(),
    ...facts.cgroupDirectories.filter((each) => each.name.includes(`.${prefix}-`)).map(({ hierarchies, name, populated }) =>
      `cgroup ${name} in ${[...hierarchies].sort().join(" ")}${populated ? ", populated" : ""}`).sort(),
    ...facts.interfaces.filter((each) => each.name === setting.bridge || prefixes.some((own) => each.name.startsWith(own)))
      .map(({ kind, mtu, name }) => `interface ${name} (${kind}, mtu ${mtu})`).sort(),
    ...facts.loops.filter((each) => ofSetting(each.backingFile))
      .map(({ backingFile, offset = 0 }) => `loop of ${backingFile} from ${offset}`).sort(),
    // In the kernel's order, which matters.
    ...facts.mounts.filter((each) => ofSetting(each.target)).map((each) => mountLine(each, source(each.source))),
    ...facts.paths.map(({ kind, path }) => `path ${path} is ${kind}`)
  ]
}

const infoLine = (info: ContainerInfo): string => {
  const { cpu, interfaces, memory, name, pids, problem, root, state } = info
  const limits = json({
    memory: memory.limitBytes,
    swap: memory.swapLimitBytes,
    oomKills: memory.oomKills,
    cpu: [cpu.count, cpu.set, cpu.quota, cpu.weight],
    pids: pids.limit
  })
  const nics = interfaces.map((each) => `${each.name}=${each.hostName}`).join(" ")
  return `info ${name}: ${state}, ${problem ?? "no problem"}, ${limits}, ${nics}, ` +
    (root === null ? "no root" : `${root.fsType} of ${root.backingFile ?? "no file"}`)
}

/** Of which the kind is looked at, whether or not a spec names them. */
const pathsOf = (setting: Setting): Lines => [
  setting.directories.containers,
  setting.directories.state,
  ...[...Object.keys(images), ...archives, imports].map((name) => fileIn(setting, name)),
  ...actorNames.flatMap((actor) => {
    const own = setting.directories.container(nameIn(setting, actor))
    const imported = `${fileIn(setting, imports)}/${nameIn(setting, actor)}`
    return [imported, `${imported}.img`, `${imported}.json`, own, `${own}/rootfs`, `${own}/lower`, `${own}/memory`, `${own}/disk1`, `${own}/config.new`]
  })
]

/**
 * What is seen of a host through the same port and the same service, simulated or real; `deep` also verifies.
 *
 * @since 0.1.0
 * @category observations
 */
export const look = Effect.fnUntraced(function*(setting: Setting, deep: boolean) {
  const hypervisor = yield* Hypervisor
  const facts = yield* hypervisor.facts(pathsOf(setting))
  const infos = yield* hypervisor.infoAll()
  const findings = deep ? (yield* hypervisor.verify).findings : []
  const own = (text: string): boolean => text.includes(`${setting.prefix}-`) || text.includes(setting.directories.run)
  return [
    ...factLines(facts, setting),
    ...infos.map(infoLine),
    ...findings.filter(({ message }) => own(message)).map(({ code, severity }) => `verify: ${severity} ${code}`).sort()
  ].map(unplaced(setting))
})

const problemWords = (problem: StepProblem): string => {
  switch (problem._tag) {
    case "CommandFailed":
      return `CommandFailed, ${problem.argv[0]} exited with ${problem.exitCode} ${problem.signal ?? ""}`
    case "CommandTimedOut":
      return `CommandTimedOut, ${problem.argv[0]}`
    case "SystemCallFailed":
      return `SystemCallFailed, ${problem.call} ${problem.path}: ${problem.code}`
    case "Busy":
      return `Busy, ${problem.path} held by ${problem.holders.length === 0 ? "nobody seen" : "processes"}`
    case "InitEnded":
      return `InitEnded, ${problem.cause}`
    case "LimitNotInForce":
      return `LimitNotInForce, wanted ${problem.wanted}, found ${problem.found}`
    case "StillRunning":
      return `StillRunning, frozen again ${problem.frozenAgain}`
    case "Conflict":
    case "NotUndone":
    case "ArchiveDamaged":
    case "CannotKill":
      return problem._tag
  }
}

/**
 * An answer as a line. Left out are the words for people; how many steps found their result there already, for what LXC
 * cleans up by itself some milliseconds after an end may be gone or not; and how long something took.
 *
 * @since 0.1.0
 * @category rendering
 */
export const answerLine = (setting: Setting) => {
  const plain = unplaced(setting)
  return (answer: Answer): string => {
    switch (answer._tag) {
      case "Done":
        return plain(`Done, ${answer.acted + answer.alreadyDone} steps; ${answer.warnings.join("; ")}`)
      case "Failed": {
        const residue = answer.residue.map(({ problem, step }) => `${step} (${problemWords(problem)})`)
        return plain(
          `Failed at ${answer.step}: ${problemWords(answer.problem)}; ${answer.undone ? "undone" : "stopped there"}${
            residue.length === 0 ? "" : `, but for ${residue.join(", ")}`
          }`
        )
      }
      case "Unobserved":
        return plain(`Unobserved: ${problemWords(answer.problem)}`)
      default: {
        const { _tag, ...rest } = answer
        return plain(`${_tag} ${json(rest)}`)
      }
    }
  }
}

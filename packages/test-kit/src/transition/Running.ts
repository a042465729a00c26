/**
 * Steps on a container that goes on running: freeze, limit, reboot; and the host's own restart.
 *
 * @since 0.1.0
 */
import * as Commands from "@effect-lxc/core/plan/Commands"
import type { StepProblem } from "@effect-lxc/core/runtime/StepProblem"
import * as Result from "effect/Result"
import { boot } from "../Boot.ts"
import { countKill, type Errno, sameLimit, written } from "../CgroupFiles.ts"
import { nodeAt } from "../FileTree.ts"
import { freeze as freezeContainer, initEnds, reboot, receives } from "../Lifecycle.ts"
import { after, callFailed, type Call, type Case, commandFailed, conflict, done, failed, type Outcome, timedOut } from "../Outcome.ts"
import { answers, containerNamed, runningNamed } from "../Process.ts"
import type { CgroupTree, SimulatedState } from "../SimulatedState.ts"
import { timing } from "../Timing.ts"
import type { Seen } from "./Seen.ts"

interface ContainerRef {
  readonly lxcPath: string
  readonly name: string
}

/**
 * Whether LXC finds the configuration of a container: without it its tools do nothing.
 *
 * @since 0.1.0
 * @category queries
 */
export const isDefined = (state: SimulatedState, { lxcPath, name }: ContainerRef): boolean =>
  nodeAt(state, `${lxcPath}/${name}/config`)?.kind === "file"

/**
 * What lxc-freeze says of a container that is not defined.
 *
 * @since 0.1.0
 * @category problems
 */
export const undefinedFor = (argv: Commands.Argv, { lxcPath, name }: ContainerRef): StepProblem =>
  commandFailed(argv, 1, `lxc-freeze: ${name}: ../src/lxc/tools/lxc_freeze.c: main: 87 Failed to freeze ${lxcPath}:${name}\n`)

/**
 * @since 0.1.0
 * @category observations
 */
export const observeFreeze = (state: SimulatedState, step: Case<"Freeze">): Seen => ({
  done: containerNamed(state, step)?.frozen === true
})

/**
 * lxc-freeze: asks the monitor, which may not answer.
 *
 * @since 0.1.0
 * @category transitions
 */
export const freeze = (state: SimulatedState, step: Case<"Freeze">, call: Call): Outcome => {
  const container = runningNamed(state, step)
  const argv = Commands.freeze(step)
  if (container?.listening !== true) return failed(state, commandFailed(argv, 1, `${step.name} is not running\n`))
  if (!isDefined(state, step)) return after(state, call, timing.lxcFreeze, () => failed(state, undefinedFor(argv, step)))
  return answers(state, container)
    ? after(state, call, timing.lxcFreeze, () => done(freezeContainer(state, container.id)))
    : after(state, call, step.timeoutMs, () => failed(state, timedOut(argv, step.timeoutMs)))
}

const fileIn = (tree: CgroupTree, group: string, file: string): string | undefined => tree.groups[group]?.[file]

const write = (state: SimulatedState, mountPoint: string, group: string, file: string, value: string): SimulatedState => ({
  ...state,
  trees: state.trees.map((tree) =>
    tree.mountPoint === mountPoint
      ? { ...tree, groups: { ...tree.groups, [group]: { ...tree.groups[group], [file]: value } } }
      : tree
  )
})

const pidsTrees = (state: SimulatedState, step: Case<"ForbidForks">): ReadonlyArray<CgroupTree> =>
  state.trees.filter((tree) =>
    step.hierarchies.some((each) => each === tree.mountPoint) && tree.controllers.includes("pids") &&
    tree.groups[`lxc.payload.${step.name}`] !== undefined
  )

/**
 * @since 0.1.0
 * @category observations
 */
export const observeForbidForks = (state: SimulatedState, step: Case<"ForbidForks">): Seen => ({
  done: pidsTrees(state, step).every((tree) => fileIn(tree, `lxc.payload.${step.name}`, "pids.max") === "0")
})

/**
 * @since 0.1.0
 * @category transitions
 */
export const forbidForks = (state: SimulatedState, step: Case<"ForbidForks">): Outcome =>
  done(pidsTrees(state, step).reduce(
    (before, tree) => write(before, tree.mountPoint, `lxc.payload.${step.name}`, "pids.max", "0"),
    state
  ))

/**
 * The tree of a controller: that of v2 where none says that it has it.
 *
 * @since 0.1.0
 * @category queries
 */
export const treeOf = (state: SimulatedState, controller: string): CgroupTree | undefined =>
  state.trees.find((tree) => tree.controllers.includes(controller)) ?? state.trees.find((tree) => tree.version === 2)

/** The group of a running container in the tree of the step's controller. */
const groupOf = (state: SimulatedState, step: Case<"SetLimit">) => {
  const container = runningNamed(state, step)
  const tree = treeOf(state, step.controller)
  if (container === undefined) return undefined
  const { guest, id, payload } = container
  return tree?.groups[payload] === undefined
    ? undefined
    : { mountPoint: tree.mountPoint, payload, files: tree.groups[payload], id, usesBytes: guest.usesBytes }
}

/**
 * @since 0.1.0
 * @category observations
 */
export const observeSetLimit = (state: SimulatedState, step: Case<"SetLimit">): Seen => ({
  done: groupOf(state, step)?.files[step.file] === step.value
})

const codes: Readonly<Record<Errno, string>> = {
  "Invalid argument": "EINVAL",
  "No such file or directory": "ENOENT",
  "Numerical result out of range": "ERANGE"
}

/**
 * write(2) to a cgroup file, which is read back: the kernel clamps some values. Below what is used v1 refuses a memory limit, since it cannot reclaim that; v2 takes it and
 * kills.
 *
 * @since 0.1.0
 * @category transitions
 */
export const setLimit = (state: SimulatedState, step: Case<"SetLimit">): Outcome => {
  const group = groupOf(state, step)
  if (group === undefined) {
    return failed(state, conflict(`${step.name} has no cgroup of ${step.controller}`, "see that it runs"))
  }
  const path = `${group.mountPoint}/${group.payload}/${step.file}`
  const value = written(state, group.files, step.file, step.value)
  if (Result.isFailure(value)) return failed(state, callFailed("write", path, codes[value.failure]))
  const isShort = Number(value.success) < group.usesBytes
  if (isShort && (step.file === "memory.limit_in_bytes" || step.file === "memory.memsw.limit_in_bytes")) {
    return failed(state, callFailed("write", path, "EBUSY"))
  }
  const set = write(state, group.mountPoint, group.payload, step.file, value.success)
  if (!sameLimit(step.value, value.success)) {
    return failed(set, { _tag: "LimitNotInForce", file: path, wanted: step.value, found: value.success })
  }
  return done(isShort && step.file === "memory.max" ? initEnds(countKill(set, group.payload), group.id, "signal Killed(9)") : set)
}

/**
 * LXC's own reboot: the monitor, its cgroups and its config stay, the first process is another. A guest that does not
 * act on the signal goes on as it is, one that may not reboot ends.
 *
 * @since 0.1.0
 * @category transitions
 */
export const rebootInPlace = (state: SimulatedState, step: Case<"RebootInPlace">, call: Call): Outcome => {
  const container = runningNamed(state, step)
  const argv = Commands.rebootInPlace(step)
  if (container?.listening !== true) return failed(state, commandFailed(argv, 2, `${step.name} is not running\n`))
  const { onInterrupt } = container.guest
  if (onInterrupt === null || onInterrupt.afterMs > step.timeoutMs || container.frozen || !receives(state, container, "SIGINT")) {
    const silence = `lxc-stop: ${step.name}: ../src/lxc/commands_utils.c: lxc_cmd_sock_rcv_state: 49 Resource temporarily unavailable - Failed to receive message\n`
    return after(state, call, step.timeoutMs, () => failed(state, commandFailed(argv, 1, silence)))
  }
  return after(state, call, onInterrupt.afterMs, () => {
    if (onInterrupt.does === "exit") return failed(initEnds(state, container.id, "error (130)"), commandFailed(argv, 1, ""))
    const rebooted = reboot(state, container.id)
    return runningNamed(rebooted, step) === undefined ? failed(rebooted, commandFailed(argv, 1, "")) : done(rebooted)
  })
}

/**
 * The host restarts: what lives in memory is gone, what is on disk stays.
 *
 * @since 0.1.0
 * @category transitions
 */
export const powerCycle = (state: SimulatedState): Outcome =>
  done(boot(state, `${state.bootId.slice(0, -1)}${state.bootId.endsWith("1") ? "2" : "1"}`))

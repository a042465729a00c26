/**
 * What holds when something failed: it is as before, or the residue says what is not.
 *
 * @since 0.1.0
 */
import { type ContainerStatus, isActive, statusOf } from "@effect-lxc/core/host/ContainerStatus"
import { isNothing, remainsOf } from "@effect-lxc/core/host/Remains"
import { payloadCgroup } from "@effect-lxc/core/host/CgroupLayout"
import { isBelow } from "@effect-lxc/core/model/HostPath"
import { members } from "@effect-lxc/core/plan/ExportFormat"
import type { Step } from "@effect-lxc/core/plan/Step"
import { factsOf } from "../../Facts.ts"
import { namesIn } from "../../FileTree.ts"
import type { SimulatedState } from "../../SimulatedState.ts"
import { observe } from "../../Transition.ts"
import { isOf, isPermanent, isStrangers, isUnfinished, places } from "../Belonging.ts"
import { changesBetween, type HostChange } from "../HostChanges.ts"
import { type PlanRun, planRunsOf } from "../PlanRuns.ts"
import { directories } from "../StartingState.ts"
import type { Story } from "../Story.ts"
import { belongingsOf, type Invariant, show } from "./Invariant.ts"

const isAt = (root: string, path: string): boolean => path === root || isBelow(root, path)

const statusIn = (state: SimulatedState, instance: string): ContainerStatus | undefined => {
  const { container } = remainsOf(directories, instance, factsOf(state, directories))
  return container === undefined ? undefined : statusOf(container)
}

const isAlive = (state: SimulatedState, instance: string): boolean => {
  const status = statusIn(state, instance)
  return status !== undefined && isActive(status)
}

/** Whether it has processes: a monitor that is stopped keeps the name of one that has none any more, and its groups. */
const hasProcesses = (state: SimulatedState, instance: string): boolean => {
  const status = statusIn(state, instance)
  return status !== undefined && status.state !== "STOPPED"
}

/** Whether a step that was not done is why something is not as it was. */
const explains = (step: Step, instance: string, after: SimulatedState, { kind, what }: HostChange): boolean => {
  switch (step._tag) {
    case "RemoveDirectory":
    case "MakeDirectory":
      return kind === "directory" && what === step.path
    case "RemoveFile":
    case "WriteFile":
      return kind === "file" && (what === step.path || what === `${step.path}.new`)
    case "RemoveTree":
      return isAt(step.path, what)
    case "MoveIntoPlace":
      return isAt(step.from, what) || isAt(step.to, what)
    case "Unmount":
      return kind === "mount" && what === step.target
    case "DetachLoop":
      return kind === "loop" && what === step.file
    case "KillContainer":
    case "AwaitStopped":
      return kind === "container" || kind === "process"
    case "Freeze":
    case "Thaw":
      return kind === "container"
    case "DeleteInterface":
      return kind === "interface" && what === step.name
    case "RemoveCgroups":
      // It waits for the end of the monitor, which is in one of them, and that of the container.
      return kind === "container" || kind === "process"
        ? !isAlive(after, instance) && (kind === "container" || step.names.some((name) => isAt(name, what)))
        : kind === "cgroup" && step.hierarchies.some((hierarchy) => step.names.some((name) => isAt(`${hierarchy}/${name}`, what)))
    case "SetLimit":
      return kind === "cgroup" && what.endsWith(`/${payloadCgroup(step.name)}`)
    default:
      return false
  }
}

/** A directory stays because of what is left in it, and that is looked at by itself. */
const isNeeded = (after: SimulatedState, { kind, what }: HostChange): boolean => kind === "directory" && namesIn(after, what).length > 0

/** An export stops what runs, and that is not undone; then its spec is nowhere else but in RUN/exports. */
const stopsFirst = ({ before, instance, operation }: PlanRun): boolean =>
  operation === "export" && !isNothing(remainsOf(directories, instance, factsOf(before, directories)))

const headOf = (instance: string): ReadonlySet<string> => {
  const files = directories.exported(instance)
  return new Set([files, `${files}/${members.manifest}`, `${files}/${members.spec}`])
}

/** The spec of a checkpoint that did not come about: there are no images that it is the spec of. */
const isSpecOfNothing = ({ before, instance, operation }: PlanRun, { what }: HostChange): boolean => {
  if (operation !== "checkpoint") return false
  const checkpoint = `${places.checkpoints}/${instance}`
  return what === `${checkpoint}/instance.json` && before.files[`${checkpoint}/criu.images`] === undefined
}

/**
 * Of a start what an earlier run left is cleaned up, and of an export or import what an earlier one had not finished; what takes
 * away first is not undone so far.
 */
const mayLose = (run: PlanRun, { kind, what }: HostChange): boolean => {
  const { before, instance, operation } = run
  switch (operation) {
    case "reboot":
      return true
    case "export":
      return isUnfinished(what) || (stopsFirst(run) && !isBelow(places.exports, what))
    case "start":
    case "restore":
      return kind !== "file" || isBelow(directories.container(instance), what)
    default:
      // What does not last by itself: its end was under way.
      return (!isAlive(before, instance) && kind !== "file") || (operation === "import" && isUnfinished(what))
  }
}

/** What somebody else mounted in its place is not the instance's to unmount. */
const isForeign = ({ events }: Story, { kind, line, what }: HostChange): boolean =>
  kind === "mount" && line.endsWith(" tmpfs") && events.some(({ event }) =>
    event._tag === "Struck" && event.fault.happening?._tag === "MountTmpfs" && event.fault.happening.path === what)

/** What is meant to run stays so; with which spec and since when may change. An archive that was replaced is gone. */
const isOnlyRewritten = (other: SimulatedState, { instance, operation }: PlanRun, { kind, what }: HostChange): boolean =>
  kind === "file" && other.files[what] !== undefined &&
  (what === directories.meantToRun(instance) || (operation === "export" && isBelow(places.exports, what)))

/** A kill that overtakes begins with that, and needs no lock for it. */
const isDoomed = ({ kind, line }: HostChange): boolean => kind === "cgroup" && line.endsWith(" pids.max=0")

/** What befell a container that was there is none of the operation's doing. */
const isBefallen = ({ before, disturbed, instance }: PlanRun, change: HostChange): boolean =>
  disturbed && (change.kind === "container" || change.kind === "process" || isDoomed(change)) && isAlive(before, instance)

/** What somebody else took away, or an end of the container, or LXC after it. */
const isTaken = ({ disturbed, instance, taken }: PlanRun, { kind, what }: HostChange): boolean =>
  taken.has(`${kind} ${what}`) ||
  (disturbed && (["container", "process", "interface", "cgroup"].includes(kind) || what === directories.monitorPid(instance)))

const hasGroup = ({ trees }: SimulatedState, path: string): boolean =>
  trees.some(({ groups, mountPoint }) => isBelow(mountPoint, path) && groups[path.slice(mountPoint.length + 1)] !== undefined)

const isInside = ({ containers }: SimulatedState, instance: string, link: string): boolean =>
  containers.some(({ moved, name }) => name === instance && moved.some((each) => each.name === link))

/**
 * What comes with an end of the container, which itself may be what is wrong: an interface of the host that had been moved
 * into it is there again, and a group that it had limits nobody any more.
 */
const comesWithEnd = ({ before, instance }: PlanRun, after: SimulatedState, { kind, what }: HostChange): boolean =>
  kind === "interface"
    ? isInside(before, instance, what) && !isInside(after, instance, what)
    : kind === "cgroup" && hasGroup(before, what) && isAlive(before, instance) && !hasProcesses(after, instance)

/** What is not as it was before an operation that was undone, and is not named. */
const notUndone = (story: Story, run: PlanRun, after: SimulatedState, residue: ReadonlyArray<Step>): ReadonlyArray<HostChange> => {
  const own = belongingsOf(story, run.instance)
  const head = stopsFirst(run) ? headOf(run.instance) : new Set<string>()
  return changesBetween(run.before, after).filter((change) => {
    if (!isOf(directories, own, change) || isPermanent(directories, change) || isStrangers(after, change.what)) return false
    if (residue.some((step) => explains(step, run.instance, after, change))) return false
    if (change.sign === "-" && isOnlyRewritten(after, run, change)) return false
    return change.sign === "+"
      ? !isNeeded(after, change) && !head.has(change.what) && !isForeign(story, change) && !isBefallen(run, change) &&
        !comesWithEnd(run, after, change) && !isOnlyRewritten(run.before, run, change)
      : !mayLose(run, change) && !isTaken(run, change) && !isSpecOfNothing(run, change)
  })
}

/** What was stopped for an export that failed is started again with the spec that is in RUN/exports, or in what is named. */
const lostSpec = (run: PlanRun, after: SimulatedState, residue: ReadonlyArray<Step>): ReadonlyArray<string> => {
  const spec = `${directories.exported(run.instance)}/${members.spec}`
  return !stopsFirst(run) || after.files[spec] !== undefined || residue.some((step) => step._tag === "WriteFile" && step.path === spec)
    ? []
    : [`export ${run.instance} was undone, and ${spec} is not there`]
}

const told = (run: PlanRun, how: string) => (change: HostChange): string => `${run.operation} ${run.instance} was ${how}, and this is not as before: ${show(change)}`

/**
 * After a rollback the instance is as before, but for what the residue names; and the residue names nothing that is done.
 *
 * @since 0.1.0
 * @category invariants
 */
export const undoneOrNamed: Invariant = {
  name: "undone-or-named",
  check: (story) =>
    planRunsOf(story).flatMap((run) => {
      if (run.rolledBack === undefined) return []
      const { after, residue } = run.rolledBack
      const done = run.disturbed ? [] : residue.filter((step) => {
        if (run.blind.has(JSON.stringify(step))) return false
        const seen = observe(after, step, new Map())
        return "done" in seen && seen.done
      })
      return [
        ...notUndone(story, run, after, residue).map(told(run, "rolled back")),
        ...lostSpec(run, after, residue),
        ...done.map((step) => `${run.operation} ${run.instance} names as left what is not: ${JSON.stringify(step)}`)
      ]
    })
}

/** What took away goes on to its end, but what runs in order, or may, is left alone. */
const notCompleted = (story: Story, run: PlanRun, after: SimulatedState): ReadonlyArray<string> => {
  if (run.disturbed || run.operation === "checkpoint" || run.operation === "export") return []
  const remains = remainsOf(directories, run.instance, factsOf(after, directories))
  const status = statusIn(after, run.instance)
  if (isNothing(remains) || (status !== undefined && isActive(status) && (status.problem === null || status.problem === "monitor-silent"))) return []
  const own = belongingsOf(story, run.instance)
  return changesBetween({ ...after, files: {}, loops: [], mounts: [], interfaces: [], containers: [], processes: [], trees: [] }, after)
    .filter((change) => change.sign === "+" && isOf(directories, own, change) && !isPermanent(directories, change) && change.kind !== "process")
    .map(told(run, "completed by a recovery"))
}

/**
 * One recovery after an operation that did not end, the instance is as before it, or what took away has done so.
 *
 * @since 0.1.0
 * @category invariants
 */
export const recoveredAsBefore: Invariant = {
  name: "recovered-as-before",
  check: (story) =>
    planRunsOf(story).flatMap((run) =>
      run.recovered === undefined ? [] : run.undoable
        ? [...notUndone(story, run, run.recovered, []).map(told(run, "recovered")), ...lostSpec(run, run.recovered, [])]
        : notCompleted(story, run, run.recovered)
    )
}

/**
 * The failure that is reported is the first one.
 *
 * @since 0.1.0
 * @category invariants
 */
export const firstFailureReported: Invariant = {
  name: "first-failure-reported",
  check: (story) =>
    planRunsOf(story).flatMap(({ failed, instance, operation, refused }) =>
      failed === undefined || refused === undefined || JSON.stringify(failed.problem) === JSON.stringify(refused)
        ? []
        : [`${operation} ${instance} reports ${JSON.stringify(failed.problem)}, and first came ${JSON.stringify(refused)}`]
    )
}

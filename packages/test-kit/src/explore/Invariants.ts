/**
 * What holds in every story, whatever is asked and whatever goes wrong.
 *
 * @since 0.1.0
 */
import { statusOf } from "@effect-lxc/core/host/ContainerStatus"
import { isBelow } from "@effect-lxc/core/model/HostPath"
import { undo } from "@effect-lxc/core/plan/Rollback"
import { isCheck, type Step } from "@effect-lxc/core/plan/Step"
import type { JournalEntry } from "@effect-lxc/core/plan/JournalEntry"
import { containersOf } from "../Facts.ts"
import { dataPath, diskPath } from "../Scenario.ts"
import type { SimulatedState } from "../SimulatedState.ts"
import { observe } from "../Transition.ts"
import { type Belongings, changesBetween, type HostChange, isOf, isPermanent } from "./HostChanges.ts"
import { planRunsOf } from "./PlanRuns.ts"
import { directories, neighbourOf, untouched } from "./StartingState.ts"
import type { Story } from "./Story.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Invariant {
  readonly name: string
  /** What is broken in a story; empty where it holds. */
  readonly check: (story: Story) => ReadonlyArray<string>
}

const belongingsOf = ({ subject }: Story, name: string): Belongings =>
  name === subject.scenario.name
    ? { name, disks: [diskPath[subject.scenario.disk], dataPath], interfaces: ["eth0", "eth1", "eth2"] }
    : { name, disks: [], interfaces: [] }

const show = ({ line, sign }: HostChange): string => `${sign} ${line}`

/** What an instance has that it had not. */
const added = (story: Story, name: string, before: SimulatedState, after: SimulatedState): ReadonlyArray<HostChange> => {
  const own = belongingsOf(story, name)
  return changesBetween(before, after).filter((change) =>
    change.sign === "+" && isOf(directories, own, change) && !isPermanent(directories, change)
  )
}

/** Whether a step that was not done is why something is still there. */
const explains = (step: Step, { kind, what }: HostChange): boolean => {
  switch (step._tag) {
    case "RemoveDirectory":
    case "RemoveFile":
    case "RemoveTree":
    case "WriteFile":
    case "MakeDirectory":
      return what === step.path || isBelow(step.path, what) || (kind === "directory" && isBelow(what, step.path))
    case "MoveIntoPlace":
      return [step.from, step.to].some((path) => what === path || isBelow(path, what))
    case "Unmount":
      return kind === "mount" && what === step.target
    case "DetachLoop":
      return kind === "loop" && what === step.file
    case "KillContainer":
    case "AwaitStopped":
    case "Freeze":
    case "Thaw":
      return kind !== "loop"
    case "DeleteInterface":
      return kind === "interface"
    case "RemoveCgroups":
    case "SetLimit":
      return kind === "cgroup"
    default:
      return false
  }
}

const isBlind = ({ events }: Story): boolean =>
  events.some(({ event }) => event._tag === "Struck" && event.fault.repeats && event.fault.call === "observe")

/** What befell it before goes on by itself: a killed monitor's container ends, a guest halts. */
const takesAway = new Set(["start", "restore", "import", "reboot", "export"])

/**
 * After a rollback the instance is as before (what an export stopped stays so, and its spec stays in RUN/exports), but for what the residue names; and the residue names nothing that is done.
 *
 * @since 0.1.0
 * @category invariants
 */
export const undoneOrNamed: Invariant = {
  name: "undone-or-named",
  check: (story) =>
    planRunsOf(story).flatMap(({ before, instance, operation, rolledBack }) => {
      if (rolledBack === undefined) return []
      const { after, residue } = rolledBack
      const left = added(story, instance, before, after).filter((change) =>
        !residue.some((step) => explains(step, change)) && !(operation === "export" && isBelow(directories.run, change.what))
      )
      const lost = residue.length > 0 || takesAway.has(operation)
        ? []
        : changesBetween(before, after).filter((change) =>
          change.sign === "-" && change.kind === "file" && isOf(directories, belongingsOf(story, instance), change)
        )
      const done = residue.filter((step) => {
        const seen = observe(after, step, new Map())
        // A directory that may stay is still there; and a host that cannot be looked at any more cannot tell.
        return "done" in seen && seen.done && step._tag !== "DetachLoop" && step._tag !== "RemoveDirectory" && !isBlind(story)
      })
      return [
        ...left.map((change) => `${operation} ${instance} was rolled back, and left: ${show(change)}`),
        ...lost.map((change) => `${operation} ${instance} was rolled back, and lost: ${show(change)}`),
        ...done.map((step) => `${operation} ${instance} names as left what is not: ${step._tag} ${JSON.stringify(step)}`)
      ]
    })
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

/**
 * A step changes nothing but what is the instance's own, under whose lock it is done.
 *
 * @since 0.1.0
 * @category invariants
 */
export const othersUntouched: Invariant = {
  name: "others-untouched",
  check: (story) =>
    story.events.flatMap(({ event }) => {
      if (event._tag !== "HostChanged" || event.step === null) return []
      const name = event.instance ?? ("name" in event.step ? event.step.name : "")
      const own = belongingsOf(story, name)
      return changesBetween(event.before, event.after)
        .filter((change) => !isOf(directories, own, change) && !isPermanent(directories, change))
        .map((change) => `${event.step?._tag} of ${name}: ${show(change)}`)
    })
}

/**
 * Nothing is mounted or unmounted outside of the instance's own directory.
 *
 * @since 0.1.0
 * @category invariants
 */
export const mountsInside: Invariant = {
  name: "mounts-inside",
  check: (story) =>
    story.events.flatMap(({ event }) =>
      event._tag !== "HostChanged" || event.step === null || event.before.mounts === event.after.mounts
        ? []
        : changesBetween(event.before, event.after)
          .filter(({ kind, what }) => kind === "mount" && !isBelow(directories.container(event.instance ?? ""), what))
          .map((change) => `${event.step?._tag} of ${event.instance}: ${show(change)}`)
    )
}

/** What overtakes a stop that waits for its guest. */
const overtaking = new Set(["ForbidForks", "KillContainer"])

const isIntended = (entries: ReadonlyArray<JournalEntry>, step: Step): boolean => {
  const text = JSON.stringify(step)
  return entries.some((entry) =>
    entry._tag === "Intent" &&
    (entry.step === step || JSON.stringify(entry.step) === text || undo(entry.step).some((each) => each._tag === step._tag))
  )
}

/**
 * Whatever is applied, its intent, or that of what it undoes, is in the journal before.
 *
 * @since 0.1.0
 * @category invariants
 */
export const intentFirst: Invariant = {
  name: "intent-first",
  check: (story) => {
    const journals = new Map<string, ReadonlyArray<JournalEntry> | "unknown">()
    const recovering = new Set<number>()
    return story.events.flatMap(({ event }) => {
      if (event._tag === "JournalOpened") journals.set(event.instance, [])
      if (event._tag === "JournalRemoved") journals.delete(event.instance)
      if (event._tag === "JournalAppended") {
        const entries = journals.get(event.instance)
        if (entries !== "unknown") journals.set(event.instance, [...entries ?? [], event.entry])
      }
      if (event._tag === "Progressed" && event.event._tag === "PlanBegun") {
        if (event.event.operation === "recover") recovering.add(event.pid)
        else recovering.delete(event.pid)
      }
      if (event._tag !== "CallBegun" || event.call !== "apply" || isCheck(event.step)) return []
      if (event.instance === null) return overtaking.has(event.step._tag) ? [] : [`${event.step._tag} without a lock`]
      if (recovering.has(event.pid)) return []
      const entries = journals.get(event.instance) ?? []
      return entries === "unknown" || isIntended(entries, event.step) ? [] : [`${event.step._tag} of ${event.instance} was not in the journal`]
    })
  }
}

/**
 * From the taking of a lock to its end nobody else changes the instance.
 *
 * @since 0.1.0
 * @category invariants
 */
export const oneAtATime: Invariant = {
  name: "one-at-a-time",
  check: (story) => {
    const holders = new Map<string, number>()
    return story.events.flatMap(({ event }) => {
      if (event._tag === "Locked") holders.set(event.instance, event.pid)
      if (event._tag === "Unlocked" && holders.get(event.instance) === event.pid) holders.delete(event.instance)
      if (event._tag !== "HostChanged" || event.step === null || event.pid === null || overtaking.has(event.step._tag)) return []
      const { instance, pid, step } = event
      if (instance === null || holders.get(instance) === pid) return []
      return [`process ${pid} did ${step._tag} of ${instance} while ${holders.get(instance) ?? "nobody"} had its lock`]
    })
  }
}

/**
 * Everything comes to an end.
 *
 * @since 0.1.0
 * @category invariants
 */
export const nothingHangs: Invariant = {
  name: "nothing-hangs",
  check: ({ hang }) => hang === undefined ? [] : [hang]
}

/**
 * A recovery deals with everything that did not end, and no journal nor lock is left.
 *
 * @since 0.1.0
 * @category invariants
 */
export const recovered: Invariant = {
  name: "recovered",
  check: ({ aftermath }) =>
    aftermath === undefined ? [] : [
      ...aftermath.failures,
      ...aftermath.journalsAfterRecover.map((path) => `after recover there is still ${path}`),
      ...aftermath.journals.map((path) => `in the end there is still ${path}`),
      ...aftermath.holders.map((path) => `in the end somebody holds ${path}`)
    ]
}

/**
 * In the end, when everything was stopped, the host is as if nothing had ever been done.
 *
 * @since 0.1.0
 * @category invariants
 */
export const noTrace: Invariant = {
  name: "no-trace",
  check: (story) => {
    if (story.aftermath === undefined) return []
    const done = story.events.some(({ event }) => event._tag === "Asked" && (event.ask.request._tag === "Export" || event.ask.request._tag === "Import"))
    return changesBetween(untouched(story.subject), story.aftermath.state)
      .filter((change) => !isPermanent(directories, change))
      // A failed export keeps the spec of what it stopped in RUN/exports, for it is nowhere else.
      .filter(({ what }) => !(done && isBelow(`${directories.run}/exports`, what)))
      .filter(({ what }) =>
        !((done || story.subject.starting._tag === "Exported") && (isBelow("/srv/exports", what) || isBelow("/srv/imported", what)))
      )
      .map(show)
  }
}

/** What a name has to be after a request that was done. */
const expectations: Readonly<Record<string, ReadonlyArray<string>>> = {
  Start: ["RUNNING null"],
  Reboot: ["RUNNING null"],
  Freeze: ["FROZEN null"],
  Thaw: ["RUNNING null"],
  Stop: ["gone"],
  Kill: ["gone"]
}

/**
 * What is said to be done is done.
 *
 * @since 0.1.0
 * @category invariants
 */
export const answersTrue: Invariant = {
  name: "answers-true",
  check: (story) => {
    const unlocked = new Map<string, SimulatedState>()
    const name = story.subject.scenario.name
    return story.events.flatMap(({ event }) => {
      if (event._tag === "Unlocked") unlocked.set(`${event.pid} ${event.instance}`, event.state)
      if (event._tag === "Asked") unlocked.delete(`${event.pid} ${name}`)
      if (event._tag !== "Answered" || event.ending._tag !== "Done") return []
      const expected = expectations[event.ask.request._tag]
      const state = unlocked.get(`${event.pid} ${name}`)
      if (expected === undefined || state === undefined) return []
      const facts = containersOf(state, directories, false).find((each) => each.name === name)
      const status = facts === undefined ? undefined : statusOf(facts)
      const found = status === undefined ? "gone" : `${status.state} ${status.problem}`
      return expected.includes(found) ? [] : [`${event.ask.request._tag} ${name} is done, and it is ${found}`]
    })
  }
}

/**
 * Whoever is told that the host, or a journal, could not be had is told the truth: nothing was done.
 *
 * @since 0.1.0
 * @category invariants
 */
export const nothingDoneUnobserved: Invariant = {
  name: "nothing-done-unobserved",
  check: (story) => {
    const applied = new Map<number, number>()
    return story.events.flatMap(({ event }) => {
      if (event._tag === "Asked") applied.set(event.pid, 0)
      // What was recovered before is another operation.
      if (event._tag === "Progressed" && event.event._tag === "PlanBegun" && event.event.operation === "recover") applied.set(event.pid, -Infinity)
      if (event._tag === "CallBegun" && event.call === "apply") applied.set(event.pid, (applied.get(event.pid) ?? 0) + 1)
      if (event._tag !== "Answered" || event.ending._tag !== "Unobserved" || (applied.get(event.pid) ?? 0) <= 0) return []
      return [`${event.ask.request._tag} could not observe: ${JSON.stringify(event.ending.problem)}, after ${applied.get(event.pid)} steps`]
    })
  }
}

/**
 * A defect is answered with only where one was put in, or a lock that cannot be had.
 *
 * @since 0.1.0
 * @category invariants
 */
export const noDefects: Invariant = {
  name: "no-defects",
  check: ({ events }) => {
    const put = events.some(({ event }) => event._tag === "Struck" && (event.fault.kind === "defect" || event.fault.place._tag === "Lock"))
    return put ? [] : events.flatMap(({ event }) =>
      event._tag === "Answered" && event.ending._tag === "Defect" ? [event.ending.message] : []
    )
  }
}

/**
 * The neighbour goes on as it was, as long as nobody asked for it.
 *
 * @since 0.1.0
 * @category invariants
 */
export const neighbourUnharmed: Invariant = {
  name: "neighbour-unharmed",
  check: (story) => {
    const healed = story.events.findIndex(({ event }) => event._tag === "Healed")
    const last = story.events.slice(0, healed < 0 ? undefined : healed).findLast(({ event }) => event._tag === "Answered")
    if (last?.event._tag !== "Answered") return []
    const name = neighbourOf(story.subject)
    const own = belongingsOf(story, name)
    return changesBetween(story.before, last.event.state)
      .filter((change) => isOf(directories, own, change) && !isPermanent(directories, change) && !isBelow("/srv", change.what))
      .map((change) => `${name}: ${show(change)}`)
  }
}

/**
 * @since 0.1.0
 * @category invariants
 */
export const invariants: ReadonlyArray<Invariant> = [
  nothingHangs,
  noDefects,
  oneAtATime,
  intentFirst,
  othersUntouched,
  mountsInside,
  neighbourUnharmed,
  firstFailureReported,
  undoneOrNamed,
  answersTrue,
  nothingDoneUnobserved,
  recovered,
  noTrace
]

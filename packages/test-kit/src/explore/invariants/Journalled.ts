/**
 * What holds of journals and locks.
 *
 * @since 0.1.0
 */
import type { JournalEntry } from "@effect-lxc/core/plan/JournalEntry"
import { rollbackOf } from "@effect-lxc/core/plan/Rollback"
import { isCheck, type Step } from "@effect-lxc/core/plan/Step"
import { isBoot, isDeceit } from "../PlanRuns.ts"
import { directories, startingStateOf } from "../StartingState.ts"
import type { Story } from "../Story.ts"
import type { Invariant } from "./Invariant.ts"

/** What overtakes a stop that waits for its guest. */
const overtaking: ReadonlySet<Step["_tag"]> = new Set(["ForbidForks", "KillContainer"])

/** What a recovery does of what took away: it goes on with it. */
const takingAway: ReadonlySet<Step["_tag"]> = new Set([
  "Unmount", "DetachLoop", "DeleteInterface", "RemoveCgroups", "RemoveFile", "RemoveDirectory", "ForbidForks", "KillContainer"
])

/** A device is known by its name in the plan, or by itself. */
const textOf = (step: Step): string =>
  JSON.stringify(step._tag === "DetachLoop" ? { ...step, device: "" } : step._tag === "Unmount" ? { ...step, source: "" } : step)

const intentsIn = (entries: ReadonlyArray<JournalEntry>) => entries.flatMap((entry) => entry._tag === "Intent" ? [entry] : [])

const undoes = (intents: ReturnType<typeof intentsIn>, text: string): boolean =>
  rollbackOf(intents.filter((each) => each.undo).map((each) => each.step), directories).some((one) => textOf(one) === text)

const isIntended = (entries: ReadonlyArray<JournalEntry>, step: Step): boolean => {
  const intents = intentsIn(entries)
  if (intents.some((each) => each.step === step)) return true
  const text = textOf(step)
  return intents.some((each) => textOf(each.step) === text) || undoes(intents, text)
}

/** A recovery undoes what the journal says is to be undone; where there is nothing such, it goes on taking away. */
const isRecovery = (entries: ReadonlyArray<JournalEntry>, step: Step): boolean => {
  const intents = intentsIn(entries)
  if (entries.length === 0) return false
  return intents.some((each) => each.undo) ? undoes(intents, textOf(step)) : takingAway.has(step._tag)
}

const journalsBefore = ({ subject }: Story): Map<string, ReadonlyArray<JournalEntry>> => {
  const name = subject.scenario.name
  const entries = startingStateOf(subject).journals.get(directories.journal(name))
  return new Map(entries === undefined ? [] : [[name, entries]])
}

/**
 * Whatever is applied, its intent, or that of what it undoes, is in the journal before; the journal that a recovery is made
 * from is there as long as that is at work.
 *
 * @since 0.1.0
 * @category invariants
 */
export const intentFirst: Invariant = {
  name: "intent-first",
  check: (story) => {
    const journals = journalsBefore(story)
    const recovering = new Set<number>()
    const deceived = new Set<number>()
    return story.events.flatMap(({ event }) => {
      if (event._tag === "HostChanged" && isBoot(event)) journals.clear()
      if (event._tag === "Struck" && isDeceit(event.fault)) deceived.add(event.pid)
      if (event._tag === "JournalOpened") journals.set(event.instance, [])
      if (event._tag === "JournalRemoved" && !deceived.delete(event.pid)) journals.delete(event.instance)
      if (event._tag === "JournalAppended") journals.set(event.instance, [...journals.get(event.instance) ?? [], event.entry])
      if (event._tag === "Progressed" && event.event._tag === "PlanBegun") {
        if (event.event.operation === "recover") recovering.add(event.pid)
        else recovering.delete(event.pid)
      }
      if (event._tag !== "CallBegun" || event.call !== "apply" || isCheck(event.step)) return []
      if (event.instance === null) return overtaking.has(event.step._tag) ? [] : [`${event.step._tag} without a lock`]
      const entries = journals.get(event.instance) ?? []
      const isFounded = recovering.has(event.pid) ? isRecovery : isIntended
      return isFounded(entries, event.step) ? [] : [`${event.step._tag} of ${event.instance} was not in the journal`]
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

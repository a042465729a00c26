/**
 * What holds of answers.
 *
 * @since 0.1.0
 */
import { type ContainerStatus, statusOf } from "@effect-lxc/core/host/ContainerStatus"
import { containersOf } from "../../Facts.ts"
import type { SimulatedState } from "../../SimulatedState.ts"
import { endings } from "../PlanRuns.ts"
import { directories } from "../StartingState.ts"
import type { Ending, StoryEvent } from "../Story.ts"
import type { Invariant } from "./Invariant.ts"

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

/** What a name has to be after a request that was done, also where a guest may die as soon as it was seen alive. */
const befallenExpectations: Readonly<Record<string, ReadonlyArray<string>>> = { Stop: ["gone"], Kill: ["gone"] }

/** What a name has to be after a request that was done. */
const expectations: Readonly<Record<string, ReadonlyArray<string>>> = {
  ...befallenExpectations,
  Start: ["RUNNING null"],
  Reboot: ["RUNNING null"],
  Freeze: ["FROZEN null"],
  Thaw: ["RUNNING null"]
}

const statusIn = (state: SimulatedState, name: string): ContainerStatus | undefined => {
  const facts = containersOf(state, directories, false).find((each) => each.name === name)
  return facts === undefined ? undefined : statusOf(facts)
}

/** Whether somebody had begun to end a container that is still there: it may do so when it likes, or when it is thawed. */
const isEnding = (before: boolean, event: StoryEvent, name: string): boolean => {
  if (event._tag === "Unlocked" && event.instance === name) return before && statusIn(event.state, name) !== undefined
  if (event._tag !== "CallBegun" || event.call !== "apply" || !("name" in event.step) || event.step.name !== name) return before
  const { step } = event
  if (step._tag === "StartContainer" || step._tag === "Restore") return false
  return before || (step._tag === "Checkpoint" ? step.stop : endings.has(step._tag))
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
    let befallen = false
    let ending = false
    return story.events.flatMap(({ event }) => {
      ending = isEnding(ending, event, name)
      if (event._tag === "Unlocked") unlocked.set(`${event.pid} ${event.instance}`, event.state)
      if (event._tag === "Asked") unlocked.delete(`${event.pid} ${name}`)
      if (event._tag === "Struck" && event.fault.kind === "befall") befallen = true
      if (event._tag !== "Answered" || event.ending._tag !== "Done") return []
      const expected = befallen || ending ? befallenExpectations[event.ask.request._tag] : expectations[event.ask.request._tag]
      const state = unlocked.get(`${event.pid} ${name}`)
      if (expected === undefined || state === undefined) return []
      const status = statusIn(state, name)
      const found = status === undefined ? "gone" : `${status.state} ${status.problem}`
      return expected.includes(found) ? [] : [`${event.ask.request._tag} ${name} is done, and it is ${found}`]
    })
  }
}

/** Endings that say that nothing was done. */
const saysNothingDone = (ending: Ending): boolean =>
  ending._tag === "Unobserved" || (ending._tag === "Locked" && ending.killed !== true)

/**
 * Whoever is told that the host or a journal could not be had, or that somebody else is at work, is told the truth: nothing was done.
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
      if (event._tag !== "Answered" || !saysNothingDone(event.ending) || (applied.get(event.pid) ?? 0) <= 0) return []
      return [`${event.ask.request._tag} is answered ${JSON.stringify(event.ending)}, after ${applied.get(event.pid)} steps`]
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

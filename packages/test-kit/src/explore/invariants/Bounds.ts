/**
 * What holds of everything that is not the instance's own.
 *
 * @since 0.1.0
 */
import { isBelow } from "@effect-lxc/core/model/HostPath"
import * as Incidents from "../../Incidents.ts"
import { isOf, isPermanent, isStrangers } from "../Belonging.ts"
import { changesBetween } from "../HostChanges.ts"
import { directories, neighbourOf } from "../StartingState.ts"
import { belongingsOf, type Invariant, show } from "./Invariant.ts"

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
 * A file that somebody else put where an export or import puts its own is neither removed, moved nor changed, but where it was
 * asked to replace what is there.
 *
 * @since 0.1.0
 * @category invariants
 */
export const strangersSpared: Invariant = {
  name: "strangers-spared",
  check: ({ events }) =>
    events.flatMap(({ event }) => {
      if (event._tag !== "HostChanged" || event.step === null || event.before.files === event.after.files) return []
      if (event.step._tag === "MoveIntoPlace" && event.step.replace) return []
      return Object.keys(event.before.files)
        .filter((path) => isStrangers(event.before, path) && !isStrangers(event.after, path))
        .map((path) => `${event.step?._tag} of ${event.instance}: ${path} was somebody else's`)
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

/**
 * The neighbour goes on as it was, as long as nobody asked for it, and the power does not fail.
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
    // A boot leaves nothing of what ran; what is on the disk is as it was.
    const boots = last.event.state.bootId !== story.before.bootId
    return changesBetween(boots ? Incidents.reboot(last.event.state.bootId)(story.before) : story.before, last.event.state)
      .filter((change) => isOf(directories, own, change) && !isPermanent(directories, change))
      .map((change) => `${name}: ${show(change)}`)
  }
}

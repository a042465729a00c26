/**
 * What holds when everything was recovered, cleaned up and stopped.
 *
 * @since 0.1.0
 */
import { HostPath, isBelow } from "@effect-lxc/core/model/HostPath"
import { members } from "@effect-lxc/core/plan/ExportFormat"
import { isWholeArchive } from "../../transition/Exports.ts"
import type { SimulatedState } from "../../SimulatedState.ts"
import { isPermanent, isStrangers, isUnfinished, places } from "../Belonging.ts"
import { changesBetween, type HostChange } from "../HostChanges.ts"
import { planRunsOf } from "../PlanRuns.ts"
import { directories, untouched } from "../StartingState.ts"
import type { Story } from "../Story.ts"
import { type Invariant, show } from "./Invariant.ts"

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

const asked = ({ events }: Story) => events.flatMap(({ event }) => event._tag === "Asked" ? [event.ask.request] : [])

const archivesOf = (story: Story): ReadonlyArray<string> => {
  const named = asked(story).flatMap((request) => request._tag === "Export" ? [request.archive] : [])
  return story.subject.starting._tag === "Exported" ? [...named, HostPath.make(`${places.exports}/${story.subject.scenario.name}.tar`)] : named
}

/** Where an import of the instance puts its root and its spec. */
const importedOf = ({ subject }: Story) => {
  const at = `${places.imported}/${subject.scenario.name}`
  return { roots: [at, `${at}.img`], spec: `${at}.json` }
}

/** What stays for good, for somebody asked for it; a failed export keeps the spec of what it stopped, for it is nowhere else. */
const isWanted = (story: Story) => {
  const name = story.subject.scenario.name
  const requests = asked(story)
  const has = (tag: string) => requests.some(({ _tag }) => _tag === tag)
  const exported = planRunsOf(story).some((run) => run.operation === "export" && (run.rolledBack !== undefined || run.failed !== undefined || run.interrupted)) ||
    story.events.some(({ event }) => event._tag === "Answered" && event.ending._tag === "Crashed")
  const files = directories.exported(name)
  const { roots, spec } = importedOf(story)
  const wanted = new Set([
    ...archivesOf(story),
    ...(has("Import") ? [...roots, spec] : []),
    ...(has("Export") && exported ? [files, `${files}/${members.manifest}`, `${files}/${members.spec}`] : [])
  ])
  const checkpoint = `${places.checkpoints}/${name}`
  return (path: string): boolean => wanted.has(path) || ((has("Checkpoint") || story.subject.starting._tag === "Checkpointed") && (path === checkpoint || isBelow(checkpoint, path)))
}

/**
 * Whether something was not undone without a journal, by whoever failed or died at it: that is told to him who asked, and to
 * nobody else.
 */
const isUnknown = (story: Story): boolean =>
  planRunsOf(story).some(({ deceived, rolledBack, rollingBack }) => deceived && rollingBack && rolledBack?.residue.length !== 0)

/**
 * What is not whole yet, and a device that nothing is mounted from, have no name by which they could be found without a journal. A
 * power failure takes that along; devices do not outlast it.
 */
const isForgotten = (story: Story) => {
  const unknown = isUnknown(story)
  const unfinished = unknown || planRunsOf(story).some((run) => run.cutOff !== undefined)
  return ({ kind, what }: HostChange): boolean => (unknown && kind === "loop") || (unfinished && isUnfinished(what))
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
    const wanted = isWanted(story)
    const forgotten = isForgotten(story)
    return changesBetween(untouched(story.subject), story.aftermath.state)
      .filter((change) => !isPermanent(directories, change) && !(story.aftermath !== undefined && isStrangers(story.aftermath.state, change.what)))
      .filter((change) => change.sign === "-" || !forgotten(change))
      .filter(({ kind, sign, what }) => !(sign === "+" && (kind === "file" || kind === "directory") && wanted(what)))
      .map(show)
  }
}

const broken = (state: SimulatedState, archives: ReadonlyArray<string>): ReadonlyArray<string> =>
  archives.filter((path) => {
    const node = state.files[path]
    return node !== undefined && !isStrangers(state, path) && !isWholeArchive(node.text)
  })

/**
 * A file that is asked for is new and whole, or not there, whenever one looks: an export under its name, a root only with its
 * spec, unless the power failed between them, images of a checkpoint only with its spec; where something was not undone, and no
 * journal says so, one of two may be left.
 *
 * @since 0.1.0
 * @category invariants
 */
export const wholeFiles: Invariant = {
  name: "whole-files",
  check: (story) => {
    const archives = archivesOf(story)
    const found = new Set(story.events.flatMap(({ event }) =>
      event._tag === "HostChanged" && event.before.files !== event.after.files ? broken(event.after, archives) : []))
    const { roots, spec } = importedOf(story)
    const files = story.aftermath?.state.files ?? {}
    const hasRoot = roots.some((path) => files[path] !== undefined)
    const imported = story.events.some(({ event }) =>
      event._tag === "Answered" && event.ask.request._tag === "Import" && event.ending._tag === "Done")
    const unknown = isUnknown(story)
    const usurped = story.events.some(({ event }) =>
      event._tag === "Struck" && event.fault.happening?._tag === "PutFile" && isBelow(places.imported, event.fault.happening.path))
    const cutOff = unknown || usurped || planRunsOf(story).some((run) => run.operation === "import" && run.cutOff !== undefined)
    const images = `${places.checkpoints}/${story.subject.scenario.name}`
    return [
      ...[...found].map((path) => `${path} is not whole`),
      ...(cutOff || hasRoot === (files[spec] !== undefined) ? [] : [`of ${roots[0]} and ${spec} only one is there`]),
      ...(imported && !usurped && story.aftermath !== undefined && !hasRoot ? [`${spec} was imported, and is not there`] : []),
      ...(!unknown && files[`${images}/criu.images`] !== undefined && files[`${images}/instance.json`] === undefined ? [`${images} has no spec`] : [])
    ]
  }
}

/**
 * A power failure amid an export takes along what says what was stopped for it, but for what is on the disk: that it is meant to
 * run, or the export, whole.
 *
 * @since 0.1.0
 * @category invariants
 */
export const outlastsPower: Invariant = {
  name: "outlasts-power",
  check: (story) =>
    planRunsOf(story).flatMap(({ before, cutOff, instance, operation, taken }) => {
      const meant = directories.meantToRun(instance)
      if (operation !== "export" || cutOff === undefined || before.files[meant] === undefined || taken.has(`file ${meant}`)) return []
      const isPacked = archivesOf(story).some((path) => cutOff.files[path] !== undefined && cutOff.files[path]?.text !== before.files[path]?.text)
      return isPacked || cutOff.files[meant] !== undefined ? [] : [`the power failed amid an export, and neither it nor ${meant} is there`]
    })
}

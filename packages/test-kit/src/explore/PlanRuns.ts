/**
 * The plans that were carried out in a story, each from its first step to the end of its rollback or of its recovery.
 *
 * @since 0.1.0
 */
import type { Operation } from "@effect-lxc/core/plan/Operation"
import type { Step } from "@effect-lxc/core/plan/Step"
import type { StepProblem } from "@effect-lxc/core/runtime/StepProblem"
import type { Fault } from "../Faults.ts"
import type { SimulatedState } from "../SimulatedState.ts"
import { changesBetween } from "./HostChanges.ts"
import type { Story, StoryEvent, Told } from "./Story.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface PlanRun {
  readonly pid: number
  readonly operation: Operation
  readonly instance: string
  readonly before: SimulatedState
  /** What the host said when a step of the plan, not of its rollback, failed for the first time. */
  refused: StepProblem | undefined
  /** What was reported as the failure. */
  failed: { readonly step: Step; readonly problem: StepProblem } | undefined
  interrupted: boolean
  rollingBack: boolean
  /** Whether it was planned that nothing has to be done: so it was then, whatever became of it until that was noted. */
  readonly leavesAlone: boolean
  /** Whether steps were begun that a failure undoes. */
  undoable: boolean
  /** Whether its journal was removed and said not to be: what it told is undone without it. */
  deceived: boolean
  /** Undefined where nothing was rolled back, or not to the end. */
  rolledBack: { readonly residue: ReadonlyArray<Step>; readonly after: SimulatedState } | undefined
  /** The host when a recovery had dealt with it; undefined where none had to, or could. */
  recovered: SimulatedState | undefined
  /** The host after the power had failed before it was at its end: then its journal is gone. */
  cutOff: SimulatedState | undefined
  /** Whether anything but the operation, its rollback and its recovery may have changed the instance meanwhile. */
  disturbed: boolean
  /** What somebody else took away meanwhile, by kind and name. */
  readonly taken: Set<string>
  /** Steps that could not be looked at when they were looked at last. */
  readonly blind: Set<string>
}

/** What goes on by itself after somebody did it, for so many milliseconds at most: an end comes by and by. */
const unrest = 20_000

/**
 * Steps by which a container ends, or may: then, or later.
 *
 * @since 0.1.0
 * @category constants
 */
export const endings: ReadonlySet<Step["_tag"]> = new Set(["SignalContainer", "KillContainer", "ForbidForks", "RebootInPlace", "Checkpoint"])

/**
 * A journal that is removed, and said not to be.
 *
 * @since 0.1.0
 * @category queries
 */
export const isDeceit = ({ kind, place }: Fault): boolean =>
  place._tag === "Journal" && place.act === "remove" && (kind === "act-then-refuse" || kind === "act-then-hang")

type Changed = Extract<StoryEvent, { _tag: "HostChanged" }>

/** cgroup v2 kills what does not fit into less memory, the first process too: then the container ends, by and by. */
const isOutgrown = ({ before, step }: Changed): boolean =>
  step?._tag === "SetLimit" && step.file === "memory.max" &&
  before.containers.some(({ guest, name }) => name === step.name && Number(step.value) < guest.usesBytes)

const instanceOf = ({ instance, step }: Changed): string | undefined =>
  instance ?? (step !== null && "name" in step ? step.name : undefined)

/**
 * Whether the power failed.
 *
 * @since 0.1.0
 * @category queries
 */
export const isBoot = ({ after, before }: Pick<Changed, "after" | "before">): boolean => after.bootId !== before.bootId

/** How far a story was read. */
interface Scan {
  readonly runs: Array<PlanRun>
  /** By process. */
  readonly current: Map<number, PlanRun>
  /** By instance: the one whose journal is there. */
  readonly open: Map<string, PlanRun>
  /** By instance; that of all is under the empty name. */
  readonly restlessUntil: Map<string, number>
}

/** Also what is not to be seen: a monitor that answers nobody, or an end that is still to come. A full disk takes nothing away. */
const changesSomething = ({ after, before }: Changed): boolean =>
  (Object.keys(after) as ReadonlyArray<keyof SimulatedState>) // the keys of a struct are its fields
    .some((part) => part !== "full" && part !== "now" && after[part] !== before[part])

const takenFrom = (run: PlanRun, { after, before }: Changed): void => {
  run.disturbed = true
  for (const { kind, sign, what } of changesBetween(before, after)) if (sign === "-") run.taken.add(`${kind} ${what}`)
}

/** What is not at its end yet: its process is at it, though its journal may be gone, or nobody has recovered it. */
const underWay = ({ current, open }: Scan): ReadonlySet<PlanRun> =>
  new Set([...open.values(), ...[...current.values()].filter(({ recovered }) => recovered === undefined)])

/** The power failed: nobody goes on, no journal is left to recover from, and nothing is on its way any more. */
const cutOff = (state: Scan, { after }: Changed): void => {
  for (const run of underWay(state)) run.cutOff = after
  for (const each of [state.current, state.open, state.restlessUntil]) each.clear()
}

const disturb = (state: Scan, event: Changed, at: number): void => {
  const { current, restlessUntil } = state
  if (isBoot(event)) return cutOff(state, event)
  const { pid, step } = event
  const instance = instanceOf(event)
  if (step === null) {
    if (!changesSomething(event)) return
    restlessUntil.set("", at + unrest)
    for (const run of underWay(state)) takenFrom(run, event)
    return
  }
  if (instance === undefined) return
  const outgrown = isOutgrown(event)
  if (outgrown || endings.has(step._tag)) restlessUntil.set(instance, at + unrest)
  if (pid !== null && current.get(pid)?.operation === "recover") return
  for (const run of underWay(state)) if (run.instance === instance && (outgrown || run.pid !== pid)) run.disturbed = true
}

type Progressed = Extract<StoryEvent, { _tag: "Progressed" }>

type PlanBegun = Extract<Progressed["event"], { _tag: "PlanBegun" }>

const begin = ({ current, open, restlessUntil, runs }: Scan, { pid, state }: Progressed, { instance, operation, steps }: PlanBegun, at: number): void => {
  const begun: PlanRun = {
    pid,
    operation,
    instance,
    before: state,
    refused: undefined,
    failed: undefined,
    interrupted: false,
    rollingBack: false,
    leavesAlone: steps === 0,
    undoable: false,
    deceived: false,
    rolledBack: undefined,
    recovered: undefined,
    cutOff: undefined,
    disturbed: at < Math.max(restlessUntil.get("") ?? -1, restlessUntil.get(instance) ?? -1),
    taken: new Set(),
    blind: new Set()
  }
  runs.push(begun)
  current.set(pid, begun)
  if (operation !== "recover") open.set(instance, begun)
}

const progress = (run: PlanRun, { event, state }: Progressed): void => {
  if (event._tag === "StepFailed") run.failed = { step: event.step, problem: event.problem }
  if (event._tag === "Interrupted") run.interrupted = true
  if (event._tag === "RollbackBegun") {
    run.rollingBack = true
    for (const step of event.undo) run.blind.add(JSON.stringify(step))
  }
  if (event._tag === "RollbackDone") run.rolledBack = { residue: event.residue.map(({ step }) => step), after: state }
}

const call = (run: PlanRun, { call, end, step }: Extract<StoryEvent, { _tag: "CallEnded" }>): void => {
  if (!run.rollingBack && end._tag === "Refused") run.refused ??= end.problem
  if (!run.rollingBack || call === "apply") return
  if (end._tag === "Seen") run.blind.delete(JSON.stringify(step))
  else run.blind.add(JSON.stringify(step))
}

const journal = ({ current, open }: Scan, event: Extract<StoryEvent, { _tag: "JournalOpened" | "JournalAppended" | "JournalRemoved" }>): void => {
  const run = current.get(event.pid)
  // What fails before the plan begins is not of the plan before.
  if (event._tag === "JournalOpened") current.delete(event.pid)
  if (event._tag === "JournalAppended" && run?.instance === event.instance && event.entry._tag === "Intent" && event.entry.undo) {
    run.undoable = true
  }
  if (event._tag !== "JournalRemoved") return
  const origin = open.get(event.instance)
  if (origin !== undefined && run?.operation === "recover") origin.recovered = run.leavesAlone && !origin.undoable ? run.before : event.state
  open.delete(event.instance)
}

const scan = (events: ReadonlyArray<Told>): ReadonlyArray<PlanRun> => {
  const state: Scan = { runs: [], current: new Map(), open: new Map(), restlessUntil: new Map() }
  for (const { at, event } of events) {
    if (event._tag === "HostChanged") disturb(state, event, at)
    if (event._tag === "JournalOpened" || event._tag === "JournalAppended" || event._tag === "JournalRemoved") journal(state, event)
    if (event._tag === "Progressed" && event.event._tag === "PlanBegun") {
      begin(state, event, event.event, at)
    }
    // What fails later, as when who was asked to end is waited for, is of no plan.
    if (event._tag === "Unlocked" && state.current.get(event.pid)?.instance === event.instance) state.current.delete(event.pid)
    const run = "pid" in event && event.pid !== null ? state.current.get(event.pid) : undefined
    if (run === undefined) continue
    if (event._tag === "Struck" && isDeceit(event.fault)) run.deceived = true
    if (event._tag === "CallEnded" && event.instance === run.instance) call(run, event)
    if (event._tag === "Progressed") progress(run, event)
  }
  return state.runs
}

const known = new WeakMap<Story["events"], ReadonlyArray<PlanRun>>()

/**
 * @since 0.1.0
 * @category queries
 */
export const planRunsOf = ({ events }: Story): ReadonlyArray<PlanRun> => {
  const runs = known.get(events) ?? scan(events)
  known.set(events, runs)
  return runs
}

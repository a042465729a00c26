/**
 * Which fault strikes, and when.
 *
 * @since 0.1.0
 */
import type { Step } from "@effect-lxc/core/plan/Step"
import type { Fault, FaultPlace } from "./Faults.ts"
import { toolOf } from "./StepTool.ts"

type Call = Fault["call"]

type JournalAct = Extract<FaultPlace, { readonly _tag: "Journal" }>["act"]

/** What a process did so far: how often, and when it began. */
interface Past {
  readonly began: number
  /** The number of the last one of a kind, from 0 on; -1 before the first. */
  readonly last: (what: string) => number
  /** What it had done, and the time, when a fault struck first. */
  readonly strikeOf: (fault: Fault | undefined) => { readonly counts: ReadonlyMap<string, number>; readonly at: number } | undefined
}

const isAt = (now: number, wanted: number, repeats: boolean): boolean => now === wanted || (repeats && now > wanted)

const callsTo = (call: Call): string => `calls to ${call}`

/** Whether a fault is to strike at a step, of which the observation or the application is what was counted last. */
const hitsStep = ({ began, last, strikeOf }: Past, { call, place, repeats }: Fault, before: Fault | undefined, step: Step, now: number): boolean => {
  switch (place._tag) {
    case "Index":
      return isAt(last("step"), place.index, repeats)
    case "Tag":
      return step._tag === place.tag && isAt(last(`tag ${place.tag}`), place.nth, repeats)
    case "Tool":
      return toolOf(step) === place.tool && isAt(last(`tool ${place.tool}`), place.nth, repeats)
    case "Instant":
      return now >= began + place.ms
    case "Call":
      return isAt(last(callsTo(call)), place.nth, repeats)
    case "Next": {
      const strike = strikeOf(before)
      return strike !== undefined && isAt(last(callsTo(call)), (strike.counts.get(callsTo(call)) ?? -1) + 1 + place.nth, repeats)
    }
    case "After":
      return now >= (strikeOf(before)?.at ?? Infinity) + place.ms
    default:
      return false
  }
}

/** What is not counted on strikes but once. */
const isOnce = ({ place, repeats }: Fault): boolean => !repeats && (place._tag === "Instant" || place._tag === "After")

/**
 * The faults of one process that calls bring about, but for those that come by themselves, and how far each of their
 * counts has come. Each call is to be told, once, and gives the fault that strikes at it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeAim = (faults: ReadonlyArray<Fault>, comesByItself: (fault: Fault) => boolean, began: number) => {
  const counts = new Map<string, number>()
  const spent = new Set<Fault>()
  const strikes = new Map<Fault, { readonly counts: ReadonlyMap<string, number>; readonly at: number }>()
  const past: Past = {
    began,
    last: (what) => counts.get(what) ?? -1,
    strikeOf: (fault) => fault && strikes.get(fault)
  }
  const count = (what: string): void => {
    counts.set(what, past.last(what) + 1)
  }
  const first = (hits: (fault: Fault, before: Fault | undefined) => boolean): Fault | undefined => {
    const found = faults.find((each, index) => !spent.has(each) && !comesByItself(each) && hits(each, faults[index - 1]))
    if (found !== undefined && isOnce(found)) spent.add(found)
    return found
  }
  return {
    /** A fault strikes, also one that comes by itself. */
    struck: (fault: Fault, at: number): void => {
      if (!strikes.has(fault)) strikes.set(fault, { counts: new Map(counts), at })
    },
    step: (call: Call, step: Step, now: number): Fault | undefined => {
      count(callsTo(call))
      if (call === "observe") {
        count("step")
        count(`tag ${step._tag}`)
      } else {
        count(`tool ${toolOf(step) ?? ""}`)
      }
      return first((fault, before) => fault.call === call && hitsStep(past, fault, before, step, now))
    },
    journal: (act: JournalAct): Fault | undefined => {
      count(`journal ${act}`)
      return first(({ place, repeats }) => place._tag === "Journal" && place.act === act && isAt(past.last(`journal ${act}`), place.nth, repeats))
    },
    lock: (): Fault | undefined => {
      count("lock")
      return first(({ place, repeats }) => place._tag === "Lock" && isAt(past.last("lock"), place.nth, repeats))
    }
  }
}

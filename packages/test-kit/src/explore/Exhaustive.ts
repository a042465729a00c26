/**
 * Every operation with every fault at each of its steps.
 *
 * @since 0.1.0
 */
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import * as Faults from "../Faults.ts"
import type { Happening } from "../Happening.ts"
import { type Scenario, simplest } from "../Scenario.ts"
import { requestsOf } from "./Asking.ts"
import type { Case, Starting } from "./Case.ts"
import { tell } from "./Story.ts"

const scenario: Scenario = { ...simplest, nics: ["bridged"], memory: "64MiB", quiet: true }

const startings: ReadonlyArray<Starting> = [
  { _tag: "Clean" },
  { _tag: "Running" },
  { _tag: "Frozen" },
  { _tag: "Orphaned" },
  { _tag: "MonitorKilled" },
  { _tag: "MonitorStopped" },
  { _tag: "Booted" },
  { _tag: "Exported" },
  { _tag: "Checkpointed" },
  { _tag: "CrashedStart", nth: 18 },
  { _tag: "CrashedKill", nth: 8 }
]

const kinds: ReadonlyArray<Faults.FaultKind> = ["refuse", "act-then-refuse", "hang", "act-then-hang", "slow", "crash", "defect", "full-disk"]

const name = InstanceName.make(scenario.name)

/** What befalls the container between two steps. */
const happenings: ReadonlyArray<Happening> = [{ _tag: "KillInit", name }, { _tag: "KillMonitor", name }]

const countOf = (subject: Case, tag: "CallBegun" | "JournalAppended"): number => {
  const { events } = tell(subject)
  const healed = events.findIndex(({ event }) => event._tag === "Healed")
  return events.slice(0, healed < 0 ? undefined : healed)
    .filter(({ event }) => event._tag === tag && (event._tag !== "CallBegun" || event.call === "observe")).length
}

/**
 * For each request from each state to start from: each kind of fault at each step, before it is observed and when it is
 * applied, the death of the first process and of the monitor before it, and a crash or a full disk at each write to the journal. With `every` n only each n-th case.
 *
 * @since 0.1.0
 * @category constructors
 */
export function* everyStepEveryFault(every = 1): Generator<Case> {
  let count = 0
  for (const starting of startings) {
    for (const request of requestsOf(scenario)) {
      const caseOf = (...faults: ReadonlyArray<Faults.Fault>): Case => ({
        scenario,
        starting,
        neighbour: true,
        operators: [{ asks: [{ request, afterMs: 0, interruptAfterMs: null }], faults, afterCrash: [] }],
        schedule: 0
      })
      const steps = countOf(caseOf(), "CallBegun")
      const writes = countOf(caseOf(), "JournalAppended")
      const faults = [
        ...Array.from({ length: steps }, (_, index) =>
          [
            ...kinds.flatMap((kind) => (["apply", "observe"] as const).map((call) => Faults.atIndex(index, kind, { call }))),
            ...happenings.map((happening) => Faults.atIndex(index, "befall", { call: "observe", happening }))
          ]).flat(),
        ...Array.from({ length: writes }, (_, nth) =>
          (["refuse", "act-then-refuse", "crash"] as const).map((kind) => Faults.atJournal("append", kind, { nth }))).flat(),
        ...(["refuse", "act-then-refuse", "crash"] as const).flatMap((kind) => [
          Faults.atJournal("open", kind),
          Faults.atJournal("remove", kind),
          Faults.at({ _tag: "Lock", nth: 0 }, kind)
        ])
      ]
      for (const fault of faults) {
        if (count % every === 0) yield caseOf(fault)
        count += 1
      }
    }
  }
}

/** What an operation may fail by, or its process die. */
const firstKinds: ReadonlyArray<Faults.FaultKind> = ["refuse", "act-then-refuse", "act-then-hang", "crash"]

/** What then meets its rollback, or the recovery. */
const secondFaults: ReadonlyArray<Pick<Faults.Fault, "call" | "kind"> & Pick<Faults.Fault, "happening">> = [
  ...(["refuse", "act-then-refuse", "hang", "crash"] as const).flatMap((kind) => (["apply", "observe"] as const).map((call) => ({ call, kind }))),
  ...([
    ...happenings,
    { _tag: "OrphanContainer", name },
    { _tag: "StopMonitor", name },
    { _tag: "FreezeContainer", name },
    { _tag: "Boot", bootId: "5a1d1b2e-0000-4000-8000-000000000077" }
  ] as const).map((happening) => ({ call: "apply", kind: "befall", happening } as const))
]

/** How many steps are applied, and observed, after the first fault struck and before the end; undefined where it never did. */
const callsAfter = (subject: Case): Readonly<Record<Faults.Fault["call"], number>> | undefined => {
  const { events } = tell(subject)
  const from = events.findIndex(({ event }) => event._tag === "Struck")
  if (from < 0) return undefined
  const after = events.slice(from, events.findIndex(({ event }) => event._tag === "Healed"))
  const count = (call: Faults.Fault["call"]) => after.filter(({ event }) => event._tag === "CallBegun" && event.call === call).length
  return { apply: count("apply"), observe: count("observe") }
}

/**
 * For each request from each state to start from: each kind of failure, and a crash, at each step that is applied, and with it a
 * second fault at each step after that: of its rollback, or of the recovery that is asked for next.
 *
 * @since 0.1.0
 * @category constructors
 */
export function* everyTwoFaults(): Generator<Case> {
  for (const starting of startings) {
    for (const request of requestsOf(scenario)) {
      for (const kind of firstKinds) {
        const dies = kind === "crash"
        const caseOf = (first: Faults.Fault, ...seconds: ReadonlyArray<Faults.Fault>): Case => ({
          scenario,
          starting,
          neighbour: false,
          operators: [{
            asks: [request, ...dies ? [{ _tag: "Recover", name } as const] : []].map((each) => ({ request: each, afterMs: 0, interruptAfterMs: null })),
            faults: dies ? [first] : [first, ...seconds],
            afterCrash: dies ? seconds : []
          }],
          schedule: 0
        })
        for (let index = 0; ; index += 1) {
          const first = Faults.at({ _tag: "Call", nth: index }, kind)
          const calls = callsAfter(caseOf(first))
          if (calls === undefined) break
          for (const { call, ...second } of secondFaults) {
            for (let nth = 0; nth < calls[call]; nth += 1) {
              yield caseOf(first, Faults.at({ _tag: dies ? "Call" : "Next", nth }, second.kind, { call, ...second }))
            }
          }
        }
      }
    }
  }
}

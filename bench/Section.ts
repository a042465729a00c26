import type { Instance } from "@effect-lxc/core/model/Instance"
import type { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import type { Lab } from "./Lab.ts"
import type { Spread } from "./Measure.ts"

export interface Row {
  readonly what: string
  readonly unit: string
  readonly spread: Spread
}

export interface Goal {
  readonly goal: string
  readonly found: string
  readonly holds: boolean
}

/** What a section found; a note says what could not be measured, and why. */
export interface Found {
  readonly rows: ReadonlyArray<Row>
  readonly goals: ReadonlyArray<Goal>
  readonly notes?: ReadonlyArray<string>
}

/** What sections measure on: containers that run, and the hypervisor that started them. */
export interface Fleet {
  readonly lab: Lab
  readonly hypervisor: Hypervisor["Service"]
  readonly running: ReadonlyArray<Instance>
}

/** Where the repository is, and how many rounds of what is repeated. */
export interface Given {
  readonly repository: string
  readonly rounds: number
}

interface Named {
  readonly name: string
  /** How Node is started for it. */
  readonly nodeOptions?: ReadonlyArray<string>
}

/** A part of the benchmark that can be run alone; one that needs a fleet is skipped where containers cannot run. */
export type Section =
  | Named & { readonly needs: "nothing"; readonly measure: (given: Given) => Promise<Found> }
  | Named & { readonly needs: "fleet"; readonly measure: (fleet: Fleet, given: Given) => Promise<Found> }

export const row = (what: string, spread: Spread, unit = "ms"): Row => ({ what, spread, unit })

/** Holds where the ratio is at most, or at least, what was promised. */
export const atMost = (goal: string, found: number, most: number, unit = "x"): Goal =>
  ({ goal, found: `${found.toPrecision(3)}${unit}`, holds: found <= most })

export const atLeast = (goal: string, found: number, least: number, unit = "x"): Goal =>
  ({ goal, found: `${found.toPrecision(3)}${unit}`, holds: found >= least })

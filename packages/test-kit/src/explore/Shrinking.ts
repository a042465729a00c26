/**
 * Simpler cases than one in which something is wrong.
 *
 * @since 0.1.0
 */
import { type Scenario, simplest, specOf } from "../Scenario.ts"
import type { Ask, Case, Operator } from "./Case.ts"

/** A list with one left out, once for each. */
const leavingOut = <A>(values: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  values.map((_, index) => values.filter((__, each) => each !== index))

/** A list with one replaced by something simpler. */
const replacing = <A>(values: ReadonlyArray<A>, simpler: (value: A) => ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  values.flatMap((value, index) => simpler(value).map((other) => values.map((each, at) => at === index ? other : each)))

const simplerAsks = (ask: Ask): ReadonlyArray<Ask> => [
  ...(ask.afterMs === 0 ? [] : [{ ...ask, afterMs: 0 }]),
  ...(ask.interruptAfterMs === null ? [] : [{ ...ask, interruptAfterMs: null }])
]

const simplerFaults = (faults: Operator["faults"]): ReadonlyArray<Operator["faults"]> => [
  ...leavingOut(faults),
  ...replacing(faults, (fault) => fault.repeats ? [{ ...fault, repeats: false }] : [])
]

const simplerOperators = (operator: Operator): ReadonlyArray<Operator> => [
  ...simplerFaults(operator.faults).map((faults) => ({ ...operator, faults })),
  ...simplerFaults(operator.afterCrash).map((afterCrash) => ({ ...operator, afterCrash })),
  ...leavingOut(operator.asks).filter((fewer) => fewer.length > 0).map((asks) => ({ ...operator, asks })),
  ...replacing(operator.asks, simplerAsks).map((asks) => ({ ...operator, asks }))
]

/** The scenario stands in the requests as well. */
const withScenario = (subject: Case, scenario: Scenario): Case => ({
  ...subject,
  scenario,
  operators: subject.operators.map((operator) => ({
    ...operator,
    asks: operator.asks.map((ask) => "spec" in ask.request ? { ...ask, request: { ...ask.request, spec: specOf(scenario) } } : ask)
  }))
})

/**
 * The simplest changes first: without an operator, a fault, a request; then a plainer host.
 *
 * @since 0.1.0
 * @category shrinking
 */
export const simplerThan = (subject: Case): ReadonlyArray<Case> => {
  const { operators, scenario } = subject
  const fields = (Object.keys(simplest) as ReadonlyArray<keyof Scenario>) // the keys of a struct are its fields
    .filter((field) => field !== "name" && JSON.stringify(scenario[field]) !== JSON.stringify(simplest[field]))
  return [
    ...leavingOut(operators).filter((fewer) => fewer.length > 0).map((fewer) => ({ ...subject, operators: fewer })),
    ...replacing(operators, simplerOperators).map((simpler) => ({ ...subject, operators: simpler })),
    ...(subject.neighbour ? [{ ...subject, neighbour: false }] : []),
    ...(subject.starting._tag === "Clean" ? [] : [{ ...subject, starting: { _tag: "Clean" } as const }]),
    ...(fields.length > 1 ? [withScenario(subject, { ...simplest, name: scenario.name })] : []),
    ...fields.map((field) => withScenario(subject, { ...scenario, [field]: simplest[field] }))
  ]
}

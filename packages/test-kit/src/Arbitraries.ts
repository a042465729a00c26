/**
 * Generated values that shrink to what a person can read.
 *
 * @since 0.1.0
 */
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { atIndex, type Fault } from "./Faults.ts"
import { Neighbour } from "./Neighbours.ts"
import { Scenario, simplest } from "./Scenario.ts"
import { simplest as simplestSituation, Situation } from "./Situation.ts"

/** A list without each of its elements. */
const shorter = <A>(list: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  list.map((_, at) => list.filter((__, index) => index !== at))

/** Towards the simplest one, field by field; of a list that matters, element by element. */
const simplerScenario = (value: Scenario): ReadonlyArray<Scenario> => {
  const fields = Object.keys(simplest) as ReadonlyArray<keyof Scenario> // the keys of a struct are its fields
  return [
    ...fields.flatMap((field) =>
      JSON.stringify(value[field]) === JSON.stringify(simplest[field]) ? [] : [{ ...value, [field]: simplest[field] }]
    ),
    ...shorter(value.nics).map((nics) => ({ ...value, nics })),
    ...shorter(value.residue).map((residue) => ({ ...value, residue })),
    ...(value.nics.some((nic) => nic !== "bridged") ? [{ ...value, nics: value.nics.map(() => "bridged" as const) }] : [])
  ]
}

/**
 * A host with an instance that can be started on it.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const scenario: Arbitrary.Arbitrary<Scenario> = Arbitrary.schema(Scenario, { shrink: simplerScenario })

/**
 * A host with an instance that runs, does not, or fared ill.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const situation: Arbitrary.Arbitrary<Situation> = Arbitrary.schema(Situation, {
  shrink: (value) => [
    ...(value.fares === simplestSituation.fares ? [] : [{ ...value, fares: simplestSituation.fares }]),
    ...simplerScenario(value.scenario).map((scenario) => ({ ...value, scenario }))
  ]
})

/**
 * Up to three other instances, for the host of a scenario.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const neighbours: Arbitrary.Arbitrary<ReadonlyArray<Neighbour>> = Arbitrary.array(Arbitrary.schema(Neighbour), { maxLength: 3 })

const Place = Schema.Struct({
  index: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 24 })),
  call: Schema.Literals(["apply", "observe"]),
  kind: Schema.Literals(["refuse", "act-then-refuse", "hang", "act-then-hang", "slow", "defect"])
})

/**
 * One fault at one of the first 25 steps that are observed; none after which an operation does not return.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const fault: Arbitrary.Arbitrary<Fault> = Arbitrary.map(
  Arbitrary.schema(Place),
  ({ call, index, kind }) => atIndex(index, kind, { call })
)

/**
 * Up to `most` faults in one run.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const faults = (most: number): Arbitrary.Arbitrary<ReadonlyArray<Fault>> =>
  Arbitrary.array(fault, { maxLength: most })

/**
 * An instant, from 0 to `most`.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const milliseconds = (most: number): Arbitrary.Arbitrary<number> =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: most })))

export { hostileText } from "./arbitraries/HostileText.ts"
export { anyFacts, anyStep, factsIn, planIn } from "./arbitraries/Plans.ts"
export { type Occasion, sequence } from "./arbitraries/Requests.ts"
export { instance, nearMiss, writtenSpec } from "./arbitraries/Specs.ts"

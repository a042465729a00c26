/**
 * In which order several instances are started, and stopped.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { Instance } from "../model/Instance.ts"
import type { InstanceName } from "../model/InstanceName.ts"
import { InvalidSpec } from "../model/InvalidSpec.ts"
import type { Problem } from "../model/Problem.ts"

/**
 * Instances in the order in which they are dealt with one at a time, and which of them each has to wait for. An instance
 * stands behind all that it waits for.
 *
 * @since 0.1.0
 * @category models
 */
export interface BootOrder {
  readonly sequence: ReadonlyArray<Instance>
  readonly waitsFor: ReadonlyMap<InstanceName, ReadonlyArray<InstanceName>>
}

const priority = (instance: Instance): number => instance.autostart?.priority ?? 0

const after = (instance: Instance): ReadonlyArray<InstanceName> => instance.autostart?.after ?? []

const byUrgency = (one: Instance, other: Instance): number =>
  priority(other) - priority(one) || (one.name < other.name ? -1 : 1)

/** By name: those that wait for it, in the order of `instances`. */
const dependents = (
  instances: ReadonlyArray<Instance>,
  awaited: (instance: Instance) => ReadonlyArray<InstanceName>
): ReadonlyMap<InstanceName, ReadonlyArray<Instance>> => {
  const found = new Map<InstanceName, Array<Instance>>(instances.map((each) => [each.name, []]))
  for (const each of instances) for (const name of new Set(awaited(each))) found.get(name)?.push(each)
  return found
}

/** Puts one where it belongs among those that are sorted, the most urgent last. */
const insert = (sorted: Array<Instance>, instance: Instance): void => {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const other = sorted[middle]
    if (other !== undefined && byUrgency(instance, other) < 0) low = middle + 1
    else high = middle
  }
  sorted.splice(low, 0, instance)
}

/** Takes the most urgent of those that wait for nothing, again and again; what is on a cycle or behind one is left. */
const arrange = (instances: ReadonlyArray<Instance>) => {
  const waiting = dependents(instances, after)
  const missing = new Map(instances.map((each) => [each.name, new Set(after(each).filter((name) => waiting.has(name))).size]))
  const ready = instances.filter((each) => missing.get(each.name) === 0).sort((one, other) => byUrgency(other, one))
  const sequence: Array<Instance> = []
  for (let taken = ready.pop(); taken !== undefined; taken = ready.pop()) {
    sequence.push(taken)
    for (const each of waiting.get(taken.name) ?? []) {
      const left = (missing.get(each.name) ?? 0) - 1
      missing.set(each.name, left)
      if (left === 0) insert(ready, each)
    }
  }
  const left = instances.filter((each) => (missing.get(each.name) ?? 0) > 0).sort(byUrgency)
  return { sequence, left }
}

/** A cycle among instances of which each waits for another of them; it begins with the name that sorts first. */
const cycleIn = (left: ReadonlyArray<Instance>): ReadonlyArray<InstanceName> => {
  const waiting = new Map(left.map((each) => [each.name, each]))
  const path: Array<InstanceName> = []
  const seen = new Set<InstanceName>()
  let at = left[0]
  while (at !== undefined && !seen.has(at.name)) {
    path.push(at.name)
    seen.add(at.name)
    const next = after(at).find((name) => waiting.has(name))
    at = next === undefined ? undefined : waiting.get(next)
  }
  const cycle = at === undefined ? [] : path.slice(path.indexOf(at.name))
  const first = [...cycle].sort()[0]
  const start = first === undefined ? 0 : cycle.indexOf(first)
  return [...cycle.slice(start), ...cycle.slice(0, start)]
}

/** From which file, or whatever it is, an instance came; undefined where that is not known. */
type PlaceOf = (instance: Instance) => string | undefined

/** A problem of these instances, with the places that they came from. */
const problem = (path: string, message: string, of: ReadonlyArray<Instance>, placeOf: PlaceOf): Problem => {
  const places = of.flatMap((each) => placeOf(each) ?? [])
  return { path, message: places.length === 0 ? message : `${message} (${places.join(", ")})` }
}

const cycleProblems = (instances: ReadonlyArray<Instance>, placeOf: PlaceOf): ReadonlyArray<Problem> => {
  const { left } = arrange(instances)
  const cycle = cycleIn(left)
  const [first] = cycle
  if (first === undefined) return []
  const words = `${[...cycle, first].join(" waits for ")}: none of them can be the first`
  const members = cycle.flatMap((name) => left.filter((each) => each.name === name))
  return [
    problem("autostart.after", words, members, placeOf),
    ...cycleProblems(left.filter((each) => !cycle.includes(each.name)), placeOf)
  ]
}

const nameProblems = (instances: ReadonlyArray<Instance>, placeOf: PlaceOf): ReadonlyArray<Problem> => {
  const names = new Set<InstanceName>()
  const twice = instances.flatMap(({ name }) => {
    const known = names.has(name)
    names.add(name)
    return known ? [name] : []
  })
  return [
    ...[...new Set(twice)].sort().map((name) =>
      problem("name", `${name} is the name of more than one spec`, instances.filter((each) => each.name === name), placeOf)
    ),
    ...instances.flatMap((each) =>
      after(each).filter((name) => !names.has(name)).map((name) =>
        problem("autostart.after", `${each.name} waits for ${name}, and there is no spec of that name`, [each], placeOf)
      )
    )
  ]
}

/**
 * The order in which instances are started: each after those that its `autostart.after` names, and of those that may be
 * started the one with the highest priority, among equals by name. It does not depend on the order in which they are given.
 *
 * Two of one name, a name that none of them has, and every cycle are problems; `source` says in the error what was wrong, and
 * `placeOf` from where each instance came.
 *
 * @since 0.1.0
 * @category planners
 */
export const bootOrder = (
  instances: ReadonlyArray<Instance>,
  source = "the set of specs",
  placeOf: PlaceOf = () => undefined
): Result.Result<BootOrder, InvalidSpec> => {
  const unnamed = nameProblems(instances, placeOf)
  const problems = unnamed.length > 0 ? unnamed : cycleProblems(instances, placeOf)
  return problems.length > 0
    ? Result.fail(new InvalidSpec({ source, problems }))
    : Result.succeed({
      sequence: arrange(instances).sequence,
      waitsFor: new Map(instances.map((each) => [each.name, after(each)]))
    })
}

/**
 * The other way round, as they are stopped: each waits for those that were started after it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const reversed = ({ sequence, waitsFor }: BootOrder): BootOrder => {
  const stops = [...sequence].reverse()
  const later = dependents(stops, ({ name }) => waitsFor.get(name) ?? [])
  return {
    sequence: stops,
    waitsFor: new Map(stops.map((each) => [
      each.name,
      (later.get(each.name) ?? []).map((other) => other.name)
    ]))
  }
}

import { collect } from "./Garbage.ts"

/** What was measured, as quantiles of its samples. */
export interface Spread {
  readonly median: number
  readonly p10: number
  readonly p90: number
  readonly samples: number
}

export const spreadOf = (samples: ReadonlyArray<number>): Spread => {
  const sorted = [...samples].sort((one, other) => one - other)
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
  return { median: at(0.5), p10: at(0.1), p90: at(0.9), samples: sorted.length }
}

/** Does its work once and gives the milliseconds that count. */
export type Contender = () => Promise<number>

export const timed = (body: () => unknown): Contender => async () => {
  const began = performance.now()
  await body()
  return performance.now() - began
}

/**
 * One after the other, again and again: what slows the machine down for a while slows all of them down. None of them collects
 * the garbage of another. The first rounds, `warmUp` of them, do not count.
 */
export const alternately = async <Name extends string>(
  rounds: number,
  contenders: Readonly<Record<Name, Contender>>,
  warmUp = Math.min(3, rounds)
): Promise<Readonly<Record<Name, Spread>>> => {
  const names = Object.keys(contenders) as Array<Name> // the keys of the record are its names
  const samples = new Map<Name, Array<number>>(names.map((name) => [name, []]))
  for (let round = -warmUp; round < rounds; round++) {
    for (const name of names) {
      collect({ type: "minor" }) // one of all would make V8 drop compiled code, and begin with little memory again
      const sample = await contenders[name]()
      if (round >= 0) samples.get(name)?.push(sample)
    }
  }
  const spreads = names.map((name) => [name, spreadOf(samples.get(name) ?? [])] as const)
  return Object.fromEntries(spreads) as Readonly<Record<Name, Spread>> // one for each name
}

/** The slope of a line through points one apart, by least squares. */
export const slopeOf = (values: ReadonlyArray<number>): number => {
  const mean = (values.length - 1) / 2
  const average = values.reduce((sum, each) => sum + each, 0) / values.length
  const [up, across] = values.reduce(
    ([above, below], value, at) => [above + (at - mean) * (value - average), below + (at - mean) ** 2] as const,
    [0, 0] as readonly [number, number]
  )
  return across === 0 ? 0 : up / across
}

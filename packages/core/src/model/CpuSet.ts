/**
 * Sets of processors in the list format of the kernel.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { parsed, satisfies } from "./Field.ts"

/** The kernel can be built for 8192 processors at most (CONFIG_NR_CPUS). */
const maxCpu = 8191

const expected = "processors such as 0-2,5 (numbers from 0, ranges upwards)"

const isCpuSet = (cpus: ReadonlyArray<number>): boolean =>
  cpus.length > 0 && cpus.every((cpu, i) =>
    Number.isInteger(cpu) && cpu >= 0 && cpu <= maxCpu && cpu > (cpus[i - 1] ?? -1))

/**
 * Processor numbers in rising order, each once, at least one; a spec writes them as in cpuset(7), `0-2,5`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const CpuSet = parsed({
  from: Schema.Union([Schema.Number, Schema.String]).annotate({ expected }),
  to: Schema.Array(Schema.Number).check(satisfies(expected, isCpuSet)),
  decode: (written) =>
    Option.match(parseList(String(written)), {
      onNone: () => Result.fail(`expected ${expected}`),
      onSome: Result.succeed
    }),
  encode: (cpus): number | string => render(cpus)
})

const parseList = (text: string): Option.Option<ReadonlyArray<number>> => {
  const cpus = new Set<number>()
  // No list needs more ranges than there are processors.
  const items = text.split(",", maxCpu + 2)
  if (items.length > maxCpu + 1) return Option.none()
  for (const item of items) {
    const [, first, last] = /^([0-9]{1,4})(?:-([0-9]{1,4}))?$/.exec(item) ?? []
    const from = Number(first)
    const to = Number(last ?? first)
    if (first === undefined || from > to || to > maxCpu) {
      return Option.none()
    }
    for (let cpu = from; cpu <= to; cpu++) {
      cpus.add(cpu)
    }
  }
  return Option.some([...cpus].sort((a, b) => a - b))
}

/**
 * Reads a list as the kernel prints it: a newline at the end is fine, and nothing at all is the empty set. None where the
 * text is no such list.
 *
 * @since 0.1.0
 * @category conversions
 */
export const parseKernel = (text: string): Option.Option<ReadonlyArray<number>> =>
  text.trim() === "" ? Option.some([]) : parseList(text.trim())

/**
 * The list as the kernel prints it: runs of two and more as ranges, `0-2,5`.
 *
 * @since 0.1.0
 * @category rendering
 */
export const render = (cpus: ReadonlyArray<number>): string => {
  const runs: Array<{ first: number; last: number }> = []
  for (const cpu of cpus) {
    const run = runs.at(-1)
    if (run !== undefined && cpu === run.last + 1) {
      run.last = cpu
    } else {
      runs.push({ first: cpu, last: cpu })
    }
  }
  return runs.map(({ first, last }) => first === last ? `${first}` : `${first}-${last}`).join(",")
}

/**
 * How many processors are in the set.
 *
 * @since 0.1.0
 * @category accessors
 */
export const count = (cpus: ReadonlyArray<number>): number => cpus.length

import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { parseSync, Visitor } from "rolldown/utils"

// V8 compiles a function when it is first called, and Node keeps of a file in its compile cache what was compiled when the file had
// just been read: a thousand functions would be compiled anew at each start. A function in parentheses is compiled with the file. So
// those that a program calls are put in parentheses, and from then on come out of the cache.

interface Span {
  readonly start: number
  readonly end: number
}

/** The functions of a file that were called, each by its place. */
export type Called = ReadonlySet<string>

const placeOf = (start: number, end: number): string => `${start}:${end}`

/** What Node writes for NODE_V8_COVERAGE; the first range of a function is all of it. */
interface Coverage {
  readonly result: ReadonlyArray<{
    readonly url: string
    readonly functions: ReadonlyArray<{
      readonly ranges: ReadonlyArray<{ readonly startOffset: number; readonly endOffset: number; readonly count: number }>
    }>
  }>
}

const coverageIn = (directory: string): Coverage["result"] =>
  readdirSync(directory).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(directory, name), "utf8")) as Coverage // the format of V8's own profiler
    return result
  })

/**
 * What a program calls of each of its files, by their names, in all of its runs, one with each of these arguments. However it ends:
 * where it finds nothing to work on, it calls less.
 */
export const calledBy = (program: string, runs: ReadonlyArray<ReadonlyArray<string>>): ReadonlyMap<string, Called> => {
  const directory = mkdtempSync(join(tmpdir(), "effect-lxc-called-"))
  try {
    const env = { ...process.env, NODE_V8_COVERAGE: directory, NODE_DISABLE_COMPILE_CACHE: "1" }
    for (const args of runs) spawnSync(process.execPath, [program, ...args], { env, stdio: "ignore", timeout: 60_000 })
    const called = new Map<string, Set<string>>()
    for (const { functions, url } of coverageIn(directory)) {
      const places = called.get(basename(url)) ?? new Set()
      called.set(basename(url), places)
      const whole = functions.flatMap(({ ranges }) => ranges.slice(0, 1)).filter(({ count }) => count > 0)
      for (const { endOffset, startOffset } of whole) places.add(placeOf(startOffset, endOffset))
    }
    return called
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** The parentheses around spans that may lie in each other, in the order of their places. */
const parenthesesAround = (spans: ReadonlyArray<Span>): ReadonlyArray<{ readonly at: number; readonly text: "(" | ")" }> =>
  spans.flatMap(({ end, start }) => [{ at: start, text: "(" as const }, { at: end, text: ")" as const }])
    .toSorted((one, other) => one.at - other.at || (one.text > other.text ? -1 : 1)) // what ends there before what begins

/**
 * The same code, with what was called in parentheses. A declaration can have none: it becomes a variable at the head of the file,
 * where a declaration has its value as well; but not where its name is given another value, which within a function of that name
 * would not be that variable's. Methods stay as they are.
 */
export const eagerly = (name: string, code: string, called: Called): string => {
  const wasCalled = ({ end, start }: Span): boolean => called.has(placeOf(start, end))
  const { program } = parseSync(name, code)
  const expressions: Array<Span> = []
  const assigned = new Set<string>()
  const note = (expression: Span): void => {
    if (wasCalled(expression)) expressions.push(expression)
  }
  const noteName = (target: { readonly type: string; readonly name?: unknown }): void => {
    if (target.type === "Identifier") assigned.add(String(target.name))
  }
  new Visitor({
    ArrowFunctionExpression: note,
    FunctionExpression: note,
    AssignmentExpression: ({ left }) => noteName(left),
    UpdateExpression: ({ argument }) => noteName(argument)
  }).visit(program)
  const parentheses = parenthesesAround(expressions)
  const part = ({ end, start }: Span): string => {
    let next = start
    let text = ""
    for (const each of parentheses) {
      const isWithin = each.text === "(" ? each.at >= start && each.at < end : each.at > start && each.at <= end
      if (!isWithin) continue
      text += code.slice(next, each.at) + each.text
      next = each.at
    }
    return text + code.slice(next, end)
  }
  const declared = program.body.flatMap((each) =>
    each.type === "FunctionDeclaration" && wasCalled(each) && !assigned.has(each.id?.name ?? "") ? [each] : [])
  const variables = declared.map((each) => `var ${each.id?.name}=(${part(each)});`)
  const others = [...declared, { start: code.length }].map(({ start }, at) => part({ start: declared[at - 1]?.end ?? 0, end: start }))
  return [...variables, ...others].join("")
}

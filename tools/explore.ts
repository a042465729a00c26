/** The exploration of the simulated host: `npm run explore -- --seeds N`; see the usage below. */
import { Explore } from "@effect-lxc/test-kit"
import { Option } from "effect"
import { openSync, writeFileSync } from "node:fs"
import { availableParallelism } from "node:os"
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads"
import { commandLine, refuse, wholeNumber } from "./commandLine.ts"

const usage = `usage: npm run explore -- [--seeds N] [--from S] [--minutes M] [--workers W]
       npm run explore -- --exhaustive | --pairs [--minutes M] [--workers W]
       npm run explore -- --replay TOKEN|SEED [--html FILE]

Runs N seeds (2000) from S (0) on, for M minutes at most, or as many as come in M minutes; --exhaustive runs every operation with every fault at each step,
--pairs with each failure at each step and a second fault at each step of what that brings about.
A promise that is broken is printed with its token, the smallest case that still breaks it, and what happened in that. --html writes the case, what happened and each promise into one page to look at.`

interface Job {
  readonly from: number
  readonly seeds: number
  readonly every: number
  readonly until: number
  /** Which of the cases that are not drawn; undefined for those of seeds. */
  readonly all: "exhaustive" | "pairs" | undefined
}

interface Found {
  readonly source: string
  readonly invariant: string
  readonly token: string
}

/** So many of one kind are enough to see what it is. */
const enough = 3

const work = ({ all, every, from, seeds, until }: Job, say: (found: Found) => void): number => {
  const counts = new Map<string, number>()
  let done = 0
  const note = (source: string, violation: Explore.Violation | undefined) => {
    done += 1
    if (violation === undefined) return
    const count = (counts.get(violation.invariant) ?? 0) + 1
    counts.set(violation.invariant, count)
    say({ source, invariant: violation.invariant, token: count > enough ? violation.token : Explore.shrink(violation).token })
  }
  if (all !== undefined) {
    let index = 0
    for (const subject of all === "pairs" ? Explore.everyTwoFaults() : Explore.everyStepEveryFault()) {
      if (Date.now() >= until) break
      if (index++ % every === from) note(`${all} ${index - 1}`, Explore.examine(subject))
    }
    return done
  }
  for (let seed = from; seed < seeds && Date.now() < until; seed += every) note(`seed ${seed}`, Explore.explore(seed))
  return done
}

const print = (subject: Explore.Case): boolean => {
  const violation = Explore.examine(subject)
  console.log(Explore.timelineOf(violation?.story ?? Explore.tell(subject)).join("\n"))
  console.log(violation === undefined ? "\nevery promise holds" : `\n${violation.invariant} is broken:\n  ${violation.messages.join("\n  ")}`)
  console.log(`\nagain: npm run explore -- --replay '${Explore.tokenOf(subject)}'`)
  return violation === undefined
}

/** Opened before the case is run, which may take its time. */
const pageAt = (file: string): (subject: Explore.Case) => void => {
  try {
    const page = openSync(file, "w")
    return (subject) => writeFileSync(page, Explore.reportOf(Explore.tell(subject)))
  } catch (error) {
    return refuse(`--html: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const replay = (token: string, page: string | undefined): boolean => {
  const subject = /^\d+$/.test(token) ? Option.some(Explore.draw(Number(token))) : Explore.caseOf(token)
  if (Option.isNone(subject)) return refuse(`--replay: ${token} is no token of this version`)
  const write = page === undefined ? () => {} : pageAt(page)
  write(subject.value)
  return print(subject.value)
}

const inWorkers = async (count: number, job: Job): Promise<boolean> => {
  const began = Date.now()
  const found: Array<Found> = []
  const runs = Array.from({ length: count }, (_, index) =>
    new Promise<number>((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { ...job, from: job.all === undefined ? job.from + index : index, every: count } })
      worker.on("message", (message: Found | number) => typeof message === "number" ? resolve(message) : found.push(message))
      worker.on("error", reject)
    }))
  const done = (await Promise.all(runs)).reduce((sum, each) => sum + each, 0)
  const seconds = (Date.now() - began) / 1000
  const kinds = new Map<string, ReadonlyArray<Found>>()
  for (const each of found) kinds.set(each.invariant, [...kinds.get(each.invariant) ?? [], each])
  for (const [invariant, all] of kinds) {
    console.log(`\n=== ${invariant}: ${all.length} times, as in ${all.slice(0, 5).map(({ source }) => source).join(", ")}`)
    const shortest = all.toSorted((a, b) => a.token.length - b.token.length)[0]
    const subject = Explore.caseOf(shortest?.token ?? "")
    if (Option.isSome(subject)) print(subject.value)
  }
  console.log(`${done} cases in ${seconds.toFixed(1)} s (${(done / seconds).toFixed(0)} a second), ${found.length} with a broken promise`)
  return found.length === 0
}

const main = async (): Promise<boolean> => {
  const { values } = commandLine(usage, {
    seeds: { type: "string" },
    from: { type: "string", default: "0" },
    minutes: { type: "string" },
    workers: { type: "string", default: String(availableParallelism()) },
    exhaustive: { type: "boolean", default: false },
    pairs: { type: "boolean", default: false },
    replay: { type: "string" },
    html: { type: "string" }
  })
  if (values.replay !== undefined) return replay(values.replay, values.html)
  if (values.html !== undefined) refuse("--html: it is of one case, so --replay says which")
  const from = wholeNumber("from", values.from, 0)
  const minutes = values.minutes === undefined ? undefined : Number(values.minutes)
  if (Number.isNaN(minutes)) refuse(`--minutes: ${values.minutes ?? ""} is no number`)
  return inWorkers(wholeNumber("workers", values.workers), {
    from,
    seeds: values.seeds === undefined && minutes !== undefined ? Infinity : from + wholeNumber("seeds", values.seeds ?? "2000"),
    until: minutes === undefined ? Infinity : Date.now() + minutes * 60_000,
    every: 1,
    all: values.pairs ? "pairs" : values.exhaustive ? "exhaustive" : undefined
  })
}

if (isMainThread) {
  process.exitCode = await main() ? 0 : 1
} else {
  // Effect remembers where each call came from, which takes a fifth of the time, and nobody reads it.
  Error.stackTraceLimit = 0
  const job = workerData as Job // what inWorkers gave
  const done = work(job, (found) => parentPort?.postMessage(found))
  parentPort?.postMessage(done)
}

import { appendFileSync, readFileSync } from "node:fs"
import { type RunnerTestCase, type SerializedConfig, TestRunner } from "vitest"
import type { Mutant } from "./Instrument.ts"
import { Switch } from "./Switch.ts"

/** Where mutants are read from, and where what comes of them is noted. */
export const mutantsVariable = "EFFECT_LXC_MUTANTS"
export const notesVariable = "EFFECT_LXC_MUTANT_NOTES"

/** What workers note, a line each: that a test comes by mutants, that it sees one, or that it is too slow to be asked. */
export type Note =
  | { readonly _tag: "Passed"; readonly ids: ReadonlyArray<number> }
  | { readonly _tag: "Seen"; readonly id: number; readonly by: string; readonly late: boolean }
  | { readonly _tag: "Slow"; readonly test: string; readonly usedMs: number }
  | { readonly _tag: "Broken"; readonly test: string; readonly why: string }

export const notesIn = (file: string): ReadonlyArray<Note> =>
  readFileSync(file, "utf8").split("\n").filter((line) => line !== "")
    // Lines of this very run.
    .map((line) => JSON.parse(line) as Note)

/** A test that takes the processor for longer is not asked: what a mutant changes is a promise that a small test can hold it to. */
const slowMs = 1_500

/** Unlike time on the wall it is the same beside other work: a busy machine leaves no test out. */
const processorMs = (): number => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1000
}

/** Settles when `body` does, or as "late" after so long. */
const within = async (ms: number, body: () => unknown): Promise<unknown> => {
  let timer: ReturnType<typeof setTimeout> | undefined = undefined
  const over = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), ms)
  })
  try {
    return await Promise.race([body(), over])
  } finally {
    clearTimeout(timer)
  }
}

/** What a test throws that leaves itself out. */
const isSkip = (cause: unknown): boolean => cause instanceof Error && "code" in cause && cause.code === "VITEST_PENDING"

/** Runs each test once as it is, then once more for each mutant that makes a difference in it and that no test has seen so far. */
// vitest loads the class by its default export.
export default class MutantRunner extends TestRunner {
  readonly #switch: Switch
  readonly #notes = process.env[notesVariable] ?? ""
  readonly #initial: ReadonlyArray<number>
  readonly #known = new Set<number>()

  constructor(config: SerializedConfig) {
    super(config)
    // Written by the run that started this worker.
    const mutants = JSON.parse(readFileSync(process.env[mutantsVariable] ?? "", "utf8")) as ReadonlyArray<Mutant>
    this.#switch = new Switch(mutants.length)
    this.#switch.install()
    this.#initial = mutants.filter(({ isInitial }) => isInitial).map(({ id }) => id)
  }

  #note(note: Note): void {
    appendFileSync(this.#notes, `${JSON.stringify(note)}\n`)
  }

  async runTask(test: RunnerTestCase): Promise<void> {
    const body = TestRunner.getTestFn(test)
    const name = `${test.file.name} > ${test.name}`
    this.#switch.reset()
    const began = performance.now()
    const usedBefore = processorMs()
    try {
      await body()
    } catch (cause) {
      if (isSkip(cause)) throw cause
      this.#note({ _tag: "Broken", test: name, why: String(cause) })
      throw cause
    }
    const tookMs = performance.now() - began
    const usedMs = processorMs() - usedBefore
    const { count, different, passed } = this.#switch
    if (usedMs > slowMs) return this.#note({ _tag: "Slow", test: name, usedMs })
    const fresh = passed.filter((id) => !this.#known.has(id))
    for (const id of fresh) this.#known.add(id)
    if (fresh.length > 0) this.#note({ _tag: "Passed", ids: fresh })
    const seen = new Set(notesIn(this.#notes).flatMap((note) => note._tag === "Seen" ? [note.id] : []))
    for (const id of new Set([...different, ...this.#initial])) {
      if (!seen.has(id)) await this.#ask(id, name, body, { limit: count * 20 + 100_000, ms: tookMs * 20 + 1_000 })
    }
  }

  async #ask(id: number, by: string, body: () => unknown, most: { readonly limit: number; readonly ms: number }): Promise<void> {
    const turnOff = this.#switch.turnOn(id, most.limit)
    try {
      if (await within(most.ms, body) === "late") this.#note({ _tag: "Seen", id, by, late: true })
    } catch {
      this.#note({ _tag: "Seen", id, by, late: false })
    } finally {
      turnOff()
    }
  }
}

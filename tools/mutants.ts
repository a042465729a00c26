import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join, relative, resolve } from "node:path"
import { BaseSequencer, startVitest, type TestSpecification } from "vitest/node"
import { root } from "./checks.ts"
import { commandLine, refuse, wholeNumber } from "./commandLine.ts"
import { type Instrumented, instrument, type Mutant } from "./mutants/Instrument.ts"
import { transitionsOf } from "./mutants/Mutations.ts"
import { mutantsVariable, type Note, notesIn, notesVariable } from "./mutants/MutantRunner.ts"
import { parse } from "./mutants/Syntax.ts"

// Changes what decides how the simulated host behaves, one condition, operator, literal, element or call at a time, and
// runs the tests of its package against each change. What no test sees, and no reason explains, is a survivor.
// Every mutant is in the instrumented module behind a switch, so that one process, warm, tries them all.

const simulatedHost = [
  ..."Cgroups Checkpoints Containers Disks Exports Files Running Seen Start StartVerdict Tools".split(" ").map((name) => `transition/${name}`),
  ..."Transition Lifecycle Boot MountOps CgroupFiles Process Observing Timing".split(" "),
  ..."FileTree Interfaces LxcLogText LxcSettings Outcome StepTool Guest ToolAnswer Incidents Happening Facts".split(" ")
].map((name) => `packages/test-kit/src/${name}.ts`)

/** A mutant that changes nothing that anyone could see, and why. */
interface Equivalent {
  readonly file: string
  readonly text: string
  readonly change: string
  readonly why: string
}

const isSame = (one: Omit<Equivalent, "why">, other: Omit<Equivalent, "why">): boolean =>
  one.file === other.file && one.text === other.text && one.change === other.change

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const instrumentAll = (files: ReadonlyArray<string>): ReadonlyMap<string, Instrumented> => {
  const texts = files.map((file) => [file, readFileSync(join(root, file), "utf8")] as const)
  const transitions = new Set(texts.flatMap(([, text]) => transitionsOf(text, parse(text))))
  let firstId = 0
  return new Map(texts.map(([file, text]) => {
    const instrumented = instrument(file, { text, transitions }, firstId)
    firstId += instrumented.mutants.length
    return [file, instrumented]
  }))
}

/** What these draw at random sees a mutant in one run and not in the next. */
const random = ["Arbitraries", "Differential", "Explore", "Laws", "FromFacts"].map((name) => `**/${name}.test.ts`)

/** Whole operations of the library, where each change takes longest. */
const last = ["Catalogue", "HostContract", "Invariants", "Kit", "Request", "World"]

const nameOf = (file: string): string => basename(file).split(".")[0] ?? ""

/** The tests that are called as one of the files come first: they are small, and see most. */
const sequencerOf = (files: ReadonlyArray<string>) => {
  const names = new Set(files.map(nameOf))
  return class extends BaseSequencer {
    override async sort(tests: Array<TestSpecification>): Promise<Array<TestSpecification>> {
      const rank = ({ moduleId }: TestSpecification): number => names.has(nameOf(moduleId)) ? 0 : last.includes(nameOf(moduleId)) ? 2 : 1
      return tests.toSorted((one, other) => rank(one) - rank(other))
    }
  }
}

/** The tests of the packages of the files. */
const testsOf = (files: ReadonlyArray<string>): ReadonlyArray<string> =>
  [...new Set(files.map((file) => file.split("/").slice(0, 2).join("/")))].map((folder) => `${folder}/test/**/*.test.ts`)

/** What is remembered of one mutant would be the answer of another. */
const remembering = join(root, "packages/test-kit/src/Remembered.ts")

/** Runs them; gives what kept vitest from running all. */
const runTests = async (files: ReadonlyArray<string>, modules: ReadonlyMap<string, Instrumented>, workers: number): Promise<ReadonlyArray<string>> => {
  const vitest = await startVitest([], {
    root,
    config: false,
    watch: false,
    silent: "passed-only",
    reporters: [{}],
    include: [...testsOf(files)],
    exclude: ["**/node_modules/**", "**/*.real.test.ts", ...random],
    related: files.map((file) => join(root, file)),
    isolate: false,
    sequence: { sequencer: sequencerOf(files) },
    // A module that is kept would have the numbers of the mutants of another run.
    fsModuleCache: false,
    maxWorkers: workers,
    // The runner keeps the time of each mutant.
    testTimeout: 60_000,
    teardownTimeout: 1_000,
    runner: join(root, "tools/mutants/MutantRunner.ts")
  }, {
    plugins: [{
      name: "mutants",
      enforce: "pre",
      transform: (_, id) => id === remembering ? "export const remembered = (body) => body" : modules.get(relative(root, id))?.text
    }]
  })
  const notRun = vitest.state.getTestModules().filter((each) => each.state() !== "passed" && each.state() !== "skipped")
  await vitest.close()
  return [...vitest.state.getUnhandledErrors().map(String), ...notRun.map((each) => `${each.relativeModuleId}: ${each.state()}`)]
}

const list = (mutants: ReadonlyArray<Mutant>, of: (mutant: Mutant) => string): void => {
  for (const mutant of mutants) say(`${mutant.file}:${mutant.line}  ${mutant.change}  (${of(mutant)})`)
}

const report = (mutants: ReadonlyArray<Mutant>, notes: ReadonlyArray<Note>, equivalents: ReadonlyArray<Equivalent>): boolean => {
  const run = new Set(notes.flatMap((note) => note._tag === "Passed" ? note.ids : []))
  const seen = new Map(notes.flatMap((note) => note._tag === "Seen" ? [[note.id, note] as const] : []))
  const unseen = mutants.filter(({ id }) => !seen.has(id))
  const survivors = unseen.filter((mutant) => !equivalents.some((each) => isSame(each, mutant)))
  const stale = equivalents.filter((each) => mutants.some(({ file }) => file === each.file) && !unseen.some((mutant) => isSame(each, mutant)))
  list(survivors, ({ id, isInitial }) => isInitial || run.has(id) ? "no test sees it" : "no test comes by it")
  for (const { change, file, text } of stale) say(`${file}  ${change}  (listed as equivalent, and is seen or is no more: ${text})`)
  for (const note of notes) if (note._tag === "Broken") say(`${note.test} fails without any change: ${note.why}`)
  const late = [...seen.values()].filter((each) => each.late).length
  say(`${mutants.length} mutants: ${seen.size} seen by a test (${late} by not ending), ${unseen.length - survivors.length} equivalent, ${survivors.length} survive`)
  return survivors.length + stale.length === 0 && notes.every(({ _tag }) => _tag !== "Broken")
}

const main = async (asked: ReadonlyArray<string>, workers: number): Promise<boolean> => {
  const files = asked.length === 0 ? simulatedHost : asked.map((file) => relative(root, resolve(file)))
  const modules = instrumentAll(files)
  const mutants = [...modules.values()].flatMap((each) => each.mutants)
  const directory = mkdtempSync(join(tmpdir(), "effect-lxc-mutants-"))
  try {
    const [known, notes] = [join(directory, "mutants.json"), join(directory, "notes")]
    writeFileSync(known, JSON.stringify(mutants))
    writeFileSync(notes, "")
    Object.assign(process.env, { [mutantsVariable]: known, [notesVariable]: notes })
    const troubles = await runTests(files, modules, workers)
    for (const trouble of troubles) say(`not all tests ran: ${trouble}`)
    // The list is ours, and every entry has these four texts.
    const equivalents = JSON.parse(readFileSync(join(root, "tools/equivalentMutants.json"), "utf8")) as ReadonlyArray<Equivalent>
    return report(mutants, notesIn(notes), equivalents) && troubles.length === 0
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const usage = `usage: npm run mutants [-- [--workers W] FILE...]

Tries the changes of each FILE, by default of all that decide how the simulated host behaves, against the tests of its package,
in W workers (2).
Exit code 1 if no test sees one of them and tools/equivalentMutants.json gives no reason.`

const { positionals, values } = commandLine(usage, { workers: { type: "string", default: "2" } }, "words")
for (const file of positionals) if (!existsSync(file)) refuse(`there is no file ${file}`)
process.exitCode = await main(positionals, wholeNumber("workers", values.workers)) ? 0 : 1

import { writeFileSync } from "node:fs"
import type { Reporter, TestCase, TestModule } from "vitest/node"

/** What came out of one run, in numbers of tests. */
export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  /** Of the tests of the real host: those that ran, whatever the result, and the names of those skipped without a word. */
  readonly realRan: number
  readonly realSkipped: ReadonlyArray<string>
  /** What failed outside any test: a file that does not load, a hook, an error nobody caught. */
  readonly otherFailures: ReadonlyArray<string>
}

/** Where the counts go: vitest's exit code and text hold no numbers to rely on. */
export const countsFileVariable = "EFFECT_LXC_TEST_COUNTS"

const isReal = (test: TestCase): boolean => test.project.name === "real"

const stateOf = (test: TestCase): "passed" | "failed" | "skipped" => {
  const { state } = test.result()
  // A test still pending when the run ends was cut off.
  return state === "pending" ? "failed" : state
}

// `ctx.skip("needs cgroup v2")` gives a note; a test that is skipped for a stated reason is no silent skip.
const skippedInSilence = (test: TestCase): boolean => {
  const result = test.result()
  return result.state === "skipped" && result.note === undefined
}

const failuresAround = (module: TestModule): ReadonlyArray<string> => [
  ...(module.errors().length > 0 ? [module.relativeModuleId] : []),
  ...[...module.children.allSuites()]
    .filter((suite) => suite.errors().length > 0)
    .map((suite) => `${module.relativeModuleId} > ${suite.fullName}`)
]

const count = (modules: ReadonlyArray<TestModule>, unhandled: number): Counts => {
  const tests = modules.flatMap((module) => [...module.children.allTests()])
  const inState = (state: string) => tests.filter((test) => stateOf(test) === state).length
  const real = tests.filter(isReal)
  return {
    passed: inState("passed"),
    failed: inState("failed"),
    skipped: inState("skipped"),
    realRan: real.filter((test) => stateOf(test) !== "skipped").length,
    realSkipped: real.filter(skippedInSilence).map((test) => test.fullName),
    otherFailures: [
      ...modules.flatMap(failuresAround),
      ...(unhandled > 0 ? [`${unhandled} error(s) outside the tests`] : [])
    ]
  }
}

/** A vitest reporter that writes `Counts` as JSON to the file named by the environment. */
export default class CountingReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandledErrors: ReadonlyArray<unknown>): void {
    const file = process.env[countsFileVariable]
    if (file !== undefined) writeFileSync(file, JSON.stringify(count(modules, unhandledErrors.length)))
  }
}

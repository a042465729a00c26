import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { root, runChecks } from "./checks.ts"
import { type Counts, countsFileVariable } from "./countingReporter.ts"
import { realHost } from "./realHost.ts"

// What `npm test` does: types, lint, then every test. The last line is `N passed, N failed, N skipped`, the line
// before it says what ran on the real host, and the exit code is 0 only when nothing failed. Whatever failed
// besides a test (types, lint, a file that does not load) is named and counted as one failure each, so that the
// last line and the exit code never disagree.

const nothing: Counts = { passed: 0, failed: 0, skipped: 0, realRan: 0, realSkipped: [], otherFailures: [] }

const readCounts = (file: string): Counts | undefined => {
  try {
    // Written by our own reporter in this very run.
    return JSON.parse(readFileSync(file, "utf8")) as Counts
  } catch {
    return undefined
  }
}

/** In a process of its own, so that the last line is printed even if vitest dies. */
const runVitest = (args: ReadonlyArray<string>, countsFile: string): Promise<number | null> =>
  new Promise((resolve, reject) => {
    const vitest = spawn(
      process.execPath,
      [
        ...process.execArgv,
        join(root, "node_modules/vitest/vitest.mjs"),
        "run",
        // The default loader writes into node_modules, which may belong to someone else.
        "--configLoader=native",
        "--reporter=default",
        `--reporter=${join(root, "tools/countingReporter.ts")}`,
        ...args
      ],
      { cwd: root, stdio: "inherit", env: { ...process.env, [countsFileVariable]: countsFile } }
    )
    // A Ctrl-C reaches vitest by itself, as it is in our process group; we stay to report.
    process.on("SIGINT", () => {})
    process.on("SIGTERM", () => vitest.kill("SIGTERM"))
    vitest.on("error", reject)
    vitest.on("exit", resolve)
  })

const testWithVitest = async (args: ReadonlyArray<string>): Promise<readonly [Counts, ReadonlyArray<string>]> => {
  const directory = mkdtempSync(join(tmpdir(), "effect-lxc-test-"))
  try {
    const file = join(directory, "counts.json")
    const status = await runVitest(args, file)
    const counts = readCounts(file)
    if (counts === undefined) return [nothing, ["vitest did not finish"]]
    const failures = [...counts.otherFailures]
    if (counts.passed + counts.failed === 0) failures.push("no test ran")
    if (status !== 0 && counts.failed + failures.length === 0) failures.push(`vitest ended with status ${status}`)
    return [counts, failures]
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Where CI gives root, a real host is promised: then nothing of it may be left out unseen. */
const leftOut = (counts: Counts, isPartOfTheTests: boolean): ReadonlyArray<string> => {
  if (process.env.CI !== "true" || process.getuid?.() !== 0) return []
  if (!realHost.available) return [`CI=true and root, but no real host: ${realHost.reason}`]
  // A run of a part leaves tests out because it was asked to.
  if (isPartOfTheTests) return []
  if (counts.realRan === 0) return ["CI=true and root, but no test ran on the real host"]
  return counts.realSkipped.map((name) => `skipped on the real host without a reason: ${name}`)
}

const realHostLine = ({ realRan }: Counts): string =>
  realHost.available
    ? `real host: ${realRan} ${realRan === 1 ? "test" : "tests"} ran`
    : `real host: skipped, because ${realHost.reason}`

const args = process.argv.slice(2)
const failedChecks = runChecks()
const [counts, failedTests] = await testWithVitest(args)
const otherFailures = [...failedChecks, ...failedTests, ...leftOut(counts, args.length > 0)]
const failed = counts.failed + otherFailures.length

for (const failure of otherFailures) console.log(`counted as one failure: ${failure}`)
console.log(realHostLine(counts))
console.log(`${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped`)
process.exitCode = failed === 0 ? 0 : 1

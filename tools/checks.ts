import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

/** The root of the checkout. */
export const root = fileURLToPath(new URL("..", import.meta.url))

interface Check {
  readonly name: string
  readonly program: string
  readonly args: ReadonlyArray<string>
}

// Types first: the type-aware lint rules are only as good as the types.
const checks: ReadonlyArray<Check> = [
  { name: "types", program: "tsc", args: ["-b"] },
  { name: "lint", program: "oxlint", args: ["--deny-warnings"] }
]

const passes = ({ args, name, program }: Check): boolean => {
  const begin = performance.now()
  const { error, status } = spawnSync(`${root}node_modules/.bin/${program}`, args, { cwd: root, stdio: "inherit" })
  const seconds = ((performance.now() - begin) / 1000).toFixed(1)
  const ok = error === undefined && status === 0
  console.log(`${name} (${[program, ...args].join(" ")}): ${ok ? "passed" : error?.message ?? "failed"}, ${seconds} s`)
  return ok
}

/** Runs types and lint, all of them whatever happens, and returns the names of those that failed. */
export const runChecks = (): ReadonlyArray<string> => checks.filter((check) => !passes(check)).map(({ name }) => name)

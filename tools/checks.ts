import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

/** The root of the checkout. */
export const root = fileURLToPath(new URL("..", import.meta.url))

interface Check {
  readonly name: string
  readonly program: string
  readonly args: ReadonlyArray<string>
}

const types: Check = { name: "types", program: "tsc", args: ["-b"] }

// Without types that hold, every rule about types would complain as well, once for each use.
const lint = (typesHold: boolean): Check => ({
  name: "lint",
  program: "oxlint",
  args: typesHold ? ["--deny-warnings", "--type-aware"] : ["--deny-warnings"]
})

const passes = ({ args, name, program }: Check): boolean => {
  const begin = performance.now()
  const { error, status } = spawnSync(`${root}node_modules/.bin/${program}`, args, { cwd: root, stdio: "inherit" })
  const seconds = ((performance.now() - begin) / 1000).toFixed(1)
  const ok = error === undefined && status === 0
  console.log(`${name} (${[program, ...args].join(" ")}): ${ok ? "passed" : error?.message ?? "failed"}, ${seconds} s`)
  return ok
}

/** Runs types and then lint, whatever came of types, and returns the names of those that failed. */
export const runChecks = (): ReadonlyArray<string> => {
  const typesHold = passes(types)
  const lintPasses = passes(lint(typesHold))
  return [...(typesHold ? [] : [types.name]), ...(lintPasses ? [] : ["lint"])]
}

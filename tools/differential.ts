import { findDifference, report } from "@effect-lxc/test-kit/Differential"
import { tokenOf, type Trail, trailOf } from "@effect-lxc/test-kit/differential/Moves"
import { Cause, Effect, Exit } from "effect"
import { parseArgs } from "node:util"
import { RealLab } from "../packages/node-runtime/test/RealLab.ts"
import { openSides } from "../packages/node-runtime/test/RealSides.ts"
import { realHost } from "./realHost.ts"

// What `npm run differential` does: random requests and happenings on the simulated and the real host side by side, up to
// the first difference, which is shrunk and printed with the word that replays it. Exit code 1 if there is one.

const movesInRun = 60

const usage = "usage: npm run differential -- [--operations N] [--seed S] [--replay TOKEN] [--lanes N]"

const number = (name: string, text: string): number => {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) {
    console.error(`--${name}: ${text} is no whole number from 1 on\n${usage}`)
    process.exit(2)
  }
  return value
}

const { values } = parseArgs({
  options: {
    operations: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    replay: { type: "string" },
    lanes: { type: "string", default: "2" }
  }
})

const trails = (): ReadonlyArray<Trail> => {
  if (values.replay !== undefined) {
    const trail = trailOf(values.replay)
    if (trail !== undefined) return [trail]
    console.error(`--replay: ${values.replay} is no token of an earlier run\n${usage}`)
    process.exit(2)
  }
  const seed = number("seed", values.seed)
  return Array.from(
    { length: Math.ceil(number("operations", values.operations) / movesInRun) },
    (_, index) => ({ seed: seed + index, length: movesInRun, without: [] })
  )
}

const lab = new RealLab()

const main = Effect.gen(function*() {
  const began = performance.now()
  let operations = 0
  let differences = 0
  yield* Effect.forEach(trails(), (trail) =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(findDifference(trail, openSides(lab)))
      if (Exit.isFailure(exit)) {
        differences += 1
        console.log(`${tokenOf(trail)} could not be carried out: ${Cause.pretty(exit.cause)}\n`)
        return
      }
      const found = exit.value
      operations += trail.kept?.length ?? trail.length
      if (operations % 300 === 0) console.error(`${operations} operations, ${differences} differences`)
      if (found === undefined) return
      differences += 1
      console.log(`${report(found.trail, found.difference)}\n`)
    }), { concurrency: number("lanes", values.lanes), discard: true })
  const seconds = ((performance.now() - began) / 1_000).toFixed(1)
  console.log(`${operations} operations in ${seconds} s, ${differences === 0 ? "no difference" : `${differences} runs differ`}`)
  if (differences > 0) process.exitCode = 1
})

if (!realHost.available) {
  console.error(`there is no real host to compare with: ${realHost.reason}`)
  process.exitCode = 1
} else {
  await Effect.runPromise(Effect.acquireUseRelease(Effect.sync(() => lab.open()), () => main, () => Effect.sync(() => lab.close())))
}

import { type Difference, findDifference, report } from "@effect-lxc/test-kit/Differential"
import { tokenOf, type Trail, trailOf } from "@effect-lxc/test-kit/differential/Moves"
import { Cause, Effect, Exit } from "effect"
import { RealLab } from "../packages/node-runtime/test/RealLab.ts"
import { openSides } from "../packages/node-runtime/test/RealSides.ts"
import { commandLine, refuse, wholeNumber } from "./commandLine.ts"
import { realHost } from "./realHost.ts"

// What `npm run differential` does: random requests and happenings on the simulated and the real host side by side, up to
// the first difference, which is shrunk and printed with the word that replays it. Exit code 1 if there is one.

const movesInRun = 60

const usage = `usage: npm run differential [-- OPTIONS]

  --operations N  how many are carried out on both hosts; 1000
  --seed S        the seed of the first run of ${movesInRun}, the next one's is S + 1; 1
  --replay TOKEN  just the run that a token of an earlier difference names
  --lanes N       runs at a time; 2
  --tries N       how many shorter runs are tried at most where one differs; 100

Needs root and LXC. Exit code 1 if the hosts differ, or if there is no real one.`

const { values } = commandLine(usage, {
  operations: { type: "string", default: "1000" },
  seed: { type: "string", default: "1" },
  replay: { type: "string" },
  lanes: { type: "string", default: "2" },
  tries: { type: "string", default: "100" }
})

const trails = (): ReadonlyArray<Trail> => {
  if (values.replay !== undefined) {
    const trail = trailOf(values.replay)
    return trail === undefined ? refuse(`--replay: ${values.replay} is no token of an earlier run`) : [trail]
  }
  const seed = wholeNumber("seed", values.seed)
  return Array.from(
    { length: Math.ceil(wholeNumber("operations", values.operations) / movesInRun) },
    (_, index) => ({ seed: seed + index, length: movesInRun, without: [] })
  )
}

const lab = new RealLab()
const tries = wholeNumber("tries", values.tries, 0)

const main = Effect.gen(function*() {
  const began = performance.now()
  let operations = 0
  let differences = 0
  yield* Effect.forEach(trails(), (trail) =>
    Effect.gen(function*() {
      const tell = (found: Difference) => Effect.sync(() => console.error(`${report(trail, found)}\nlooking for a shorter one\n`))
      const exit = yield* Effect.exit(findDifference(trail, openSides(lab), { tell, tries }))
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
    }), { concurrency: wholeNumber("lanes", values.lanes), discard: true })
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

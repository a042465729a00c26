#!/usr/bin/env node
/**
 * The entry of the command line.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { writeSync } from "node:fs"
import { realHypervisor, realQueries, ShortWay } from "./Hypervisors.ts"
import * as NodeOutput from "./NodeOutput.ts"
import { OutputForPeople } from "./Output.ts"
import { makeSignals } from "./NodeSignals.ts"
import { run } from "./Program.ts"

/** Each of them ends the operation in order, unless it is passed on; a shell sees 128 and the number of the signal. */
const signals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const

const standardOutput = Layer.sync(OutputForPeople, () => process.stdout.isTTY)

const received = makeSignals()

const runMain = Runtime.makeRunMain(({ fiber }) => {
  let ending: number | undefined
  received.listen((signal) => {
    ending ??= signals[signal]
    fiber.interruptUnsafe()
  }, (signal, words) => {
    process.exitCode = 128 + signals[signal]
    try {
      writeSync(process.stderr.fd, words)
    } finally {
      process.exit()
    }
  })
  // Whatever was written has been taken by the system: exiting loses nothing, and nothing left open keeps us.
  fiber.addObserver((exit: Exit.Exit<unknown, unknown>) => {
    if (Exit.isSuccess(exit)) process.exit(typeof exit.value === "number" ? exit.value : 0)
    process.exit(ending !== undefined && Cause.hasInterruptsOnly(exit.cause) ? 128 + ending : 1)
  })
})

run(process.argv.slice(2), realHypervisor).pipe(
  Effect.provideService(ShortWay, realQueries),
  Effect.provide(Layer.mergeAll(NodeOutput.layer, received.layer, standardOutput)),
  runMain
)

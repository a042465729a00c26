/**
 * `effect-lxc plan`.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import { facts, force, format, instanceName, out, spec, startTimeout, stopTimeout } from "../Flags.ts"
import { lazily } from "../Lazily.ts"

const planStart = Command.make(
  "start",
  { spec, format, out, facts, timeout: startTimeout },
  lazily(() => import("../actions/PrintPlan.ts").then((action) => action.printStartPlan))
).pipe(
  Command.withDescription("Print what start would do"),
  Command.withExamples([
    { command: "effect-lxc plan start web1.yaml" },
    { command: "effect-lxc plan start web1.yaml --format json --out start.json" },
    { command: "effect-lxc plan start web1.yaml --facts host.json --format sh" }
  ])
)

const planStop = Command.make(
  "stop",
  { name: instanceName, format, out, facts, timeout: stopTimeout, force },
  lazily(() => import("../actions/PrintPlan.ts").then((action) => action.printStopPlan))
).pipe(
  Command.withDescription("Print what stop would do"),
  Command.withExamples([{ command: "effect-lxc plan stop web1.example.com --force" }])
)

/**
 * Prints a plan without carrying it out.
 *
 * @since 0.1.0
 * @category commands
 */
export const planCommand = Command.make("plan").pipe(
  Command.withDescription("Print the plan of an operation and do nothing; effect-lxc run carries out one kept as JSON"),
  Command.withShortDescription("Print the plan of an operation and do nothing"),
  Command.withSubcommands([planStart, planStop])
)

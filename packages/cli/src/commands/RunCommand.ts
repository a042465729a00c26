/**
 * `effect-lxc run`.
 *
 * @since 0.1.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { dryRun, format } from "../Flags.ts"
import { lazily } from "../Lazily.ts"

const plan = Argument.String("plan").pipe(
  Argument.withMetavar("PLAN"),
  Argument.withDescription("A plan as JSON, - for standard input")
)

/**
 * Carries out a stored plan.
 *
 * @since 0.1.0
 * @category commands
 */
export const runCommand = Command.make(
  "run",
  { plan, dryRun, format },
  lazily(() => import("../actions/RunPlan.ts").then((action) => action.runPlan))
).pipe(
  Command.withDescription("Carry out a plan kept as JSON; where the host has changed since, it is refused as stale"),
  Command.withShortDescription("Carry out a plan kept as JSON"),
  Command.withExamples([
    { command: "effect-lxc plan start web1.yaml --format json --out start.json" },
    { command: "effect-lxc run start.json" }
  ])
)

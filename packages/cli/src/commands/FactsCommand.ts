/**
 * `effect-lxc facts`.
 *
 * @since 0.1.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { lazily } from "../Lazily.ts"

const specs = Argument.String("spec").pipe(
  Argument.withMetavar("SPEC"),
  Argument.withDescription("Specs whose paths are looked at too"),
  Argument.variadic()
)

/**
 * Prints what is observed of this host.
 *
 * @since 0.1.0
 * @category commands
 */
export const factsCommand = Command.make(
  "facts",
  { specs },
  lazily(() => import("../actions/PrintFacts.ts").then((action) => action.printFacts))
).pipe(
  Command.withDescription("Print as JSON what is observed of this host: all that a plan is made from"),
  Command.withShortDescription("Print what is observed of this host, as JSON"),
  Command.withExamples([
    { command: "effect-lxc facts web1.yaml > host.json" },
    { command: "effect-lxc plan start web1.yaml --facts host.json" }
  ])
)

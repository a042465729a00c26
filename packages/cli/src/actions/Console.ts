/**
 * What `effect-lxc console` does.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { withHypervisor } from "../Hypervisors.ts"
import { Output } from "../Output.ts"
import { follow } from "./Exec.ts"

/**
 * Prints the command for a console, or connects this terminal.
 *
 * @since 0.1.0
 * @category actions
 */
export const console = Effect.fnUntraced(function*({ command, name, tty }: {
  readonly name: InstanceName
  readonly command: boolean
  readonly tty: Option.Option<number>
}) {
  const output = yield* Output
  const options = { tty: Option.getOrUndefined(tty) }
  yield* withHypervisor(Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    if (command) {
      const argv = yield* hypervisor.consoleCommand(name, options)
      return yield* output.out(`${JSON.stringify({ argv })}\n`)
    }
    const hint = output.err("Ctrl-a q leaves the console, Ctrl-a Ctrl-a is Ctrl-a itself\r\n") // the terminal may be raw
    yield* follow(Effect.tap(hypervisor.console(name, options), hint))
  }))
})

/**
 * Promises about restarting the host: for hosts that are not real.
 *
 * @since 0.1.0
 */
import * as Commands from "@effect-lxc/core/plan/Commands"
import { Host } from "@effect-lxc/core/runtime/Host"
import * as Effect from "effect/Effect"
import { exits } from "../../ToolAnswer.ts"
import type { StepCases } from "../ContractCase.ts"
import { applies, broken, fails, isOpen, isTrue, same } from "../Expect.ts"
import { Stage } from "../Stage.ts"

const bootId = Effect.gen(function*() {
  const host = yield* Host
  const { directories } = yield* Stage
  const facts = yield* host.facts({ directories }).pipe(
    Effect.catchTag("HostError", ({ problem }) => broken("facts", "an observation", problem))
  )
  return facts.bootId
})

const powerCycle: StepCases = {
  success: [{
    title: "restarts the host",
    needs: ["boot"],
    run: Effect.gen(function*() {
      const before = yield* bootId
      yield* isOpen({ _tag: "PowerCycle" })
      yield* applies({ _tag: "PowerCycle" })
      yield* isTrue("it is another boot", (yield* bootId) !== before)
    })
  }, {
    title: "asks reboot(8) where the kernel takes no request",
    needs: ["reboot", "calls"],
    run: Effect.gen(function*() {
      const stage = yield* Stage
      yield* stage.answer("reboot", exits(0))
      yield* applies({ _tag: "PowerCycle" })
      yield* same("calls", (yield* stage.calls).map(({ argv }) => argv), [Commands.reboot])
    })
  }],
  already: "every time is another restart",
  failure: [{
    title: "fails with the exit code of reboot(8)",
    needs: ["reboot"],
    run: Effect.gen(function*() {
      const stage = yield* Stage
      yield* stage.answer("reboot", exits(1, "no\n"))
      yield* fails({ _tag: "PowerCycle" }, "CommandFailed", { argv: [...Commands.reboot], exitCode: 1, stderr: "no\n" })
    })
  }]
}

/**
 * @since 0.1.0
 * @category constants
 */
export const power = { PowerCycle: powerCycle }

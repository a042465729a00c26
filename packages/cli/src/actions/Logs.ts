/**
 * What `effect-lxc logs` does.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Json } from "../Globals.ts"
import { withHypervisor } from "../Hypervisors.ts"
import { harmless, Output, OutputForPeople } from "../Output.ts"

/**
 * A part of a log as a terminal may show it. Consoles end their lines with a carriage return too, which is not worth
 * showing; the last one may be of half a line end.
 *
 * @since 0.1.0
 * @category rendering
 */
export const shownLog = (text: string): string => harmless(text.replace(/(?<!\r)\r+(?=\n|$)/g, ""))

/**
 * Prints a log; on a terminal with what would act on it made visible, with --json line by line.
 *
 * @since 0.1.0
 * @category actions
 */
export const logs = Effect.fnUntraced(function*({ console, follow, name, tail }: {
  readonly name: InstanceName
  readonly console: boolean
  readonly follow: boolean
  readonly tail: Option.Option<number>
}) {
  const output = yield* Output
  const people = yield* OutputForPeople
  const json = yield* Json
  const options = { console, follow, tail: Option.getOrUndefined(tail) }
  yield* withHypervisor(Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const text = hypervisor.logs(name, options).pipe(Stream.decodeText())
    yield* json
      ? Stream.runForEach(Stream.splitLines(text), (line) => output.out(`${JSON.stringify({ line })}\n`))
      : Stream.runForEach(text, (part) => output.out(people ? shownLog(part) : part))
  }))
})

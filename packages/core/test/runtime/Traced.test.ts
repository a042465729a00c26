import { Progress } from "@effect-lxc/core/runtime/Progress"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Tracer } from "effect"
import { host, instance, onHost } from "./fixtures.ts"

/** The names of a span and of those that it is in, up to the operation. */
const namesOf = (span: Option.Option<Tracer.AnySpan>): ReadonlyArray<string> =>
  Option.isSome(span) && span.value._tag === "Span" ? [span.value.name, ...namesOf(span.value.parent)] : []

/** In which spans a start is when it tells of each of its steps. */
const spansOfSteps = Effect.gen(function*() {
  const seen: Array<ReadonlyArray<string>> = []
  const start = Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.start(instance()))
  const { acted, alreadyDone } = yield* Effect.provideService(start, Progress, ({ _tag }) =>
    _tag === "StepDone" ? Effect.map(Effect.option(Effect.currentSpan), (span) => void seen.push(namesOf(span))) : Effect.void)
  assert.strictEqual(seen.length, acted + alreadyDone)
  return seen
}).pipe(onHost({ host: host() }))

describe("each step of a plan", () => {
  it.effect("is a span of its own for a tracer that is told of it", () =>
    Effect.gen(function*() {
      const begun: Array<string> = []
      const tracer = Tracer.make({
        span: (options) => {
          begun.push(options.name)
          return new Tracer.NativeSpan(options)
        }
      })
      const spans = yield* Effect.provideService(spansOfSteps, Tracer.Tracer, tracer)
      for (const names of spans) assert.deepStrictEqual(names, ["Interpreter.step", "Interpreter.execute", "Hypervisor.start"])
      assert.strictEqual(begun.filter((name) => name === "Interpreter.step").length, spans.length)
    }))

  it.effect("is none for nobody; the operation is one in any case", () =>
    Effect.gen(function*() {
      for (const names of yield* spansOfSteps) assert.deepStrictEqual(names, ["Interpreter.execute", "Hypervisor.start"])
    }))
})

import { runTool } from "@effect-lxc/node-runtime/Tools"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

const block = (milliseconds: number): void => {
  const until = performance.now() + milliseconds
  while (performance.now() < until);
}

describe("tools", () => {
  it.live("what a tool printed is whole, also where its end is seen long before its output is read", () =>
    Effect.gen(function*() {
      const first = Effect.runPromise(runTool(["sh", "-c", "echo first"], 10_000, {
        // The end of the second falls into this: it is seen with that of the first, its output only a turn later.
        take: async (stdout) => {
          for await (const _ of stdout) {
            setImmediate(() => block(400))
            block(800)
          }
        },
        failure: () => assert.fail("nothing fails here")
      }))
      const second = Effect.runPromise(runTool(["sh", "-c", "sleep 0.5; echo second"], 10_000))
      block(200)
      yield* Effect.promise(() => first)
      const { stdout } = yield* Effect.promise(() => second)
      assert.strictEqual(stdout, "second\n")
    }))
})

import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { makeFakeHost } from "./FakeHost.ts"
import { cli } from "./Harness.ts"

describe("resize", () => {
  it.effect("of what does not run is rejected with exit code 3", () =>
    Effect.gen(function*() {
      const ran = yield* cli(["resize", "web1", "--memory", "64MiB", "--vcpus", "2", "--cpu-weight", "100", "--pids", "200"])
      assert.strictEqual(ran.code, 3)
      assert.match(ran.err, /resize web1 was rejected.*\n.*not running/)
    }))

  it.effect("without a limit, or with one that is none, is bad usage, and the host is not looked at", () =>
    Effect.gen(function*() {
      const host = makeFakeHost()
      const wrong = [
        [],
        ["--memory", "1MiB"],
        ["--memory", "lots"],
        ["--swap", "-1"],
        ["--vcpus", "0"],
        ["--cpu-mask", "3-1"],
        ["--cpu-weight", "0"],
        ["--pids", "1.5"],
        ["--io-weight", "20000"],
        ["--pids", "5", "--format", "sh"]
      ]
      for (const flags of wrong) {
        const ran = yield* cli(["resize", "web1", ...flags], { host })
        assert.deepStrictEqual([ran.code, ran.out], [2, ""], flags.join(" "))
      }
      assert.strictEqual(host.looks, 0)
    }))
})

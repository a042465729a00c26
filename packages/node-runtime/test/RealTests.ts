import type { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { layer } from "@effect-lxc/node-runtime/NodeHypervisor"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { RealLab } from "./RealLab.ts"

/** What keeps real tests short, in every instance they start. */
export const quick = { lxc: { settle: "300ms", shutdownTimeout: "5s" } }

/** Runs bodies on the real host, in one lab. */
export const inLab = (lab: RealLab) => {
  const onHost = <A, E>(body: Effect.Effect<A, E, Hypervisor>) =>
    Effect.provide(body, layer({ directories: lab.directories, lockWaitMs: 2_000 }))
  /** Runs the body and then asserts that the host is as it was before. */
  const leavingNothing = <A, E>(body: Effect.Effect<A, E, Hypervisor>) =>
    Effect.gen(function*() {
      const before = lab.snapshot()
      const result = yield* Effect.tapCause(onHost(body), () => Effect.sync(() => lab.reset()))
      assert.deepStrictEqual(lab.differences(before), [])
      return result
    })
  return { leavingNothing, onHost }
}

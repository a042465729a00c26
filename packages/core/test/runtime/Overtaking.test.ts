import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Faults, Guest, type ProcessOptions, TestKit, World } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Result } from "effect"
import { failureOf, host, instance, problemOf } from "./fixtures.ts"

const web1 = instance()
const hypervise = <A, E>(body: (hypervisor: Hypervisor["Service"]) => Effect.Effect<A, E>) => Effect.flatMap(Hypervisor, body)
const kill = hypervise((hypervisor) => hypervisor.kill(web1.name))

/** A process that kills while a stop of another waits for a deaf guest, and how that ended for both. */
const overtaking = <A, E>(
  { other = {}, ...killing }: ProcessOptions & { readonly other?: ProcessOptions },
  ended: (killed: Effect.Effect<unknown, Effect.Error<typeof kill> | { readonly _tag: "ProcessDied" }>) => Effect.Effect<A, E>
) =>
  TestKit.runToEnd(
    Effect.provide(
      Effect.gen(function*() {
        const { process } = yield* World
        const first = yield* process(other)
        yield* first.run(hypervise((hypervisor) => hypervisor.start(web1)))
        const waiting = yield* Effect.forkChild(Effect.exit(first.run(hypervise((hypervisor) => hypervisor.stop(web1.name, { timeoutMs: 5_000 })))))
        yield* Effect.sleep(1_000)
        const answer = yield* ended((yield* process(killing)).run(kill))
        yield* Fiber.join(waiting)
        return answer
      }),
      World.layer({ host: host({ images: { "/srv/web1.img": Guest.deaf() } }) })
    ),
    { step: "50 millis", steps: 10_000 }
  )

describe("a kill that overtakes a stop", () => {
  for (const call of ["observe", "apply"] as const) {
    it.effect(`fails as any plan at a step whose ${call} is refused: what it did before is not hidden`, () =>
      Effect.gen(function*() {
        const error = yield* overtaking({ faults: [Faults.atTag("KillContainer", "refuse", { call })] }, problemOf)
        assert.deepInclude(error, { operation: "kill", undone: false, residue: [] })
        assert.strictEqual(error.step._tag, "KillContainer")
        assert.deepStrictEqual(error.next?.slice(-2), ["kill", "web1"])
      }))
  }

  it.effect("says so where the lock is not to be had afterwards", () =>
    Effect.gen(function*() {
      const other = { faults: [Faults.atTag("Unmount", "slow", { ms: 60_000 })] }
      const error = yield* overtaking({ lockWaitMs: 2_000, other }, failureOf)
      assert.isTrue(error._tag === "LockHeld" && error.killed === true)
      assert.match(error._tag === "LockHeld" ? error.message : "", /waited 2000 ms, it was killed, and not cleaned up$/)
    }))

  it.effect("says at which step it stopped where the host cannot be looked at afterwards", () =>
    Effect.gen(function*() {
      const other = { faults: [Faults.atTag("AwaitStopped", "act-then-refuse")] }
      const error = yield* overtaking({ faults: [Faults.atTag("AwaitStopped", "refuse", { call: "observe" })], other }, problemOf)
      assert.isTrue(error.problem._tag === "SystemCallFailed" && error.problem.call === "inject")
      assert.strictEqual(error.step._tag, "AwaitStopped")
    }))
})

describe("a kill, or a stop by force, of what somebody does other than stop", () => {
  /** It comes a second after a start that goes on for five. */
  const duringStart = <A, E>(impatient: ProcessOptions, ask: Effect.Effect<A, E, Hypervisor>) =>
    TestKit.runToEnd(
      Effect.provide(
        Effect.gen(function*() {
          const { process } = yield* World
          const first = yield* process({ faults: [Faults.atTag("StartContainer", "slow", { ms: 5_000 })] })
          const starting = yield* Effect.forkChild(first.run(hypervise((hypervisor) => hypervisor.start(web1))))
          yield* Effect.sleep(1_000)
          const second = yield* process(impatient)
          const answer = yield* Effect.result(second.run(ask))
          yield* Fiber.join(starting)
          return { answer, left: yield* second.run(hypervise((hypervisor) => hypervisor.list())) }
        }),
        World.layer({ host: host({ images: { "/srv/web1.img": Guest.deaf() } }) })
      ),
      { step: "50 millis", steps: 10_000 }
    )

  const byForce = hypervise((hypervisor) => hypervisor.stop(web1.name, { force: true, timeoutMs: 500 }))

  for (const [what, ask] of Object.entries({ kill, "stop by force": byForce })) {
    it.effect(`${what} waits for it as any other operation, and is done`, () =>
      Effect.gen(function*() {
        const { answer, left } = yield* duringStart({}, ask)
        assert.isTrue(Result.isSuccess(answer), JSON.stringify(answer))
        assert.deepStrictEqual(left, [])
      }))

    it.effect(`${what} says how long it has waited where that was not enough`, () =>
      Effect.gen(function*() {
        const { answer, left } = yield* duringStart({ lockWaitMs: 2_000 }, ask)
        assert.deepInclude(Result.isFailure(answer) ? answer.failure : undefined, { _tag: "LockHeld", instance: "web1" })
        assert.match(Result.isFailure(answer) ? String(answer.failure) : "", /\(start since .*; waited 2000 ms, nothing was done$/)
        assert.strictEqual(left.length, 1)
      }))
  }
})

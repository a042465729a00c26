import { defaultDirectories as directories } from "@effect-lxc/core/host/Directories"
import { simulate } from "@effect-lxc/test-kit"
import { makeLife } from "@effect-lxc/test-kit/Life"
import { makeLockTable } from "@effect-lxc/test-kit/LockTable"
import { makeLocks } from "@effect-lxc/test-kit/MemoryLocks"
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"

it("a lock that is granted at the instant at which its wait is interrupted, or over, is held by nobody", () => {
  for (let seed = 0; seed < 300; seed += 1) {
    const exit = simulate(
      Effect.gen(function*() {
        const table = makeLockTable()
        const holding = (pid: number, waitMs: number, ms: number) =>
          Effect.scoped(Effect.andThen(makeLocks(table, makeLife(pid)).acquire(directories, "web1", "stop", waitMs), Effect.sleep(ms)))
        const first = yield* Effect.forkChild(holding(1, 0, 200))
        yield* Effect.sleep(1)
        const waiting = yield* Effect.forkChild(holding(2, seed % 2 === 0 ? 199 : 1_000, 200))
        yield* Effect.timeoutOption(Fiber.await(waiting), 199)
        yield* Fiber.interrupt(waiting)
        yield* Fiber.await(first)
        return [...table.holders().keys()]
      }),
      { seed, stride: 5 }
    )
    assert.isTrue(typeof exit !== "string" && Exit.isSuccess(exit))
    assert.deepStrictEqual(typeof exit !== "string" && Exit.isSuccess(exit) ? exit.value : [], [], `seed ${seed}`)
  }
})

it("a process that dies while it asks for a lock does not take it", () => {
  for (let seed = 0; seed < 100; seed += 1) {
    const exit = simulate(
      Effect.gen(function*() {
        const table = makeLockTable()
        const life = makeLife(1, () => table.releaseAll(life))
        yield* Effect.forkDetach(Effect.scoped(makeLocks(table, life).acquire(directories, "web1", "stop", 1_000)))
        yield* Effect.yieldNow
        yield* life.kill
        yield* Effect.sleep(10)
        return [...table.holders().keys()]
      }),
      { seed, stride: 5 }
    )
    assert.deepStrictEqual(typeof exit !== "string" && Exit.isSuccess(exit) ? exit.value : exit, [], `seed ${seed}`)
  }
})

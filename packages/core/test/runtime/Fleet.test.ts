import type { Instance } from "@effect-lxc/core/model/Instance"
import type { FleetReport } from "@effect-lxc/core/runtime/Fleet"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Progress } from "@effect-lxc/core/runtime/Progress"
import { Diff, Guest, SimulatedHost } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { failureOf, host, instance, onHost } from "./fixtures.ts"

const one = (name: string, after: ReadonlyArray<string> = [], priority = 0): Instance =>
  instance({ name, disks: [{ path: `/srv/${name}.img` }], nics: [], autostart: { priority, after }, lxc: { shutdownTimeout: "10s" } })

const db = one("db")
const web1 = one("web1", ["db"])
const web2 = one("web2", ["db"], 5)
const proxy = one("proxy", ["web1", "web2"])
const lone = one("lone", [], -5)
const all = [proxy, web1, lone, web2, db]

const guests = (special: Readonly<Record<string, Guest.Guest>> = {}) =>
  host({ images: Object.fromEntries(all.map(({ name }) => [`/srv/${name}.img`, special[name] ?? Guest.obedient()])) })

const tell = ({ outcomes }: FleetReport) =>
  outcomes.map((each) => `${each.instance} ${each._tag}${each._tag === "Skipped" ? ` for ${each.because.join()}` : ""}`)

const running = Effect.gen(function*() {
  return (yield* (yield* Hypervisor).list()).filter((each) => each.state === "RUNNING").map((each) => each.name)
})

/** Runs an effect and gives, besides its result, when plans began and how many were under way at most. */
const traced = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const begun: Array<string> = []
    const result = yield* Effect.provideService(effect, Progress, (event) =>
      Effect.sync(() => {
        if (event._tag === "PlanBegun") begun.push(event.instance)
      }))
    return { begun, result }
  })

describe("startAll", () => {
  it.effect("starts each after those it waits for, by priority, one at a time if asked so; stopAll stops in reverse and leaves nothing", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const simulated = yield* SimulatedHost
      const before = yield* simulated.state
      const up = yield* traced(hypervisor.startAll(all, { parallel: 1 }))
      assert.deepStrictEqual(up.begun, ["db", "web2", "web1", "proxy", "lone"])
      assert.deepStrictEqual(tell(up.result), up.begun.map((name) => `${name} Done`))
      assert.deepStrictEqual(yield* running, ["db", "lone", "proxy", "web1", "web2"])
      const down = yield* traced(hypervisor.stopAll(all, { parallel: 1 }))
      assert.deepStrictEqual(down.begun, [...up.begun].reverse())
      assert.strictEqual(Diff.traces(before, yield* simulated.state, hypervisor.directories), "")
    }).pipe(onHost({ host: guests() })))

  it.effect("works on as many at a time as asked for, and never more", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const many = all.map(({ name }) => one(name))
      for (const parallel of [1, 2, 3, 9]) {
        let now = 0
        let most = 0
        const watched = hypervisor.startAll(many, { parallel, onOutcome: () => Effect.sync(() => void (now -= 1)) })
        yield* Effect.provideService(watched, Progress, (event) =>
          Effect.sync(() => {
            if (event._tag === "PlanBegun") most = Math.max(most, now += 1)
          }))
        assert.strictEqual(most, Math.min(parallel, many.length))
        yield* hypervisor.stopAll(many, { parallel })
      }
    }).pipe(onHost({ host: guests() })))

  it.effect("goes on after a failure, skips what waits for the failed one and says for whom, and leaves nothing of it", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const report = yield* hypervisor.startAll(all)
      assert.deepStrictEqual(tell(report), ["db Done", "web2 Failed", "web1 Done", "proxy Skipped for web2", "lone Done"])
      assert.deepStrictEqual(yield* running, ["db", "lone", "web1"])
      const [failed] = report.outcomes.flatMap((each) => each._tag === "Failed" ? [each.error.message] : [])
      assert.include(failed ?? "", "everything was undone; the host is as before")
    }).pipe(onHost({ host: guests({ web2: Guest.dying(0, 1) }) })))

  it.effect("skips what waits for one that was skipped", () =>
    Effect.gen(function*() {
      const report = yield* (yield* Hypervisor).startAll(all)
      assert.deepStrictEqual(tell(report), ["db Failed", "web2 Skipped for db", "web1 Skipped for db", "proxy Skipped for web1,web2", "lone Done"])
    }).pipe(onHost({ host: guests({ db: Guest.dying(0, 1) }) })))

  it.effect("leaves what runs already as it is, and starts what waits for it", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(db)
      assert.deepStrictEqual(tell(yield* hypervisor.startAll([db, web1])), ["db Unneeded", "web1 Done"])
      assert.deepStrictEqual(tell(yield* hypervisor.startAll([db, web1])), ["db Unneeded", "web1 Unneeded"])
    }).pipe(onHost({ host: guests() })))

  it.effect("touches nothing where there is no order", () =>
    Effect.gen(function*() {
      const error = yield* failureOf((yield* Hypervisor).startAll([one("a", ["b"]), one("b", ["a"]), lone]))
      assert.strictEqual(error._tag, "InvalidSpec")
      assert.include(error.message, "a waits for b waits for a")
      assert.deepStrictEqual(yield* (yield* SimulatedHost).record, [])
    }).pipe(onHost({ host: guests() })))

  it.effect("undoes what is under way when it is interrupted, keeps what was started, and begins no more", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const told: Array<string> = []
      const fiber = yield* Effect.forkChild(hypervisor.startAll(all, {
        parallel: 1,
        onOutcome: ({ instance }) => Effect.sync(() => void told.push(instance))
      }))
      while (told.length === 0) yield* Effect.sleep("10 millis")
      yield* Effect.sleep("100 millis")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(told, ["db"])
      assert.deepStrictEqual((yield* hypervisor.list()).map((each) => each.name), ["db"])
    }).pipe(onHost({ host: guests() })))

  it.effect("undoes what is under way side by side with what it shares: the host is as before", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const simulated = yield* SimulatedHost
      const before = yield* simulated.state
      const fiber = yield* Effect.forkChild(hypervisor.startAll(all.map(({ name }) => one(name)), { parallel: all.length }))
      yield* Effect.sleep("100 millis")
      assert.deepStrictEqual((yield* running).length, all.length)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(Diff.traces(before, yield* simulated.state, hypervisor.directories), "")
    }).pipe(onHost({ host: guests() })))
})

describe("stopAll", () => {
  it.effect("leaves alone what one that did not stop still needs", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.startAll(all)
      const report = yield* hypervisor.stopAll(all)
      assert.deepStrictEqual(tell(report), ["lone Done", "proxy Done", "web1 Failed", "web2 Done", "db Skipped for web1"])
      assert.deepStrictEqual(yield* running, ["db", "web1"])
      assert.deepStrictEqual(tell(yield* hypervisor.stopAll(all, { force: true, timeoutMs: 0 })), [
        "lone Unneeded", "proxy Unneeded", "web1 Done", "web2 Unneeded", "db Done"
      ])
    }).pipe(onHost({ host: guests({ web1: Guest.deaf() }) })))
})

import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { afterLook } from "@effect-lxc/core/runtime/Watching"
import { Guest, Incidents, SimulatedHost } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { directories, failureOf, host, instance, onHost } from "./fixtures.ts"

const web1 = instance()

/** What a watcher sees while something is done, one second after it was done. */
const seen = <E>(body: Effect.Effect<unknown, E, Hypervisor | SimulatedHost>, names?: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const lines: Array<string> = []
    const watcher = yield* Effect.forkScoped(
      Stream.runForEach(hypervisor.watch({ names }), ({ name, problem, state }) =>
        Effect.sync(() => lines.push([name, state, ...(problem === null ? [] : [problem])].join(" "))))
    )
    yield* Effect.sleep("1 second")
    yield* body
    yield* Effect.sleep("6 seconds")
    yield* Fiber.interrupt(watcher)
    return lines
  }).pipe(Effect.scoped)

const life = Effect.gen(function*() {
  const hypervisor = yield* Hypervisor
  yield* hypervisor.start(web1)
  yield* hypervisor.freeze(web1.name)
  yield* Effect.sleep("1 second")
  yield* hypervisor.thaw(web1.name)
  yield* Effect.sleep("1 second")
  yield* hypervisor.stop(web1.name)
})

describe("watch", () => {
  it.effect("tells each change once, and nothing of what a start and a stop pass through", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* seen(life), ["web1 RUNNING", "web1 FROZEN", "web1 RUNNING", "web1 STOPPED"])
    }).pipe(onHost({ host: host() })))

  it.effect("tells of the names it is given only", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* seen(life, ["web2"]), [])
    }).pipe(onHost({ host: host() })))

  it.effect("survives the death of a monitor, and tells what is left; a guest that halts by itself is such a case", () =>
    Effect.gen(function*() {
      yield* (yield* Hypervisor).start(web1)
      const killed = Effect.flatMap(SimulatedHost, (simulated) => simulated.update(Incidents.killMonitor("web1")))
      assert.deepStrictEqual(yield* seen(killed), ["web1 STOPPED", "web1 STOPPED leftovers"])
      yield* (yield* Hypervisor).start(web1)
      const halted = Effect.flatMap(SimulatedHost, (simulated) => simulated.update(Incidents.killInit("web1")))
      assert.deepStrictEqual(yield* seen(halted), ["web1 STOPPED", "web1 STOPPED leftovers"])
    }).pipe(onHost({ host: host() })))

  it.effect("tells of a monitor that the kernel does not tell of", () =>
    Effect.gen(function*() {
      yield* (yield* Hypervisor).start(web1)
      const silent = Effect.flatMap(SimulatedHost, (simulated) => simulated.update(Incidents.stopMonitor("web1")))
      assert.deepStrictEqual(yield* seen(silent), ["web1 RUNNING monitor-silent"])
    }).pipe(onHost({ host: host() })))

  it("shows an orphan after a second only: one whose processes are just dying is none", () => {
    const running = { state: "RUNNING", problem: null } as const
    const orphan = { state: "ORPHANED", problem: "monitor-dead" } as const
    const known = { shown: running, observed: running, since: 0 }
    const first = afterLook(known, orphan, 5_000)
    assert.deepStrictEqual(first.shown, running)
    assert.deepStrictEqual(afterLook(first, orphan, 5_999).shown, running)
    assert.deepStrictEqual(afterLook(first, orphan, 6_000).shown, orphan)
  })
})

describe("logs", () => {
  const text = "one\ntwo\nthree"
  const state = Incidents.putFile(directories.consoleLog("web1"), text)(
    Incidents.putFile(directories.lxcLog("web1"), "lxc\n")(host({ images: { "/srv/web1.img": Guest.obedient() } }))
  )
  const read = (options: object) =>
    Effect.flatMap(Hypervisor, (hypervisor) =>
      hypervisor.logs(web1.name, options).pipe(Stream.decodeText(), Stream.mkString))

  it.effect("are LXC's, or the console's, in whole or from the last lines on", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* read({}), "lxc\n")
      assert.strictEqual(yield* read({ console: true }), text)
      for (const [tail, expected] of [[0, ""], [1, "three"], [2, "two\nthree"], [3, text], [9, text]] as const) {
        assert.strictEqual(yield* read({ console: true, tail }), expected)
      }
      assert.strictEqual(yield* read({ tail: 1 }), "lxc\n")
    }).pipe(onHost({ host: state })))

  it.effect("of LXC that have become too large are moved aside by the next start, and only then", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const simulated = yield* SimulatedHost
      const small = instance({ lxc: { logSize: "64KiB" } })
      const log = directories.lxcLog("web1")
      const put = (length: number) => simulated.update(Incidents.putFile(log, "x".repeat(length)))
      const files = Effect.map(simulated.state, (now) => [now.files[log]?.text ?? "", now.files[`${log}.1`]?.text])
      yield* put(65_536)
      yield* hypervisor.start(small)
      const [kept, none] = yield* files
      assert.deepStrictEqual([kept?.startsWith("xxx"), none], [true, undefined])
      yield* hypervisor.stop(small.name)
      yield* put(65_537)
      yield* hypervisor.start(small)
      const [fresh, aside] = yield* files
      assert.deepStrictEqual([fresh?.includes("x".repeat(9)), aside?.length], [false, 65_537])
      assert.include(fresh, "Started")
    }).pipe(onHost({ host: host() })))

  it.effect("of an instance that never was are an error with the path", () =>
    Effect.gen(function*() {
      const { message } = yield* failureOf(read({}))
      assert.include(message, "there is no log /var/log/effect-lxc/web1/lxc.log")
      assert.include(message, "never started with this log directory")
    }).pipe(onHost({ host: host() })))

  it.effect("of a console that the spec does not keep are an error that says so", () =>
    Effect.gen(function*() {
      const { message } = yield* failureOf(read({ console: true }))
      assert.include(message, "there is no log /var/log/effect-lxc/web1/console.log; the container has others")
      assert.include(message, "(lxc.console: none)")
    }).pipe(onHost({ host: Incidents.putFile(directories.lxcLog("web1"), "lxc\n")(host()) })))

  it.effect("are followed: what is written later, and after they were emptied", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const simulated = yield* SimulatedHost
      const put = (now: string) => simulated.update(Incidents.putFile(directories.consoleLog("web1"), now))
      const parts = yield* Effect.forkScoped(
        hypervisor.logs(web1.name, { console: true, follow: true, tail: 1 }).pipe(
          Stream.decodeText(),
          Stream.take(3),
          Stream.runCollect
        )
      )
      yield* Effect.sleep("1 hour")
      yield* put(`${text} and more`)
      yield* Effect.sleep("1 hour")
      yield* put("new")
      assert.deepStrictEqual([...(yield* Fiber.join(parts))], ["three", " and more", "new"])
    }).pipe(Effect.scoped, onHost({ host: state })))
})

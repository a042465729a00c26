import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Diff, Guest, Incidents, SimulatedHost } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { directories, failureOf, host, instance, onHost, problemOf } from "./fixtures.ts"

const web1 = instance()
const hostWith = (guest: Guest.Guest, options = {}) => host({ ...options, images: { "/srv/web1.img": guest } })

/** How long an effect takes on the clock. */
const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const began = yield* Clock.currentTimeMillis
    const value = yield* effect
    return { value, took: (yield* Clock.currentTimeMillis) - began }
  })

const running = Effect.gen(function*() {
  const hypervisor = yield* Hypervisor
  const simulated = yield* SimulatedHost
  yield* hypervisor.start(web1)
  return { hypervisor, simulated }
})

const tags = Effect.map(Effect.flatMap(SimulatedHost, ({ acted }) => acted), (steps) => steps.map(({ _tag }) => _tag))

const assertClean = Effect.gen(function*() {
  const { state } = yield* SimulatedHost
  assert.strictEqual(Diff.traces(host(), yield* state, directories), "")
})

describe("a guest that obeys", () => {
  it.effect("ends when it has, three seconds after the signal without the capability sys_boot, and not at the end of the timeout", () =>
    Effect.gen(function*() {
      const { hypervisor } = yield* running
      const { took } = yield* timed(hypervisor.stop(web1.name))
      assert.isAtLeast(took, 2_030)
      assert.isAtMost(took, 3_100)
      yield* assertClean
    }).pipe(onHost({ host: hostWith(Guest.obedient()) })))

  it.effect("is not killed by --force, and its stop is as long as without", () =>
    Effect.gen(function*() {
      const { hypervisor } = yield* running
      const { took } = yield* timed(hypervisor.stop(web1.name, { force: true }))
      assert.isAtMost(took, 3_100)
      assert.notInclude(yield* tags, "KillContainer")
      yield* assertClean
    }).pipe(onHost({ host: hostWith(Guest.obedient()) })))

  it.effect("gets SIGRTMIN+3 if it is systemd, which ignores SIGPWR", () =>
    Effect.gen(function*() {
      const { hypervisor } = yield* running
      const { took } = yield* timed(hypervisor.stop(web1.name))
      assert.isAtMost(took, 300)
      yield* assertClean
    }).pipe(onHost({ host: hostWith(Guest.systemd()) })))

  it.effect("gets the signal that its spec names", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(instance({ lxc: { haltSignal: "SIGTERM" } }))
      const { took } = yield* timed(hypervisor.stop(web1.name))
      assert.isAtMost(took, 200)
    }).pipe(onHost({ host: hostWith(Guest.obedient({ haltSignal: "SIGTERM", haltAfterMs: 100, powersOff: null })) })))

  it.effect("is given until the age of two seconds for its handlers: an early signal is not lost", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(instance({ lxc: { settle: "1ms" } }))
      const { took } = yield* timed(hypervisor.stop(web1.name, { timeoutMs: 10_000 }))
      assert.isAtLeast(took, 1_500)
      assert.isAtMost(took, 1_800)
      yield* assertClean
    }).pipe(onHost({ host: hostWith(Guest.obedient({ handlersAfterMs: 1_500, haltAfterMs: 100, powersOff: null })) })))

  it.effect("may take as long as its spec says, unless the command says otherwise", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(instance({ lxc: { shutdownTimeout: "3s" } }))
      const { took, value } = yield* timed(problemOf(hypervisor.stop(web1.name)))
      assert.strictEqual(took, 3_000)
      assert.deepStrictEqual(value.problem, { _tag: "StillRunning", name: "web1", waitedMs: 3_000, frozenAgain: false })
      const longer = yield* timed(hypervisor.stop(web1.name, { timeoutMs: 60_000 }))
      assert.isBelow(longer.took, 3_000, "the first signal was obeyed in the end")
    }).pipe(onHost({ host: hostWith(Guest.obedient({ haltAfterMs: 5_000, powersOff: null })) })))
})

describe("a guest deaf to the halt signal", () => {
  const state = hostWith(Guest.deaf())

  it.effect("is left running after the timeout, and the error says so and what to do", () =>
    Effect.gen(function*() {
      const { hypervisor, simulated } = yield* running
      const before = yield* simulated.state
      const { took, value } = yield* timed(problemOf(hypervisor.stop(web1.name, { timeoutMs: 7_000 })))
      assert.strictEqual(took, 7_000)
      assert.strictEqual(value.problem._tag, "StillRunning")
      assert.include(value.message, "goes on running")
      assert.include(value.message, "effect-lxc stop --force web1")
      assert.strictEqual(Diff.traces(before, yield* simulated.state, directories), "")
      assert.strictEqual((yield* hypervisor.info("web1")).state, "RUNNING")
    }).pipe(onHost({ host: state })))

  it.effect("is killed with --force, when the timeout is over", () =>
    Effect.gen(function*() {
      const { hypervisor } = yield* running
      const { took } = yield* timed(hypervisor.stop(web1.name, { timeoutMs: 7_000, force: true }))
      assert.isAtLeast(took, 7_000)
      assert.isAtMost(took, 7_200)
      assert.include(yield* tags, "KillContainer")
      yield* assertClean
    }).pipe(onHost({ host: state })))

  it.effect("is killed at once with --force --timeout 0: no signal is sent", () =>
    Effect.gen(function*() {
      const { hypervisor } = yield* running
      const { took } = yield* timed(hypervisor.stop(web1.name, { timeoutMs: 0, force: true }))
      assert.isAtMost(took, 100)
      assert.notInclude(yield* tags, "SignalContainer")
      yield* assertClean
    }).pipe(onHost({ host: state })))

  it.effect("is told at once and not waited for with --timeout 0 alone", () =>
    Effect.gen(function*() {
      const { hypervisor } = yield* running
      const { took, value } = yield* timed(problemOf(hypervisor.stop(web1.name, { timeoutMs: 0 })))
      assert.strictEqual(took, 0)
      assert.strictEqual(value.step._tag, "AwaitStopped")
    }).pipe(onHost({ host: state })))
})

describe.each(["v2", "hybrid", "v1"] as const)("a frozen guest (%s)", (layout) => {
  it.effect("is thawed, and obeys", () =>
    Effect.gen(function*() {
      const { hypervisor, simulated } = yield* running
      yield* simulated.update(Incidents.freeze("web1"))
      assert.strictEqual((yield* hypervisor.info("web1")).state, "FROZEN")
      yield* hypervisor.stop(web1.name)
      assert.strictEqual(Diff.traces(hostWith(Guest.obedient(), { layout }), yield* simulated.state, directories), "")
    }).pipe(onHost({ host: hostWith(Guest.obedient(), { layout }) })))

  it.effect("that does not obey is frozen again, and the error says so", () =>
    Effect.gen(function*() {
      const { hypervisor, simulated } = yield* running
      yield* simulated.update(Incidents.freeze("web1"))
      const error = yield* problemOf(hypervisor.stop(web1.name, { timeoutMs: 1_000 }))
      assert.deepStrictEqual(error.problem, { _tag: "StillRunning", name: "web1", waitedMs: 1_000, frozenAgain: true })
      assert.strictEqual((yield* hypervisor.info("web1")).state, "FROZEN")
    }).pipe(onHost({ host: hostWith(Guest.deaf(), { layout }) })))

  it.effect("is killed as it is with --force --timeout 0", () =>
    Effect.gen(function*() {
      const { hypervisor, simulated } = yield* running
      yield* simulated.update(Incidents.freeze("web1"))
      yield* hypervisor.stop(web1.name, { timeoutMs: 0, force: true })
      assert.strictEqual(Diff.traces(hostWith(Guest.deaf(), { layout }), yield* simulated.state, directories), "")
    }).pipe(onHost({ host: hostWith(Guest.deaf(), { layout }) })))
})

describe("what stands in the way", () => {
  it.effect("a mount that stays busy is an error that names its holder, after five seconds; later the stop goes on", () =>
    Effect.gen(function*() {
      const { hypervisor, simulated } = yield* running
      const rootfs = directories.rootfs("web1")
      yield* simulated.update(Incidents.occupy(`${rootfs}/var/log`, "tail -f syslog"))
      const { took, value } = yield* timed(problemOf(hypervisor.stop(web1.name)))
      assert.strictEqual(value.step._tag, "Unmount")
      assert.isAtLeast(took, 5_000)
      assert.isTrue(value.problem._tag === "Busy" && value.problem.holders[0]?.command === "tail -f syslog")
      assert.include(value.message, "tail -f syslog")
      assert.deepStrictEqual((yield* hypervisor.list()).map(({ problem }) => problem), ["leftovers"])
      yield* simulated.update(Incidents.release(`${rootfs}/var/log`))
      yield* hypervisor.stop(web1.name)
      yield* assertClean
    }).pipe(onHost({ host: hostWith(Guest.obedient()) })))

  it.effect("a loop device that somebody has mounted elsewhere, too, is an error that says where, and looks for no process", () =>
    Effect.gen(function*() {
      const { hypervisor, simulated } = yield* running
      yield* simulated.update((state) => {
        const root = state.mounts.find(({ target }) => target === directories.rootfs("web1"))
        return { ...state, mounts: [...state.mounts, ...root === undefined ? [] : [{ ...root, target: "/mnt/rescue" }]] }
      })
      const { message, problem, step } = yield* problemOf(hypervisor.stop(web1.name))
      assert.strictEqual(step._tag, "DetachLoop")
      assert.isTrue(problem._tag === "Busy" && problem.holders.length === 0)
      assert.include(message, "it is mounted on /mnt/rescue; unmount it there first")
      assert.notInclude(message, "no process")
    }).pipe(onHost({ host: hostWith(Guest.obedient()) })))

  it.effect("mounts below the root go in the reverse order of the mount table, stacked ones too", () =>
    Effect.gen(function*() {
      const { hypervisor } = yield* running
      yield* hypervisor.stop(web1.name)
      yield* assertClean
    }).pipe(onHost({ host: hostWith(Guest.obedient({ mounts: ["sub", "sub/deep/er", "sub", "other name"] })) })))

  it.effect("an orphan is told to halt as well, and what it leaves is removed", () =>
    Effect.gen(function*() {
      const { hypervisor, simulated } = yield* running
      yield* simulated.update(Incidents.orphan("web1"))
      yield* hypervisor.stop(web1.name)
      yield* Effect.sleep(2_000)
      yield* assertClean
    }).pipe(onHost({ host: hostWith(Guest.obedient()) })))

  it.effect("what a killed monitor left is removed", () =>
    Effect.gen(function*() {
      const { hypervisor, simulated } = yield* running
      yield* simulated.update(Incidents.killMonitor("web1"))
      yield* hypervisor.stop(web1.name)
      yield* Effect.sleep(2_000)
      yield* assertClean
    }).pipe(onHost({ host: hostWith(Guest.obedient()) })))

  it.effect("a silent monitor is refused without --force, and killed with it", () =>
    Effect.gen(function*() {
      const { hypervisor, simulated } = yield* running
      yield* simulated.update(Incidents.stopMonitor("web1"))
      const error = yield* failureOf(hypervisor.stop(web1.name))
      assert.isTrue(error._tag === "PlanRejected" && error.rejections[0]?.code === "monitor-silent")
      yield* hypervisor.stop(web1.name, { force: true, timeoutMs: 0 })
      yield* Effect.sleep(2_000)
      yield* assertClean
    }).pipe(onHost({ host: hostWith(Guest.obedient()) })))

  it.effect("a process that nothing kills is named", () =>
    Effect.gen(function*() {
      const { hypervisor, simulated } = yield* running
      yield* simulated.update(Incidents.hangInDevice("web1"))
      const error = yield* problemOf(hypervisor.stop(web1.name, { force: true, timeoutMs: 0 }))
      assert.strictEqual(error.problem._tag, "CannotKill")
      assert.include(error.message, "/sbin/init")
    }).pipe(onHost({ host: hostWith(Guest.obedient()) })))

  it.effect("a file that this library did not make stays, with its directory, and the report warns of it", () =>
    Effect.gen(function*() {
      const { hypervisor, simulated } = yield* running
      yield* simulated.update(Incidents.putFile(`${directories.container("web1")}/notes`))
      const report = yield* hypervisor.stop(web1.name)
      assert.strictEqual(report.warnings.length, 1)
      const lines = Diff.traces(host(), yield* simulated.state, directories).trim().split("\n")
      assert.deepStrictEqual(lines.map((line) => line.split(" ").slice(0, 3).join(" ")), [
        `+ directory ${directories.containers}`,
        `+ directory ${directories.container("web1")}`,
        `+ file ${directories.container("web1")}/notes`
      ])
    }).pipe(onHost({ host: hostWith(Guest.obedient()) })))
})

it.effect("stopping what is not there is a success that does nothing, with or without force", () =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    for (const force of [false, true]) {
      assert.strictEqual((yield* hypervisor.stop(web1.name, { force })).acted, 0)
    }
    assert.deepStrictEqual(yield* (yield* SimulatedHost).record, [])
  }).pipe(onHost({ host: host() })))

it.effect("two instances with names that begin alike do not touch each other", () =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const web10 = instance({ name: "web10", disks: [{ path: "/srv/web10.img" }], nics: [] })
    const numbered = instance({ name: "web1-1", disks: [{ path: "/srv/web1-1.img" }], nics: [] })
    for (const each of [web1, web10, numbered]) yield* hypervisor.start(each)
    yield* hypervisor.stop(web1.name)
    const list = yield* hypervisor.list()
    assert.deepStrictEqual(list.map(({ name, state }) => [name, state]), [["web1-1", "RUNNING"], ["web10", "RUNNING"]])
    for (const each of [numbered, web10]) yield* hypervisor.stop(each.name)
    assert.deepStrictEqual(yield* hypervisor.list(), [])
  }).pipe(onHost({
    host: host({ images: { "/srv/web10.img": Guest.obedient(), "/srv/web1-1.img": Guest.obedient() } })
  })))

import { HostPath } from "@effect-lxc/core/model/HostPath"
import type { Step } from "@effect-lxc/core/plan/Step"
import { Guest, Incidents, SimulatedHost, type SimulatedState, Transition } from "@effect-lxc/test-kit"
import { changeProcess, spawn } from "@effect-lxc/test-kit/Process"
import { assert, describe, it } from "@effect/vitest"
import { container, directories, done, failed, hierarchies, holds, running } from "./steps.ts"

const thaw = { _tag: "Thaw", ...container, timeoutMs: 5_000 } as const
const kill = { _tag: "KillContainer", ...container, hierarchies: [], timeoutMs: 1_000 } as const
const limit = { _tag: "ConfirmLimits", ...container, limits: [{ controller: "memory", file: "memory.max", value: "1" }] } as const
const ask = (signal: string, graceMs = 0) => ({ _tag: "SignalContainer", ...container, signal, graceMs }) as const
const wait = { _tag: "AwaitStopped", ...container, timeoutMs: 1_000, onTimeout: "fail" } as const

describe("a container that is not there", () => {
  it("has nothing to be thawed, asked, limited, waited for or killed", () => {
    const state = SimulatedHost.state()
    for (const step of [thaw, ask("SIGPWR"), limit, wait, kill] satisfies ReadonlyArray<Step>) assert.strictEqual(done(state, step), state)
  })
})

describe("a first process that is dead", () => {
  const ended = Incidents.killInit("web1")(Incidents.stopMonitor("web1")(running()))
  const state = running()
  const zombie = changeProcess(state, state.containers[0]?.init ?? 0, { state: "Z" })

  it("is asked for nothing, and its limits are not looked at, whether its monitor noticed or not", () => {
    for (const dead of [ended, zombie]) {
      assert.isTrue(holds(dead, ask("SIGPWR")))
      assert.strictEqual(done(dead, ask("SIGPWR")), dead)
      assert.strictEqual(done(dead, limit), dead)
    }
  })

  it("is waited for two seconds from its own end where its monitor does not clean up", () => {
    const dying = Incidents.stopMonitor("web1")(running({ guest: Guest.dying(100, 0) }))
    const { problem, tookMs } = failed(dying, { _tag: "ConfirmAlive", ...container, settleMs: 500, logFile: HostPath.make(directories.lxcLog("web1")) })
    assert.isTrue(problem._tag === "InitEnded" && problem.afterMs === 100)
    assert.strictEqual(tookMs, 2_100)
  })
})

describe("a signal without a handler", () => {
  const state = running({ guest: Guest.obedient({ handlersAfterMs: 300 }) })
  const execed = state.containers[0]?.execedAt ?? 0
  const until = (step: Step, after: number) => {
    const outcome = Transition.transition({ ...state, now: execed + after }, step, new Map(), { since: 0, phase: "" })
    return outcome._tag === "Pending" ? outcome.until - execed : outcome._tag
  }

  it("is sent when there is one, or when the process is as old as its grace, and at once to an older one", () => {
    assert.deepStrictEqual([0, 299, 300].map((after) => until(ask("SIGPWR", 1_000), after)), [300, 300, "Done"])
    assert.strictEqual(until(ask("SIGPWR", 100), 0), 100)
    assert.deepStrictEqual([300, 500, 1_000].map((after) => until(ask("SIGUSR1", 1_000), after)), [1_000, 1_000, "Done"])
  })
})

describe("a kill by way of the cgroup", () => {
  const stray = (state: SimulatedState) => spawn(state, { parent: 1, command: "sleep", cgroup: "lxc.payload.web1" })

  it("reaches the others where one process cannot be killed", () => {
    const { problem, state } = failed(stray(Incidents.hangInDevice("web1")(running())), kill)
    assert.deepStrictEqual(problem, { _tag: "CannotKill", name: "web1", waitedMs: 1_000, holders: [{ pid: running().containers[0]?.init ?? 0, command: "/sbin/init" }] })
    assert.notStrictEqual(state.processes.find(({ command }) => command === "sleep")?.state, "S")
  })

  it("does not reach a container of the same name that runs below another lxcpath, nor is it waited for", () => {
    const state = SimulatedHost.state({ foreign: [{ lxcPath: "/var/lib/lxc", name: "web1" }] })
    assert.deepStrictEqual(done(state, kill).processes, state.processes)
    const wait = { _tag: "AwaitStopped", ...container, timeoutMs: 1_000, onTimeout: "fail" } as const
    assert.deepStrictEqual(done(state, wait).processes, state.processes)
  })

  it("reaches one that has lost its monitor: a cgroup knows no lxcpath", () => {
    const state = done(Incidents.orphan("web1")(SimulatedHost.state({ foreign: [{ lxcPath: "/var/lib/lxc", name: "web1" }] })), kill)
    assert.isFalse(state.processes.some(({ cgroup }) => cgroup === "lxc.payload.web1"))
  })
})

describe("a group of a running container", () => {
  const set = { _tag: "SetLimit", ...container, controller: "pids", file: "pids.max", value: "10", previous: "1" } as const

  it("that somebody removed cannot be limited", () => {
    const state = running()
    const bare = { ...state, trees: state.trees.map((tree) => ({ ...tree, groups: {} })) }
    assert.strictEqual(failed(bare, set).problem._tag, "Conflict")
    assert.isTrue(holds(bare, { _tag: "ForbidForks", ...container, hierarchies: hierarchies(bare) }))
  })

  it("is forbidden forks in the trees that are named alone", () => {
    const state = running({ layout: "hybrid" })
    const others = hierarchies(state).filter((each) => !each.endsWith("/pids"))
    assert.deepStrictEqual(done(state, { _tag: "ForbidForks", ...container, hierarchies: others }).trees, state.trees)
  })
})

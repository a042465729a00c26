import { Guest, Incidents, SimulatedHost, type SimulatedState } from "@effect-lxc/test-kit"
import * as Lifecycle from "@effect-lxc/test-kit/Lifecycle"
import { assert, describe, it } from "@effect/vitest"
import { config, container, directories, done, factsOf, groups, holds, pinned, prepared, running, start } from "./steps.ts"

const signal = (text: string, graceMs = 0) => ({ _tag: "SignalContainer", ...container, signal: text, graceMs }) as const
const thaw = { _tag: "Thaw", ...container, timeoutMs: 5_000 } as const
const inMs = (state: SimulatedState, ms: number) => Lifecycle.advance(state, state.now + ms)
const web1 = (state: SimulatedState) => state.containers.find(({ name }) => name === "web1")
const log = (state: SimulatedState) => state.files[directories.lxcLog("web1")]?.text ?? ""
/** How LXC logged that first processes ended, one after the other. */
const ends = (state: SimulatedState) => [...log(state).matchAll(/ended on (.*)/g)].map(([, how]) => how)
const pids = (state: SimulatedState) =>
  state.processes.filter(({ cgroup }) => cgroup.startsWith("lxc.payload.web1")).map(({ pid }) => pid)

describe("a container that is not there", () => {
  it("is befallen by nothing", () => {
    const state = running()
    const { continueMonitor, deliver, freeze, initEnds, killMonitor, reboot, thaw: goOn } = Lifecycle
    const all = [continueMonitor, killMonitor, freeze, goOn, reboot, (before, id) => deliver(before, id, "SIGKILL"),
      (before, id) => initEnds(before, id, undefined)] satisfies ReadonlyArray<(state: SimulatedState, id: number) => SimulatedState>
    for (const each of all) assert.strictEqual(each(state, 99), state)
  })

  it("does nothing more of what it was about to do", () => {
    const killed = Incidents.killMonitor("web1")(running({ guest: Guest.dying(100, 1) }))
    assert.deepStrictEqual(inMs(killed, 5_000).containers, [])
  })
})

describe("an end", () => {
  it("comes once: a first process that was killed neither exits, nor powers off, nor reboots", () => {
    const killed = Incidents.killInit("web1")(running({ guest: Guest.dying(10, 7) }))
    assert.deepStrictEqual(ends(inMs(killed, 1_000)), ["signal Killed(9)"])
    assert.strictEqual(Incidents.rebootInside("web1")(killed), killed)
    assert.strictEqual(inMs(Incidents.powerOff("web1")(killed), 1_000).now, killed.now + 1_000)
  })

  it("is logged with the pid of the first process", () => {
    const state = running({ guest: Guest.dying(10, 7) })
    assert.include(log(inMs(state, 10)), `Child <${factsOf(state)?.init?.pid}> ended on error (7)`)
  })

  it("takes the groups below with it, and none whose name only begins the same", () => {
    const names = ["lxc.payload.web1/init.scope", "lxc.payload.web10"]
    const state = names.reduce((before, each) => Incidents.leaveCgroup(each)(before), running())
    const left = inMs(Incidents.killInit("web1")(state), 1_000)
    assert.deepStrictEqual(left.trees.flatMap((tree) => Object.keys(tree.groups).filter((each) => each.startsWith("lxc.payload"))), ["lxc.payload.web10"])
  })

  it("gives an interface back that was moved into it, as it was", () => {
    const moved = config(...pinned, "lxc.net.0.type = phys", "lxc.net.0.link = eth1")
    const before = prepared({ interfaces: ["eth1"], config: moved })
    const after = inMs(Incidents.killInit("web1")(done(before, start())), 1_000)
    assert.sameDeepMembers([...after.interfaces], [...before.interfaces])
  })

  it("gives it back once, also where the monitor is killed when it has done so", () => {
    const moved = config(...pinned, "lxc.net.0.type = phys", "lxc.net.0.link = eth1")
    const before = prepared({ interfaces: ["eth1"], config: moved })
    const back = inMs(Incidents.killInit("web1")(done(before, start())), 20)
    assert.sameDeepMembers([...Incidents.killMonitor("web1")(back).interfaces], [...before.interfaces])
  })

  it("of what is frozen is a thaw too: by SIGKILL on v2, for want of memory on v1", () => {
    assert.isTrue(holds(Incidents.killInit("web1")(Incidents.freeze("web1")(running())), thaw))
    const short = running({ layout: "v1", config: config(...pinned, "lxc.cgroup.memory.limit_in_bytes = 1M") })
    const killed = inMs(Incidents.freeze("web1")(short), 5)
    assert.deepStrictEqual([ends(killed), pids(killed), holds(killed, thaw)], [["signal Killed(9)"], [], true])
  })

  it("of a monitor makes it, and what it leaves behind, children of PID 1; and it comes once", () => {
    const state = running()
    const orphaned = Incidents.orphan("web1")(state)
    const parents = (pid: number | undefined) => orphaned.processes.find((each) => each.pid === pid)?.parent
    assert.deepStrictEqual([parents(factsOf(state)?.monitor?.pid), parents(factsOf(state)?.init?.pid)], [1, 1])
    assert.strictEqual(Incidents.killMonitor("web1")(orphaned), orphaned)
    assert.strictEqual(Incidents.continueMonitor("web1")(orphaned), orphaned)
  })
})

describe("a monitor that goes on", () => {
  it("does then what it had left to do when it was stopped", () => {
    const stopped = Incidents.stopMonitor("web1")(inMs(Incidents.killInit("web1")(running()), 25))
    const later = inMs(stopped, 1_000)
    assert.deepStrictEqual([factsOf(later)?.socket, groups(later)], [true, { "lxc.monitor.web1": 1 }])
    const gone = inMs(Incidents.continueMonitor("web1")(later), 1_000)
    assert.deepStrictEqual([gone.containers, groups(gone)], [[], {}])
  })

  it("cleans nothing up where nothing ended", () => {
    const stopped = Incidents.stopMonitor("web1")(running())
    assert.isUndefined(Lifecycle.nextEventAt(Incidents.continueMonitor("web1")(stopped)))
  })
})

describe("a frozen container", () => {
  const frozen = (state: SimulatedState) => Incidents.freeze("web1")(state)

  it("keeps every signal, and what ends it, in their order", () => {
    const halting = done(done(frozen(running()), signal("SIGPWR")), signal("SIGTERM"))
    assert.deepStrictEqual(ends(inMs(done(halting, thaw), 5_000)), ["signal Interrupt(2)"])
    const killed = inMs(Incidents.exitInit("web1", 7)(Incidents.killInit("web1")(frozen(running({ layout: "v1" })))), 100)
    assert.deepStrictEqual(ends(done(killed, thaw)), ["signal Killed(9)"])
  })

  it("ends, when it is thawed, just as it would have ended", () => {
    const cases = [
      [Incidents.exitInit("web1", 7), ["error (7)"]],
      [Incidents.exitInit("web1", 0), []],
      [Incidents.powerOff("web1"), ["signal Interrupt(2)"]]
    ] as const
    for (const [incident, how] of cases) {
      const waiting = inMs(incident(frozen(running())), 1_000)
      assert.isNotNull(web1(waiting)?.init)
      const over = done(waiting, thaw)
      assert.isNull(web1(over)?.init)
      assert.deepStrictEqual(ends(over), [...how])
    }
  })

  it("lives on where what waited is no end", () => {
    const thawed = done(done(frozen(running()), signal("SIGTERM")), thaw)
    assert.isNotNull(web1(inMs(thawed, 60_000))?.init)
    assert.deepStrictEqual(ends(thawed), [])
  })

  it("without a monitor ends once, whatever else waited", () => {
    for (const incident of [Incidents.exitInit("web1", 7), Incidents.powerOff("web1")]) {
      const alone = Incidents.orphan("web1")(frozen(running({ layout: "v1" })))
      const waiting = inMs(incident(Incidents.killInit("web1")(alone)), 100)
      assert.deepStrictEqual(done(waiting, thaw).containers, [])
    }
  })

  it("is thawed without its monitor where LXC would not find its configuration", () => {
    const lost = Incidents.removePath(directories.config("web1"))(Incidents.stopMonitor("web1")(frozen(running())))
    assert.isFalse(web1(done(lost, thaw))?.frozen)
  })

  it("of v1 goes on as any process when it is thawed", () => {
    const thawed = done(frozen(running({ layout: "v1" })), thaw)
    assert.strictEqual(factsOf(thawed)?.init?.state, "S")
  })
})

describe("ctrl-alt-del", () => {
  it("is a reboot for an init, and the end of a shell, with exit code 130", () => {
    const asked = (does: "reboot" | "exit") => done(running({ guest: Guest.obedient({ onInterrupt: { does, afterMs: 50 } }) }), signal("SIGINT"))
    const before = web1(asked("reboot"))?.init
    assert.strictEqual(web1(inMs(asked("reboot"), 49))?.init, before)
    const rebooted = inMs(asked("reboot"), 50)
    assert.isTrue(typeof web1(rebooted)?.init === "number" && web1(rebooted)?.init !== before)
    assert.deepStrictEqual([ends(rebooted), ends(inMs(asked("exit"), 50))], [["signal Hangup(1)"], ["error (130)"]])
  })

  it("has no handler in what does not act on it: it is sent when the grace is over", () => {
    const state = running({ guest: Guest.deaf() })
    assert.strictEqual(done(state, signal("SIGINT", 500)).now, state.now + 500)
  })
})

describe("a reboot from inside", () => {
  const reboot = Incidents.rebootInside("web1")

  it("executes the same program for the same monitor, in place of all that ran", () => {
    const before = running({ guest: Guest.obedient({ programs: ["/bin/other"] }), config: config(...pinned, "lxc.init.cmd = /bin/other") })
    const after = reboot(before)
    const init = after.processes.find(({ pid }) => pid === web1(after)?.init)
    assert.deepStrictEqual([init?.command, init?.parent], ["/bin/other", web1(before)?.monitor ?? undefined])
    assert.deepStrictEqual(pids(after), [web1(after)?.init])
  })

  it("gives the groups what the config says, whatever was written since", () => {
    for (const layout of ["v1", "v2", "hybrid"] as const) {
      const [key, file] = layout === "v2" ? ["cgroup2", "memory.max"] as const : ["cgroup", "memory.limit_in_bytes"] as const
      const before = running({ layout, config: config(...pinned, `lxc.${key}.${file} = 64M`) })
      const changed = done(before, { _tag: "SetLimit", ...container, controller: "memory", file, value: "134217728", previous: "67108864" })
      assert.notDeepEqual(changed.trees, before.trees)
      assert.deepStrictEqual(reboot(changed).trees, before.trees)
    }
  })

  it("is the end where no monitor answers, or no init is on what is mounted on the root", () => {
    const states = [
      Incidents.stopMonitor("web1")(running()),
      Incidents.orphan("web1")(running()),
      Incidents.mountOn(directories.rootfs("web1"))(running())
    ]
    for (const state of states) assert.isNull(web1(reboot(state))?.init ?? null)
  })

  it("goes on from a root that is a directory", () => {
    const state = SimulatedHost.state({ foreign: [{ lxcPath: "/var/lib/lxc", name: "web1" }] })
    assert.isNumber(web1(reboot(state))?.init)
    assert.deepStrictEqual(reboot(state).trees, state.trees, "its groups were never limited")
  })

  it("forgets nothing of others: they end, and are reaped, in their time", () => {
    const both = running({ foreign: [{ lxcPath: "/var/lib/lxc", name: "theirs" }, { lxcPath: "/var/lib/lxc", name: "killed" }] })
    const about = [Incidents.killMonitor("killed"), Incidents.exitInit("theirs", 0), reboot]
    const later = inMs(about.reduce((before, each) => each(before), both), 2_000)
    assert.deepStrictEqual(later.containers.map(({ name }) => name), ["web1"])
    assert.isFalse(later.processes.some(({ state }) => state === "Z"))
    assert.deepStrictEqual(groups(later)["lxc.payload.web1"], 1)
  })
})

describe("time", () => {
  it("brings what happens first first, and of what happens at once what was noted first", () => {
    const noted = Incidents.exitInit("web1", 7)(done(running(), signal("SIGPWR")))
    assert.deepStrictEqual(ends(inMs(noted, 1)), ["error (7)"])
    assert.deepStrictEqual(ends(inMs(Incidents.powerOff("web1")(Incidents.exitInit("web1", 7)(running())), 1)), ["error (7)"])
  })

  it("does not go back, and is the same host as long as it stands still", () => {
    const state = running()
    assert.strictEqual(Lifecycle.advance(state, state.now), state)
    assert.strictEqual(Lifecycle.advance(state, state.now - 10), state)
  })

  it("of another day changes nothing but the day", () => {
    const state = running({ guest: Guest.dying(400, 0, { handlersAfterMs: 300 }) })
    const day = 86_400_000
    const later = Lifecycle.advance(Lifecycle.rebase(state, day), day + 410)
    assert.deepStrictEqual(later, Lifecycle.rebase(inMs(state, 410), day + 410))
    assert.isAbove(later.agenda.length, 0)
    assert.strictEqual(web1(later)?.execedAt, day)
    assert.strictEqual(later.now - later.bootedAt, inMs(state, 410).now - state.bootedAt)
  })
})

import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Facts, Guest, Incidents } from "@effect-lxc/test-kit"
import { advance, nextEventAt } from "@effect-lxc/test-kit/Lifecycle"
import { busyWith, topMount } from "@effect-lxc/test-kit/MountOps"
import { assert, describe, it } from "@effect/vitest"
import { config, container, directories, done, factsOf, failed, groups, hierarchies, holds, lxcPath, name, pinned, prepared, rootfs, running, start } from "./steps.ts"

const signal = (text: string, graceMs = 0) => ({ _tag: "SignalContainer", ...container, signal: text, graceMs }) as const
const wait = (timeoutMs: number, onTimeout: "continue" | "fail" | "freeze" = "fail") =>
  ({ _tag: "AwaitStopped", ...container, timeoutMs, onTimeout }) as const
const kill = (state: ReturnType<typeof running>, timeoutMs = 10_000) =>
  ({ _tag: "KillContainer", ...container, hierarchies: hierarchies(state), timeoutMs }) as const
const thaw = { _tag: "Thaw", ...container, timeoutMs: 5_000 } as const
const alive = (settleMs: number) => ({ _tag: "ConfirmAlive", ...container, logFile: lxcPath, settleMs }) as const
const busy = (state: ReturnType<typeof running>): boolean => {
  const mount = topMount(state, rootfs)
  return mount !== undefined && busyWith(state, mount) !== undefined
}
const veth = config(...pinned, "lxc.net.0.type = veth", "lxc.net.0.link = br0", "lxc.net.0.veth.pair = elweb1n0")

describe("a running container", () => {
  it("keeps its own root in use, and not what somebody mounted over that since", () => {
    const covered = Incidents.mountOn(rootfs)(running())
    assert.isFalse(busy(covered))
    assert.isTrue(busy(Incidents.unmountFrom(rootfs)(covered)), "the root is on top again, and in use")
  })

  it("of which the root is an overlay on a tmpfs does not take another tmpfs for its root", () => {
    const volatile = running()
    const layered = { ...volatile, containers: volatile.containers.map((each) => ({ ...each, sources: [...each.sources, "tmpfs"] })) }
    assert.isFalse(busy(Incidents.mountOn(rootfs)(layered)))
  })
})

describe("the end of a container", () => {
  it("goes in the order that was measured: processes, cgroup and interface, socket, and the monitor with the root last", () => {
    const state = running({ config: veth })
    const dead = Incidents.killInit("web1")(state)
    const at = (ms: number) => {
      const later = advance(dead, state.now + ms)
      return {
        populated: factsOf(later)?.populated,
        payload: groups(later)["lxc.payload.web1"] ?? 0,
        veth: later.interfaces.some((each) => each.name === "elweb1n0"),
        socket: factsOf(later)?.socket,
        monitor: groups(later)["lxc.monitor.web1"] ?? 0,
        pinned: busy(later)
      }
    }
    assert.deepStrictEqual(at(1), { populated: false, payload: 1, veth: true, socket: true, monitor: 1, pinned: true })
    assert.deepStrictEqual(at(21), { populated: false, payload: 0, veth: false, socket: true, monitor: 1, pinned: true })
    assert.deepStrictEqual(at(31), { populated: false, payload: 0, veth: false, socket: false, monitor: 1, pinned: true })
    assert.deepStrictEqual(at(40), { populated: false, payload: 0, veth: false, socket: false, monitor: 0, pinned: false })
    assert.isUndefined(advance(dead, state.now + 40).files[directories.monitorPid("web1")])
  })

  it("logs how init ended, but for exit code 0", () => {
    const log = (guest: Guest.Guest) => {
      const state = running({ guest })
      return advance(state, state.now + 1_000).files[directories.lxcLog("web1")]?.text ?? ""
    }
    assert.match(log(Guest.dying(10, 7)), /INFO .*Child <\d+> ended on error \(7\)/)
    assert.notInclude(log(Guest.dying(10, 0)), "ended on")
  })
})

describe("a signal", () => {
  it("that the guest halts on is obeyed in the guest's own time", () => {
    const sent = done(running(), signal("SIGPWR"))
    assert.isNotNull(advance(sent, sent.now + 1_999).containers[0]?.init)
    assert.isNull(advance(sent, sent.now + 2_000).containers[0]?.init)
  })

  it("that the guest does not halt on is ignored, and SIGPWR by systemd", () => {
    for (const [guest, text] of [[Guest.obedient(), "SIGTERM"], [Guest.systemd(), "SIGPWR"], [Guest.deaf(), "SIGPWR"]] as const) {
      const state = running({ guest })
      const sent = done(advance(state, state.now + 1_000), signal(text))
      assert.isUndefined(nextEventAt(sent))
    }
  })

  it("is lost if it comes before there is a handler", () => {
    const state = running({ guest: Guest.obedient({ handlersAfterMs: 100 }) })
    assert.isUndefined(nextEventAt(done(state, signal("halt"))))
    assert.isDefined(nextEventAt(done(advance(state, state.now + 100), signal("halt"))))
  })

  it("waits for the handler as long as the process is younger than its grace, and not longer", () => {
    const late = running({ guest: Guest.obedient({ handlersAfterMs: 100 }) })
    const sent = done(late, signal("halt", 500))
    assert.strictEqual(sent.now, late.now + 100)
    const never = running({ guest: Guest.obedient({ handlersAfterMs: 10_000 }) })
    assert.strictEqual(done(never, signal("halt", 500)).now, never.now + 500)
    const old = advance(never, never.now + 600)
    assert.strictEqual(done(old, signal("halt", 500)).now, old.now)
  })

  it("SIGKILL ends it whatever it handles", () => {
    assert.isNull(done(running({ guest: Guest.deaf() }), signal("SIGKILL")).containers[0]?.init)
  })

  it("to what is frozen is delivered when it is thawed; SIGKILL at once on v2 only", () => {
    for (const layout of ["v2", "hybrid"] as const) {
      const frozen = Incidents.freeze("web1")(running({ layout }))
      const sent = done(frozen, signal("SIGPWR"))
      assert.isUndefined(nextEventAt(sent))
      assert.isDefined(nextEventAt(done(sent, thaw)))
      assert.strictEqual(Incidents.killInit("web1")(frozen).containers[0]?.init === null, layout === "v2")
      assert.isNull(done(Incidents.killInit("web1")(frozen), thaw).containers[0]?.init ?? null)
    }
  })

  it("of a guest that would have ended by itself while frozen is no end before it is thawed", () => {
    const frozen = Incidents.freeze("web1")(running({ guest: Guest.dying(50, 1) }))
    const later = advance(frozen, frozen.now + 1_000)
    assert.isNotNull(later.containers[0]?.init)
    assert.isNull(done(later, thaw).containers[0]?.init)
  })

  it("finds its result there already where no process is left", () => {
    assert.isTrue(holds(advance(running({ guest: Guest.dying(0, 1) }), 1_000), signal("halt")))
    assert.isFalse(holds(running(), signal("halt")))
  })
})

describe("waiting for the end", () => {
  it("ends with the monitor's socket, not with the first process", () => {
    const sent = done(running(), signal("SIGPWR"))
    assert.strictEqual(done(sent, wait(60_000)).now, sent.now + 2_030)
  })

  it("fails, goes on, or freezes again when the time is over", () => {
    const state = running({ guest: Guest.deaf() })
    assert.deepStrictEqual(failed(state, wait(100)).problem, { _tag: "StillRunning", name: "web1", waitedMs: 100, frozenAgain: false })
    assert.strictEqual(done(state, wait(100, "continue")).now, state.now + 100)
    const frozen = failed(state, wait(100, "freeze"))
    assert.deepStrictEqual(frozen.problem, { _tag: "StillRunning", name: "web1", waitedMs: 100, frozenAgain: true })
    assert.strictEqual(factsOf(frozen.state)?.freezer, "frozen")
  })

  it("without its configuration is not frozen, for LXC does not find it, but thawed by the freezer itself", () => {
    const bare = (state: ReturnType<typeof running>) => ({ ...state, files: Object.fromEntries(Object.entries(state.files).filter(([path]) => path !== directories.config("web1"))) })
    done(running(), { ...thaw, _tag: "Freeze" })
    const { problem, state } = failed(bare(running()), { ...thaw, _tag: "Freeze" })
    assert.isTrue(problem._tag === "CommandFailed" && problem.exitCode === 1 && problem.stderr.endsWith(`${lxcPath}:web1\n`), JSON.stringify(problem))
    assert.strictEqual(state.containers[0]?.frozen, false)
    assert.strictEqual(done(bare(Incidents.freeze("web1")(running())), thaw).containers[0]?.frozen, false)
    const again = failed(bare(running({ guest: Guest.deaf() })), wait(100, "freeze"))
    assert.isTrue(again.problem._tag === "CommandFailed" && again.problem.argv[0] === "lxc-freeze")
  })

  it("cannot freeze an orphan again: lxc-freeze says that it is not running", () => {
    const { problem } = failed(Incidents.orphan("web1")(running({ guest: Guest.deaf() })), wait(100, "freeze"))
    assert.isTrue(problem._tag === "CommandFailed" && problem.argv[0] === "lxc-freeze")
  })
})

describe("a kill", () => {
  it("of what its monitor cleans up after is done when the socket is gone, in some 30 ms", () => {
    const state = running({ guest: Guest.deaf() })
    const killed = done(state, kill(state))
    assert.strictEqual(killed.now - state.now, 30)
    assert.deepStrictEqual(groups(advance(killed, killed.now + 10)), {})
  })

  it("of a frozen container thaws it", () => {
    const state = Incidents.freeze("web1")(running({ layout: "v1" }))
    assert.isTrue(holds(done(state, kill(state)), wait(0)))
  })

  it("of a hung monitor asks it first, then kills both; cgroups stay", () => {
    const text = config(...pinned, "lxc.cgroup.memory.limit_in_bytes = 64K")
    const hung = failed(prepared({ layout: "hybrid", config: text }), start({ timeoutMs: 1_000 })).state
    const killed = done(hung, kill(hung, 3_000))
    assert.strictEqual(killed.now - hung.now, 3_000)
    assert.deepStrictEqual(killed.containers, [])
    assert.deepStrictEqual(groups(killed), { "lxc.monitor.web1": 8, "lxc.payload.web1": 8 })
    assert.isFalse(busy(killed))
  })

  it("of a monitor that is stopped by a signal does not ask it at all", () => {
    const state = Incidents.stopMonitor("web1")(running())
    const killed = done(state, kill(state))
    assert.strictEqual(killed.now, state.now)
    assert.deepStrictEqual(killed.containers, [])
  })

  it("of an orphan kills by way of its cgroup", () => {
    const state = Incidents.orphan("web1")(running({ guest: Guest.deaf() }))
    assert.deepStrictEqual(done(state, kill(state)).containers, [])
  })

  it("of a process in uninterruptible sleep fails, and names it", () => {
    const state = Incidents.hangInDevice("web1")(running())
    const { problem } = failed(state, kill(state, 1_000))
    assert.isTrue(problem._tag === "CannotKill" && problem.holders[0]?.command === "/sbin/init")
  })

  it("leaves a process of the cgroup that nothing kills, and names that", () => {
    const state = Incidents.orphan("web1")(running())
    const stuck = { pid: 77, parent: 1, startTime: 1, state: "D", command: "dd", cgroup: "lxc.payload.web1/.lxc", holds: [] }
    const { problem } = failed({ ...state, processes: [...state.processes, stuck] }, kill(state, 100))
    assert.isTrue(problem._tag === "CannotKill" && problem.holders.map(({ command }) => command).join() === "dd")
  })

  it("takes what an attach left in the cgroup with it", () => {
    const state = running()
    const attached = { ...state, processes: [...state.processes, { pid: 77, parent: 1, startTime: 1, state: "S", command: "sh", cgroup: "lxc.payload.web1/.lxc", holds: [] }] }
    assert.isFalse(done(attached, kill(attached)).processes.some(({ pid, state: letter }) => pid === 77 && letter !== "Z"))
  })

  it("finds its result there already where nothing lives", () => {
    assert.isTrue(holds(Incidents.killMonitor("web1")(running()), kill(running())))
  })
})

describe("a guest that halts", () => {
  const ended = (...lines: ReadonlyArray<string>) => {
    const sent = done(running({ config: config(...pinned, ...lines) }), signal("SIGPWR"))
    const over = done(sent, wait(60_000))
    return { took: over.now - sent.now, log: over.files[directories.lxcLog("web1")]?.text ?? "" }
  }

  it("by reboot(2) ends on signal Interrupt(2)", () => {
    assert.strictEqual(ended().took, 2_030)
    assert.include(ended().log, "ended on signal Interrupt(2)")
  })

  it("without the capability sys_boot has to exit, a second later, and LXC logs nothing", () => {
    assert.strictEqual(ended("lxc.cap.drop = sys_boot").took, 3_030)
    assert.notInclude(ended("lxc.cap.drop = sys_boot").log, "ended on")
  })
})

describe("a killed monitor", () => {
  it("takes the container and its interfaces with it; cgroups and the pid file stay; the root is free", () => {
    const state = Incidents.killMonitor("web1")(running({ config: veth }))
    assert.deepStrictEqual(state.containers, [])
    assert.isFalse(state.interfaces.some((each) => each.name === "elweb1n0"))
    assert.deepStrictEqual(groups(state), { "lxc.monitor.web1": 1, "lxc.payload.web1": 1 })
    assert.isDefined(state.files[directories.monitorPid("web1")])
    assert.isFalse(busy(state))
  })

  it("is a zombie until PID 1 reaps it", () => {
    const state = Incidents.killMonitor("web1")(running())
    assert.isTrue(state.processes.some((each) => each.state === "Z"))
    assert.isFalse(advance(state, state.now + 1_000).processes.some((each) => each.state === "Z"))
  })

  it("leaves a container that is frozen on v1 to live on, unkillable until it is thawed", () => {
    const state = Incidents.killMonitor("web1")(Incidents.freeze("web1")(running({ layout: "v1" })))
    assert.isTrue(factsOf(state)?.populated)
    assert.deepStrictEqual(done(state, thaw).containers, [])
  })

  it("with lxc.monitor.signal.pdeath = 0 leaves an orphan", () => {
    const state = Incidents.killMonitor("web1")(running({ config: config(...pinned, "lxc.monitor.signal.pdeath = 0") }))
    assert.isTrue(factsOf(state)?.socket === false && factsOf(state)?.populated === true)
  })

  it("with pdeath = 0 leaves an orphan: the root can be unmounted, its loop device stays in use", () => {
    const state = Incidents.orphan("web1")(running())
    assert.isTrue(factsOf(state)?.socket === false && factsOf(state)?.populated === true)
    assert.isFalse(busy(state))
    const unmounted = done(state, { _tag: "Unmount", source: "/dev/loop0", target: rootfs, timeoutMs: 0 })
    const { problem } = failed(unmounted, {
      _tag: "DetachLoop",
      device: HostPath.make("/dev/loop0"),
      file: HostPath.make("/srv/web1.img")
    })
    assert.strictEqual(problem._tag, "Busy")
  })
})

describe("a monitor that was stopped by a signal and goes on", () => {
  it("answers again; of a first process that died meanwhile it cleans up then", () => {
    const stopped = Incidents.stopMonitor("web1")(running())
    assert.strictEqual(factsOf(Incidents.continueMonitor("web1")(stopped))?.monitor?.state, "S")
    const dead = advance(Incidents.killInit("web1")(stopped), stopped.now + 60_000)
    assert.isTrue(factsOf(dead)?.socket)
    const woken = Incidents.continueMonitor("web1")(dead)
    assert.deepStrictEqual(advance(woken, woken.now + 39).containers, [])
  })
})

describe("what can be observed", () => {
  it("of a run directory is what is a directory in it, and by its name an instance's", () => {
    const state = [
      Incidents.putFile(`${lxcPath}/a-file`),
      Incidents.putDirectory(`${lxcPath}/Not_A_Name`),
      Incidents.putDirectory(`${lxcPath}/web2`)
    ].reduce((before, incident) => incident(before), running())
    assert.deepStrictEqual(Facts.containersOf(state, directories, false).map((each) => each.name), ["web1", "web2"])
  })

  it("of others are those whose monitor listens", () => {
    const foreign = running({ foreign: [{ lxcPath: "/var/lib/lxc", name: "theirs" }] })
    const names = (state: typeof foreign) => Facts.containersOf(state, directories, true).map((each) => each.name)
    assert.deepStrictEqual(names(foreign), ["web1", "theirs"])
    assert.deepStrictEqual(names(Incidents.orphan("theirs")(foreign)), ["web1"])
  })

  it("of its use grows with time", () => {
    const state = running()
    const used = (at: typeof state) => {
      const facts = factsOf(at)
      return facts === undefined ? undefined : Facts.usageOf(at, facts)?.cpu.usageSeconds
    }
    assert.strictEqual(used(state), 0)
    assert.strictEqual(used(advance(state, state.now + 100_000)), 1)
  })
})

describe("seeing it alive", () => {
  it("takes the whole window where it lives, and notices its death at once", () => {
    const state = running()
    assert.strictEqual(done(state, alive(500)).now - state.now, 500)
    const dying = running({ guest: Guest.dying(200, 3) })
    const { problem, tookMs } = failed(dying, { ...alive(500), logFile: start().logFile })
    assert.deepStrictEqual(problem, { _tag: "InitEnded", name, afterMs: 200, cause: "exit code 3", log: [] })
    assert.strictEqual(tookMs, 230)
  })

  it("says exit code 0 where LXC logs nothing of the end", () => {
    const { problem } = failed(running({ guest: Guest.dying(200, 0) }), { ...alive(500), logFile: start().logFile })
    assert.isTrue(problem._tag === "InitEnded" && problem.cause === "exit code 0")
  })

  it("fails at once where nothing lives", () => {
    const { problem } = failed(prepared(), alive(500))
    assert.isTrue(problem._tag === "InitEnded" && problem.afterMs === 0)
  })
})

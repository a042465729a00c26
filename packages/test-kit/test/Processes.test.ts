import { Guest, Incidents, SimulatedHost, type SimulatedState } from "@effect-lxc/test-kit"
import { answers, changeContainer, changeProcess, containerNamed, isGone, processesIn, spawn } from "@effect-lxc/test-kit/Process"
import { assert, describe, it } from "@effect/vitest"
import { config, container, done, lxcPath, name, pinned, prepared, running, start } from "./steps.ts"

const child = { parent: 1, command: "sh", cgroup: "g" }
const web1 = (state: SimulatedState) => {
  const found = containerNamed(state, container)
  assert.isDefined(found)
  return found ?? assert.fail("it runs")
}

describe("a process", () => {
  it("has its start in hundredths of a second since the boot", () => {
    const state = { ...SimulatedHost.state(), bootedAt: 5_000, now: 5_129 }
    assert.strictEqual(spawn(state, child).processes.at(-1)?.startTime, 12)
  })

  it("has a pid that nobody has: from 1000 on, up to the last one, and from 300 on then", () => {
    const pids = (state: SimulatedState, count: number) =>
      Array.from({ length: count }).reduce<SimulatedState>((before) => spawn(before, child), state).processes.slice(1).map(({ pid }) => pid)
    assert.deepStrictEqual(pids(SimulatedHost.state(), 2), [1_000, 1_001])
    assert.deepStrictEqual(pids({ ...SimulatedHost.state(), nextPid: 399, pidMax: 400 }, 3), [399, 300, 301])
    assert.deepStrictEqual(pids({ ...SimulatedHost.state(), nextPid: 398, pidMax: 400 }, 3), [398, 399, 300])
  })

  it("that has ended is in no group", () => {
    const state = spawn(SimulatedHost.state(), { ...child, pid: 77 })
    assert.deepStrictEqual(processesIn(state, "g").map(({ pid }) => pid), [77])
    assert.deepStrictEqual(processesIn(changeProcess(state, 77, { state: "Z" }), "g"), [])
  })
})

describe("a container", () => {
  it("is known by its lxcpath and its name; of two copies it is the one with a monitor", () => {
    const state = SimulatedHost.state({ foreign: [{ lxcPath, name: "web0" }, { lxcPath: "/var/lib/lxc", name: "web1" }, container] })
    assert.strictEqual(web1(state), state.containers[2])
    const copied = { ...state, containers: [{ ...web1(state), id: 99, listening: false }, ...state.containers] }
    assert.strictEqual(web1(copied).id, web1(state).id)
    const alone = Incidents.orphan("web1")(running())
    assert.strictEqual(web1(alone), alone.containers[0])
  })

  it("is changed alone", () => {
    const state = running({ foreign: [{ lxcPath, name: "web0" }] })
    assert.strictEqual(changeContainer(state, web1(state).id, { phase: "hung" }).containers[0], state.containers[0])
  })

  it("answers where its monitor listens, is not hung, lives, and is not stopped by a signal", () => {
    const state = running()
    const { id, monitor } = web1(state)
    const pid = monitor ?? 0
    assert.isTrue(answers(state, web1(state)))
    const silent = [
      changeContainer(state, id, { listening: false }),
      changeContainer(state, id, { phase: "hung" }),
      changeContainer(state, id, { monitor: null }),
      changeProcess(state, pid, { state: "Z" }),
      changeProcess(state, pid, { state: "T" })
    ]
    for (const each of silent) assert.isFalse(answers(each, web1(each)))
  })

  it("is gone when it has neither a monitor that listens nor a process, whoever else has", () => {
    const others = SimulatedHost.state({ foreign: [{ lxcPath, name: "web0" }, { lxcPath: "/var/lib/lxc", name: "web1" }] })
    const ended = { ...others, processes: others.processes.filter(({ cgroup }) => cgroup !== "lxc.payload.web1") }
    assert.isTrue(isGone(ended, { lxcPath, name }))
    assert.isFalse(isGone(others, { lxcPath, name }), "processes are told apart by the name alone")
    assert.isFalse(isGone(Incidents.killInit("web1")(running()), { lxcPath, name }))
  })
})

describe("a boot", () => {
  it("makes the host what it was before anything ran, but for its disks and its time", () => {
    const options = { interfaces: ["eth1"], images: { "/srv/web1.img": Guest.dying(500, 1) }, layout: "hybrid" } as const
    const phys = config(...pinned, "lxc.net.0.type = phys", "lxc.net.0.link = eth1", "lxc.cgroup.pids.max = 10")
    const ran = done(Incidents.mountOn("/srv")(prepared({ ...options, guest: Guest.dying(500, 1), config: phys })), start())
    const booted = Incidents.reboot("another")(ran)
    const { files, interfaces, nextId, now } = booted
    const fresh = SimulatedHost.state({ bridges: ["br0"], ...options })
    assert.deepStrictEqual(booted, { ...fresh, bootId: "another", now, bootedAt: ran.now, files, nextId, interfaces })
    assert.sameDeepMembers([...interfaces], [...fresh.interfaces])
  })
})

import { commandSocketName } from "@effect-lxc/core/host/CommandSockets"
import { statusOf } from "@effect-lxc/core/host/ContainerStatus"
import { Plan } from "@effect-lxc/core/plan/Plan"
import { renderShell } from "@effect-lxc/core/plan/RenderShell"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { execute } from "@effect-lxc/core/runtime/Interpreter"
import * as NodeHost from "@effect-lxc/node-runtime/NodeHost"
import * as NodeJournal from "@effect-lxc/node-runtime/NodeJournal"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import * as net from "node:net"
import { afterAll, beforeAll } from "vitest"
import { realHost } from "../../../tools/realHost.ts"
import { another, nodeOf } from "./Impostor.ts"
import { RealLab } from "./RealLab.ts"
import { inLab, quick } from "./RealTests.ts"

const lab = new RealLab()
const { leavingNothing } = inLab(lab)

const sh = (script: string) =>
  execFileSync("sh", ["-eu"], { input: script, timeout: 30_000, stdio: ["pipe", "ignore", "inherit"] })

const monitorPid = (name: string): number => Number(fs.readFileSync(lab.directories.monitorPid(name), "utf8"))

describe.runIf(realHost.available)("on real LXC", () => {
  beforeAll(() => lab.open())
  afterAll(() => lab.close())

  describe("kill", () => {
    it.live("ends a guest that is deaf, without asking it", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("kill", "deaf", quick)
        yield* hypervisor.start(instance)
        yield* hypervisor.kill(instance.name)
        assert.deepStrictEqual(yield* hypervisor.list(), [])
      })))

    it.live("overtakes a stop that waits for its guest, and both end well", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("overtaken", "deaf", quick)
        yield* hypervisor.start(instance)
        const waiting = yield* Effect.forkChild(hypervisor.stop(instance.name, { timeoutMs: 60_000 }))
        yield* Effect.sleep(500)
        yield* hypervisor.kill(instance.name)
        yield* Fiber.join(waiting)
        assert.deepStrictEqual(yield* hypervisor.list(), [])
      })))

    const deep = "for (let depth = 0; depth < 1200; depth++) { fs.mkdirSync('aaaa'); process.chdir('aaaa') }"
    const frozen = { "a process": "", "its first process, in a group that no path and no text can name": deep }
    for (const [what, dig] of Object.entries(frozen)) {
      it.live(`is not outlived by a guest that has frozen ${what}`, ({ skip }) =>
        leavingNothing(Effect.gen(function*() {
          const hypervisor = yield* Hypervisor
          const { cgroups } = yield* hypervisor.facts()
          const freezer = cgroups.hierarchies.find(({ controllers }) => controllers.includes("freezer"))?.mountPoint
          if (freezer === undefined) return skip("the freezer of cgroup v2 lets everything be killed")
          const instance = lab.instance("froze", "told", quick)
          yield* hypervisor.start(instance)
          const init = (yield* hypervisor.info(instance.name)).initPid ?? 0
          const [child = ""] = fs.readFileSync(`/proc/${init}/task/${init}/children`, "utf8").split(" ")
          const freeze = `${dig}; const odd = Buffer.from([0xff]); fs.mkdirSync(odd); const file = (name) => Buffer.concat([odd, Buffer.from(name)])
            fs.writeFileSync(file("/cgroup.procs"), "${dig === "" ? child : init}"); fs.writeFileSync(file("/freezer.state"), "FROZEN")`
          execFileSync(process.execPath, ["-e", freeze], { cwd: `${freezer}/lxc.payload.${instance.name}`, timeout: 20_000 })
          const began = performance.now()
          yield* hypervisor.kill(instance.name)
          assert.isBelow(performance.now() - began, 5_000)
        })), 60_000)
    }

    it.live("is not held up by a process of the host's that somebody has put into its group, and ends that, too", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("joined", "deaf", quick)
        yield* hypervisor.start(instance)
        const { cgroups } = yield* hypervisor.facts()
        const tree = cgroups.hierarchies.find(({ version }) => version === 2) ?? cgroups.hierarchies[0]
        const joined = spawn("sleep", ["1000"], { stdio: "ignore" })
        fs.writeFileSync(`${tree?.mountPoint}/lxc.payload.${instance.name}/cgroup.procs`, `${joined.pid}`)
        const began = performance.now()
        yield* hypervisor.kill(instance.name)
        assert.isBelow(performance.now() - began, 5_000)
        assert.strictEqual(joined.signalCode ?? (yield* Effect.promise(() => once(joined, "exit")))[1], "SIGKILL")
      })), 30_000)

    it.live("is not outrun by a fork bomb", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("bomb", "forkBomb", { ...quick, resources: { pids: 200 } })
        yield* hypervisor.start(instance)
        yield* Effect.sleep(1_000)
        const { pids } = yield* hypervisor.info(instance.name)
        assert.isAbove(pids.current ?? 0, 50)
        yield* hypervisor.kill(instance.name)
      })))

    it.live("ends a guest that reboots again and again, whenever it comes, and by its shell rendering too", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("restless", "restless", { lxc: { ...quick.lxc, settle: "0 ms", dropCapabilities: [] } })
        for (const afterMs of [0, 80, 95, 100, 105, 110, 115, 120, 150]) {
          yield* hypervisor.start(instance)
          yield* Effect.sleep(afterMs)
          const began = performance.now()
          if (afterMs === 150) sh(renderShell(yield* hypervisor.plan.kill(instance.name)))
          else yield* hypervisor.kill(instance.name)
          assert.isBelow(performance.now() - began, 8_000, "no time was waited out")
        }
      })))

    it.live("ends a frozen guest, and by its shell rendering too", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("frozen", "deaf", quick)
        yield* hypervisor.start(instance)
        yield* hypervisor.freeze(instance.name)
        yield* hypervisor.kill(instance.name)
        yield* hypervisor.start(instance)
        yield* hypervisor.freeze(instance.name)
        sh(renderShell(yield* hypervisor.plan.kill(instance.name)))
      })))
  })

  it.live("freeze and thaw can be repeated, and say of what does not run that it does not", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = lab.instance("ice", "obedient", quick)
      const state = Effect.map(hypervisor.info(instance.name), (info) => info.state)
      yield* hypervisor.start(instance)
      assert.deepInclude(yield* hypervisor.freeze(instance.name), { acted: 1 })
      assert.deepInclude(yield* hypervisor.freeze(instance.name), { acted: 0, alreadyDone: 1 })
      assert.strictEqual(yield* state, "FROZEN")
      yield* hypervisor.thaw(instance.name)
      assert.deepInclude(yield* hypervisor.thaw(instance.name), { acted: 0, alreadyDone: 1 })
      assert.strictEqual(yield* state, "RUNNING")
      yield* hypervisor.stop(instance.name)
      assert.strictEqual((yield* Effect.flip(hypervisor.freeze(instance.name)))._tag, "PlanRejected")
    })))

  describe("reboot", () => {
    it.live("stops and starts by the record, or by a new spec", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("reboot", "obedient", { ...quick, resources: { memory: "64MiB" } })
        yield* hypervisor.start(instance)
        const first = yield* hypervisor.info(instance.name)
        yield* hypervisor.reboot(instance.name)
        const second = yield* hypervisor.info(instance.name)
        assert.notStrictEqual(second.initPid, first.initPid)
        assert.strictEqual(second.memory.limitBytes, 64 * 1024 * 1024)
        const changed = lab.instance("reboot", "obedient", { ...quick, resources: { memory: "32MiB" } })
        yield* hypervisor.reboot(instance.name, { instance: changed })
        assert.strictEqual((yield* hypervisor.info(instance.name)).memory.limitBytes, 32 * 1024 * 1024)
        yield* hypervisor.stop(instance.name)
      })))

    it.live("whose start fails says that the container was stopped, and leaves nothing", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("half", "obedient", quick)
        yield* hypervisor.start(instance)
        const broken = lab.instance("half", "missing", quick)
        const error = yield* Effect.flip(hypervisor.reboot(instance.name, { instance: broken }))
        assert.include(error.message, "was stopped, and its start was undone")
      })))

    it.live("in place keeps the monitor, and is refused without sys_boot", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const dropped = lab.instance("noboot", "rebootable", quick)
        yield* hypervisor.start(dropped)
        const refused = yield* Effect.flip(hypervisor.reboot(dropped.name, { inPlace: true }))
        assert.include(refused.message, "sys_boot")
        yield* hypervisor.stop(dropped.name)
        const instance = lab.instance("inplace", "rebootable", { lxc: { ...quick.lxc, dropCapabilities: [] } })
        yield* hypervisor.start(instance)
        const before = { init: (yield* hypervisor.info(instance.name)).initPid, monitor: monitorPid(instance.name) }
        yield* hypervisor.reboot(instance.name, { inPlace: true, timeoutMs: 10_000 })
        assert.notStrictEqual((yield* hypervisor.info(instance.name)).initPid, before.init)
        assert.strictEqual(monitorPid(instance.name), before.monitor)
        yield* hypervisor.stop(instance.name)
      })))
  })

  describe("cleanup", () => {
    it.live("leaves alone what runs in order, and says so", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("fine", "obedient", quick)
        yield* hypervisor.start(instance)
        const report = yield* hypervisor.cleanup(instance.name)
        assert.deepInclude(report, { acted: 0 })
        assert.include(report.warnings.join(), "left alone")
        assert.strictEqual((yield* hypervisor.info(instance.name)).state, "RUNNING")
        yield* hypervisor.stop(instance.name)
      })))

    it.live("ends an orphan, removes mounts, cgroups and files, and can be repeated", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("orphan", "deaf", quick)
        yield* hypervisor.start(instance)
        const config = lab.directories.config(instance.name)
        yield* hypervisor.stop(instance.name, { force: true, timeoutMs: 0 })
        const plan = yield* hypervisor.plan.start(instance)
        const steps = plan.steps.map((step) =>
          step._tag === "WriteFile" && step.path === config
            ? { ...step, text: `${step.text}lxc.monitor.signal.pdeath = 0\n` }
            : step
        )
        const { basis, directories, instance: name, operation, undoFrom, warnings } = plan
        // No stored plan may say this, so the interpreter is told directly.
        yield* Effect.provide(
          execute(new Plan({ basis, directories, instance: name, operation, undoFrom, warnings, steps })),
          Layer.merge(NodeHost.layer, NodeJournal.layer)
        )
        process.kill(monitorPid(instance.name), "SIGKILL")
        yield* Effect.sleep(200)
        assert.deepInclude(yield* hypervisor.info(instance.name), { state: "ORPHANED", problem: "monitor-dead" })
        yield* hypervisor.cleanup(instance.name)
        assert.deepInclude(yield* hypervisor.cleanup(instance.name), { acted: 0 })
      })))

    it.live("is not held up by somebody who listens in the place of the monitor", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("squat", "obedient", quick)
        yield* hypervisor.start(instance)
        process.kill(monitorPid(instance.name), "SIGKILL")
        yield* Effect.sleep(200)
        const squatter = net.createServer().listen(`\0${commandSocketName(lab.directories.containers, instance.name)}`)
        yield* Effect.sleep(50)
        assert.deepInclude(yield* hypervisor.info(instance.name), { problem: "init-dead" })
        yield* hypervisor.cleanup(instance.name)
        squatter.close()
      })))

    it.live("is not held up by a user who listens there under the monitor's own title", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("impostor", "obedient", quick)
        yield* hypervisor.start(instance)
        process.kill(monitorPid(instance.name), "SIGKILL")
        yield* Effect.sleep(200)
        const { containers } = lab.directories
        const impostor = nodeOf(another, `[lxc monitor] ${containers} ${instance.name}`)
        impostor.stdin?.end(`require("node:net").createServer().listen(${JSON.stringify(`\0${commandSocketName(containers, instance.name)}`)}, () => console.log("listening"))`)
        yield* Effect.promise(() => new Promise((resolve, reject) => impostor.once("error", reject).stdout?.once("data", resolve)))
        const began = performance.now()
        yield* Effect.ensuring(
          hypervisor.cleanup(instance.name),
          Effect.promise(() => new Promise((resolve) => impostor.once("exit", resolve).kill("SIGKILL")))
        )
        assert.isBelow(performance.now() - began, 8_000)
      })))

    it.live("removes cgroups that an earlier run left, whose directories LXC would stumble over", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const name = lab.name("stale")
        const { cgroups } = yield* hypervisor.facts()
        for (const { mountPoint } of cgroups.hierarchies) {
          fs.mkdirSync(`${mountPoint}/lxc.monitor.${name}`)
          fs.mkdirSync(`${mountPoint}/lxc.payload.${name}/deep`, { recursive: true })
        }
        yield* hypervisor.start(lab.instance("stale", "obedient", quick))
        yield* hypervisor.stop(name)
        for (const { mountPoint } of cgroups.hierarchies) fs.mkdirSync(`${mountPoint}/lxc.payload.${name}-1`)
        yield* hypervisor.cleanup(name)
      })))
  })

  it.live("cgroups of a guest that no path or no text can name hinder no look at the host, and are removed", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = lab.instance("deep", "obedient", quick)
      yield* hypervisor.start(instance)
      const { cgroups } = yield* hypervisor.facts()
      const dig = "for (let depth = 0; depth < 1500; depth++) { fs.mkdirSync('aaaa'); process.chdir('aaaa') }"
      for (const { mountPoint } of cgroups.hierarchies.slice(-2)) {
        const group = `${mountPoint}/lxc.payload.${instance.name}`
        fs.mkdirSync(Buffer.concat([Buffer.from(`${group}/odd \u001b`), Buffer.from([0xff])]))
        execFileSync(process.execPath, ["-e", dig], { cwd: group, timeout: 20_000 })
      }
      process.kill(monitorPid(instance.name), "SIGKILL")
      yield* Effect.sleep(200)
      assert.deepInclude((yield* hypervisor.list())[0], { name: instance.name, problem: "leftovers" })
      yield* hypervisor.stop(instance.name)
    })), 60_000)

  describe("what the driver of 2010 complained of is found, reported and removed:", () => {
    it.live("a start that fails silently", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const error = yield* Effect.flip(hypervisor.start(lab.instance("silent", "missing", quick)))
        assert.include(error.message, "Failed to exec")
      })))

    it.live("interfaces that outlive their container", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("veth", "obedient", quick)
        const plan = yield* hypervisor.plan.start(instance)
        const own = plan.steps.flatMap((step) => step._tag === "StartContainer" ? step.interfaces : [])[0] ?? ""
        execFileSync("ip", ["link", "add", own, "type", "veth", "peer", "name", `${lab.id}p`])
        yield* hypervisor.start(instance)
        yield* hypervisor.stop(instance.name)
        execFileSync("ip", ["link", "add", own, "type", "veth", "peer", "name", `${lab.id}p`])
        yield* hypervisor.cleanup(instance.name)
      })))

    it.live("one container listed twice after a failed start", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("twice", "obedient", quick)
        yield* Effect.flip(hypervisor.start(lab.instance("twice", "exitsAtOnce", quick)))
        yield* hypervisor.start(instance)
        assert.lengthOf((yield* hypervisor.list()).filter((each) => each.name === instance.name), 1)
        yield* hypervisor.stop(instance.name)
      })))

    it.live("an init that is dead while the container counts as running", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("deadinit", "obedient", quick)
        yield* hypervisor.start(instance)
        process.kill(monitorPid(instance.name), "SIGSTOP")
        process.kill((yield* hypervisor.info(instance.name)).initPid ?? 0, "SIGKILL")
        yield* Effect.sleep(100)
        const found = (yield* hypervisor.facts()).containers.find((each) => each.name === instance.name)
        assert.deepInclude(found === undefined ? undefined : statusOf(found), { state: "STOPPED", problem: "init-dead" })
        yield* hypervisor.stop(instance.name)
      })))

    it.live("one log for all: each container has its own", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const one = lab.instance("logone", "obedient", quick)
        yield* hypervisor.start(one)
        yield* hypervisor.stop(one.name)
        assert.include(fs.readFileSync(lab.directories.lxcLog(one.name), "utf8"), one.name)
      })))
  })
})

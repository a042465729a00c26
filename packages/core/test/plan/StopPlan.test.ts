import { planCleanup, planKill, planStop } from "@effect-lxc/core/plan/StopPlan"
import { planFreeze } from "@effect-lxc/core/plan/FreezePlan"
import type { PlanRejected } from "@effect-lxc/core/plan/PlanRejected"
import { planReboot, planRebootInPlace } from "@effect-lxc/core/plan/RebootPlan"
import { decodePlan, encodePlan } from "@effect-lxc/core/plan/Plan"
import { Arbitraries, Diff, Facts, Guest, Incidents, Scenario, type SimulatedState, withForeign } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { carriedOut, directories, host, instance, runningBeside, startPlan, stopPlan, tags } from "./fixtures.ts"

const web1 = instance()
const running = (state: SimulatedState = host(), given = web1) => carriedOut(startPlan(given, state), state)
const elsewhere = () => runningBeside(web1, host())
const hostWith = (guest: Guest.Guest, options = {}) => host({ ...options, images: { "/srv/web1.img": guest } })

it.prop("what a start brought, the stop that is planned from looking takes away; planning again gives nothing to do", {
  scenario: Arbitraries.scenario
}, ({ scenario }) => {
  const given = Scenario.instanceOf(scenario)
  const started = running(Scenario.hostOf(scenario), given)
  const plan = stopPlan(given, started)
  assert.deepStrictEqual(encodePlan(plan), encodePlan(stopPlan(given, started)))
  assert.deepStrictEqual(Result.getOrThrow(decodePlan(JSON.parse(JSON.stringify(encodePlan(plan))), "a test")), plan)
  const stopped = carriedOut(plan, started)
  assert.strictEqual(Diff.traces(Scenario.cleanHostOf(scenario), stopped, directories), "")
  assert.deepStrictEqual(stopPlan(given, stopped).steps, [])
})

describe("the steps of a stop", () => {
  it("signal, wait, and then take away from the inside out, the record as the last file", () => {
    const plan = stopPlan(web1, running())
    assert.deepStrictEqual(tags(plan), [
      "SignalContainer",
      "AwaitStopped",
      "Unmount",
      "DetachLoop",
      "DeleteInterface",
      "RemoveCgroups",
      "RemoveFile",
      "RemoveFile",
      "RemoveDirectory",
      "RemoveFile",
      "RemoveFile",
      "RemoveDirectory",
      "RemoveDirectory",
      "RemoveDirectory"
    ])
    const removed = plan.steps.flatMap((step) => step._tag === "RemoveFile" ? [step.path] : [])
    assert.strictEqual(removed.at(-1), directories.record("web1"))
  })

  it("free a loop device with the last of its mounts, and none that stays", () => {
    const detaching = (state: SimulatedState) =>
      stopPlan(web1, state).steps.flatMap((step) => step._tag === "Unmount" ? [[step.target, step.detach ?? false]] : [])
    const root = directories.rootfs("web1")
    const twice = Incidents.mountOn(`${root}/again`, "/dev/loop0")(running())
    assert.deepStrictEqual(detaching(twice), [[`${root}/again`, false], [root, true]])
    const onDevice = instance({ disks: [{ path: "/dev/sdb" }] })
    const withDevice = host({ images: { "/dev/sdb": Guest.obedient() } })
    assert.deepStrictEqual(detaching(running(withDevice, onDevice)), [[root, false]])
  })

  it("kill only with force, and then only what did not obey: the later steps find it done", () => {
    assert.notInclude(tags(stopPlan(web1, running())), "KillContainer")
    const forced = stopPlan(web1, running(), { force: true, timeoutMs: 5_000 })
    assert.deepStrictEqual(tags(forced).slice(0, 5), [
      "SignalContainer",
      "AwaitStopped",
      "ForbidForks",
      "KillContainer",
      "AwaitStopped"
    ])
    const waits = forced.steps.flatMap((step) => step._tag === "AwaitStopped" ? [[step.timeoutMs, step.onTimeout]] : [])
    assert.deepStrictEqual(waits, [[5_000, "continue"], [10_000, "fail"]])
  })

  it("begin with the kill when it is forced without time, and when the first process is dead", () => {
    const atOnce = ["ForbidForks", "KillContainer"]
    assert.deepStrictEqual(tags(stopPlan(web1, running(), { force: true, timeoutMs: 0 })).slice(0, 2), atOnce)
    const dead = Incidents.killInit("web1")(Incidents.stopMonitor("web1")(running()))
    assert.deepStrictEqual(tags(stopPlan(web1, dead)).slice(0, 2), atOnce)
  })

  it("thaw what is frozen first, and freeze it again if it does not obey", () => {
    const plan = stopPlan(web1, Incidents.freeze("web1")(running()))
    assert.deepStrictEqual(tags(plan).slice(0, 3), ["Thaw", "SignalContainer", "AwaitStopped"])
    assert.isTrue(plan.steps.some((step) => step._tag === "AwaitStopped" && step.onTimeout === "freeze"))
  })

  it("unmount in the reverse order of the mount table, where the deepest path first would be wrong", () => {
    const rootfs = directories.rootfs("web1")
    const guest = Guest.obedient({ mounts: ["sub", "sub/deep/er", "sub", "a name with blanks"] })
    const plan = stopPlan(web1, running(hostWith(guest)))
    const targets = plan.steps.flatMap((step) => step._tag === "Unmount" ? [step.target] : [])
    assert.deepStrictEqual(targets, [
      `${rootfs}/a name with blanks`,
      `${rootfs}/sub`,
      `${rootfs}/sub/deep/er`,
      `${rootfs}/sub`,
      rootfs
    ])
  })

  it("leave alone what is of an instance whose name begins alike", () => {
    const web10 = instance({ name: "web10", disks: [{ path: "/srv/web10.img" }], nics: [{ link: "br0" }] })
    const both = running(running(host({ images: { "/srv/web10.img": Guest.obedient() } })), web10)
    const text = JSON.stringify(stopPlan(web1, both).steps)
    assert.notInclude(text, "web10")
    assert.include(JSON.stringify(stopPlan(web10, both).steps), "web10")
  })

  it("take lxc.payload.web1-1 for the second of web1, unless an instance web1-1 is there", () => {
    const left = Incidents.leaveCgroup("lxc.payload.web1-1")(running())
    const groups = (state: SimulatedState) =>
      stopPlan(web1, state).steps.flatMap((step) => step._tag === "RemoveCgroups" ? step.names : [])
    assert.include(groups(left), "lxc.payload.web1-1")
    const known = Incidents.putDirectory(directories.container("web1-1"))(left)
    assert.notInclude(groups(known), "lxc.payload.web1-1")
  })

  it("leave the cgroups and interfaces alone that a namesake under another lxcpath has, and what says that it is meant to run", () => {
    const left = Incidents.putFile(directories.config("web1"))(elsewhere())
    const steps = stopPlan(web1, left).steps
    assert.include(steps.map((step) => "path" in step ? step.path : step._tag), directories.config("web1"))
    assert.notInclude(tags({ steps }), "RemoveCgroups")
    assert.notInclude(tags({ steps }), "DeleteInterface")
    assert.notInclude(JSON.stringify(steps), directories.meantToRun("web1"))
    assert.include(stopPlan(web1, left).warnings.join(), `${directories.meantToRun("web1")} is left`)
    assert.deepStrictEqual(carriedOut(stopPlan(web1, left), left).containers, left.containers)
  })

  it("take its own also where a namesake has come to run: that has other groups", () => {
    const both = withForeign(running(), "/var/lib/lxc", "web1")
    assert.include(JSON.stringify(stopPlan(web1, both).steps), directories.meantToRun("web1"))
    assert.include(tags(stopPlan(web1, both)), "SignalContainer")
  })

  it("insist that the run directory goes, unless a file of somebody else is in it, which is warned of", () => {
    const own = (state: SimulatedState) =>
      stopPlan(web1, state).steps.flatMap((step) =>
        step._tag === "RemoveDirectory" && step.path === directories.container("web1") ? [step.ifEmpty] : [])
    assert.deepStrictEqual(own(running()), [false])
    const foreign = Incidents.putFile(`${directories.container("web1")}/notes`)(running())
    assert.deepStrictEqual(own(foreign), [true])
    assert.deepStrictEqual(stopPlan(web1, foreign).warnings, [
      `${directories.container("web1")}/notes was not made by this library and is left`
    ])
  })

  it("remove what an interrupted write left beside a file", () => {
    const half = Incidents.putFile(`${directories.config("web1")}.new`)(running())
    const left = carriedOut(stopPlan(web1, half), half)
    assert.deepStrictEqual(Object.keys(left.files).filter((path) => path.endsWith(".new")), [])
  })

  it("are those that are left to do after a stop that failed", () => {
    const killed = Incidents.killMonitor("web1")(running())
    const plan = stopPlan(web1, killed)
    assert.notInclude(tags(plan), "SignalContainer")
    assert.strictEqual(tags(plan)[0], "Unmount")
  })

  it("wait as long as the command says, else the spec of the running instance, else a minute", () => {
    const wait = (state: SimulatedState, timeoutMs?: number) =>
      stopPlan(web1, state, { timeoutMs }).steps.flatMap((step) => step._tag === "AwaitStopped" ? [step.timeoutMs] : [])[0]
    const spec = running(host(), instance({ lxc: { shutdownTimeout: "7s" } }))
    assert.strictEqual(wait(spec), 7_000)
    assert.strictEqual(wait(spec, 1_000), 1_000)
    const recordless = Incidents.putFile(directories.record("web1"), "not JSON", "0600")(spec)
    assert.strictEqual(wait(recordless), 60_000)
  })

  it("send the signal that the spec names", () => {
    const signal = (given: typeof web1) =>
      stopPlan(web1, running(host(), given)).steps.flatMap((step) => step._tag === "SignalContainer" ? [step.signal] : [])
    assert.deepStrictEqual(signal(web1), ["halt"])
    assert.deepStrictEqual(signal(instance({ lxc: { haltSignal: "SIGTERM" } })), ["SIGTERM"])
  })
})

describe("a stop is rejected", () => {
  const code = (state: SimulatedState, force: boolean) => {
    const plan = planStop(web1.name, directories, Facts.factsOf(state, directories), { force })
    return Result.isFailure(plan) ? plan.failure.rejections[0]?.code : undefined
  }

  it("for a monitor that does not answer, unless it is forced", () => {
    const silent = Incidents.stopMonitor("web1")(running())
    assert.strictEqual(code(silent, false), "monitor-silent")
    assert.isUndefined(code(silent, true))
  })

  it("for a container of somebody else, forced or not, also where the state directory is the same", () => {
    for (const foreign of [host({ foreign: [{ lxcPath: "/var/lib/lxc", name: "web1" }] }), elsewhere()]) {
      assert.strictEqual(code(foreign, false), "not-managed")
      assert.strictEqual(code(foreign, true), "not-managed")
    }
  })

  it("as is all else that is asked of it, and a clean-up says that it is left alone", () => {
    const facts = Facts.factsOf(elsewhere(), directories)
    const codeOf = (plan: Result.Result<unknown, PlanRejected>) => Result.isFailure(plan) ? plan.failure.rejections[0]?.code : undefined
    const asked = [
      planKill(web1.name, directories, facts),
      planReboot(web1.name, directories, facts),
      planReboot(web1.name, directories, facts, { instance: web1 }),
      planRebootInPlace(web1.name, directories, facts),
      planFreeze(web1.name, directories, facts)
    ]
    assert.deepStrictEqual(asked.map(codeOf), asked.map(() => "not-managed"))
    const { steps, warnings } = Result.getOrThrow(planCleanup(web1.name, directories, facts))
    assert.deepStrictEqual([steps, warnings], [[], ["web1 runs under the lxcpath /srv/other/containers, and is left alone"]])
  })
})

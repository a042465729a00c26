import type { JournalEntry } from "@effect-lxc/core/plan/JournalEntry"
import { Plan } from "@effect-lxc/core/plan/Plan"
import { planRecover } from "@effect-lxc/core/plan/RecoverPlan"
import { planKill } from "@effect-lxc/core/plan/StopPlan"
import { planThaw } from "@effect-lxc/core/plan/FreezePlan"
import { planResize } from "@effect-lxc/core/plan/ResizePlan"
import { planReboot } from "@effect-lxc/core/plan/RebootPlan"
import { Diff, Facts, Guest, Incidents, type SimulatedState } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { carriedOut, directories, host, instance, runningBeside, startPlan, stopPlan, tags } from "./fixtures.ts"

const web1 = instance()

const first = (plan: Plan, count: number): Plan => {
  const { basis, instance: name, operation, steps, undoFrom, warnings } = plan
  return new Plan({ basis, directories, instance: name, operation, steps: steps.slice(0, count), undoFrom: Math.min(undoFrom, count), warnings })
}

/** What the journal holds when the process is killed after so many steps, the last of them begun or done. */
const journalOf = (plan: Plan, count: number, lastIsDone: boolean): ReadonlyArray<JournalEntry> => [
  { _tag: "Begun", operation: plan.operation, instance: plan.instance, at: "2026-01-01T00:00:00.000Z", bootId: plan.basis.bootId },
  ...plan.steps.slice(0, count).flatMap((step, index): ReadonlyArray<JournalEntry> => {
    const intent = { _tag: "Intent", step, undo: index >= plan.undoFrom } as const
    const done = {
      _tag: "Done",
      name: step._tag === "AttachLoop" ? step.result : null,
      result: step._tag === "AttachLoop" ? "/dev/loop0" : null
    } as const
    return index < count - 1 || lastIsDone ? [intent, done] : [intent]
  })
]

const recovered = (state: SimulatedState, journal: ReadonlyArray<JournalEntry>): SimulatedState =>
  carriedOut(Result.getOrThrow(planRecover(web1.name, journal, directories, Facts.factsOf(state, directories))), state)

describe("recovery", () => {
  const plan = startPlan(web1, host())
  for (let count = 1; count <= plan.steps.length; count++) {
    it(`of a start that was killed at its step ${count} leaves the host as before, whether that step had acted or not`, () => {
      const acted = carriedOut(first(plan, count), host())
      const notYet = carriedOut(first(plan, count - 1), host())
      for (const [state, done] of [[acted, true], [acted, false], [notYet, false]] as const) {
        assert.strictEqual(Diff.traces(host(), recovered(state, journalOf(plan, count, done)), directories), "")
      }
    })
  }

  it("of a stop goes on where nothing runs any more, and leaves alone what runs in order", () => {
    const running = carriedOut(plan, host())
    const stop = stopPlan(web1, running)
    const untouched = recovered(running, journalOf(stop, 1, false))
    assert.strictEqual(Diff.diff(running, untouched), Diff.diff(running, running))
    const half = carriedOut(first(stop, 4), running)
    assert.strictEqual(Diff.traces(host(), recovered(half, journalOf(stop, 4, true)), directories), "")
  })

  it("of a kill goes on killing what it had begun to kill: a guest that cannot fork does not run in order", () => {
    const running = carriedOut(plan, host())
    const kill = Result.getOrThrow(planKill(web1.name, directories, Facts.factsOf(running, directories)))
    assert.strictEqual(kill.steps[0]?._tag, "ForbidForks")
    for (const lastIsDone of [false, true]) {
      assert.strictEqual(Diff.traces(host(), recovered(running, journalOf(kill, 1, lastIsDone)), directories), "")
    }
  })

  it("of a reboot undoes its start, and not its stop", () => {
    const running = carriedOut(plan, host())
    const reboot = Result.getOrThrow(planReboot(web1.name, directories, Facts.factsOf(running, directories, ["/srv/web1.img"])))
    const stopSteps = stopPlan(web1, running).steps.length
    assert.strictEqual(reboot.undoFrom, stopSteps)
    const half = carriedOut(first(reboot, stopSteps + 8), running)
    assert.strictEqual(Diff.traces(host(), recovered(half, journalOf(reboot, stopSteps + 8, false)), directories), "")
  })

  it("touches nothing by the name where that runs in another run directory by now", () => {
    const there = instance({ disks: [{ path: "/srv/other.img" }] })
    const beside = runningBeside(there, host({ images: { "/srv/other.img": Guest.obedient() } }))
    for (const [begun, count] of [[plan, plan.steps.length], [stopPlan(web1, carriedOut(plan, host())), 3]] as const) {
      const { containers, interfaces, trees, ...after } = recovered(beside, journalOf(begun, count, false))
      assert.deepStrictEqual([containers, interfaces, trees], [beside.containers, beside.interfaces, beside.trees])
      assert.property(after.files, directories.meantToRun("web1"))
    }
  })

  it("of a thaw says what stays thawed, where the monitor can freeze nothing any more", () => {
    const frozen = Incidents.freeze("web1")(carriedOut(plan, host()))
    const thaw = Result.getOrThrow(planThaw(web1.name, directories, Facts.factsOf(frozen, directories)))
    const thawed = carriedOut(thaw, frozen)
    const recover = (state: SimulatedState) =>
      Result.getOrThrow(planRecover(web1.name, journalOf(thaw, 1, false), directories, Facts.factsOf(state, directories)))
    for (const incident of [Incidents.stopMonitor("web1"), Incidents.orphan("web1")]) {
      assert.match(recover(incident(thawed)).warnings.join(), /^web1 was frozen, and stays thawed: .* \(monitor-(silent|dead)\)$/)
      assert.deepStrictEqual(recover(incident(frozen)).warnings, [])
    }
    assert.deepStrictEqual([recover(thawed).warnings, tags(recover(thawed))], [[], ["Freeze"]])
    assert.deepStrictEqual(recover(Incidents.killInit("web1")(thawed)).warnings, [])
  })

  it("of a resize puts no limit back that binds nobody: the first process has ended, and its monitor is stopped and keeps the name", () => {
    const running = carriedOut(plan, host())
    const resize = Result.getOrThrow(planResize(web1.name, { pids: 50 }, directories, Facts.factsOf(running, directories)))
    const resized = carriedOut(first(resize, 1), running)
    const recover = (state: SimulatedState) =>
      tags(Result.getOrThrow(planRecover(web1.name, journalOf(resize, 1, true), directories, Facts.factsOf(state, directories))))
    assert.deepStrictEqual(recover(resized), ["SetLimit"])
    assert.deepStrictEqual(recover(Incidents.stopMonitor("web1")(Incidents.killInit("web1")(resized))), [])
  })

  it("names the loop device that the journal knows, so that its plan stands for itself", () => {
    const running = carriedOut(plan, host())
    const journal = journalOf(plan, plan.steps.length, true)
    const { steps } = Result.getOrThrow(planRecover(web1.name, journal, directories, Facts.factsOf(running, directories)))
    assert.isTrue(steps.some((step) => step._tag === "DetachLoop" && step.device === "/dev/loop0"))
    assert.include(tags({ steps }), "KillContainer")
  })
})

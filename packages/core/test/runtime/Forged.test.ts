import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Plan } from "@effect-lxc/core/plan/Plan"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Journal } from "@effect-lxc/core/runtime/Journal"
import { SimulatedHost } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { directories, failureOf, host, instance, onHost } from "./fixtures.ts"

const web1 = instance()
const precious = HostPath.make("/etc/passwd")

describe("what another hand wrote is not believed:", () => {
  it.effect("a stored plan with a step for the rest of the host is rejected before anything is done", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const { basis, directories, instance, operation, steps, undoFrom, warnings } = yield* hypervisor.plan.start(web1)
      const edited = new Plan({
        basis, directories, instance, operation, undoFrom, warnings,
        steps: [{ _tag: "RemoveFile", path: precious }, ...steps]
      })
      const error = yield* failureOf(hypervisor.run(edited))
      assert.strictEqual(error._tag, "PlanRejected")
      assert.include(error.message, "steps[0]: remove /etc/passwd: that is not web1's")
      assert.deepStrictEqual(yield* (yield* SimulatedHost).record, [])
    }).pipe(onHost({ host: host() })))

  it.effect("a stored plan whose config has a hook is rejected before anything is done", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const { basis, directories, instance, operation, steps, undoFrom, warnings } = yield* hypervisor.plan.start(web1)
      const hooked = steps.map((step) =>
        step._tag === "WriteFile" && step.path === directories.config("web1")
          ? { ...step, text: `${step.text}lxc.hook.pre-start = /tmp/x\n` }
          : step)
      const error = yield* failureOf(hypervisor.run(
        new Plan({ basis, directories, instance, operation, undoFrom, warnings, steps: hooked })
      ))
      assert.strictEqual(error._tag, "PlanRejected")
      assert.include(error.message, `what it writes to ${directories.config("web1")} is not what belongs there`)
      assert.deepStrictEqual(yield* (yield* SimulatedHost).record, [])
    }).pipe(onHost({ host: host() })))

  it.effect("a journal that would kill what is in a directory of somebody's is named as unfinished, and nobody is killed", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const { bootId } = yield* hypervisor.facts()
      const { steps } = yield* hypervisor.plan.start(web1)
      yield* Effect.scoped(Effect.gen(function*() {
        const journal = yield* (yield* Journal).open(directories, "web1")
        yield* journal.append({ _tag: "Begun", operation: "start", instance: web1.name, at: "2026-01-01T00:00:00.000Z", bootId })
        for (const step of steps) {
          if (step._tag !== "StartContainer") continue
          yield* journal.append({ _tag: "Intent", step: { ...step, hierarchies: [HostPath.make("/home/eve")] }, undo: true })
        }
      }))
      const { recovered, unfinished } = yield* hypervisor.recover()
      assert.deepStrictEqual(recovered, [])
      assert.include(unfinished[0]?.reason ?? "", "/home/eve is no cgroup tree of this host")
      assert.deepStrictEqual(yield* (yield* SimulatedHost).record, [])
    }).pipe(onHost({ host: host() })))

  it.effect("a journal that would undo what was never the instance's is named as unfinished, and nothing is done", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const { bootId } = yield* hypervisor.facts()
      yield* Effect.scoped(Effect.gen(function*() {
        const journal = yield* (yield* Journal).open(directories, "web1")
        yield* journal.append({ _tag: "Begun", operation: "start", instance: web1.name, at: "2026-01-01T00:00:00.000Z", bootId })
        const step = { _tag: "WriteFile", path: precious, mode: "0600", text: "", previous: "root::0:0" } as const
        yield* journal.append({ _tag: "Intent", step, undo: true })
      }))
      const { recovered, unfinished } = yield* hypervisor.recover()
      assert.deepStrictEqual(recovered, [])
      assert.deepStrictEqual(unfinished.map((each) => each.instance), ["web1"])
      assert.include(unfinished[0]?.reason ?? "", "/etc/passwd")
      assert.deepStrictEqual(yield* (yield* SimulatedHost).record, [])
    }).pipe(onHost({ host: host() })))

  it.effect("a journal that would unmount what is the host's is named as unfinished, and nothing is done", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const { bootId } = yield* hypervisor.facts()
      yield* Effect.scoped(Effect.gen(function*() {
        const journal = yield* (yield* Journal).open(directories, "web1")
        yield* journal.append({ _tag: "Begun", operation: "start", instance: web1.name, at: "2026-01-01T00:00:00.000Z", bootId })
        const step = { _tag: "Mount", source: HostPath.make("/dev/sda1"), target: HostPath.make("/home"), fsType: null, options: [] } as const
        yield* journal.append({ _tag: "Intent", step, undo: true })
      }))
      const { unfinished } = yield* hypervisor.recover()
      assert.include(unfinished[0]?.reason ?? "", "unmount /home (/dev/sda1): that is not web1's")
      assert.deepStrictEqual(yield* (yield* SimulatedHost).record, [])
    }).pipe(onHost({ host: host() })))

  it.effect("of such journals each is told of where a recovery of all is planned, and of the others the plan", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const { bootId } = yield* hypervisor.facts()
      for (const name of ["web1", "web2", "web3"]) {
        yield* Effect.scoped(Effect.gen(function*() {
          const journal = yield* (yield* Journal).open(directories, name)
          yield* journal.append({ _tag: "Begun", operation: "start", instance: name, at: "2026-01-01T00:00:00.000Z", bootId })
          const step = { _tag: "MakeDirectory", path: HostPath.make(`${directories.containers}/web2`), mode: "0700", keep: false } as const
          yield* journal.append({ _tag: "Intent", step, undo: true })
        }))
      }
      const planned = yield* hypervisor.plan.recoveries()
      assert.deepStrictEqual(
        planned.map((each) => Result.isSuccess(each) ? each.success.instance : `${each.failure._tag}: ${each.failure.message.split(",")[0]}`),
        ["PlanRejected: recover web1 was rejected", "web2", "PlanRejected: recover web3 was rejected"]
      )
    }).pipe(onHost({ host: host() })))
})

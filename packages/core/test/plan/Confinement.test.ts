import { HostPath } from "@effect-lxc/core/model/HostPath"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { confined } from "@effect-lxc/core/plan/Confinement"
import { decodePlan, encodePlan, Plan } from "@effect-lxc/core/plan/Plan"
import type { Step } from "@effect-lxc/core/plan/Step"
import { Arbitraries, Incidents, Scenario } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { carriedOut, directories, host, instance, startPlan, stopPlan } from "./fixtures.ts"

const web1 = instance()
const start = startPlan(web1, host())
const running = carriedOut(start, host())

const withSteps = (steps: ReadonlyArray<Step>, instance = start.instance) => {
  const { basis, directories, operation, undoFrom, warnings } = start
  return new Plan({ operation, instance, directories, basis, steps, undoFrom, warnings })
}

const path = (at: string) => HostPath.make(at)
const container = { lxcPath: path(directories.containers), name: web1.name }
const other = { ...container, name: InstanceName.make("web10") }

const strange: Readonly<Record<string, Step>> = {
  "removes a file of the host": { _tag: "RemoveFile", path: path("/etc/passwd") },
  "removes a file of an instance with a longer name": { _tag: "RemoveFile", path: path(directories.config("web10")) },
  "writes a file of the host": { _tag: "WriteFile", path: path("/etc/passwd"), mode: "0644", text: "", previous: null },
  "makes a directory of the host": { _tag: "MakeDirectory", path: path("/etc/x"), mode: "0700", keep: false },
  "removes a directory of the host": { _tag: "RemoveDirectory", path: path("/srv"), ifEmpty: true },
  "mounts over the host": { _tag: "Mount", source: path("/dev/loop1"), target: path("/usr"), fsType: null, options: [] },
  "unmounts from the host": { _tag: "Unmount", source: "/dev/sda1", target: "/home", timeoutMs: 0 },
  "unmounts around a corner": { _tag: "Unmount", source: "x", target: `${directories.rootfs("web1")}/../../../../home`, timeoutMs: 0 },
  "kills another container": { _tag: "KillContainer", ...other, hierarchies: [], timeoutMs: 0 },
  "kills one of another lxcpath": { _tag: "KillContainer", ...container, lxcPath: path("/var/lib/lxc"), hierarchies: [], timeoutMs: 0 },
  "moves a file of the host away": { _tag: "MoveIntoPlace", from: path("/etc/passwd"), to: path(directories.lxcLog("web1")), replace: true, ifThere: true },
  "moves a file over one of the host": { _tag: "MoveIntoPlace", from: path(directories.config("web1")), to: path("/etc/passwd"), replace: true, ifThere: true },
  "receives a file from elsewhere": { _tag: "ReceiveArchive", file: path("/etc/passwd"), timeoutMs: 0 },
  "deletes an interface of the host": { _tag: "DeleteInterface", name: "eth0" },
  "removes cgroups of another": { _tag: "RemoveCgroups", names: ["lxc.payload.web1", "lxc.payload.web10"], hierarchies: [] },
  "restarts the host": { _tag: "PowerCycle" }
}

describe("a stored plan is refused if", () => {
  for (const [what, step] of Object.entries(strange)) {
    it(`a step of it ${what}`, () => {
      const refused = confined(withSteps([...start.steps, step]))
      assert.isTrue(Result.isFailure(refused))
      if (!Result.isFailure(refused)) return
      assert.deepStrictEqual(
        refused.failure.rejections.map(({ code, field }) => [code, field]),
        [["step-elsewhere", `steps[${start.steps.length}]`]]
      )
    })
  }

  it("all of it is for another instance under this one's name", () => {
    assert.isTrue(Result.isFailure(confined(withSteps(start.steps, InstanceName.make("other")))))
  })
})

describe("a stored plan with a step that there is not", () => {
  for (const [tag, words] of [["RemoveFiel", "did you mean RemoveFile?"], ["Nope", "known are MakeDirectory, "]] as const) {
    it(`says so in one line: ${tag}`, () => {
      const stored = JSON.parse(JSON.stringify(encodePlan(start)).replace("\"MakeDirectory\"", `"${tag}"`)) as unknown
      const decoded = decodePlan(stored, "p.json")
      assert.isTrue(Result.isFailure(decoded))
      if (!Result.isFailure(decoded)) return
      assert.deepStrictEqual(decoded.failure.problems.map((each) => each.path), ["steps[0]"])
      assert.include(decoded.failure.message, `steps[0]: expected a known _tag; found "${tag}"; ${words}`)
    })
  }
})

describe("every plan of a planner is about its own instance:", () => {
  it("what stops a container in every state", () => {
    for (const incident of [Incidents.freeze("web1"), Incidents.killMonitor("web1"), Incidents.orphan("web1")]) {
      const plan = stopPlan(web1, incident(running), { force: true })
      assert.strictEqual(Result.getOrThrow(confined(plan)), plan)
    }
  })

  it.prop("what starts any scenario, and what stops it", [Arbitraries.scenario], ([scenario]) => {
    const one = Scenario.instanceOf(scenario)
    const state = Scenario.hostOf(scenario)
    const plan = startPlan(one, state)
    assert.isTrue(Result.isSuccess(confined(plan)), JSON.stringify(confined(plan)))
    assert.isTrue(Result.isSuccess(confined(stopPlan(one, carriedOut(plan, state)))))
  })
})

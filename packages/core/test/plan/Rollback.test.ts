import { rollbackOf, undo } from "@effect-lxc/core/plan/Rollback"
import { isCheck } from "@effect-lxc/core/plan/Step"
import { basisOf } from "@effect-lxc/core/plan/Basis"
import { differences } from "@effect-lxc/core/plan/BasisDifferences"
import { Arbitraries, Diff, Guest, Incidents, Scenario, Transition } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { carriedOut, directories, factsFor, host, instance, startPlan } from "./fixtures.ts"

const web1 = instance()

describe("a rollback", () => {
  it.prop("undoes every prefix of a start: the host is as before", {
    scenario: Arbitraries.scenario,
    upTo: Arbitraries.milliseconds(20)
  }, ({ scenario, upTo }) => {
    const given = Scenario.instanceOf(scenario)
    const state = Scenario.hostOf({ ...scenario, residue: [] })
    const results = new Map<string, string>()
    const take = (before: typeof state, steps: ReadonlyArray<Parameters<typeof undo>[0]>) =>
      steps.reduce((current, step) => {
        const seen = Transition.observe(current, step, results)
        if ("done" in seen && seen.done) return current
        const ended = Transition.complete(current, step, results)
        assert.isUndefined(ended.problem)
        if (step._tag === "AttachLoop" && ended.result !== undefined) results.set(step.result, ended.result)
        return ended.state
      }, before)
    const begun = startPlan(given, state).steps.slice(0, upTo)
    const undone = take(take(state, begun), rollbackOf(begun, directories))
    assert.strictEqual(Diff.traces(state, undone, directories), "")
  })

  it("takes the last first, and what only looks not at all", () => {
    const { steps } = startPlan(web1, host())
    const undone = rollbackOf(steps, directories).map(({ _tag }) => _tag)
    assert.deepStrictEqual(undone, [
      "RemoveFile",
      "KillContainer",
      "AwaitStopped",
      "DeleteInterface",
      "RemoveCgroups",
      "RemoveFile",
      "RemoveDirectory",
      "Unmount",
      "DetachLoop",
      "RemoveFile",
      "RemoveDirectory",
      "RemoveDirectory",
      "RemoveFile",
      "RemoveDirectory",
      "RemoveDirectory",
      "RemoveDirectory"
    ])
    for (const step of steps.filter(isCheck)) assert.deepStrictEqual(undo(step), [])
  })

  it("of what takes away is nothing: it cannot be brought back", () => {
    const state = Incidents.killMonitor("web1")(carriedOut(startPlan(web1, host()), host()))
    const residue = startPlan(instance({ nics: [] }), state).steps.filter(({ _tag }) => _tag === "RemoveCgroups")
    assert.isAbove(residue.length, 0)
    assert.deepStrictEqual(rollbackOf(residue, directories), [])
  })

  it("takes directories only as long as they are empty, that of the logs too", () => {
    const { steps } = startPlan(web1, host())
    assert.isTrue(rollbackOf(steps, directories).some((step) => step._tag === "RemoveDirectory" && step.path === directories.logs("web1")))
    for (const step of rollbackOf(steps, directories)) if (step._tag === "RemoveDirectory") assert.isTrue(step.ifEmpty)
  })
})

describe("the basis of a plan", () => {
  const names = { paths: ["/srv/web1.img"], links: ["br0"] }
  const basis = (state = host()) => basisOf(directories, "web1", names, factsFor(state, web1))

  it("is equal to itself, however often it is looked at", () => {
    assert.deepStrictEqual(differences(basis(), basis()), [])
  })

  it("does not depend on what is of others", () => {
    const web2 = instance({ name: "web2", disks: [{ path: "/srv/web2.img" }] })
    const state = host({ images: { "/srv/web2.img": Guest.obedient() }, bridges: ["br0", "br1"] })
    assert.deepStrictEqual(differences(basis(state), basis(carriedOut(startPlan(web2, state), state))), [])
  })

  const changes: ReadonlyArray<readonly [field: string, incident: Incidents.Incident]> = [
    ["bootId", (state) => ({ ...state, bootId: "another" })],
    ["lxcVersion", (state) => ({ ...state, lxcVersion: null })],
    ["cgroupLayout", (state) => ({ ...state, trees: host({ layout: "v1" }).trees })],
    ["container", Incidents.putDirectory(directories.container("web1"))],
    ["namesake", () => host({ foreign: [{ lxcPath: "/var/lib/lxc", name: "web1" }] })],
    ["mounts", Incidents.mountOn(directories.rootfs("web1"))],
    ["loops", (state) => ({ ...state, loops: [{ device: "/dev/loop7", backingFile: "/srv/web1.img", sizeLimit: 0, readOnly: false, autoclear: false }] })],
    ["interfaces", (state) => ({ ...state, interfaces: state.interfaces.map((each) => ({ ...each, mtu: 1_400 })) })],
    ["cgroups", Incidents.leaveCgroup("lxc.monitor.web1")],
    ["paths", (state) => ({ ...state, files: {} })]
  ]
  for (const [field, incident] of changes) {
    it(`names ${field} where it is another`, () => {
      const found = differences(basis(), basis(incident(host())))
      assert.deepStrictEqual(found.map((each) => each.split(":")[0]), [field])
    })
  }

  it("is told in words, not in the data that is compared", () => {
    const later = (state: ReturnType<typeof host>) => differences(basis(), basis(state))
    assert.deepStrictEqual(later({ ...host(), interfaces: host().interfaces.map((each) => ({ ...each, mtu: 1_400 })) }), [
      "interfaces: gone is name br0, kind bridge, mtu 1500; new is name br0, kind bridge, mtu 1400"
    ])
    const running = carriedOut(startPlan(web1, host()), host())
    for (const line of later(running)) assert.notMatch(line, /[{}"[\]]|\.\.\./)
  })

  it("sees that the container is another one, though it looks alike: its first process has another start time", () => {
    const running = carriedOut(startPlan(web1, host()), host())
    const restarted = { ...running, processes: running.processes.map((each) => ({ ...each, startTime: each.startTime + 1 })) }
    assert.deepStrictEqual(differences(basis(running), basis(restarted)).map((each) => each.split(":")[0]), ["container"])
  })

  it("is told in a line that a person can read, however long it is", () => {
    const many = Array.from({ length: 50 }, (_, at) => at).reduce(
      (state, at) => Incidents.mountOn(`${directories.rootfs("web1")}/${at}`)(state),
      host()
    )
    for (const line of differences(basis(), basis(many))) assert.isBelow(line.length, 400)
  })
})

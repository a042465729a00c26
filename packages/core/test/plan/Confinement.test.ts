import { encodeMeantToRun } from "@effect-lxc/core/host/MeantToRun"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { confined } from "@effect-lxc/core/plan/Confinement"
import { exportHead } from "@effect-lxc/core/plan/ExportFormat"
import { fitsHost } from "@effect-lxc/core/plan/StoredPlan"
import { decodePlan, encodePlan, Plan } from "@effect-lxc/core/plan/Plan"
import type { Step } from "@effect-lxc/core/plan/Step"
import { Arbitraries, Incidents, Scenario } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { carriedOut, directories, factsFor, host, instance as fixture, startPlan, stopPlan } from "./fixtures.ts"

const web1 = fixture()
const start = startPlan(web1, host())
const running = carriedOut(start, host())

const withSteps = (steps: ReadonlyArray<Step>, instance = start.instance) => {
  const { basis, directories, operation, undoFrom, warnings } = start
  return new Plan({ operation, instance, directories, basis, steps, undoFrom, warnings })
}

const path = (at: string) => HostPath.make(at)
const container = { lxcPath: path(directories.containers), name: web1.name }
const other = { ...container, name: InstanceName.make("web10") }

const starting = start.steps.find((step) => step._tag === "StartContainer") ?? assert.fail("it starts")
const { _tag: _, ...restoring } = starting

const strange: Readonly<Record<string, Step>> = {
  "logs into a file of the host": { ...starting, logFile: path("/etc/passwd") },
  "writes the console of the guest into a file of the host": { ...starting, consoleLog: path("/etc/passwd") },
  "keeps a pid in a file of the host": { ...starting, pidFile: path("/etc/passwd") },
  "would delete an interface of the host when it is undone": { ...starting, interfaces: ["eth0"] },
  "restores a checkpoint": { ...restoring, _tag: "Restore", directory: path("/srv/criu.images") },
  "makes a checkpoint": { _tag: "Checkpoint", ...container, directory: path("/srv/criu.images"), logFile: starting.logFile, stop: false, timeoutMs: 0 },
  "removes a checkpoint": { _tag: "RemoveTree", path: path("/srv/criu.images") },
  "removes what another import unpacks": { _tag: "RemoveTree", path: path("/srv/.web10.import") },
  "opens its directory to everybody": { _tag: "MakeDirectory", path: path(directories.container("web1")), mode: "0711", keep: false },
  "opens its directory to everybody when it is undone": { _tag: "RemoveDirectory", path: path(directories.container("web1")), ifEmpty: false, mode: "0755" },
  "gives the directory of all to a group": { _tag: "MakeDirectory", path: path(directories.containers), mode: "0710", keep: false, group: 1_000 },
  "removes what somebody put into its directory": { _tag: "RemoveFile", path: path(`${directories.container("web1")}/notes`) },
  "mounts in the directory of another": { _tag: "Mount", source: path("/dev/loop1"), target: path(`${directories.container("web10")}/disk1`), fsType: null, options: [] },
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
  "writes where the guest's own links lead": { _tag: "WriteFile", path: path(`${directories.rootfs("web1")}/etc/shadow`), mode: "0600", text: "", previous: null },
  "makes a directory in the guest's root": { _tag: "MakeDirectory", path: path(`${directories.rootfs("web1")}/etc`), mode: "0755", keep: false },
  "would write anything to a file whose text is none of its own": { _tag: "RemoveFile", path: path(directories.monitorPid("web1")), previous: "1" },
  "removes a file of the guest": { _tag: "RemoveFile", path: path(`${directories.rootfs("web1")}/etc/shadow`) },
  "mounts in the guest's root": { _tag: "Mount", source: path("/dev/loop1"), target: path(`${directories.rootfs("web1")}/mnt`), fsType: null, options: [] },
  "mounts by a helper program": { _tag: "Mount", source: path("/dev/loop1"), target: path(directories.rootfs("web1")), fsType: "fuse.sshfs", options: [] },
  "mounts with a word for a helper": { _tag: "Mount", source: path("/dev/loop1"), target: path(directories.rootfs("web1")), fsType: null, options: ["helper=x"] },
  "mounts with two words in one": { _tag: "Mount", source: path("/dev/loop1"), target: path(directories.rootfs("web1")), fsType: null, options: ["ro,remount"] },
  "lays the guest over the host": { _tag: "Mount", source: "overlay", target: path(directories.rootfs("web1")), fsType: "overlay", options: ["lowerdir=/,upperdir=/root,workdir=/tmp"] },
  "makes a tmpfs of another kind": { _tag: "Mount", source: "tmpfs", target: path(directories.rootfs("web1")), fsType: "ext4", options: [] },
  "moves processes": { _tag: "SetLimit", ...container, controller: "memory", file: "cgroup.procs", value: "1", previous: "1" },
  "reads any file": { _tag: "ConfirmLimits", ...container, limits: [{ controller: "memory", file: "../../../etc/shadow", value: "1" }] },
  "shows any file": { _tag: "ConfirmAlive", ...container, logFile: path("/etc/shadow"), settleMs: 0 },
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

  const named: Readonly<Record<string, readonly [Plan["operation"], Step]>> = {
    "an export removes a file of the host": ["export", { _tag: "RemoveFile", path: path("/etc/passwd") }],
    "an export writes a file of the host": ["export", { _tag: "WriteFile", path: path("/etc/passwd"), mode: "0644", text: "", previous: null }],
    "an export takes a file of the host away": ["export", { _tag: "MoveIntoPlace", from: path("/etc/passwd"), to: path("/etc/x"), replace: true, ifThere: false }],
    "an export packs into a file of the host": ["export", { _tag: "ExportArchive", files: path(directories.exported("web1")), root: path("/srv/web1.img"), kind: "image", archive: path("/etc/passwd"), timeoutMs: 0 }],
    "an import writes a file of the host": ["import", { _tag: "WriteFile", path: path("/etc/passwd.json"), mode: "0644", text: "", previous: null }],
    "an import receives a file elsewhere": ["import", { _tag: "ReceiveArchive", file: path("/etc/passwd"), timeoutMs: 0 }],
    "an import unpacks in another's directory": ["import", { _tag: "ImportArchive", archive: path("/a"), directory: path("/srv/.web10.import"), kind: "image", spec: "", timeoutMs: 0 }],
    "an import takes a file of the host away": ["import", { _tag: "MoveIntoPlace", from: path("/srv/.web1.import/root.img"), to: path("/etc/passwd"), replace: true, ifThere: false }],
    "an import mounts over the host": ["import", { _tag: "Mount", source: path("/dev/loop1"), target: path("/usr"), fsType: null, options: [] }],
    "a checkpoint writes a file of the host": ["checkpoint", { _tag: "WriteFile", path: path("/etc/passwd"), mode: "0644", text: "", previous: null }],
    "a restore writes a file of the host": ["restore", { _tag: "WriteFile", path: path("/etc/instance.json"), mode: "0644", text: "", previous: null }],
    "an import removes what another unpacks": ["import", { _tag: "RemoveTree", path: path("/srv/.web10.import") }],
    "a checkpoint logs into a file of the host": ["checkpoint", { _tag: "Checkpoint", ...container, directory: path("/srv/criu.images"), logFile: path("/etc/passwd"), stop: false, timeoutMs: 0 }],
    "a restore logs into a file of the host": ["restore", { ...restoring, _tag: "Restore", directory: path("/srv/criu.images"), logFile: path("/etc/passwd") }],
    "a start packs an export": ["start", { _tag: "ExportArchive", files: path(directories.exported("web1")), root: path("/etc"), kind: "directory", archive: "-", timeoutMs: 0 }]
  }
  for (const [what, [operation, step]] of Object.entries(named)) {
    it(`${what}`, () => {
      const { basis, directories, instance, undoFrom, warnings } = start
      const refused = confined(new Plan({ operation, instance, directories, basis, steps: [step], undoFrom, warnings }))
      assert.isTrue(Result.isFailure(refused))
    })
  }

  it("all of it is for another instance under this one's name", () => {
    assert.isTrue(Result.isFailure(confined(withSteps(start.steps, InstanceName.make("other")))))
  })
})

describe("the texts of a stored plan", () => {
  const facts = factsFor(host(), web1)
  /** The codes of the rejection of the plan with the file at a path written otherwise. */
  const edited = (at: string, edit: (text: string) => string) => {
    const steps = start.steps.map((step) => step._tag === "WriteFile" && step.path === at ? { ...step, text: edit(step.text) } : step)
    assert.notDeepEqual(steps, start.steps)
    return Result.match(fitsHost(withSteps(steps), facts), {
      onFailure: ({ rejections }) => rejections.map(({ code, message }) => `${code} ${message}`),
      onSuccess: () => []
    })
  }

  it("are taken as a planner wrote them", () => {
    assert.isTrue(Result.isSuccess(fitsHost(start, facts)))
  })

  it("are refused where the config is another than the record beside it renders to", () => {
    for (const more of ["lxc.hook.pre-start = /tmp/x\n", "lxc.include = /tmp/x\n", "lxc.cap.keep = sys_admin\n", "# a comment\n", "\n"]) {
      const [only, ...others] = edited(directories.config("web1"), (text) => text + more)
      assert.include(only, `text-not-ours what it writes to ${directories.config("web1")} is not what belongs there`, more)
      assert.deepStrictEqual(others, [])
    }
    assert.isNotEmpty(edited(directories.config("web1"), (text) => text.replace("lxc.cap.drop = sys_module\n", "")))
    assert.isNotEmpty(edited(directories.config("web1"), () => ""))
  })

  it("are refused where a record is of another instance, or of none", () => {
    const record = directories.record("web1")
    assert.include(edited(record, (text) => text.replace("web1", "web2"))[0], record)
    assert.include(edited(record, () => "nonsense")[0], record)
    assert.include(edited(record, (text) => text.replace("{", "{\"hook\": 1,"))[0], record)
  })

  it("are refused where what is meant to run is another instance than the one that is started", () => {
    const meant = directories.meantToRun("web1")
    assert.include(edited(meant, (text) => text.replace("/srv/web1.img", "/srv/other.img"))[0], meant)
    assert.include(edited(meant, () => "{}")[0], meant)
  })

  it("are taken where a recovery puts back what is meant to run and no record is left, if it is the instance's own", () => {
    const { basis, directories, instance, undoFrom, warnings } = start
    const putBack = (name: string, operation: "recover" | "export") => {
      const text = encodeMeantToRun({ bootId: basis.bootId, instance: fixture({ name }) })
      const steps: ReadonlyArray<Step> = [{ _tag: "WriteFile", path: path(directories.meantToRun("web1")), mode: "0600", text, previous: null }]
      return Result.isSuccess(fitsHost(new Plan({ operation, instance, directories, basis, steps, undoFrom, warnings }), facts))
    }
    assert.deepStrictEqual([putBack("web1", "recover"), putBack("web2", "recover"), putBack("web1", "export")], [true, false, false])
  })

  it("are refused where what was there before is not what belongs there either", () => {
    const steps = start.steps.map((step) => step._tag === "WriteFile" ? { ...step, previous: "lxc.hook.stop = /x\n" } : step)
    const refused = fitsHost(withSteps(steps), facts)
    assert.strictEqual(Result.isFailure(refused) ? refused.failure.rejections.length : 0, start.steps.filter(({ _tag }) => _tag === "WriteFile").length)
  })

  it("are refused where the removal of a file is undone by writing another text than what belongs there", () => {
    const removed = (text: string): Step => ({ _tag: "RemoveFile", path: path(directories.config("web1")), previous: text })
    const config = start.steps.flatMap((step) => step._tag === "WriteFile" && step.path === directories.config("web1") ? [step.text] : [])[0] ?? ""
    assert.isTrue(Result.isSuccess(fitsHost(withSteps([...start.steps, removed(config)]), facts)))
    const refused = fitsHost(withSteps([...start.steps, removed(`${config}lxc.hook.stop = /x\n`)]), facts)
    assert.deepStrictEqual(Result.isFailure(refused) ? refused.failure.rejections.map(({ code }) => code) : [], ["text-not-ours"])
  })

  it("are refused where the manifest of an export is of another instance", () => {
    const { basis, directories, instance, undoFrom, warnings } = start
    const at = path(`${directories.exported("web1")}/manifest.json`)
    const texts = (name: string) => {
      const { manifest } = exportHead(fixture({ name }), "image")
      const steps: ReadonlyArray<Step> = [{ _tag: "WriteFile", path: at, mode: "0600", text: manifest, previous: null }]
      return Result.isSuccess(fitsHost(new Plan({ operation: "export", instance, directories, basis, steps, undoFrom, warnings }), facts))
    }
    assert.deepStrictEqual(["web1", "web2"].map(texts), [true, false])
  })

  it("and its directory is opened to the group of its own root alone", () => {
    const mapped = fixture({ lxc: { idmap: ["b 0 100000 65536"] } })
    const plan = startPlan(mapped, host())
    const withGroup = (group: number) => {
      const steps = plan.steps.map((step) => step._tag === "MakeDirectory" && step.group !== undefined ? { ...step, group } : step)
      assert.isNotEmpty(steps.filter((step) => "group" in step && step.group === group))
      const { basis, directories, instance, operation, undoFrom, warnings } = plan
      const fits = fitsHost(new Plan({ operation, instance, directories, basis, steps, undoFrom, warnings }), factsFor(host(), mapped))
      return Result.isFailure(fits) ? fits.failure.rejections.map(({ code }) => code) : []
    }
    assert.deepStrictEqual([100_000, 1_000].map(withGroup), [[], ["group-not-ours"]])
  })

  it("and a directory that is no cgroup tree is not searched for processes to kill", () => {
    const step: Step = { _tag: "KillContainer", ...container, hierarchies: [path("/home/eve")], timeoutMs: 0 }
    const refused = fitsHost(withSteps([step]), facts)
    assert.deepStrictEqual(Result.isFailure(refused) ? refused.failure.rejections.map(({ code }) => code) : [], ["no-cgroup-tree"])
  })
})

describe("a stored plan with a step that there is not", () => {
  const places: ReadonlyArray<readonly [object, RegExp]> = [
    [{ _tag: "RemoveTree", path: "/etc" }, /path/],
    [{ _tag: "RemoveTree", path: "/srv/criu.images/.." }, /path/],
    [{ _tag: "ImportArchive", archive: "/a", directory: "/etc", kind: "image", spec: "", timeoutMs: 0 }, /directory/],
    [{ _tag: "MakeDirectory", path: directories.container("web1"), mode: "0777", keep: false }, /mode/],
    [{ _tag: "WriteFile", path: directories.config("web1"), mode: "4755", text: "", previous: null }, /mode/]
  ]
  it.each(places)("cannot be read: %j", (step, field) => {
    const { steps, ...stored } = encodePlan(start) as { readonly steps: ReadonlyArray<unknown> } // a plan has steps
    const decoded = decodePlan({ ...stored, steps: [...steps, step] }, "p.json")
    assert.match(Result.isFailure(decoded) ? decoded.failure.message : "", field)
  })

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
    assert.isTrue(Result.isSuccess(fitsHost(plan, factsFor(state, one))))
    assert.isTrue(Result.isSuccess(confined(stopPlan(one, carriedOut(plan, state)))))
  })
})

import type { Step } from "@effect-lxc/core/plan/Step"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Explore, Faults, Incidents, type Request, Scenario, type SimulatedState } from "@effect-lxc/test-kit"
import { spawn } from "@effect-lxc/test-kit/Process"
import { assert, describe, it } from "@effect/vitest"

const scenario: Scenario.Scenario = { ...Scenario.simplest, nics: ["bridged"], quiet: true }
const name = InstanceName.make("web1")
const own = `/run/effect-lxc/containers/${name}`
const archive = HostPath.make("/srv/exports/web1.tar")
const start: Request.Request = { _tag: "Start", spec: Scenario.specOf(scenario) }
const pack: Request.Request = { _tag: "Export", name, archive, spec: Scenario.specOf(scenario), stop: true }

const subjectOf = (
  request: Request.Request,
  faults: ReadonlyArray<Faults.Fault> = [],
  starting: Explore.Case["starting"] = { _tag: "Clean" }
): Explore.Case => ({
  scenario,
  starting,
  neighbour: true,
  operators: [{ asks: [{ request, afterMs: 0, interruptAfterMs: null }], faults, afterCrash: [] }],
  schedule: 1
})

const failing = subjectOf(start, [Faults.atTag("StartContainer", "act-then-refuse")])
const crashing = subjectOf(start, [Faults.atTag("StartContainer", "crash")])

type Event = Explore.Story["events"][number]["event"]
type Tagged<Tag extends Event["_tag"]> = Event & { readonly _tag: Tag }

/** What a promise says of the story of a case in which it holds, told as if something else had happened. */
const said = (promise: string, subject: Explore.Case, change: (story: Explore.Story) => Explore.Story): ReadonlyArray<string> => {
  const invariant = Explore.invariants.find((each) => each.name === promise)
  assert.isDefined(invariant)
  const story = Explore.tell(subject)
  assert.deepStrictEqual(invariant.check(story), [], "holds as it was")
  return invariant.check(change(story))
}

/** Each event becomes those that are given for it. */
const retelling = (retell: (event: Event) => ReadonlyArray<Event>) => (story: Explore.Story): Explore.Story => ({
  ...story,
  events: story.events.flatMap(({ at, event }) => retell(event).map((each) => ({ at, event: each })))
})

const changing = <Tag extends Event["_tag"]>(tag: Tag, change: (event: Tagged<Tag>) => Event) =>
  retelling((event) => [event._tag === tag ? change(event as Tagged<Tag>) : event]) // the tag was compared

type ProgressOf<Tag> = Extract<Tagged<"Progressed">["event"], { readonly _tag: Tag }>

const rolledBack = (change: (event: Tagged<"Progressed">, progress: ProgressOf<"RollbackDone">) => Tagged<"Progressed">) =>
  changing("Progressed", (event) => event.event._tag === "RollbackDone" ? change(event, event.event) : event)

const inTheEnd = (change: (state: SimulatedState) => SimulatedState) => (story: Explore.Story): Explore.Story => ({
  ...story,
  aftermath: story.aftermath && { ...story.aftermath, state: change(story.aftermath.state) }
})

const problem = { _tag: "Conflict", found: "something", advice: "look" } as const

describe("a promise that is broken is seen where there is", () => {
  const left = (incident: Incidents.Incident, subject = failing) =>
    said("undone-or-named", subject, rolledBack((event) => ({ ...event, state: incident(event.state) })))

  const named = (step: Step, incident: Incidents.Incident) =>
    said("undone-or-named", failing, rolledBack((event, progress) => ({
      ...event,
      state: incident(event.state),
      event: { ...progress, residue: [{ step, problem, commands: [] }] }
    })))

  it("what a rollback leaves and does not name", () => {
    assert.include(left(Incidents.putFile(`${own}/config`)).join(), `+ file ${own}/config`)
    assert.include(left(Incidents.putDirectory(`${own}/rootfs`)).join(), `+ directory ${own}/rootfs`)
    assert.include(left(Incidents.mountOn(`${own}/rootfs`)).join(), `+ mount ${own}/rootfs`)
    assert.include(left(Incidents.leaveCgroup("lxc.payload.web1")).join(), "+ cgroup")
  })

  it("an archive that is not whole and is left by an export, and a spec where nothing was stopped for it", () => {
    const export_ = subjectOf(pack, [Faults.atTag("ExportArchive", "act-then-refuse")])
    assert.include(left(Incidents.putFile("/srv/exports/.web1.tar.web1.partial"), export_).join(), "+ file /srv/exports/.web1.tar.web1.partial")
    assert.include(left(Incidents.putFile("/run/effect-lxc/exports/web1/spec.json"), export_).join(), "+ file /run/effect-lxc/exports/web1/spec.json")
  })

  it("a residue that names something else than what is left, or more", () => {
    const file: Step = { _tag: "RemoveFile", path: HostPath.make(`${own}/config`) }
    const directory: Step = { _tag: "RemoveDirectory", path: HostPath.make(own), ifEmpty: true }
    assert.deepStrictEqual(named(file, Incidents.putFile(`${own}/config`)), [])
    assert.include(named(directory, Incidents.putFile(`${own}/config`)).join(), `+ file ${own}/config`)
    const kill: Step = { _tag: "KillContainer", lxcPath: HostPath.make("/run/effect-lxc/containers"), name, hierarchies: [], timeoutMs: 1 }
    assert.include(named(kill, Incidents.leaveInterface("eth1")).join(), "KillContainer")
  })

  it("what is gone after a rollback, though it was there before", () => {
    const freeze = subjectOf({ _tag: "Freeze", name }, [Faults.atTag("Freeze", "act-then-refuse")], { _tag: "Running" })
    assert.include(left(Incidents.killInit(name), freeze).join(), "- process")
    const meant = subjectOf(start, [Faults.atTag("StartContainer", "refuse")], { _tag: "Booted" })
    assert.include(left(Incidents.removePath("/var/lib/effect-lxc/web1.json"), meant).join(), "- file /var/lib/effect-lxc/web1.json")
  })

  it("what one recovery does not bring back to what it was", () => {
    const leaving = changing("JournalRemoved", (event) => ({ ...event, state: Incidents.putFile(`${own}/config`)(event.state) }))
    assert.include(said("recovered-as-before", crashing, leaving).join(), `+ file ${own}/config`)
    const killing = subjectOf({ _tag: "Kill", name }, [Faults.atTag("Unmount", "crash")], { _tag: "Running" })
    assert.include(said("recovered-as-before", killing, leaving).join(), `+ file ${own}/config`)
  })

  it("another failure than the first one", () => {
    const other = changing("Progressed", (event) => event.event._tag === "StepFailed" ? { ...event, event: { ...event.event, problem } } : event)
    assert.include(said("first-failure-reported", failing, other).join(), "and first came")
  })

  it("a step without its intent, of a plan, of a rollback and of a recovery", () => {
    const isIntent = (event: Event, tag: string) =>
      event._tag === "JournalAppended" && event.entry._tag === "Intent" && event.entry.step._tag === tag
    const without = (tag: string) => retelling((event) => isIntent(event, tag) ? [] : [event])
    assert.include(said("intent-first", failing, without("Mount")).join(), "Mount of web1 was not in the journal")
    assert.include(said("intent-first", failing, without("Mount")).join(), "Unmount of web1 was not in the journal")
    assert.include(said("intent-first", crashing, without("Mount")).join(), "Unmount of web1 was not in the journal")
    const other = changing("JournalAppended", (event) =>
      event.entry._tag === "Intent" && event.entry.step._tag === "Mount"
        ? { ...event, entry: { ...event.entry, step: { ...event.entry.step, target: HostPath.make("/mnt") } } }
        : event)
    assert.include(said("intent-first", crashing, other).join(), "Unmount of web1 was not in the journal")
  })

  it("somebody at work on an instance of which another has the lock", () => {
    const others = changing("HostChanged", (event) => event.step === null ? event : { ...event, pid: 7 })
    assert.include(said("one-at-a-time", failing, others).join(), "process 7 did")
  })

  it("a step that changes what is another's, mounts elsewhere, or harms the neighbour", () => {
    const doing = (incident: Incidents.Incident) =>
      changing("HostChanged", (event) => event.step === null ? event : { ...event, after: incident(event.after) })
    assert.include(said("others-untouched", failing, doing(Incidents.leaveCgroup("lxc.payload.web10-2"))).join(), "+ cgroup")
    assert.include(said("others-untouched", failing, doing(Incidents.putFile("/srv/exports/web10.tar"))).join(), "+ file /srv/exports/web10.tar")
    const robbing = changing("HostChanged", (event) =>
      event.step === null ? event : { ...event, before: Incidents.putFile("/srv/imported/web1.json", "somebody's\n")(event.before) })
    assert.include(said("strangers-spared", failing, robbing).join(), "/srv/imported/web1.json was somebody else's")
    assert.include(said("mounts-inside", failing, doing(Incidents.mountOn("/mnt"))).join(), "+ mount /mnt")
    const harmed = changing("Answered", (event) => ({ ...event, state: Incidents.killInit("web10")(event.state) }))
    assert.include(said("neighbour-unharmed", failing, harmed).join(), "- process")
  })

  it("an answer that is not true, a defect, and a step done by who could not look", () => {
    const running = subjectOf(start)
    const unwell = changing("Unlocked", (event) => ({ ...event, state: Incidents.killInit(name)(event.state) }))
    assert.include(said("answers-true", running, unwell).join(), "Start web1 is done, and it is STOPPED")
    const answering = (ending: Tagged<"Answered">["ending"]) => changing("Answered", (event) => ({ ...event, ending }))
    assert.deepStrictEqual(said("no-defects", running, answering({ _tag: "Defect", message: "oh" })), ["oh"])
    assert.include(said("nothing-done-unobserved", running, answering({ _tag: "Unobserved", problem })).join(), "is answered")
    assert.include(said("nothing-done-unobserved", running, answering({ _tag: "Locked", instance: name })).join(), "is answered")
    assert.deepStrictEqual(said("nothing-done-unobserved", running, answering({ _tag: "Locked", instance: name, killed: true })), [])
  })

  it("an archive, an import or a checkpoint of which only a part is there", () => {
    const exporting = subjectOf(pack)
    const torn = changing("HostChanged", (event) => ({ ...event, after: Incidents.putFile(archive, "{")(event.after) }))
    assert.deepStrictEqual(said("whole-files", exporting, torn), [`${archive} is not whole`])
    const half = inTheEnd(Incidents.putFile("/srv/imported/web1.json"))
    assert.include(said("whole-files", exporting, half).join(), "only one is there")
    const dump = inTheEnd(Incidents.putDirectory("/srv/checkpoints/web1/criu.images"))
    assert.include(said("whole-files", exporting, dump).join(), "has no spec")
    const importing = subjectOf({ _tag: "Import", archive, images: HostPath.make("/srv/imported") }, [], { _tag: "Exported" })
    const gone = inTheEnd((state) => ["/srv/imported/web1.img", "/srv/imported/web1.json"].reduce((each, path) => Incidents.removePath(path)(each), state))
    assert.include(said("whole-files", importing, gone).join(), "was imported, and is not there")
  })

  it("what a power failure amid an export takes along, and was nowhere else", () => {
    const cutOff = subjectOf(pack, [
      Faults.atTag("ExportArchive", "befall", { call: "observe", happening: { _tag: "Boot", bootId: "5a1d1b2e-0000-4000-8000-000000000009" } })
    ], { _tag: "Running" })
    const meant = "/var/lib/effect-lxc/web1.json"
    const forgotten = changing("HostChanged", (event) =>
      event.before.bootId === event.after.bootId ? event : { ...event, after: Incidents.removePath(meant)(event.after) })
    assert.deepStrictEqual(said("outlasts-power", cutOff, forgotten), [`the power failed amid an export, and neither it nor ${meant} is there`])
  })

  it("something left in the end, a journal, a lock, a failure of the recovery, and what does not end", () => {
    assert.deepStrictEqual(said("no-trace", failing, inTheEnd(Incidents.mountOn("/mnt"))), ["+ mount /mnt tmpfs"])
    assert.include(said("no-trace", subjectOf(pack), inTheEnd(Incidents.putFile("/srv/exports/.web1.tar.web1.partial"))).join(), "partial")
    assert.include(said("no-trace", subjectOf(pack), inTheEnd(Incidents.putFile("/run/effect-lxc/exports/web1/spec.json"))).join(), "spec.json")
    const aftermath = (changes: Partial<NonNullable<Explore.Story["aftermath"]>>) => (story: Explore.Story): Explore.Story => ({
      ...story,
      aftermath: story.aftermath && { ...story.aftermath, ...changes }
    })
    assert.include(said("recovered", failing, aftermath({ journalsAfterRecover: ["J"] })).join(), "after recover there is still J")
    assert.include(said("recovered", failing, aftermath({ journals: ["J"] })).join(), "in the end there is still J")
    assert.include(said("recovered", failing, aftermath({ holders: ["L"] })).join(), "somebody holds L")
    assert.deepStrictEqual(said("recovered", failing, aftermath({ failures: ["no"] })), ["no"])
    assert.deepStrictEqual(said("nothing-hangs", failing, (story) => ({ ...story, hang: "stuck" })), ["stuck"])
  })
})

describe("what an end of the container brings about is no broken promise", () => {
  const resize: Request.Request = { _tag: "Resize", name, wanted: { memory: 134_217_728, pids: 50 } }
  const resized = (faults: ReadonlyArray<Faults.Fault>): Explore.Case => ({
    ...subjectOf(resize, faults, { _tag: "Running" }),
    scenario: { ...scenario, nics: ["phys"] }
  })
  const befalling = (happening: NonNullable<Faults.Fault["happening"]>) => resized([Faults.atIndex(1, "befall", { call: "observe", happening })])
  const back = (text: string, subject: Explore.Case, incident: Incidents.Incident) => {
    const found = said("undone-or-named", subject, rolledBack((event) => ({ ...event, state: incident(event.state) }))).join()
    assert.include(found, text)
  }

  it("an interface that was moved into it is back, and no other, and not as long as it goes on", () => {
    const ended = befalling({ _tag: "KillMonitor", name })
    back("+ interface eth2", ended, Incidents.leaveInterface("eth2"))
    back("+ interface eth0", resized([Faults.atTag("SetLimit", "refuse", { nth: 1 })]), Incidents.leaveInterface("eth0"))
  })

  it("but no file of its is gone by that, nor a mount", () => {
    const ended = befalling({ _tag: "KillMonitor", name })
    back(`- file ${own}/instance.json`, ended, Incidents.removePath(`${own}/instance.json`))
    back(`- mount ${own}/rootfs`, ended, Incidents.unmountFrom(`${own}/rootfs`))
  })

  it("the limits of its group bind nobody, though they would if it went on", () => {
    assert.deepStrictEqual(said("recovered-as-before", befalling({ _tag: "KillMonitor", name }), (story) => story), [])
    const limited: Incidents.Incident = (state) => ({
      ...state,
      trees: state.trees.map((tree) => ({ ...tree, groups: { ...tree.groups, "lxc.payload.web1": { "pids.max": "50" } } }))
    })
    back("lxc.payload.web1 pids.max=50", resized([Faults.atTag("SetLimit", "refuse", { nth: 1 })]), limited)
  })

  it("a guest that ends by itself a moment later was not ended by the operation", () => {
    said("undone-or-named", resized([Faults.atInstant(400, "befall", { happening: { _tag: "ExitInit", name, code: 1 } })]), (story) => story)
  })

  it("a monitor is at its end whose groups are named as left", () => {
    const subject = subjectOf(start, [Faults.atTag("ConfirmAlive", "refuse"), Faults.atTag("RemoveCgroups", "refuse")], { _tag: "InitKilled" })
    const left: Incidents.Incident = (state) => spawn(state, { parent: 1, command: "/sbin/init", cgroup: "lxc.payload.web1", holds: [] })
    back("+ process lxc.payload.web1", subject, left)
  })
})

describe("a case in which a promise is broken", () => {
  it("is shrunk to the operator, the request and the fault that it needs, on the plainest host", () => {
    const nothingRefused: Explore.Invariant = {
      name: "nothing-refused",
      check: ({ events }) => events.some(({ event }) => event._tag === "Progressed" && event.event._tag === "RollbackDone") ? ["it was"] : []
    }
    const busy: Explore.Case = {
      ...subjectOf(start),
      scenario: { ...scenario, data: true, memory: "64MiB", volatile: true },
      operators: [
        {
          asks: [
            { request: { _tag: "Kill", name }, afterMs: 40, interruptAfterMs: null },
            { request: start, afterMs: 100, interruptAfterMs: null },
            { request: { _tag: "Thaw", name }, afterMs: 0, interruptAfterMs: 300 }
          ],
          faults: [Faults.atTag("Mount", "slow", { ms: 10 }), Faults.atTag("StartContainer", "refuse", { repeats: true })],
          afterCrash: [Faults.atTag("Mount", "refuse")]
        },
        { asks: [{ request: { _tag: "Recover" }, afterMs: 0, interruptAfterMs: null }], faults: [], afterCrash: [] }
      ]
    }
    const found = Explore.examine(busy, [nothingRefused])
    assert.isDefined(found)
    const { story } = Explore.shrink(found, 400, [nothingRefused])
    assert.deepStrictEqual(story.subject, {
      scenario: Scenario.simplest,
      starting: { _tag: "Clean" },
      neighbour: false,
      operators: [{
        asks: [{ request: { _tag: "Start", spec: Scenario.specOf(Scenario.simplest) }, afterMs: 0, interruptAfterMs: null }],
        faults: [Faults.atTag("StartContainer", "refuse")],
        afterCrash: []
      }],
      schedule: 1
    })
    assert.isBelow(Explore.timelineOf(story).length, 80)
  })
})

import { defaultDirectories } from "@effect-lxc/core/host/Directories"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { Explore, Faults, type Request, Scenario } from "@effect-lxc/test-kit"
import { strangersText } from "@effect-lxc/test-kit/explore/Belonging"
import { assert, describe, it } from "@effect/vitest"

const scenario: Scenario.Scenario = { ...Scenario.simplest, nics: ["phys"], quiet: true }
const name = InstanceName.make("web1")
const root = HostPath.make(defaultDirectories.rootfs(name))
const start: Request.Request = { _tag: "Start", spec: Scenario.specOf(scenario) }
const stop: Request.Request = { _tag: "Stop", name, timeoutMs: 5_000 }
const killing: Request.Request = { _tag: "Kill", name }
const checkpoint = HostPath.make("/srv/checkpoints/web1")
const resize: Request.Request = { _tag: "Resize", name, wanted: { pids: 50 } }
const packing: Request.Request = { _tag: "Export", name, archive: HostPath.make("/srv/exports/web1.tar"), spec: Scenario.specOf(scenario), stop: true }
const exporting: Request.Request = { _tag: "Export", name, archive: HostPath.make("/srv/exports/web1.tar"), stop: true }

const unpacking: Request.Request = { _tag: "Import", archive: HostPath.make("/srv/exports/web1.tar"), images: HostPath.make("/srv/imported") }

const asking = (...requests: ReadonlyArray<Request.Request>): Explore.Case["operators"][number]["asks"] =>
  requests.map((request) => ({ request, afterMs: 0, interruptAfterMs: null }))

const caseOf = (
  starting: Explore.Case["starting"],
  asks: ReturnType<typeof asking>,
  faults: ReadonlyArray<Faults.Fault>,
  ...others: ReadonlyArray<Explore.Case["operators"][number]>
): Explore.Case => ({ scenario, starting, neighbour: false, operators: [{ asks, faults, afterCrash: [] }, ...others], schedule: 1 })

/** Cases in which a promise was broken once, by what broke it. */
const kept: Readonly<Record<string, Explore.Case>> = {
  "a look that is refused under the next lock": caseOf({ _tag: "Running" }, asking(stop, start), [
    Faults.atTag("AwaitStopped", "defect", { call: "observe" }),
    Faults.atTag("AwaitStopped", "refuse", { call: "observe", nth: 1 })
  ]),
  "a monitor that is stopped while it cleans up": caseOf({ _tag: "Running" }, asking(killing), [
    Faults.atInstant(29, "befall", { happening: { _tag: "StopMonitor", name } })
  ]),
  "a first process that is killed while it is frozen in a v1 freezer": {
    ...caseOf({ _tag: "Running" }, asking({ _tag: "Freeze", name }), [
      Faults.atTag("Freeze", "act-then-hang"),
      Faults.atInstant(200, "befall", { happening: { _tag: "KillInit", name } })
    ]),
    scenario: { ...scenario, layout: "v1" }
  },
  "a guest that obeys a stopped monitor's last word while a recovery notes that it was left alone": {
    ...caseOf(
      { _tag: "MonitorStopped" },
      [{ request: { _tag: "Stop", name, timeoutMs: 1_000, force: true }, afterMs: 0, interruptAfterMs: 388 }],
      [],
      {
        asks: [{ request: { _tag: "Resize", name, wanted: { pids: 50 } }, afterMs: 457, interruptAfterMs: null }],
        faults: [Faults.atJournal("remove", "hang")],
        afterCrash: []
      }
    ),
    scenario: { ...Scenario.simplest, guest: "busybox" }
  },
  "a slow tool of a process that died": caseOf({ _tag: "Clean" }, asking(start, start), [
    Faults.atTag("AttachLoop", "slow", { ms: 1_600 }),
    Faults.atInstant(750, "crash")
  ]),
  "somebody who has his directory on a tmpfs that was mounted over the root": caseOf({ _tag: "Clean" }, asking(start), [
    Faults.atTag("StartContainer", "refuse"),
    Faults.atTag("Unmount", "befall", { call: "observe", happening: { _tag: "MountTmpfs", path: root } }),
    Faults.atTag("Unmount", "befall", { happening: { _tag: "Occupy", path: root } })
  ]),
  "a kill that overtakes a stop, and is refused": caseOf(
    { _tag: "Running" },
    asking(stop),
    [],
    { asks: [{ request: killing, afterMs: 400, interruptAfterMs: null }], faults: [Faults.atTag("ForbidForks", "refuse")], afterCrash: [] }
  ),
  "a thaw whose monitor is stopped before it could be undone": caseOf({ _tag: "Frozen" }, asking({ _tag: "Thaw", name }, { _tag: "Recover", name }), [
    Faults.atTag("Thaw", "act-then-hang"),
    Faults.atInstant(200, "befall", { happening: { _tag: "StopMonitor", name } })
  ]),
  "a guest that ends while the journal of a freeze, which is gone already, is said not to be": caseOf({ _tag: "Running" }, asking({ _tag: "Freeze", name }), [
    Faults.atJournal("remove", "act-then-hang", { nth: 1 }),
    Faults.atInstant(471, "befall", { happening: { _tag: "KillInit", name } })
  ]),
  "a guest that ends in the middle of a resize, while its monitor is stopped": caseOf({ _tag: "Running" }, asking(resize, stop), [
    Faults.atTag("WriteFile", "befall", { happening: { _tag: "StopMonitor", name } }),
    Faults.atTag("WriteFile", "befall", { nth: 1, happening: { _tag: "PowerOff", name } }),
    Faults.atTag("WriteFile", "refuse", { nth: 2 })
  ]),
  "a guest that does not fit into the memory it is left with, by force": {
    ...caseOf({ _tag: "Running" }, asking({ _tag: "Resize", name, wanted: { memory: 16 * 1024 * 1024 }, force: true }), []),
    scenario: { ...scenario, guest: "systemd" }
  },
  "limits that nobody had written, and are written back": caseOf(
    { _tag: "Running" },
    asking({ _tag: "Resize", name, wanted: { vcpus: 0.5, cpuWeight: 50 } }),
    [Faults.atTag("WriteFile", "refuse")]
  ),
  "an import that dies, over what one left before it that the power was cut off from": {
    ...caseOf({ _tag: "Exported" }, [], []),
    scenario: Scenario.simplest,
    operators: [{
      asks: asking(unpacking, unpacking, { _tag: "Recover", name }),
      faults: [Faults.atTag("MoveIntoPlace", "befall", { call: "observe", happening: { _tag: "Boot", bootId: "5a1d1b2e-0000-4000-8000-000000000009" } })],
      afterCrash: [Faults.atTag("MoveIntoPlace", "crash")]
    }]
  },
  "a guest that was asked to end, is frozen before it could, and ends when it is thawed": {
    ...caseOf({ _tag: "Running" }, [], []),
    operators: [
      { asks: [{ request: { _tag: "Stop", name, timeoutMs: 1_000, force: true }, afterMs: 0, interruptAfterMs: 80 }], faults: [], afterCrash: [] },
      {
        asks: [{ _tag: "Freeze", name } as const, { _tag: "Thaw", name } as const].map((request, index) => ({ request, afterMs: 10 + 2_000 * index, interruptAfterMs: null })),
        faults: [],
        afterCrash: []
      }
    ]
  },
  "a checkpoint whose images cannot be removed, nor that be kept in a journal": caseOf(
    { _tag: "Running" },
    asking({ _tag: "Checkpoint", name, directory: checkpoint }),
    [Faults.atJournal("remove", "act-then-refuse", { nth: 1 }), Faults.atTag("RemoveTree", "refuse")]
  ),
  "a death while an import is undone whose journal is gone, and is said not to be": {
    ...caseOf({ _tag: "Exported" }, asking(unpacking), [
      Faults.atJournal("remove", "act-then-refuse", { nth: 1 }),
      Faults.atTag("KillContainer", "crash")
    ]),
    scenario: Scenario.simplest
  },
  "a checkpoint that fails where another one had not come about": caseOf(
    { _tag: "Running" },
    asking(
      { _tag: "Checkpoint", name, directory: checkpoint, stop: true },
      { _tag: "Resize", name, wanted: { pids: 50 } },
      { _tag: "Checkpoint", name, directory: checkpoint }
    ),
    [Faults.atTag("Checkpoint", "refuse"), Faults.atTag("WriteFile", "act-then-refuse", { nth: 4 })]
  ),
  "a checkpoint on a tmpfs that somebody mounted, and unmounts before a restore from it is recovered": caseOf(
    { _tag: "Running" },
    asking({ _tag: "Checkpoint", name, directory: checkpoint }, killing, { _tag: "Restore", spec: Scenario.specOf(scenario), directory: checkpoint }),
    [Faults.atInstant(50, "befall", { happening: { _tag: "MountTmpfs", path: HostPath.make("/srv/checkpoints") } }), Faults.atTag("ConfirmAlive", "crash")]
  ),
  "an export that fails when its spec is packed and taken away, and one that dies there": caseOf({ _tag: "Running" }, asking(packing, packing, packing), [
    Faults.atTag("MoveIntoPlace", "refuse"),
    Faults.atTag("MoveIntoPlace", "crash", { nth: 2 })
  ]),
  "an export without a spec that the power is cut off from while it packs, and another": {
    ...caseOf({ _tag: "Running" }, asking(exporting, { _tag: "Recover", name }, exporting), [
      Faults.atTag("ExportArchive", "befall", { call: "observe", happening: { _tag: "Boot", bootId: "5a1d1b2e-0000-4000-8000-000000000009" } })
    ]),
    scenario: Scenario.simplest,
    schedule: 0
  },
  "an import of which one part is moved back and said not to be, and the other is not": {
    ...caseOf({ _tag: "Exported" }, asking(unpacking), [
      Faults.atTag("WriteFile", "refuse", { nth: 1 }),
      Faults.atTag("MoveIntoPlace", "act-then-refuse", { nth: 2 }),
      Faults.atTag("MoveIntoPlace", "refuse", { call: "observe", nth: 3 })
    ]),
    scenario: Scenario.simplest
  },
  "somebody's file in the place of an export at the instant at which that is taken back": {
    ...caseOf({ _tag: "Running" }, asking(packing), [
      Faults.atTag("RemoveFile", "refuse", { nth: 5 }),
      Faults.atTag("MoveIntoPlace", "befall", { nth: 1, happening: { _tag: "PutFile", path: HostPath.make("/srv/exports/web1.tar"), text: strangersText } })
    ]),
    scenario: Scenario.simplest
  },
  "a kill that overtakes a stop while that recovers a freezing which died": {
    ...caseOf({ _tag: "Running" }, asking({ _tag: "Freeze", name }, killing), [Faults.atJournal("append", "crash", { nth: 2 })], {
      asks: asking(stop),
      faults: [],
      afterCrash: []
    }),
    scenario: { ...Scenario.simplest, guest: "busybox" },
    schedule: 874_702
  },
  "a guest that reboots between two limits, and a death while the second is put back": {
    ...caseOf({ _tag: "Running" }, asking({ _tag: "Resize", name, wanted: { memory: 2 ** 26, swap: 2 ** 25 } }), [
      Faults.atTag("SetLimit", "befall", { nth: 1, happening: { _tag: "RebootInside", name } }),
      Faults.atTag("SetLimit", "crash", { nth: 2 })
    ]),
    scenario: { ...Scenario.simplest, layout: "v1", bootable: true }
  },
  "a start that is undone, and takes along what one that died had made for all": {
    ...caseOf({ _tag: "Clean" }, [], []),
    operators: [{
      asks: asking(start, start),
      faults: [Faults.atJournal("remove", "act-then-hang", { nth: 1 }), Faults.at({ _tag: "Next", nth: 2 }, "crash")],
      afterCrash: [Faults.at({ _tag: "Call", nth: 0 }, "full-disk", { call: "observe", path: "/var/lib" })]
    }]
  }
}

describe("every promise holds", () => {
  for (const [what, subject] of Object.entries(kept)) {
    it(`with ${what}`, () => {
      const violation = Explore.examine(subject)
      assert.deepStrictEqual(violation && [violation.invariant, ...violation.messages], undefined)
    })
  }
})

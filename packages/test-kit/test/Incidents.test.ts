import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Happening, Incidents, SimulatedHost, type SimulatedState } from "@effect-lxc/test-kit"
import { nextEventAt } from "@effect-lxc/test-kit/Lifecycle"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { config, name, pinned, running } from "./steps.ts"

const bare = SimulatedHost.state()
const at = HostPath.make
const web1 = (state: SimulatedState) => state.containers[0]
const isHappening = (value: unknown): boolean => Schema.is(Happening.Happening)(value)

describe("what befalls a container", () => {
  const stopped = Incidents.stopMonitor("web1")
  const frozen = Incidents.freeze("web1")

  it("by a tool of LXC does not befall one whose monitor does not answer", () => {
    assert.isTrue(web1(frozen(running()))?.frozen)
    assert.isFalse(web1(Incidents.thaw("web1")(frozen(running())))?.frozen)
    assert.isFalse(web1(frozen(stopped(running())))?.frozen)
    assert.isTrue(web1(Incidents.thaw("web1")(stopped(frozen(running()))))?.frozen)
  })

  it("by a tool of LXC does not befall one whose configuration was taken away", () => {
    const undefinedNow = Incidents.removePath("/run/effect-lxc/containers/web1/config")
    assert.isFalse(web1(frozen(undefinedNow(running())))?.frozen)
    assert.isTrue(web1(Incidents.thaw("web1")(undefinedNow(frozen(running()))))?.frozen)
  })

  it("is a matter of now: its first process ends, or powers itself off, with exit code 0 where it may not", () => {
    const denied = Incidents.powerOff("web1")(running({ config: config(...pinned, "lxc.cap.drop = sys_boot") }))
    assert.deepStrictEqual(denied.agenda.map(({ event }) => event), [{ _tag: "InitExits", id: 1, code: 0 }])
    const exited = Incidents.exitInit("web1", 4)(running())
    for (const state of [denied, exited, Incidents.powerOff("web1")(running())]) assert.strictEqual(nextEventAt(state), state.now)
  })

  it("passes by one without monitor, or without a first process", () => {
    const orphan = Incidents.orphan("web1")(running())
    assert.deepStrictEqual(stopped(orphan), orphan)
    const ended = Incidents.killInit("web1")(stopped(running()))
    assert.deepStrictEqual(Incidents.hangInDevice("web1")(ended), ended)
  })
})

describe("what befalls a host", () => {
  it("is a shell of init's in no cgroup, a mount, an empty file, a veth of nobody's", () => {
    const shell = Incidents.occupy("/srv")(bare).processes.at(-1)
    assert.deepStrictEqual([shell?.parent, shell?.command, shell?.cgroup], [1, "-bash", ""])
    const mounts = Incidents.mountOn("/srv")(bare).mounts
    const device = `0:${200 + bare.mounts.length}`
    assert.deepStrictEqual(mounts.at(-1), { target: "/srv", source: "tmpfs", root: "/", device, fsType: "tmpfs", options: ["rw"], image: null })
    assert.deepStrictEqual(Incidents.putFile("/srv/a")(bare).files["/srv/a"], { kind: "file", mode: "0644", text: "" })
    assert.deepStrictEqual(Incidents.leaveInterface("a")(bare).interfaces.at(-1), { name: "a", kind: "veth", mtu: 1_500, container: null })
  })

  it("comes to what befell it before", () => {
    assert.deepStrictEqual(Incidents.fillDisk("/b")(Incidents.fillDisk("/a")(bare)).full, ["/a", "/b"])
    const ignored = Incidents.ignoreLimit("memory.max")(Incidents.ignoreLimit("pids.max")(bare))
    assert.deepStrictEqual(ignored, { ...bare, ignoredLimits: ["pids.max", "memory.max"] })
  })

  it("is a directory in each tree, without processors where the tree is cpuset of v1", () => {
    const left = (layout: "v1" | "v2") => {
      const { trees } = Incidents.leaveCgroup("a")(SimulatedHost.state({ layout }))
      return trees.map(({ controllers, groups }) => [controllers.includes("cpuset"), groups["a"]])
    }
    assert.deepStrictEqual(left("v2"), [[true, {}]])
    assert.deepStrictEqual(new Set(left("v1").map((each) => JSON.stringify(each))), new Set([`[true,{"cpuset.cpus":""}]`, "[false,{}]"]))
  })
})

describe("a happening", () => {
  it("does what the incident of its name does", () => {
    const state = running()
    const frozen = Incidents.freeze("web1")(state)
    const pairs: ReadonlyArray<readonly [before: SimulatedState, happening: Happening.Happening, incident: Incidents.Incident]> = [
      [state, { _tag: "OrphanContainer", name }, Incidents.orphan("web1")],
      [frozen, { _tag: "ThawContainer", name }, Incidents.thaw("web1")],
      [state, { _tag: "Boot", bootId: "another" }, Incidents.reboot("another")]
    ]
    for (const [before, happening, incident] of pairs) {
      const after = Happening.befall(happening)(before)
      assert.deepStrictEqual(after, incident(before))
      assert.notDeepEqual(after, before)
    }
  })

  it("for which there is no place does not come about", () => {
    const state = Incidents.putFile("/srv/a/file")(bare)
    const put = (path: string) => Happening.befall({ _tag: "PutFile", path: at(path), text: "x" })(state)
    for (const path of ["/srv/a", "/srv/a/file/below"]) assert.strictEqual(put(path), state)
    assert.strictEqual(put("/srv/b/new").files["/srv/b/new"]?.text, "x")
    const remove = (path: string) => Happening.befall({ _tag: "RemovePath", path: at(path) })
    assert.strictEqual(remove("/srv/a")(state), state)
    assert.isUndefined(remove("/srv/a/file")(state).files["/srv/a/file"])
  })

  it("is read from data with all that it needs, and an exit code that can be", () => {
    for (const code of [0, 255]) assert.isTrue(isHappening({ _tag: "ExitInit", name, code }))
    for (const code of [-1, 256, undefined]) assert.isFalse(isHappening({ _tag: "ExitInit", name, code }))
    assert.isFalse(isHappening({ _tag: "ExitInit", code: 1 }))
    assert.isTrue(isHappening({ _tag: "PutFile", path: "/a", text: "" }))
    for (const lacking of [{ path: "/a" }, { text: "" }]) assert.isFalse(isHappening({ _tag: "PutFile", ...lacking }))
  })
})

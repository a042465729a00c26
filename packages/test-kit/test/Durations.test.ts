import { HostPath } from "@effect-lxc/core/model/HostPath"
import type { Step } from "@effect-lxc/core/plan/Step"
import { Guest, Incidents, type SimulatedState, Transition } from "@effect-lxc/test-kit"
import { advance } from "@effect-lxc/test-kit/Lifecycle"
import { commandOf } from "@effect-lxc/test-kit/StepTool"
import { assert, describe, it } from "@effect/vitest"
import { config, container, done, pinned, prepared, rootfs, running, start } from "./steps.ts"

const at = HostPath.make
const took = (state: SimulatedState, step: Step) => {
  const ended = Transition.complete(state, step)
  assert.isUndefined(ended.problem, JSON.stringify(ended.problem))
  return ended.tookMs
}

describe("a step", () => {
  it("takes as long as its tool was measured to take", () => {
    const bare = prepared({ mounted: false })
    const attach = { _tag: "AttachLoop", file: at("/srv/web1.img"), offset: 0, sizeLimit: 0, readOnly: false, result: "root" } as const
    const mount = { _tag: "Mount", source: at("/dev/loop0"), target: rootfs, fsType: null, options: [] } as const
    assert.strictEqual(took(bare, attach), 2, "losetup")
    assert.strictEqual(took(done(bare, attach), mount), 3, "mount")
    assert.strictEqual(took(prepared(), { _tag: "Unmount", source: "/dev/loop0", target: rootfs, timeoutMs: 0 }), 2, "umount")
    assert.strictEqual(took(running(), { _tag: "Freeze", ...container, timeoutMs: 5_000 }), 3, "lxc-freeze")
    assert.strictEqual(took(prepared(), { _tag: "DeleteInterface", name: "br0" }), 3, "ip link")
    const described = Incidents.putFile("/srv/meta/manifest.json")(Incidents.putFile("/srv/meta/spec.json")(bare))
    const pack = { _tag: "ExportArchive", files: at("/srv/meta"), root: at("/srv/web1.img"), kind: "image", archive: at("/srv/a.tar"), timeoutMs: 1_000 } as const
    assert.strictEqual(took(described, pack), 40, "tar")
    const dumpable = running({ config: config(...pinned, "lxc.tty.max = 0", "lxc.console.path = none") })
    const dump = { _tag: "Checkpoint", ...container, directory: at("/srv/images"), logFile: at("/srv/log"), stop: false, timeoutMs: 60_000 } as const
    assert.strictEqual(took(dumpable, dump), 150, "criu")
  })

  it("is called by its command, or by its name where it has none", () => {
    assert.strictEqual(commandOf({ _tag: "Freeze", ...container, timeoutMs: 1 })[0], "lxc-freeze")
    assert.deepStrictEqual(commandOf({ _tag: "PowerCycle" }), ["PowerCycle"])
  })

  it("that is interrupted leaves the host as it is, but for a start and a restore: their monitor gives up", () => {
    const begun = Transition.transition(prepared(), start(), new Map(), { since: 0, phase: "" })
    const call = { since: 0, phase: begun._tag === "Pending" ? begun.phase : assert.fail("it takes a while") }
    assert.strictEqual(Transition.abandon(begun.state, { _tag: "PowerCycle" }, call), begun.state)
    for (const step of [start(), { ...start(), _tag: "Restore", directory: at("/srv/images") }] satisfies ReadonlyArray<Step>) {
      assert.deepStrictEqual(Transition.abandon(begun.state, step, call).containers, [])
    }
  })
})

describe("a container", () => {
  it("has its cgroup for 20 ms after its end, and is killed 3 ms after it began where it lacks memory", () => {
    const killed = Incidents.killInit("web1")(running())
    const hasGroup = (ms: number) => advance(killed, killed.now + ms).trees[0]?.groups["lxc.payload.web1"] !== undefined
    assert.deepStrictEqual([hasGroup(19), hasGroup(20)], [true, false])
    const short = running({ guest: Guest.obedient(), config: config(...pinned, "lxc.cgroup2.memory.max = 1M") })
    const lives = (ms: number) => advance(short, short.now + ms).containers[0]?.init !== null
    assert.deepStrictEqual([lives(2), lives(3)], [true, false])
  })
})

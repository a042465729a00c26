import { HostPath } from "@effect-lxc/core/model/HostPath"
import type { Step } from "@effect-lxc/core/plan/Step"
import { Guest, SimulatedHost, type SimulatedState, Transition } from "@effect-lxc/test-kit"
import { exits, hangs, type ToolAnswer } from "@effect-lxc/test-kit/ToolAnswer"
import { assert, describe, it } from "@effect/vitest"
import { container, failed, prepared, rootfs, running } from "./steps.ts"

const at = HostPath.make
const answering = (state: SimulatedState, tool: string, answer: ToolAnswer): SimulatedState => ({ ...state, answers: { [tool]: answer } })
const host = SimulatedHost.state({ images: { "/srv/a.img": Guest.obedient() } })
const attach = { _tag: "AttachLoop", file: at("/srv/a.img"), offset: 0, sizeLimit: 0, readOnly: false, result: "root" } as const

const argvOf = (...of: Parameters<typeof Transition.complete>): ReadonlyArray<string> => {
  const { problem } = Transition.complete(...of)
  return problem?._tag === "CommandFailed" && problem.exitCode === 77 ? problem.argv : []
}

describe("a tool that answers in place of its work", () => {
  it("with 0 has done nothing; its first line is the result, no line is none", () => {
    const { problem, result, state } = Transition.complete(answering(host, "losetup", exits(0, "", "/dev/loop9\n")), attach)
    assert.deepStrictEqual([problem, result, state.loops], [undefined, "/dev/loop9", []])
    assert.isUndefined(Transition.complete(answering(host, "losetup", exits(0)), attach).result)
  })

  it("is called with the device that a step before it gave", () => {
    const mount = { _tag: "Mount", source: "$root", target: at("/srv"), fsType: null, options: ["ro"] } as const
    const results = new Map([["root", "/dev/loop3"]])
    const argv = argvOf(answering(host, "mount", exits(77)), mount, results)
    assert.include(argv, "/dev/loop3")
    assert.include(argv, "/srv")
    const unknown = Transition.complete(answering(host, "mount", exits(77)), mount).problem
    assert.strictEqual(unknown?._tag, "Conflict", "without a device it is not called")
    const tmpfs = { ...mount, source: "tmpfs", fsType: "tmpfs" } as const
    assert.include(argvOf(answering(host, "mount", exits(77)), tmpfs), "tmpfs", "what is no result of a step stays as it is")
    const detach = { _tag: "DetachLoop", device: "$root", file: at("/srv/web1.img") } as const
    assert.include(argvOf(answering({ ...prepared(), mounts: [] }, "losetup", exits(77)), detach), "/dev/loop0")
    assert.isUndefined(Transition.complete(answering(host, "losetup", exits(77)), detach).problem, "nothing is attached")
  })

  it("may hang for as long as its step says, or as is usual for its work", () => {
    const limits: ReadonlyArray<readonly [tool: string, step: Step, ms: number]> = [
      ["losetup", attach, 30_000],
      ["umount", { _tag: "Unmount", source: "/dev/loop0", target: rootfs, timeoutMs: 77 }, 30_000],
      ["lxc-freeze", { _tag: "Freeze", ...container, timeoutMs: 77 }, 77],
      ["lxc-stop", { _tag: "RebootInPlace", ...container, timeoutMs: 77 }, 5_077],
      ["tar", { _tag: "ImportArchive", archive: at("/srv/a.tar"), directory: at("/srv/.a.import"), kind: "image", spec: "", timeoutMs: 77 }, 77],
      ["rm", { _tag: "RemoveTree", path: at("/srv/.a.import") }, 600_000]
    ]
    for (const [tool, step, ms] of limits) {
      const { problem, tookMs } = failed(answering(running(), tool, hangs), step)
      assert.isTrue(problem._tag === "CommandTimedOut" && problem.timeoutMs === ms, tool)
      assert.strictEqual(tookMs, ms)
    }
  })
})

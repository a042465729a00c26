import { inTheSpec } from "@effect-lxc/core/runtime/InTheSpec"
import { assert, describe, it } from "@effect/vitest"
import { host, instance, startPlan } from "../plan/fixtures.ts"

describe("what to do with the disk is said", () => {
  const plan = startPlan(instance(), host())
  const step = plan.steps.find(({ _tag }) => _tag === "Mount")
  const saying = (stderr: string) =>
    step === undefined ? [] : inTheSpec(plan, step, { _tag: "CommandFailed", argv: ["mount"], exitCode: 32, signal: null, stderr, log: [] })

  for (const words of ["wrong fs type, bad option, bad superblock on /dev/loop0.", "can't read superblock on /dev/loop0."]) {
    it(`of a mount that says "${words}"`, () => {
      assert.deepStrictEqual(saying(`mount: /r: ${words}`), [
        "disks[0].path: no file system that can be mounted is found in /srv/web1.img; see what it holds (blkid -p /srv/web1.img), and name its partition or fsType, or make one"
      ])
    })
  }

  it("of a mount that says anything else", () => {
    assert.deepStrictEqual(saying("mount: /r: special device /dev/loop0 does not exist."), [
      "disks[0].path: this is about /srv/web1.img; see what that is, and what the kernel says of it (dmesg)"
    ])
  })
})

import { Guest } from "@effect-lxc/test-kit"
import { exits } from "@effect-lxc/test-kit/ToolAnswer"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

const mebibyte = 1024 * 1024
const isGuest = (value: unknown): boolean => Schema.is(Guest.Guest)(value)

describe("a guest", () => {
  it("that is systemd halts at once when it is asked in its way, and reboots by ctrl-alt-del", () => {
    assert.deepStrictEqual(Guest.systemd(), {
      ...Guest.obedient(),
      haltSignal: "SIGRTMIN+3",
      haltAfterMs: 150,
      powersOff: { deniedMs: 0 },
      onInterrupt: { does: "reboot", afterMs: 150 },
      handlersAfterMs: 300,
      needsBytes: 40 * mebibyte,
      usesBytes: 38 * mebibyte
    })
  })

  it("is what its name says, and else as it is wanted", () => {
    const lacks = ["mnt"]
    const changed = Guest.obedient({ lacks })
    assert.deepStrictEqual(Guest.systemd({ lacks }).lacks, lacks)
    assert.deepStrictEqual(Guest.deaf({ lacks }), { ...changed, haltAfterMs: null, onInterrupt: null })
    assert.deepStrictEqual(Guest.dying(7, 3, { lacks }), { ...changed, exits: { afterMs: 7, code: 3 } })
    assert.deepStrictEqual(Guest.withoutInit({ lacks }), { ...changed, init: "missing" })
    assert.deepStrictEqual(Guest.notExecutable({ lacks }), { ...changed, init: "not-executable" })
    assert.deepStrictEqual(Guest.blank(), { ...Guest.obedient(), fsType: null, init: "missing" })
  })

  it("is read from data with every kind of init and every answer to SIGINT, and with no time before the start", () => {
    for (const init of ["present", "missing", "not-executable", "without-interpreter"]) assert.isTrue(isGuest({ ...Guest.obedient(), init }))
    for (const does of ["reboot", "exit"]) assert.isTrue(isGuest({ ...Guest.obedient(), onInterrupt: { does, afterMs: 0 } }))
    assert.isFalse(isGuest({ ...Guest.obedient(), init: "" }))
    assert.isFalse(isGuest({ ...Guest.obedient(), onInterrupt: { does: "", afterMs: 0 } }))
    assert.isTrue(isGuest({ ...Guest.obedient(), handlersAfterMs: 0 }))
    assert.isFalse(isGuest({ ...Guest.obedient(), handlersAfterMs: -1 }))
  })
})

describe("a tool that ends with an exit code", () => {
  it("says nothing unless it is told what", () => {
    assert.deepStrictEqual(exits(3), { _tag: "Exits", exitCode: 3, stdout: "", stderr: "" })
    assert.deepStrictEqual(exits(3, "why", "what"), { _tag: "Exits", exitCode: 3, stdout: "what", stderr: "why" })
  })
})

import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Guest, Incidents, type SimulatedState, Transition } from "@effect-lxc/test-kit"
import { missing } from "@effect-lxc/test-kit/ToolAnswer"
import { assert, describe, it } from "@effect/vitest"
import { config, container, directories, done, failed, type Prepared, pinned, running, start } from "./steps.ts"

const directory = HostPath.make("/srv/criu.images")
const logFile = HostPath.make("/srv/criu.log")
const dump = { _tag: "Checkpoint", ...container, directory, logFile, stop: false, timeoutMs: 60_000 } as const
const { _tag: _, ...starting } = start()
const restore = { _tag: "Restore", ...starting, directory } as const

const quiet = ["lxc.tty.max = 0", "lxc.console.path = none"]
/** A container without terminals, as one has to be that is to be dumped. */
const dumpable = (options: Prepared = {}) => running({ config: config(...pinned, ...quiet), ...options })

/** What is found in the way; undefined where the dump is made. */
const inTheWay = (state: SimulatedState): string | undefined => {
  const { problem } = Transition.complete(state, dump)
  return problem?._tag === "Conflict" ? problem.found : problem?._tag
}

describe("a CRIU", () => {
  it("that is not installed makes no dump, and restores none", () => {
    for (const state of [dumpable({ criu: null }), { ...dumpable(), answers: { criu: missing } }]) {
      assert.strictEqual(inTheWay(state), "CRIU is not installed")
      assert.strictEqual(failed(state, restore).problem._tag, "Conflict")
    }
  })

  it("of release 3 fails on kernels from 6.12 on; 4.1, and older kernels, are fine", () => {
    const bounds = "CRIU 3.17.1 does not work here: vdso: Unexpected rt vDSO area bounds"
    for (const kernel of ["6.12.1", "6.18.5", "7.0.0"]) assert.strictEqual(inTheWay(dumpable({ criu: "3.17.1", kernel })), bounds)
    for (const kernel of ["6.11.9", "6.1.0-44-amd64", "5.15.0"]) assert.isUndefined(inTheWay(dumpable({ criu: "3.17.1", kernel })))
    assert.isUndefined(inTheWay(dumpable({ criu: "4.1", kernel: "6.18.5" })))
  })
})

describe("a checkpoint", () => {
  it("is files of root's own; the container goes on, or with stop is killed", () => {
    const state = done(dumpable(), dump)
    assert.deepStrictEqual(state.files[`${directory}/inventory.img`], { kind: "file", mode: "0600", text: "" })
    assert.isNotNull(state.containers[0]?.init)
    assert.isNull(done(dumpable(), { ...dump, stop: true }).containers[0]?.init)
  })

  it("of what does not run is refused", () => {
    const { problem } = failed(Incidents.killMonitor("web1")(dumpable()), dump)
    assert.isTrue(problem._tag === "CommandFailed" && problem.exitCode === 1 && problem.stderr === "web1 is not running\n")
  })

  it("is refused by CRIU for each kind of terminal, and where no config says that there is none", () => {
    const { [directories.config("web1")]: _, ...files } = dumpable().files
    const states = [...quiet.map((line) => dumpable({ config: config(...pinned, line) })), { ...dumpable(), files }]
    for (const state of states) {
      const { problem } = failed(state, dump)
      assert.isTrue(problem._tag === "CommandFailed" && problem.exitCode === 1 && problem.stderr === "")
      assert.deepStrictEqual(problem._tag === "CommandFailed" ? problem.log : [], ["Error (criu/tty.c): tty: Unable to find a master for /6"])
    }
  })

  it("is restored only from images that are there", () => {
    const stopped = Incidents.killMonitor("web1")(dumpable({ guest: Guest.obedient() }))
    const { problem } = failed(stopped, restore)
    assert.isTrue(problem._tag === "CommandFailed" && problem.exitCode === 1 && problem.stderr === "")
    assert.deepStrictEqual(problem._tag === "CommandFailed" ? problem.log : [], ["Error (criu/image.c): Can't open inventory.img"])
  })
})

import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { afterAll, beforeAll } from "vitest"
import { realHost } from "../../../tools/realHost.ts"
import { RealLab } from "./RealLab.ts"
import { inLab } from "./RealTests.ts"

const lab = new RealLab()
const criuWorks = spawnSync("criu", ["check"], { timeout: 20_000 }).status === 0

const { leavingNothing } = inLab(lab)

describe.runIf(realHost.available)("checkpoint on real LXC", () => {
  beforeAll(() => lab.open())
  afterAll(() => lab.close())

  const instance = () =>
    lab.instance("dump", "obedient", { lxc: { settle: "300ms", ttys: 0, console: "none" } })
  const kept = () => HostPath.make(`${lab.files}/kept`)

  it.live("without a CRIU that works says what is missing, and the container goes on running", (context) => {
    if (criuWorks) context.skip("CRIU works here")
    return leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const { name } = instance()
      yield* hypervisor.start(instance())
      const { initPid } = yield* hypervisor.info(name)
      const error = yield* Effect.flip(hypervisor.checkpoint(name, kept()))
      assert.match(error.message, /CRIU (?:is not installed|\S+ does not work here)/)
      assert.match(error.message, /goes on running|nothing was done/)
      assert.isFalse(fs.existsSync(kept()))
      assert.deepInclude(yield* hypervisor.info(name), { state: "RUNNING", problem: null, initPid })
      yield* hypervisor.stop(name)
    }))
  })

  it.live("is kept and brought back where CRIU works", (context) => {
    if (!criuWorks) context.skip("needs a CRIU that works with this kernel")
    return leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const { name } = instance()
      yield* hypervisor.start(instance())
      yield* hypervisor.checkpoint(name, kept(), { stop: true })
      yield* hypervisor.restore(instance(), kept())
      assert.deepInclude(yield* hypervisor.info(name), { state: "RUNNING", problem: null })
      yield* hypervisor.stop(name)
      fs.rmSync(kept(), { recursive: true })
    }))
  })
})

import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import * as fs from "node:fs"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll } from "vitest"
import { encodeInstance } from "@effect-lxc/core/model/Instance"
import { realHost } from "../../../tools/realHost.ts"
import { RealLab } from "./RealLab.ts"
import { inLab } from "./RealTests.ts"

const lab = new RealLab()
const { leavingNothing } = inLab(lab)

const main = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url))
const kills = Number(process.env.EFFECT_LXC_CRASHES ?? 6)

const command = (...args: ReadonlyArray<string>): ChildProcess => {
  const { log, run, state } = lab.directories
  const flags = ["--run-dir", run, "--log-dir", log, "--state-dir", state]
  return spawn(process.execPath, [main, ...args, ...flags], { stdio: "ignore" })
}

const ended = (child: ChildProcess) =>
  Effect.callback<void>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) resume(Effect.void)
    else child.once("exit", () => resume(Effect.void))
  })

/** When an operation of the child process has begun, so that what follows is a crash in its middle. */
const begun = (name: string) =>
  Effect.gen(function*() {
    for (let waited = 0; waited < 5_000 && !fs.existsSync(lab.directories.journal(name)); waited += 2) yield* Effect.sleep(2)
  })

/** Instants in the life of an operation, spread over it as evenly as a golden ratio does. */
const instants = (longest: number): ReadonlyArray<number> =>
  Array.from({ length: kills }, (_, index) => Math.round((index * 0.618 % 1) * longest))

describe.runIf(realHost.available)("a process that is killed in the middle of an operation, on real LXC", () => {
  beforeAll(() => lab.open())
  afterAll(() => lab.close())

  const spec = (short: string) => {
    const instance = lab.instance(short, "obedient", { lxc: { settle: "100ms" } })
    const file = `${lab.files}/${short}.json`
    fs.writeFileSync(file, JSON.stringify(encodeInstance(instance)))
    return { file, instance }
  }

  it.live("leaves a start that recover undoes", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const { file, instance } = spec("cstart")
      for (const after of instants(250)) {
        const child = command("start", file)
        yield* begun(instance.name)
        yield* Effect.sleep(after)
        child.kill("SIGKILL")
        yield* ended(child)
        const report = yield* hypervisor.recover()
        assert.deepStrictEqual(report.unfinished, [])
        if (report.recovered.length > 0) assert.deepStrictEqual(yield* hypervisor.list(), [], `killed after ${after} ms`)
        yield* hypervisor.stop(instance.name, { force: true, timeoutMs: 0 })
      }
    })), 120_000)

  it.live("leaves a stop that the next stop completes", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const { instance } = spec("cstop")
      for (const after of instants(120)) {
        yield* hypervisor.start(instance)
        const child = command("stop", instance.name)
        yield* begun(instance.name)
        yield* Effect.sleep(after)
        child.kill("SIGKILL")
        yield* ended(child)
        yield* hypervisor.stop(instance.name)
        assert.deepStrictEqual(yield* hypervisor.list(), [], `killed after ${after} ms`)
      }
    })), 120_000)

  it.live("leaves a start that the next start undoes before it begins", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const { file, instance } = spec("cagain")
      const child = command("start", file)
      yield* begun(instance.name)
      yield* Effect.sleep(60)
      child.kill("SIGKILL")
      yield* ended(child)
      yield* hypervisor.start(instance)
      assert.strictEqual((yield* hypervisor.info(instance.name)).state, "RUNNING")
      yield* hypervisor.stop(instance.name)
    })))
})

import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import { setTimeout as delay } from "node:timers/promises"
import { afterAll, beforeAll } from "vitest"
import { encodeInstance } from "@effect-lxc/core/model/Instance"
import { realHost } from "../../../tools/realHost.ts"
import { RealLab } from "../../node-runtime/test/RealLab.ts"
import { operator, operatorIn } from "./Operator.ts"

const lab = new RealLab()
const here = operatorIn(lab.directories)

const specOf = (short: string) => {
  const instance = lab.instance(short, "obedient", { lxc: { settle: "20s" } })
  const file = `${lab.files}/${short}.json`
  fs.writeFileSync(file, JSON.stringify(encodeInstance(instance)))
  return { file, name: instance.name }
}

const leavingNothing = async (body: () => Promise<void>): Promise<void> => {
  const before = lab.snapshot()
  try {
    await body()
  } catch (error) {
    lab.reset()
    throw error
  }
  assert.deepStrictEqual(lab.differences(before), [])
}

/** Somebody's shell in the root of a container: its mount stays busy. */
const holderOf = (name: string) => {
  const child = spawn("sleep", ["60"], { cwd: lab.directories.rootfs(name), stdio: "ignore" })
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()))
  return { pid: child.pid, letGo: () => (child.kill("SIGKILL"), gone) }
}

const starting = async (file: string, ...flags: ReadonlyArray<string>) => {
  const one = here("start", file, ...flags)
  // The last step before the one that lasts: the container runs by now.
  await one.says(/\] start .* \(\d+ ms\)/)
  return one
}

/** With --json nothing is said on the way. */
const startedBy = async (name: string): Promise<void> => {
  const pidFile = lab.directories.monitorPid(name)
  while (!fs.existsSync(pidFile)) await delay(20)
  await delay(200)
}

const words = (text: string) => JSON.parse(text.trimEnd().split("\n").at(-1) ?? "") as { error: Record<string, unknown> }

describe.runIf(realHost.available)("signals to the command line, on real LXC", () => {
  beforeAll(() => lab.open())
  afterAll(() => lab.close())

  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
    it(`${signal} undoes a start, says so, and ends with ${code}`, () =>
      leavingNothing(async () => {
        const { file, name } = specOf(signal.toLowerCase())
        const one = await starting(file)
        const began = performance.now()
        one.child.kill(signal)
        const ended = await one.ended
        assert.strictEqual(ended.code, code, ended.err)
        assert.isBelow(performance.now() - began, 10_000)
        assert.isTrue(ended.err.endsWith(`\neffect-lxc: interrupted: start ${name}: everything was undone; the host is as before\n`), ended.err)
      }))
  }

  it("undoing ends at --rollback-limit, with what is left and the command that finishes it", () =>
    leavingNothing(async () => {
      const { file, name } = specOf("limit")
      const one = here("start", file, "--rollback-limit", "1s", "--json")
      await startedBy(name)
      const holder = holderOf(name)
      const began = performance.now()
      one.child.kill("SIGINT")
      const ended = await one.ended
      assert.isBelow(performance.now() - began, 4_000)
      assert.strictEqual(ended.code, 130, ended.err)
      await holder.letGo()
      const { next, residue } = words(ended.err).error as { next: ReadonlyArray<string>; residue: ReadonlyArray<{ commands: unknown }> }
      assert.deepStrictEqual(residue[0]?.commands, [["umount", "--no-canonicalize", "--", lab.directories.rootfs(name)]])
      assert.strictEqual((await operator(...next.slice(1)).ended).code, 0)
    }))

  it("a second SIGINT ends at once, says what is left, and leaves it to recover", () =>
    leavingNothing(async () => {
      const { file, name } = specOf("twice")
      const one = await starting(file)
      const holder = holderOf(name)
      one.child.kill("SIGINT")
      await one.says(/rolling back/)
      await delay(800)
      const began = performance.now()
      one.child.kill("SIGINT")
      const ended = await one.ended
      assert.isBelow(performance.now() - began, 1_000)
      assert.strictEqual(ended.code, 130)
      assert.match(ended.err, /\neffect-lxc: ended at once: start .* was undone, but for:\n {2}unmount /)
      const { log, run, state } = lab.directories
      const finish = `effect-lxc --run-dir ${run} --log-dir ${log} --state-dir ${state} recover ${name}`
      assert.isTrue(ended.err.endsWith(`\nfinish it with: ${finish}\n`), ended.err)
      assert.isTrue(fs.existsSync(lab.directories.journal(name)))
      await holder.letGo()
      const recovered = await here("recover", name).ended
      assert.strictEqual(recovered.code, 0, recovered.err)
    }))
})

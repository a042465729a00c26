import { assert, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import { afterAll, beforeAll } from "vitest"
import { encodeInstance } from "@effect-lxc/core/model/Instance"
import type { Init } from "../../../tools/busyboxImage.ts"
import { realHost } from "../../../tools/realHost.ts"
import { RealLab } from "../../node-runtime/test/RealLab.ts"
import { type Ended, operatorIn } from "./Operator.ts"

const lab = new RealLab()
const operator = operatorIn(lab.directories)

/** A spec whose start goes on for so long that somebody else comes meanwhile. */
const specOf = (short: string, init: Init, settle = "5s") => {
  const instance = lab.instance(short, init, { lxc: { settle }, resources: { memory: "64MiB" } })
  const file = `${lab.files}/${short}.json`
  fs.writeFileSync(file, JSON.stringify(encodeInstance(instance)))
  return { file, name: instance.name as string }
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

const run = async (...argv: ReadonlyArray<string>): Promise<Ended> => {
  const ended = await operator(...argv).ended
  assert.strictEqual(ended.code, 0, ended.err)
  return ended
}

/** The second was told whom it waits for at once, and took no step before the first had ended. */
const waited = (first: Ended, second: Ended, pid: number | undefined, operation: string): void => {
  const at = second.lines.findIndex(({ text }) => text.includes(`waits for pid ${pid} (${operation} since 20`))
  assert.strictEqual(at, 0, second.err)
  const told = second.lines[at]?.at ?? Number.NaN
  const [next] = second.lines.slice(at + 1)
  // The lock is let go before the process is gone, which takes some milliseconds to end.
  const lastStep = first.lines.findLast(({ text }) => text.startsWith("["))?.at ?? Number.NaN
  assert.isBelow(told, lastStep, "it was told only at the end")
  assert.isAtLeast(next?.at ?? second.at, lastStep)
}

describe.runIf(realHost.available)("two operators of one instance, on real LXC", () => {
  beforeAll(() => lab.open())
  afterAll(() => lab.close())

  it("start and start: the second waits, and finds it running", () =>
    leavingNothing(async () => {
      const { file, name } = specOf("ss", "obedient")
      const one = operator("start", file)
      await one.says(/StartContainer|start .*\.\.\./)
      const other = operator("start", file)
      const [first, second] = await Promise.all([one.ended, other.ended])
      assert.deepStrictEqual([first.code, second.code], [0, 3], second.err)
      waited(first, second, one.child.pid, "start")
      assert.match(second.err, /is RUNNING already/)
      await run("stop", name)
    }))

  it("start and stop: the stop waits, and stops what was started", () =>
    leavingNothing(async () => {
      const { file, name } = specOf("st", "obedient")
      const one = operator("start", file)
      await one.says(/start .*\.\.\./)
      const other = operator("stop", name)
      const [first, second] = await Promise.all([one.ended, other.ended])
      assert.deepStrictEqual([first.code, second.code], [0, 0], second.err)
      waited(first, second, one.child.pid, "start")
    }))

  it("stop and cleanup: the clean-up waits, and nothing is left for it", () =>
    leavingNothing(async () => {
      const { file, name } = specOf("sc", "deaf", "200ms")
      await run("start", file)
      const one = operator("stop", name, "--force", "--timeout", "5s")
      await one.says(/wait until .*\.\.\./)
      const other = operator("cleanup", name)
      const [first, second] = await Promise.all([one.ended, other.ended])
      assert.deepStrictEqual([first.code, second.code], [0, 0], second.err)
      waited(first, second, one.child.pid, "stop")
      assert.match(second.out, /there is nothing by the name/)
    }))

  it("resize and stop, in both orders: the limit is set or refused, never of what is half stopped", () =>
    leavingNothing(async () => {
      const { file, name } = specOf("rs", "deaf")
      await run("start", file)
      // Less memory is confirmed for as long as a start is.
      const one = operator("resize", name, "--memory", "48MiB")
      await one.says(/set memory/)
      const other = operator("stop", name, "--force", "--timeout", "5s")
      await other.says(/wait until .*\.\.\./)
      const third = operator("resize", name, "--memory", "32MiB")
      const [first, second, last] = await Promise.all([one.ended, other.ended, third.ended])
      assert.deepStrictEqual([first.code, second.code, last.code], [0, 0, 3], last.err)
      waited(first, second, one.child.pid, "resize")
      waited(second, last, other.child.pid, "stop")
      assert.match(last.err, /is not running/)
    }))

  it("stop --force overtakes a stop that waits for its guest, and both end well", () =>
    leavingNothing(async () => {
      const { file, name } = specOf("so", "deaf", "200ms")
      await run("start", file)
      const one = operator("stop", name, "--timeout", "60s")
      await one.says(/wait until .*\.\.\./)
      const began = performance.now()
      const other = operator("stop", name, "--force", "--timeout", "0")
      const [first, second] = await Promise.all([one.ended, other.ended])
      assert.deepStrictEqual([first.code, second.code], [0, 0], second.err)
      assert.isBelow(performance.now() - began, 15_000)
    }))

  it("is refused after --lock-wait with what it was told, and goes on at once when the holder dies", () =>
    leavingNothing(async () => {
      const { file, name } = specOf("lw", "deaf", "200ms")
      await run("start", file)
      const one = operator("stop", name, "--timeout", "60s")
      await one.says(/wait until .*\.\.\./)
      const refused = await operator("freeze", name, "--lock-wait", "300ms", "--json").ended
      const { error } = JSON.parse(refused.err) as { error: Record<string, unknown> }
      assert.deepInclude(error, { _tag: "LockHeld", instance: name })
      assert.match(String(error["holder"]), new RegExp(`^pid ${one.child.pid} \\(stop since 20`))
      const patient = operator("stop", name, "--force", "--timeout", "10s")
      await patient.says(/waits for pid/)
      const killed = performance.now()
      one.child.kill("SIGKILL")
      await patient.says(/dealing with it first/)
      assert.isBelow(performance.now() - killed, 2_000)
      patient.child.kill("SIGINT")
      await patient.ended
      await run("kill", name)
    }))

  it("operators of different instances do not wait for each other", () =>
    leavingNothing(async () => {
      const deaf = specOf("d1", "deaf", "200ms")
      const { file, name } = specOf("d2", "obedient", "200ms")
      await run("start", deaf.file)
      const one = operator("stop", deaf.name, "--timeout", "60s")
      await one.says(/wait until .*\.\.\./)
      const errors = [await run("start", file), await run("stop", name)].map(({ err }) => err).join("")
      assert.notMatch(errors, /waits for/)
      assert.isNull(one.child.exitCode)
      await run("kill", deaf.name)
      assert.strictEqual((await one.ended).code, 0)
    }))
})

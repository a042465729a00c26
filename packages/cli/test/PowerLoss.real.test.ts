import { assert, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import { setTimeout as delay } from "node:timers/promises"
import { afterAll, beforeAll } from "vitest"
import { encodeInstance } from "@effect-lxc/core/model/Instance"
import { realHost } from "../../../tools/realHost.ts"
import { RealLab } from "../../node-runtime/test/RealLab.ts"
import { type Ended, operatorIn } from "./Operator.ts"

const lab = new RealLab()
const here = operatorIn(lab.directories)

const run = async (...argv: ReadonlyArray<string>): Promise<Ended> => {
  const ended = await here(...argv).ended
  assert.strictEqual(ended.code, 0, ended.err)
  return ended
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

const specOf = (short: string) => {
  const instance = lab.instance(short, "obedient", { lxc: { settle: "300ms" } })
  const file = `${lab.files}/${short}.json`
  fs.writeFileSync(file, JSON.stringify(encodeInstance(instance)))
  return { file, name: instance.name as string }
}

/** What a start that is under way has written, as a disk would keep it through a power loss. */
const keptFiles = (name: string): ReadonlyMap<string, string> => {
  const { directories } = lab
  const container = directories.container(name)
  const files = [directories.journal(name), ...["config", "instance.json", "monitor.pid"].map((file) => `${container}/${file}`)]
  return new Map(files.map((file) => [file, fs.readFileSync(file, "utf8")]))
}

describe.runIf(realHost.available)("after a power loss, with a run directory that outlives a boot, on real LXC", () => {
  beforeAll(() => lab.open())
  afterAll(() => lab.close())

  it("what was meant to run is reported as such, and its start removes what the earlier boot left", () =>
    leavingNothing(async () => {
      const { directories } = lab
      const { file, name } = specOf("power")
      const dying = here("start", file)
      while (!fs.existsSync(directories.monitorPid(name))) await delay(5)
      const kept = keptFiles(name)
      await dying.ended
      const wanted = fs.readFileSync(directories.meantToRun(name), "utf8")
      await run("stop", name)
      fs.mkdirSync(directories.rootfs(name), { recursive: true })
      fs.mkdirSync(directories.state, { recursive: true })
      const bootId = fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
      const earlier = bootId.replace(/^./, (first) => first === "0" ? "1" : "0")
      for (const [path, text] of kept) fs.writeFileSync(path, text.replaceAll(bootId, earlier))
      fs.writeFileSync(directories.meantToRun(name), wanted.replaceAll(bootId, earlier))

      assert.match((await run("list")).out, new RegExp(`${name} +STOPPED +- +leftovers, meant to run\\n`))
      const verified = JSON.parse((await here("verify", "--json").ended).out) as { findings: ReadonlyArray<{ code: string; message: string }> }
      const messages = verified.findings.filter(({ message }) => message.includes(name)).map(({ code, message }) => [code, message])
      assert.deepStrictEqual(messages, [
        ["not-running", `${name} is meant to run and does not: the host was restarted since it was started`],
        ["unfinished", `an operation on ${name} did not end, and its process is gone`]
      ])
      const all = `${lab.files}/none`
      fs.mkdirSync(all)
      assert.include((await run("start", "--all", all)).err, `${name}: is meant to run and does not, and ${all} has no spec of it\n`)
      const started = await run("start", file)
      assert.match(started.err, /an earlier start of .* did not end: dealing with it first/)
      await run("stop", name)
    }))

  it("what somebody put into a root that is not mounted is named, and the same command goes on when it is gone", () =>
    leavingNothing(async () => {
      const { name } = specOf("foreign")
      const rootfs = lab.directories.rootfs(name)
      fs.mkdirSync(rootfs, { recursive: true })
      fs.writeFileSync(`${rootfs}/theirs`, "")
      const refused = await here("cleanup", name).ended
      assert.strictEqual(refused.code, 1)
      assert.match(refused.err, /rmdir .*\/rootfs: ENOTEMPTY; it holds theirs, which this library did not make: look what that is and move it away/)
      fs.rmSync(`${rootfs}/theirs`)
      await run("cleanup", name)
    }))
})

import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll } from "vitest"
import { realHost } from "../../../tools/realHost.ts"
import { RealLab } from "../../node-runtime/test/RealLab.ts"

const lab = new RealLab()
const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

const effectLxc = (...argv: ReadonlyArray<string>): Ran => {
  const { log, run, state } = lab.directories
  const flags = ["--run-dir", run, "--log-dir", log, "--state-dir", state]
  const { status, stderr, stdout } = spawnSync(process.execPath, [main, ...flags, ...argv], { encoding: "utf8", timeout: 60_000 })
  return { code: status, out: stdout, err: stderr }
}

const spec = (short: string, text: string): string => {
  const path = `${lab.files}/${short}.yaml`
  fs.writeFileSync(path, text.replaceAll("NAME", lab.name(short)).replaceAll("BRIDGE", lab.bridge))
  return path
}

const web = (short: string, image: string, more = ""): string =>
  spec(short, `name: NAME\ndisks: [{ path: ${image} }]\nnics: [{ link: BRIDGE }]\nlxc: { settle: 300ms }\n${more}`)

/** Runs a body and asserts that the host is as before. */
const leavingNothing = (body: () => void): void => {
  const before = lab.snapshot()
  try {
    body()
  } catch (error) {
    lab.reset()
    throw error
  }
  assert.deepStrictEqual(lab.differences(before), [])
}

describe.runIf(realHost.available)("the command line on real LXC", () => {
  beforeAll(() => lab.open())
  afterAll(() => lab.close())

  it("plans, starts, lists, inspects and stops, twice, with results on stdout alone", () =>
    leavingNothing(() => {
      const name = lab.name("story")
      const file = web("story", lab.image("obedient"), "resources: { memory: 64MiB, vcpus: 1 }")
      for (let round = 0; round < 2; round += 1) {
        const planned = effectLxc("plan", "start", file)
        assert.deepStrictEqual([planned.code, planned.err], [0, ""])
        assert.strictEqual(effectLxc("start", "--dry-run", file).out, planned.out)
        assert.strictEqual(effectLxc("start", file).code, 0)
        const [listed] = JSON.parse(effectLxc("list", "--json").out) as ReadonlyArray<Record<string, unknown>>
        assert.deepInclude(listed, { name, state: "RUNNING", managed: true, problem: null })
        const [info] = JSON.parse(effectLxc("info", name, "--json").out) as ReadonlyArray<Record<string, unknown>>
        assert.deepInclude(info?.["memory"], { limitBytes: 64 * 1024 * 1024 })
        assert.strictEqual(effectLxc("stop", name, "--timeout", "10s").code, 0)
        assert.strictEqual(effectLxc("list", "--json").out.trim(), "[]")
      }
    }))

  it("exits with 0, 1, 2 and 3 as fits, says why on stderr, and leaves the host as it was", () =>
    leavingNothing(() => {
      const image = lab.image("obedient")
      const cases: ReadonlyArray<readonly [ReadonlyArray<string>, number, RegExp]> = [
        [["start", web("noinit", lab.image("missing"))], 1, /Failed to exec "\/sbin\/init"[^]*host is as before/],
        [["start", web("atonce", lab.image("exitsAtOnce"))], 1, /exit code 3/],
        // A window that its death ends, also on a machine on which 200 ms take their time.
        [["start", spec("soon", `name: NAME\ndisks: [{ path: ${lab.image("exitsSoon")} }]\nlxc: { settle: 10s }\n`)], 1, /exit code 7/],
        [["start", web("noimage", `${lab.files}/none.img`)], 3, /there is nothing at/],
        [["start", spec("nobridge", `name: NAME\ndisks: [{ path: ${image} }]\nnics: [{ link: elt-none }]\n`)], 3, /no bridge elt-none/],
        [["start", spec("nodisk", "name: NAME\n")], 2, /a disk is required/],
        [["start", web("typo", image, "resorces: { memory: 64MiB }")], 2, /resorces[^]*resources/],
        [["start", web("tiny", image, "resources: { memory: 64KiB }")], 2, /memory/],
        [["start", spec("macs", `name: NAME\ndisks: [{ path: ${image} }]\nnics: [{ link: BRIDGE, mac: "aa:00:00:00:00:01" }, { link: BRIDGE, mac: "aa:00:00:00:00:01" }]\n`)], 2, /nics\[1\]\.mac/],
        [["info", lab.name("nobody")], 1, /there is no container/],
        [["stop", lab.name("nobody")], 0, /^$/],
        [["strat"], 2, /start/]
      ]
      for (const [argv, code, words] of cases) {
        const ran = effectLxc(...argv)
        assert.strictEqual(ran.code, code, `${argv.join(" ")}: ${ran.err}`)
        assert.match(ran.err, words)
        assert.notMatch(ran.err, /\n\s+at /)
      }
    }))

  it("refuses a second start and a stale plan with 3, and leaves a deaf guest running with 1", () =>
    leavingNothing(() => {
      const name = lab.name("deaf")
      const file = web("deaf", lab.image("deaf"))
      const plan = `${lab.files}/deaf.plan.json`
      assert.strictEqual(effectLxc("plan", "start", file, "--format", "json", "--out", plan).code, 0)
      assert.strictEqual(effectLxc("run", plan).code, 0)
      assert.strictEqual(effectLxc("run", plan).code, 3)
      assert.strictEqual(effectLxc("start", file).code, 3)
      const refused = effectLxc("stop", name, "--timeout", "200ms")
      assert.strictEqual(refused.code, 1)
      assert.match(refused.err, /goes on running/)
      assert.strictEqual(effectLxc("stop", name, "--timeout", "0", "--force").code, 0)
    }))

  it("prints scripts that bring the container up and down", () =>
    leavingNothing(() => {
      const name = lab.name("script")
      const file = web("script", lab.image("obedient"))
      const sh = (script: string): void => {
        const { status, stderr } = spawnSync("sh", ["-eu"], { input: script, encoding: "utf8", timeout: 30_000 })
        assert.strictEqual(status, 0, stderr)
      }
      sh(effectLxc("plan", "start", file, "--format", "sh").out)
      assert.include(effectLxc("list").out, "RUNNING")
      sh(effectLxc("plan", "stop", name, "--format", "sh").out)
      assert.strictEqual(effectLxc("list", "--json").out.trim(), "[]")
    }))
})

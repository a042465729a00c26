import { assert, describe, it } from "@effect/vitest"
import { execFile, execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync, utimesSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { beforeAll } from "vitest"
import { calledBy } from "../../../tools/eager.ts"
import { specText, temporary } from "./Harness.ts"

const { file, path } = temporary()
const root = fileURLToPath(new URL("../../..", import.meta.url))
const sources = join(root, "packages/cli/src/main.ts")
const bundle = path("bundle/effect-lxc.cjs")
const quiet = "--disable-warning=ExperimentalWarning"

/** What a process has answered; how long a step took is another matter. */
const answer = (main: string, argv: ReadonlyArray<string>, flags: ReadonlyArray<string> = []) =>
  new Promise<{ code: number | string; out: string; err: string }>((resolve) => {
    const env = { ...process.env, NODE_COMPILE_CACHE: path("compile-cache") }
    const child = execFile(process.execPath, [quiet, ...flags, main, ...argv], { maxBuffer: 2 ** 26, env }, (error, out, err) => {
      resolve({ code: error?.code ?? 0, out, err: err.replaceAll(/ \(\d+ ms\)$/gm, "") })
    })
    child.stdin?.end(specText)
  })

const places = (): ReadonlyArray<string> => ["--run-dir", path("run"), "--log-dir", path("log"), "--state-dir", path("state")]

const invocations = (): ReadonlyArray<ReadonlyArray<string>> => {
  const spec = file("bundle.yaml", specText)
  const target = ["--lxc-version", "5.0.2", "--cgroup", "v2"]
  return [
    [],
    ["--version"],
    ["--help"],
    ["resize", "--help"],
    ["--completions", "bash"],
    ["lst"],
    ["list", ...places()],
    ["list", "--json", ...places()],
    ["list", "--al"],
    ["info", "nobody", ...places()],
    ["info", "nobody", "--json", ...places()],
    ["stop", "--timeout", "-5"],
    ["schema"],
    ["config", spec, ...target],
    ["config", "-", ...target],
    ["config", file("bad.yaml", "name: UPPER\nnick: 1\ndisks: [\n"), ...target],
    ["config", path("none.yaml"), ...target],
    ["plan", "start", spec, "--simulate", "--format", "sh", ...places()],
    ["plan", "start", spec, "--simulate", "--out", path("no/such/file"), ...places()],
    ["start", spec, "--simulate", ...places()],
    ["run", file("plan.json", "{}"), ...places()],
    ["export", "-", path("x.tar"), "--dry-run", "--simulate", ...places()]
  ]
}

describe.runIf(process.platform === "linux")("the bundle", () => {
  beforeAll(() => {
    execFileSync(process.execPath, [quiet, join(root, "tools/bundle.ts"), path("bundle")], { stdio: "inherit" })
  }, 60_000)

  it("answers as the sources do: output, errors and exit codes, and no stack with them", async () => {
    const codes = new Set<number | string>()
    for (const argv of invocations()) {
      const [ofSources, ofBundle] = await Promise.all([answer(sources, argv), answer(bundle, argv)])
      assert.deepStrictEqual(ofBundle, ofSources, argv.join(" "))
      assert.notMatch(ofBundle.err, /^\s+at /m)
      assert.notStrictEqual(ofBundle.out + ofBundle.err, "")
      codes.add(ofBundle.code)
    }
    assert.deepStrictEqual(codes, new Set([0, 1, 2, 3]))
  }, 240_000)

  it.each([
    { argv: ["--version"], files: 4, unread: /Hypervisor|Instance|Yaml|Plan|questions/, code: 0 },
    { argv: ["list", ...places()], files: 4, unread: /Hypervisor|Instance|Yaml|Plan|commands/, code: 0 },
    { argv: ["info", "nobody", ...places()], files: 4, unread: /Hypervisor|Instance|Yaml|Plan|commands/, code: 1 }
  ])("reads for $argv.0 nothing of specs, plans or tools, and no commands beside a question", async ({ argv, code, files, unread }) => {
    const listing = file(
      "modules.cjs",
      `process.on("exit", () => require("node:fs").writeFileSync(${JSON.stringify(path("modules"))}, [
        ...Object.keys(require.cache), ...process.moduleLoadList.map((each) => each.replace("NativeModule ", "node:"))
      ].join("\\n")))`
    )
    assert.strictEqual((await answer(bundle, argv, ["--require", listing])).code, code)
    const read = readFileSync(path("modules"), "utf8").split("\n")
    const ofBundle = read.filter((name) => name.startsWith(path("bundle")))
    assert.isAbove(ofBundle.length, 2)
    assert.isAtMost(ofBundle.length, files, ofBundle.join(" "))
    for (const name of ofBundle) {
      assert.notMatch(name, unread)
      assert.notMatch(readFileSync(name, "utf8"), /lxc\.uts\.name/, name)
    }
    for (const name of ["node:child_process", "node:crypto"]) assert.notInclude(read, name)
  }, 60_000)

  it("has what a list calls in parentheses, so that V8 compiles it with the file", () => {
    const called = [...calledBy(bundle, [["list", ...places()]])].filter(([name]) => /^(?:start|questions)-/.test(name))
    assert.lengthOf(called, 2)
    for (const [name, spans] of called) {
      const code = readFileSync(path(`bundle/${name}`), "utf8")
      const begins = [...spans].map((span) => Number(span.split(":", 1)[0]))
      const eager = begins.filter((begin) => code[begin - 1] === "(")
      assert.isAbove(eager.length / begins.length, 0.7, name) // the rest are methods
    }
  }, 60_000)

  it("says which Node it needs, in a line, where it is run by an older one", async () => {
    const older = file("older.cjs", `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "22.18.0" } })`)
    assert.deepStrictEqual(await answer(bundle, ["--version"], ["--require", older]), {
      code: 1,
      out: "",
      err: "effect-lxc: this needs Node 22.19 or later on PATH, and is run by Node 22.18.0\n"
    })
  }, 60_000)

  it("is made again over an older one, whose files stay for an hour for those who run it", () => {
    const before = readdirSync(path("bundle"))
    file("bundle/older-00000000.cjs", "")
    const longAgo = Date.now() / 1000 - 3700
    utimesSync(file("bundle/oldest-00000000.cjs", ""), longAgo, longAgo)
    execFileSync(process.execPath, [quiet, join(root, "tools/bundle.ts"), path("bundle")], { stdio: "inherit" })
    assert.deepStrictEqual(readdirSync(path("bundle")), [...before, "older-00000000.cjs"].toSorted())
  }, 60_000)

  it.runIf(existsSync(join(root, ".git")))("is nothing to commit", () => {
    const ignored = execFileSync("git", ["-C", root, "check-ignore", "packages/cli/dist/bundle/effect-lxc.cjs"], { encoding: "utf8" })
    assert.strictEqual(ignored, "packages/cli/dist/bundle/effect-lxc.cjs\n")
  })
})

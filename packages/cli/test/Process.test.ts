import { assert, describe, it } from "@effect/vitest"
import { execFile, execFileSync, spawn } from "node:child_process"
import { openSync, readFileSync, rmSync } from "node:fs"
import { setTimeout as delay } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { specText, temporary } from "./Harness.ts"

const { file, path } = temporary()

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))
const flags = ["--disable-warning=ExperimentalWarning", main]
const places = () => ["--run-dir", path("run"), "--log-dir", path("log"), "--state-dir", path("state")]

/** A named pipe, made anew. */
const pipe = (name: string): string => {
  rmSync(path(name), { force: true })
  execFileSync("mkfifo", [path(name)])
  return path(name)
}

const effectLxc = (argv: ReadonlyArray<string>) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(process.execPath, [...flags, ...argv], { maxBuffer: 2 ** 28 }, (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err })
    })
  })

/** SIGHUP, SIGINT and SIGTERM, which are listened for one after the other; Node by itself catches none of them. */
const endings = (1 << 0) | (1 << 1) | (1 << 14)

/** Whether a process has come to where it handles signals. */
const catchesSignals = (pid: number | undefined): boolean => {
  const caught = /^SigCgt:\t[0-9a-f]*([0-9a-f]{8})$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0"
  return (Number.parseInt(caught, 16) & endings) === endings
}

describe.runIf(process.platform === "linux")("the process", () => {
  it("exits with the code of the failure, results and errors on their own streams", async () => {
    const usage = await effectLxc(["stop"])
    assert.deepStrictEqual(usage, { code: 2, out: "", err: "effect-lxc: NAME is missing, or --all DIR\nsee: effect-lxc stop --help\n" })
    const target = ["--lxc-version", "5.0.2", "--cgroup", "v2"]
    const config = await effectLxc(["config", file("process.yaml", specText), ...target])
    assert.deepStrictEqual([config.code, config.err], [0, ""])
    assert.match(config.out, /^lxc\.uts\.name = web1\.example\.com\n/)
  }, 30_000)

  it("has handed over a large result in whole when it exits, however slowly it is read", async () => {
    const disks = Array.from({ length: 20_000 }, (_, i) => `/dev/loop${i}`)
    const containers = path("run/containers")
    const facts = {
      cgroups: { layout: "v2", hierarchies: [], swapAccounting: true, ioWeightFile: null },
      bootId: "b",
      mounts: disks.map((source, id) => ({
        device: "7:0",
        root: "/",
        target: `${containers}/a/rootfs/${id}`,
        options: ["rw"],
        fsType: "ext4",
        source
      }))
    }
    const child = spawn(process.execPath, [
      ...flags,
      "plan",
      "stop",
      "a",
      "--facts",
      file("many.json", JSON.stringify(facts)),
      ...places()
    ])
    const chunks: Array<Buffer> = []
    let errors = ""
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()))
    const code = await new Promise((resolve) => {
      child.stdout.on("data", (chunk: Buffer) => {
        chunks.push(chunk)
        child.stdout.pause()
        setTimeout(() => child.stdout.resume(), 2)
      })
      child.on("close", resolve)
    })
    assert.strictEqual(errors, "")
    const text = Buffer.concat(chunks).toString()
    assert.strictEqual(code, 0)
    assert.isAbove(text.length, 2 ** 20)
    assert.match(text, /on failure: it stops there; the same operation, planned anew, goes on\n$/)
  }, 30_000)

  it("says nothing when its reader has gone away", async () => {
    const child = spawn(process.execPath, [...flags, "--help"])
    child.stdout.destroy()
    let errors = ""
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()))
    const code = await new Promise((resolve) => child.on("close", resolve))
    assert.deepStrictEqual([code, errors], [0, ""])
  }, 30_000)

  it("does not call a result done that could not be written", async () => {
    const child = spawn(process.execPath, [...flags, "--version"], { stdio: ["ignore", openSync("/dev/full", "w"), "pipe"] })
    let errors = ""
    child.stderr?.on("data", (chunk: Buffer) => (errors += chunk.toString()))
    const code = await new Promise((resolve) => child.on("close", resolve))
    assert.deepStrictEqual([code, errors], [1, "effect-lxc: standard output cannot be written: ENOSPC\n"])
  }, 30_000)

  it("ends by SIGINT and SIGTERM with the codes that a shell expects", async () => {
    for (const [signal, expected] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
      for (const argv of [["start", "-"], ["run", pipe("unwritten")]]) {
        // It reads what does not come.
        const child = spawn(process.execPath, [...flags, ...argv, ...places()])
        const code = new Promise((resolve) => child.on("close", resolve))
        while (!catchesSignals(child.pid)) await delay(20)
        await delay(500)
        child.kill(signal)
        const late = setTimeout(() => child.kill("SIGKILL"), 10_000)
        assert.strictEqual(await code, expected)
        clearTimeout(late)
      }
    }
  }, 60_000)

  it("reads what is typed at a terminal, by whatever name it has", async () => {
    const command = [process.execPath, ...flags, "config", "/dev/stdin", "--lxc-version", "5.0.2", "--cgroup", "v2"].join(" ")
    const terminal = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] })
    let shown = ""
    terminal.stdout.on("data", (chunk: Buffer) => (shown += chunk.toString()))
    await delay(1_500) // by then it waits
    terminal.stdin.write(`${specText}\n\u0004`)
    assert.strictEqual(await new Promise((resolve) => terminal.on("close", resolve)), 0, shown)
    assert.include(shown, "lxc.uts.name = web1.example.com")
  }, 30_000)

  it("waits for who writes to a pipe that it reads, and takes all of it", async () => {
    const spec = pipe("written.yaml")
    const reading = effectLxc(["config", spec, "--lxc-version", "5.0.2", "--cgroup", "v2"])
    await delay(1_000)
    const script = `exec >"$1"; printf '%s' "$2"; sleep 0.5; printf '\\n# %70000s' x`
    const writer = spawn("sh", ["-c", script, "sh", spec, specText], { stdio: "ignore" })
    const written = new Promise((resolve) => writer.on("close", resolve))
    const { code, err, out } = await reading
    assert.deepStrictEqual([code, err], [0, ""])
    assert.match(out, /^lxc\.uts\.name = web1\.example\.com\n/)
    assert.strictEqual(await written, 0)
  }, 30_000)
})

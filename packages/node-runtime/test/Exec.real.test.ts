import { decodeGuestCommand } from "@effect-lxc/core/model/GuestCommand"
import type { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { collect } from "@effect-lxc/core/runtime/Attaching"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Result, Stream } from "effect"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll } from "vitest"
import { layer } from "@effect-lxc/node-runtime/NodeHypervisor"
import { realHost } from "../../../tools/realHost.ts"
import { RealLab } from "./RealLab.ts"

const lab = new RealLab()
const quick = { lxc: { settle: "100ms", shutdownTimeout: "5s" } }
const main = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url))

/** With a container that runs; afterwards the host is as it was before. */
const inContainer = <A, E>(short: string, body: (name: InstanceName) => Effect.Effect<A, E, Hypervisor>) =>
  Effect.gen(function*() {
    const before = lab.snapshot()
    yield* Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = lab.instance(short, "obedient", quick)
      yield* hypervisor.start(instance)
      yield* body(instance.name)
      yield* hypervisor.stop(instance.name)
    }).pipe(Effect.provide(layer({ directories: lab.directories })), Effect.tapCause(() => Effect.sync(() => lab.reset())))
    // Other tests may be at work on the same host: what is ours has our name.
    assert.deepStrictEqual(lab.differences(before).filter((line) => line.includes(lab.id)), [])
  })

const run = (name: InstanceName, input: Record<string, unknown>, stdin?: Stream.Stream<Uint8Array>) =>
  Effect.flatMap(Hypervisor, (hypervisor) =>
    hypervisor.exec(name, Result.getOrThrow(decodeGuestCommand(input)), { stdio: { _tag: "pipe", stdin } }))

const sh = (script: string) => ({ argv: ["/bin/sh", "-c", script] })

/** Command lines in the cgroup that LXC makes for attached programs. */
const attached = (name: string): ReadonlyArray<string> =>
  fs.readFileSync("/proc/self/mounts", "utf8").split("\n").map((line) => line.split(" "))
    .filter(([, , type]) => type === "cgroup2").map(([, target]) => `${target}/lxc.payload.${name}/.lxc/cgroup.procs`)
    .filter((file) => fs.existsSync(file))
    .flatMap((file) => fs.readFileSync(file, "utf8").trim().split("\n"))
    .filter((pid) => pid !== "" && fs.existsSync(`/proc/${pid}/cmdline`))
    .map((pid) => fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim())

const sees = (holds: () => boolean) =>
  Effect.gen(function*() {
    for (let look = 0; look < 500 && !holds(); look++) yield* Effect.sleep(20)
    assert.isTrue(holds())
  })

const effectLxc = (stdio: "pipe" | "ignore", ...argv: ReadonlyArray<string>): ChildProcess => {
  const { log, run, state } = lab.directories
  const flags = ["--run-dir", run, "--log-dir", log, "--state-dir", state]
  return spawn(process.execPath, ["--disable-warning=ExperimentalWarning", main, ...flags, ...argv], {
    stdio: [stdio, "pipe", "inherit"],
    env: { ...process.env, SECRET_OF_THE_HOST: "1" }
  })
}

const endOf = (child: ChildProcess): Effect.Effect<{ code: number | null; out: string }> =>
  Effect.callback((resume) => {
    let out = ""
    child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()))
    child.on("close", (code) => resume(Effect.succeed({ code, out })))
  })

describe.runIf(realHost.available)("programs in a real container", () => {
  beforeAll(() => lab.open())
  afterAll(() => lab.close())

  it.live("keep their exit code, their output, their user and directory, and see nothing of the host's environment", () =>
    inContainer("run", (name) =>
      Effect.gen(function*() {
        process.env["SECRET_OF_THE_HOST"] = "1"
        const of = (input: Record<string, unknown>) => Effect.scoped(Effect.flatMap(run(name, input), (it) => collect(it)))
        assert.deepInclude(yield* of(sh("echo out; echo err >&2; exit 42")), { exitCode: 42, stdout: "out\n", stderr: "err\n" })
        assert.deepInclude(yield* of({ argv: ["/bin/echo", "$(id)  a", "*"] }), { exitCode: 0, stdout: "$(id)  a *\n" })
        assert.deepInclude(yield* of({ argv: ["/bin/nope"] }), { exitCode: 127 })
        assert.deepInclude(yield* of(sh("kill -9 $$")), { exitCode: 137 })
        assert.deepInclude(yield* of({ ...sh("pwd; id"), cwd: "/tmp", uid: 1000 }), { stdout: "/tmp\nuid=1000 gid=1000\n" })
        assert.deepInclude(yield* of({ argv: ["/bin/true"], cwd: "/nope" }), { exitCode: 125 })
        const env = yield* of({ argv: ["/bin/env"], env: { A: "b=c d" } })
        assert.sameMembers(env.stdout.trim().split("\n").map((line) => line.split("=", 1)[0]), ["A", "PATH", "container"])
        assert.include(env.stdout, "A=b=c d\n")
      })))

  it.live("are no reason why a start fails whose guest then ends", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = lab.instance("ends", "obedient", { lxc: { settle: "20s" } })
      const start = yield* Effect.forkChild(Effect.flip(hypervisor.start(instance)))
      yield* sees(() => fs.existsSync(lab.directories.monitorPid(instance.name)))
      yield* Effect.sleep(300)
      const exitOf = (script: string) => Effect.scoped(Effect.flatMap(run(instance.name, sh(script)), (it) => it.exitCode))
      assert.strictEqual(yield* exitOf("true"), 0)
      yield* exitOf("kill -PWR 1")
      assert.match((yield* Fiber.join(start)).message, /ended after \d+ ms \(exit code 0\)\n(?!.*LXC says)/s)
      assert.include(fs.readFileSync(lab.directories.lxcLog(instance.name), "utf8"), "get_config_unsupported_key")
    }).pipe(Effect.provide(layer({ directories: lab.directories })), Effect.tapCause(() => Effect.sync(() => lab.reset()))))

  it.live("get a binary standard input to its end, and one that a daemon keeps open does not hold up the result", () =>
    inContainer("pipe", (name) =>
      Effect.gen(function*() {
        const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 256)
        const program = yield* run(name, { argv: ["/bin/cat"] }, Stream.fromIterable([bytes.subarray(0, 1), bytes.subarray(1)]))
        const chunks = yield* Stream.runCollect(program.stdout)
        assert.isTrue(Buffer.concat(chunks).equals(bytes))
        assert.strictEqual(yield* program.exitCode, 0)
        const began = Date.now()
        const left = yield* Effect.flatMap(run(name, sh("sleep 33 & echo left")), (it) => collect(it))
        assert.deepInclude(left, { exitCode: 0, stdout: "left\n" })
        assert.isBelow(Date.now() - began, 5_000)
        assert.deepStrictEqual(attached(name), ["sleep 33"])
      }).pipe(Effect.scoped)))

  it.live("end with the call: what they started too, and whatever they ignore", () =>
    inContainer("left", (name) =>
      Effect.gen(function*() {
        const script = `trap "" TERM HUP INT; (sleep 61; true) & (setsid sleep 62) & sleep 63; true`
        const call = yield* Effect.forkChild(Effect.scoped(Effect.flatMap(run(name, sh(script)), (it) => it.exitCode)))
        yield* sees(() => ["sleep 61", "sleep 63"].every((each) => attached(name).includes(each)))
        yield* Fiber.interrupt(call)
        assert.deepStrictEqual(attached(name).filter((each) => each !== "setsid sleep 62" && each !== "sleep 62"), [])
      })))

  it.live("end with the call where somebody else kills lxc-attach", () =>
    inContainer("orphan", (name) =>
      Effect.gen(function*() {
        const program = yield* run(name, { argv: ["/bin/sleep", "64"] })
        const pid = fs.readdirSync("/proc").filter((each) => /^\d+$/.test(each)).find((each) => {
          const line = fs.existsSync(`/proc/${each}/cmdline`) ? fs.readFileSync(`/proc/${each}/cmdline`, "utf8") : ""
          return line.includes("lxc-attach\0-n\0" + name) && line.endsWith("\0/bin/sleep\0" + "64\0")
        })
        process.kill(Number(pid), "SIGKILL")
        assert.strictEqual(yield* program.exitCode, 137)
        assert.deepStrictEqual(attached(name), [])
      }).pipe(Effect.scoped)))

  it.live("are refused while the container is frozen, at once and with the way out", () =>
    inContainer("frozen", (name) =>
      Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        yield* hypervisor.freeze(name)
        const error = yield* Effect.flip(Effect.scoped(run(name, { argv: ["/bin/true"] })))
        assert.match(error.message, /is FROZEN.*effect-lxc thaw/)
        yield* hypervisor.thaw(name)
      })))

  it.live("a console is a command for others, is refused without a terminal, and on one is left by its key", () =>
    inContainer("console", (name) =>
      Effect.gen(function*() {
        const { out } = yield* endOf(effectLxc("ignore", "console", name, "--command"))
        const { argv } = JSON.parse(out) as { argv: ReadonlyArray<string> }
        assert.deepStrictEqual(argv.slice(0, 5), ["lxc-console", "-n", name, "-P", lab.directories.containers])
        // In a process of its own: whoever runs the tests may well sit at a terminal.
        const { log, run: runDirectory, state } = lab.directories
        const flags = ["--run-dir", runDirectory, "--log-dir", log, "--state-dir", state]
        const refused = spawnSync(process.execPath, [main, ...flags, "console", name], {
          stdio: ["ignore", "pipe", "pipe"],
          encoding: "utf8",
          timeout: 20_000
        })
        assert.strictEqual(refused.status, 1)
        assert.include(refused.stderr, "standard input is not a terminal")
        const terminal = spawn("script", ["-qec", argv.join(" "), "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] })
        let shown = ""
        terminal.stdout.on("data", (chunk: Buffer) => {
          if (shown.includes("Ctrl+a q")) return
          shown += chunk.toString()
          if (shown.includes("Ctrl+a q")) terminal.stdin.write("\u0001q")
        })
        const left = yield* endOf(terminal)
        assert.strictEqual(left.code, 0)
        assert.include(left.out, "Connected to tty 1")
      })))

  it.live("by the command line: streams and exit code are the program's, signals reach it, none outlives it", () =>
    inContainer("cli", (name) =>
      Effect.gen(function*() {
        const env = effectLxc("ignore", "exec", name, "--env", "A=b", "--", "/bin/env")
        assert.match((yield* endOf(env)).out, /^(?=.*^A=b$)(?!.*SECRET)/ms)
        const echo = effectLxc("pipe", "exec", name, "--", "/bin/sh", "-c", "cat; exit 7")
        echo.stdin?.end("through\n")
        assert.deepStrictEqual(yield* endOf(echo), { code: 7, out: "through\n" })
        for (const [signal, number] of [["SIGTERM", 15], ["SIGINT", 2], ["SIGHUP", 1]] as const) {
          const trap = `trap "echo got ${number}; exit ${number}" ${number}; while :; do sleep 0.05; done`
          const child = effectLxc("ignore", "exec", name, "--", "/bin/sh", "-c", trap)
          const ended = yield* Effect.forkChild(endOf(child))
          yield* sees(() => attached(name).some((each) => each.includes("trap")) && attached(name).includes("sleep 0.05"))
          child.kill(signal)
          assert.deepStrictEqual(yield* Fiber.join(ended), { code: number, out: `got ${number}\n` })
        }
        const deaf = effectLxc("ignore", "exec", name, "--", "/bin/sh", "-c", `trap "" TERM; sleep 65; sleep 66`)
        const ended = yield* Effect.forkChild(endOf(deaf))
        yield* sees(() => attached(name).includes("sleep 65"))
        for (let sent = 0; sent < 3; sent++) {
          deaf.kill("SIGTERM")
          yield* Effect.sleep(100)
        }
        assert.strictEqual((yield* Fiber.join(ended)).code, 143)
        assert.deepStrictEqual(attached(name), [])
      })))
})

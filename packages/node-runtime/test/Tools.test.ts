import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { layer } from "@effect-lxc/node-runtime/NodeHypervisor"
import { HeldLock } from "@effect-lxc/node-runtime/HeldLock"
import { startersOf } from "@effect-lxc/node-runtime/Monitors"
import { allPids, childrenOf, commandOf, parentOf } from "@effect-lxc/node-runtime/Processes"
import { commandFailed, runTool, runToolOk, ToolDirectories } from "@effect-lxc/node-runtime/Tools"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Schema } from "effect"
import { execFileSync, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { until } from "./RealHappenings.ts"

const block = (milliseconds: number): void => {
  const until = performance.now() + milliseconds
  while (performance.now() < until);
}

describe("tools", () => {
  it.live("what a tool printed is whole, also where its end is seen long before its output is read", () =>
    Effect.gen(function*() {
      const first = Effect.runPromise(runTool(["sh", "-c", "echo first"], 10_000, {
        // The end of the second falls into this: it is seen with that of the first, its output only a turn later.
        take: async (stdout) => {
          for await (const _ of stdout) {
            setImmediate(() => block(400))
            block(800)
          }
        },
        failure: () => assert.fail("nothing fails here")
      }))
      const second = Effect.runPromise(runTool(["sh", "-c", "sleep 0.5; echo second"], 10_000))
      block(200)
      yield* Effect.promise(() => first)
      const { stdout } = yield* Effect.promise(() => second)
      assert.strictEqual(stdout, "second\n")
    }))
})

it.live("of what a tool prints without end no more is kept than an error can show", () =>
  Effect.gen(function*() {
    const { stdout } = yield* runTool(["sh", "-c", "head -c 30000000 /dev/zero"], 10_000)
    assert.isBelow(stdout.length, 200_000)
  }))

const isLinux = process.platform === "linux"

/** Tools that are none, in a directory of their own. */
const toolsIn = (scripts: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const directory = fs.mkdtempSync(join(tmpdir(), "effect-lxc-tools-"))
      for (const [name, text] of Object.entries(scripts)) {
        fs.writeFileSync(join(directory, name), `#!/bin/sh\n${text.replaceAll("HERE", directory)}\n`, { mode: 0o755 })
      }
      return directory
    }),
    (directory) => Effect.sync(() => fs.rmSync(directory, { recursive: true, force: true }))
  )

const isAlive = (pid: string): boolean => {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8"))
  } catch {
    return false
  }
}

/** Deaf to SIGTERM, with a child that is too. */
const hangs = "trap '' TERM\nsleep 60 &\necho $$ $! > HERE/pids\nwait"

const pidsIn = (directory: string): ReadonlyArray<string> =>
  fs.readFileSync(join(directory, "pids"), "utf8").trim().split(" ")

describe.runIf(isLinux)("a tool that hangs", () => {
  it.live("is killed with its process group at its limit, and the error says which it was and how long it had", () =>
    Effect.gen(function*() {
      const tools = yield* toolsIn({ "lxc-freeze": hangs })
      const error = yield* Effect.flip(runTool(["lxc-freeze", "-n", "web1"], 400)).pipe(
        Effect.provideService(ToolDirectories, [tools, "/usr/bin", "/bin"])
      )
      assert.deepStrictEqual(error.problem, { _tag: "CommandTimedOut", argv: ["lxc-freeze", "-n", "web1"], timeoutMs: 400, log: [] })
      assert.strictEqual(error.message, "lxc-freeze -n web1\ndid not end within 400 ms and was killed")
      const [leader = "", child = ""] = pidsIn(tools)
      assert.isFalse(isAlive(leader))
      yield* Effect.sleep(50)
      assert.isFalse(isAlive(child))
    }).pipe(Effect.scoped))

  it.live("is gone when its interruption is over", () =>
    Effect.gen(function*() {
      const tools = yield* toolsIn({ mount: hangs })
      const fiber = yield* Effect.forkChild(
        Effect.provideService(runTool(["mount"], 60_000), ToolDirectories, [tools, "/usr/bin", "/bin"])
      )
      while (!fs.existsSync(join(tools, "pids"))) yield* Effect.sleep(5)
      yield* Effect.sleep(20)
      yield* Fiber.interrupt(fiber)
      assert.isFalse(isAlive(pidsIn(tools)[0] ?? ""))
    }).pipe(Effect.scoped))

  it.live("has the limit that the options of the layer give", () =>
    Effect.gen(function*() {
      const tools = yield* toolsIn({ "lxc-start": hangs })
      const began = performance.now()
      const error = yield* Effect.flip(Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.facts())).pipe(
        Effect.provide(layer({ toolLimits: { tool: 300 } }).pipe(Layer.provide(Layer.succeed(ToolDirectories, [tools, "/usr/bin", "/bin"]))))
      )
      assert.isBelow(performance.now() - began, 5_000)
      assert.strictEqual(error.message, `${tools}/lxc-start --version\ndid not end within 300 ms and was killed`)
    }).pipe(Effect.scoped))
})

it.live.runIf(isLinux)("a client that starts a container is known as one, wherever the tool is", () =>
  Effect.gen(function*() {
    // A binary has its own words in /proc, a script those of what reads it: that one takes the words of the binary.
    const tools = yield* toolsIn({})
    const itself = "process.title = process.argv.slice(1).join(' ')\nsetTimeout(() => undefined, 30_000)\n"
    fs.writeFileSync(join(tools, "lxc-start"), `#!${process.execPath}\n${itself}`, { mode: 0o755 })
    const container = { lxcPath: `${tools}/containers`, name: "web1" }
    const starting = yield* Effect.forkChild(
      Effect.provideService(runTool(["lxc-start", "-d", "-n", "web1", "-P", container.lxcPath, "-o", "log"], 20_000), ToolDirectories, [tools, "/bin"])
    )
    assert.isTrue(yield* until(() => startersOf(container).length === 1))
    assert.deepStrictEqual(startersOf({ ...container, name: "web" }), [])
    assert.deepStrictEqual(startersOf({ ...container, lxcPath: "/containers" }), [])
    yield* Fiber.interrupt(starting)
    assert.deepStrictEqual(startersOf(container), [])
  }).pipe(Effect.scoped))

/** A word of an argument list: anything but what ends one. */
const word = Schema.String.check(Schema.isPattern(/^[^\0\ud800-\udfff]*$/))

const shells = (): ReadonlyArray<number> => allPids().filter((pid) => parentOf(pid) === process.pid && commandOf(pid).startsWith("/bin/sh -c"))

describe.runIf(isLinux)("the shells that fork tools", () => {
  it.effect.prop("hand on each word as it is, and read none of it", [Schema.Array(word)], ([words]) =>
    Effect.gen(function*() {
      const { stdout } = yield* runTool(["printf", "%s\\0", "", ...words], 10_000)
      assert.deepStrictEqual(stdout.split("\0").slice(1, -1), words)
    }), { arbitrary: { runs: 60 } })

  it.live("tell what a tool printed to where, and how it ended", () =>
    Effect.gen(function*() {
      const ended = (script: string) => Effect.map(runTool(["sh", "-c", script], 10_000), (each) => [each.exitCode, each.signal, each.stdout, each.stderr])
      assert.deepStrictEqual(yield* ended("printf out; printf err >&2"), [0, null, "out", "err"])
      for (const code of [1, 2, 127, 128, 255]) assert.deepStrictEqual(yield* ended(`exit ${code}`), [code, null, "", ""])
      // The shell that runs it cannot tell the two apart; where Node does, it says so.
      for (const script of ["kill -TERM $$", "exit 143"]) {
        assert.deepStrictEqual((yield* ended(script)).slice(0, 3), [143, "SIGTERM", ""])
        assert.include((yield* Effect.flip(runToolOk(["sh", "-c", script], 10_000))).message, "\nended with exit code 143, as by SIGTERM")
      }
      const forked = yield* runTool(["sh", "-c", "kill -TERM $$"], 10_000, { take: () => Promise.resolve(), failure: () => assert.fail() })
      assert.include(commandFailed(["sh"], forked, []).message, "\nwas ended by SIGTERM")
      assert.deepStrictEqual((yield* ended("read line; echo \"[$line]\""))[2], "[]\n")
    }))

  it.live("are as many as there are tools at a time, and go when they have nothing to run", () =>
    Effect.gen(function*() {
      const running = (count: number) =>
        Effect.all(Array.from({ length: count }, (_, at) => runTool(["sh", "-c", `sleep 0.2; echo ${at}`], 10_000)), { concurrency: "unbounded" })
      assert.isTrue(yield* until(() => shells().length === 0))
      for (let each = 0; each < 5; each++) yield* runTool(["true"], 10_000)
      assert.strictEqual(shells().length, 1)
      assert.deepStrictEqual((yield* running(6)).map(({ stdout }) => stdout), ["0\n", "1\n", "2\n", "3\n", "4\n", "5\n"])
      assert.strictEqual(shells().length, 6)
      assert.isTrue(yield* until(() => shells().length === 0))
    }))

  /** Runs a program in a process of its own, and gives what it printed. */
  const alone = (program: string): string => {
    const tools = JSON.stringify(join(import.meta.dirname, "../src/Tools.ts"))
    const imports = `import { Effect } from "effect"; import * as fs from "node:fs"; const { runTool } = await import(${tools})\n`
    return spawnSync(process.execPath, ["--input-type=module", "-e", imports + program], { encoding: "utf8", timeout: 20_000 }).stdout
  }

  it.live("let a process end that has nothing else to do", () =>
    Effect.sync(() => {
      const printed = alone(`
        console.log((await Effect.runPromise(runTool(["echo", "done"], 10_000))).stdout)
        // It did not wait until its shell had ended.
        process.on("exit", () => console.log(fs.readFileSync("/proc/self/task/" + process.pid + "/children", "utf8") !== ""))
      `)
      assert.strictEqual(printed, "done\n\ntrue\n")
    }))

  it.live("cannot be had where a process has too many files open, and can when it has not any more", () =>
    Effect.sync(() => {
      const printed = alone(`
        const files = []
        process.on("uncaughtException", (error) => console.log("uncaught", error))
        try { while (true) files.push(fs.openSync("/dev/null")) } catch {}
        console.log((await Effect.runPromise(Effect.flip(runTool(["true"], 10_000)))).problem.code)
        for (const file of files) fs.closeSync(file)
        console.log((await Effect.runPromise(runTool(["true"], 10_000))).exitCode)
      `)
      assert.strictEqual(printed, "EMFILE\n0\n")
    }))

  it.live("run nothing for a claim that nobody has", () =>
    Effect.gen(function*() {
      const tools = yield* toolsIn({ mount: "touch HERE/ran" })
      const error = yield* Effect.flip(runTool(["mount"], 10_000)).pipe(
        Effect.provideService(HeldLock, 987_654),
        Effect.provideService(ToolDirectories, [tools, "/usr/bin", "/bin"])
      )
      assert.match(error.message, /^spawn \/bin\/sh: exit code [1-9]\d*; .*\/proc\/\d+\/fd\/987654\b.*[^\n]$/)
      assert.isFalse(fs.existsSync(join(tools, "ran")))
    }).pipe(Effect.scoped))

  it.live("have the claim to a lock open while a tool works under it, and no longer", () =>
    Effect.gen(function*() {
      const files = yield* toolsIn({ claim: "" })
      const claim = yield* Effect.acquireRelease(
        Effect.sync(() => fs.openSync(join(files, "claim"), "r")),
        (file) => Effect.sync(() => fs.closeSync(file))
      )
      const { stdout } = yield* Effect.provideService(runTool(["readlink", "/proc/self/fd/3"], 10_000), HeldLock, claim)
      assert.strictEqual(stdout, `${join(files, "claim")}\n`)
      assert.strictEqual((yield* runTool(["readlink", "/proc/self/fd/3"], 10_000)).exitCode, 1)
      const idle = shells()
      assert.isAbove(idle.length, 0)
      for (const pid of idle) assert.isFalse(fs.existsSync(`/proc/${pid}/fd/3`))
    }).pipe(Effect.scoped))

  it.live("are replaced where somebody kills them: the tool that one had is no success", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.flip(runTool(["sleep", "30"], 10_000)))
      const sleeping = () => shells().find((pid) => childrenOf(pid).some((child) => commandOf(child).endsWith("sleep 30")))
      assert.isTrue(yield* until(() => sleeping() !== undefined))
      process.kill(-(sleeping() ?? process.pid), "SIGKILL")
      assert.match((yield* Fiber.join(fiber)).message, /SIGKILL; look who ended it/)
      assert.strictEqual((yield* runTool(["echo", "next"], 10_000)).stdout, "next\n")
    }))

  it.live("give no tool the end of another, whatever one has left behind that prints", () =>
    Effect.gen(function*() {
      const code = (script: string) => Effect.map(runTool(["sh", "-c", script], 10_000), ({ exitCode }) => exitCode)
      for (let each = 0; each < 20; each++) {
        assert.strictEqual(yield* code("yes | head -c 1000000 & exit 7"), 7)
        assert.strictEqual(yield* code("echo out; echo err >&2; exit 3"), 3)
      }
    }))

  it.live("run nothing more where something that a tool has left behind still prints", () =>
    Effect.gen(function*() {
      yield* runTool(["sh", "-c", "(sleep 0.1; echo stray; sleep 0.4; echo stray) &"], 10_000)
      yield* Effect.sleep(250)
      assert.strictEqual((yield* runTool(["sh", "-c", "sleep 0.5; echo own"], 10_000)).stdout, "own\n")
    }))

  it.live("are replaced where somebody kills them, also while something that a tool has left behind has their pipes open", () =>
    Effect.gen(function*() {
      assert.isTrue(yield* until(() => shells().length === 0))
      yield* runTool(["sh", "-c", "sleep 30 &"], 10_000)
      const [shell = process.pid] = shells()
      process.kill(shell, "SIGKILL")
      yield* Effect.sleep(50)
      assert.strictEqual((yield* runTool(["echo", "next"], 2_000)).stdout, "next\n")
      process.kill(-shell, "SIGKILL")
    }))

  it.live("take along what they run where somebody kills them: it does not go on beside what its failure brings about", () =>
    Effect.gen(function*() {
      const tools = yield* toolsIn({ mount: "exec >&- 2>&-\ntouch HERE/began\nsleep 0.7\ntouch HERE/ended" })
      const fiber = yield* Effect.forkChild(Effect.flip(runTool(["mount"], 10_000)).pipe(
        Effect.provideService(ToolDirectories, [tools, "/usr/bin", "/bin"])
      ))
      assert.isTrue(yield* until(() => fs.existsSync(join(tools, "began"))))
      const shell = shells().find((pid) => childrenOf(pid).some((child) => commandOf(child).includes(tools)))
      process.kill(shell ?? process.pid, "SIGKILL")
      assert.match((yield* Fiber.join(fiber)).message, /SIGKILL/)
      yield* Effect.sleep(1_000)
      assert.isFalse(fs.existsSync(join(tools, "ended")))
    }).pipe(Effect.scoped))

  it.live("tell nobody else on the host by what they know the end of a tool", () =>
    Effect.gen(function*() {
      yield* runTool(["true"], 10_000)
      assert.isAbove(shells().length, 0)
      for (const pid of shells()) assert.notMatch(commandOf(pid), /[0-9a-f]{8}-[0-9a-f]{4}-/)
    }))

  it.live("run nothing where who has the claim is gone by the time they have it open", () =>
    Effect.gen(function*() {
      const files = yield* toolsIn({ mount: "touch HERE/ran" })
      const claim = join(files, "claim")
      execFileSync("mkfifo", [claim]) // the shell waits in open(2) until somebody writes
      const lower = fs.openSync("/dev/null", "r")
      const held = fs.openSync(claim, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK)
      const fiber = yield* Effect.forkChild(Effect.exit(runTool(["mount"], 2_000)).pipe(
        Effect.provideService(HeldLock, held),
        Effect.provideService(ToolDirectories, [files, "/usr/bin", "/bin"])
      ))
      yield* Effect.sleep(300)
      for (const file of [held, lower]) fs.closeSync(file)
      const writer = fs.openSync(claim, fs.constants.O_WRONLY | fs.constants.O_NONBLOCK)
      assert.isBelow(writer, held)
      assert.isTrue(Exit.isFailure(yield* Fiber.join(fiber)))
      fs.closeSync(writer)
      assert.isFalse(fs.existsSync(join(files, "ran")))
    }).pipe(Effect.scoped))

  it.live("are given no word that has an end in its midst", () =>
    Effect.gen(function*() {
      assert.match((yield* Effect.flip(runTool(["echo", "a\0b"], 10_000))).message, /an argument of echo has a NUL: "a/)
    }))
})

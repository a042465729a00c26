import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { layer } from "@effect-lxc/node-runtime/NodeHypervisor"
import { runTool, ToolDirectories } from "@effect-lxc/node-runtime/Tools"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

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

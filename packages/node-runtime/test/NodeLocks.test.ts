import { Directories } from "@effect-lxc/core/host/Directories"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Locks } from "@effect-lxc/core/runtime/Locks"
import * as NodeLocks from "@effect-lxc/node-runtime/NodeLocks"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"

const root = fs.mkdtempSync(join(tmpdir(), "effect-lxc-locks-"))
afterAll(() => fs.rmSync(root, { recursive: true, force: true }))
const directories = new Directories({ run: HostPath.make(`${root}/run`), log: HostPath.make(`${root}/log`), state: HostPath.make(`${root}/state`) })
const lock = directories.lock("web1")

const acquire = Effect.flatMap(Locks, (locks) => locks.acquire(directories, "web1", "start", 0))
const holder = Effect.scoped(Effect.flip(acquire)).pipe(
  Effect.map((error) => error._tag === "LockHeld" ? error.holder ?? "" : error.message)
)

/** While another process, which has nothing to do with who wrote the lock, holds it as a tool that has inherited it. */
const whileHeld = <A, E, R>(body: (pid: number) => Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.promise(async () => {
      const tool = spawn("flock", ["--no-fork", "--exclusive", lock, "sh", "-c", "echo held; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] })
      await new Promise((resolve) => tool.stdout.once("data", resolve))
      return tool
    }),
    (tool) => body(tool.pid ?? 0),
    (tool) => Effect.promise(() => new Promise((resolve) => tool.once("exit", resolve).kill("SIGKILL")))
  )

it.live("a lock says who holds it, and where that one is dead, which tool of it holds it on", () =>
  Effect.gen(function*() {
    yield* Effect.scoped(Effect.gen(function*() {
      yield* acquire
      assert.match(yield* holder, new RegExp(`^pid ${process.pid} \\(start since \\S+\\)$`))
    }))
    // No process has this pid: it is above the highest that Linux gives.
    fs.writeFileSync(lock, "pid 4194305 (start since 2026-01-01T00:00:00.000Z)\n")
    yield* whileHeld((pid) =>
      Effect.map(holder, (text) =>
        assert.strictEqual(text, `pid 4194305 (start since 2026-01-01T00:00:00.000Z), which is dead: its tool sleep 60 (pid ${pid}) still holds it`)))
    yield* Effect.scoped(acquire)
  }).pipe(Effect.provide(NodeLocks.layer)))

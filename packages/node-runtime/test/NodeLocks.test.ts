import { Directories } from "@effect-lxc/core/host/Directories"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Locks } from "@effect-lxc/core/runtime/Locks"
import { HeldLock } from "@effect-lxc/node-runtime/HeldLock"
import * as NodeHypervisor from "@effect-lxc/node-runtime/NodeHypervisor"
import * as NodeLocks from "@effect-lxc/node-runtime/NodeLocks"
import { allPids, commandOf } from "@effect-lxc/node-runtime/Processes"
import { runTool } from "@effect-lxc/node-runtime/Tools"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { afterAll } from "vitest"
import { until } from "./RealHappenings.ts"

const root = fs.mkdtempSync(join(tmpdir(), "effect-lxc-locks-"))
afterAll(() => fs.rmSync(root, { recursive: true, force: true }))
const directories = new Directories({ run: HostPath.make(`${root}/run`), log: HostPath.make(`${root}/log`), state: HostPath.make(`${root}/state`) })
const lock = directories.lock("web1")
/** No process has this pid: it is above the highest that Linux gives. */
const claim = `${lock}.4194305-0`

/** What somebody who died has left of a lock. */
const leave = (): void => {
  fs.writeFileSync(claim, "pid 4194305 (start since 2026-01-01T00:00:00.000Z)\n", { mode: 0o600 })
  fs.writeFileSync(`${lock}.4194306-0`, "") // by one that died before it had the lock
  fs.symlinkSync(basename(claim), lock)
}

const nothingLeft = () => assert.deepStrictEqual(fs.readdirSync(directories.locks).filter((name) => name !== ".guard"), [])

const acquire = Effect.flatMap(Locks, (locks) => locks.acquire(directories, "web1", "start", 0))
const holder = Effect.scoped(Effect.flip(acquire)).pipe(
  Effect.map((error) => error._tag === "LockHeld" ? error.holder ?? "" : error.message)
)

/** Who has it by a look, which takes nothing. */
const looked = Effect.flatMap(Locks, (locks) => locks.holder(directories, "web1"))

/** While another process, which has nothing to do with who wrote the lock, holds it as a tool that has inherited it. */
const whileHeld = <A, E, R>(body: (pid: number) => Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.promise(async () => {
      const tool = spawn("flock", ["--no-fork", "--exclusive", claim, "sh", "-c", "echo held; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] })
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
    leave()
    yield* whileHeld((pid) =>
      Effect.map(holder, (text) =>
        assert.strictEqual(text, `pid 4194305 (start since 2026-01-01T00:00:00.000Z), which is dead: its tool sleep 60 (pid ${pid}) still holds it`)))
    fs.writeFileSync(lock, "pid \u001b[2J\u202e\n")
    yield* whileHeld(() => Effect.map(holder, (text) => assert.strictEqual(text, "pid \\u{1b}[2J\\u{202e}")))
    yield* Effect.scoped(acquire)
  }).pipe(Effect.provide(NodeLocks.layer)))

it.live("of a tool that a shell of a dead holder runs it says the tool, not the shell", () =>
  Effect.gen(function*() {
    yield* Effect.scoped(acquire)
    leave()
    const file = fs.openSync(claim, "r")
    const fiber = yield* Effect.forkChild(Effect.provideService(runTool(["sleep", "60"], 60_000), HeldLock, file))
    const sleeping = () => allPids().find((pid) => commandOf(pid).endsWith("sleep 60") && fs.existsSync(`/proc/${pid}/fd/3`))
    assert.isTrue(yield* until(() => sleeping() !== undefined))
    fs.closeSync(file)
    assert.match((yield* looked) ?? "", new RegExp(`, which is dead: its tool \\S*/sleep 60 \\(pid ${sleeping()}\\) still holds it$`))
    yield* Fiber.interrupt(fiber)
    yield* Effect.scoped(acquire)
  }).pipe(Effect.provide(NodeLocks.layer)))

it.live("a look tells who holds a lock, and that nobody does, and changes nothing", () =>
  Effect.gen(function*() {
    assert.isUndefined(yield* looked)
    yield* Effect.scoped(Effect.gen(function*() {
      yield* acquire
      assert.match((yield* looked) ?? "", new RegExp(`^pid ${process.pid} \\(start since `))
    }))
    leave()
    const before = fs.readdirSync(directories.locks)
    assert.isUndefined(yield* looked)
    assert.deepStrictEqual(fs.readdirSync(directories.locks), before)
    yield* whileHeld((pid) => Effect.map(looked, (text) => assert.include(text ?? "", `(pid ${pid}) still holds it`)))
    yield* Effect.scoped(acquire)
  }).pipe(Effect.provide(NodeLocks.layer)))

it.live("a lock leaves nothing behind, and the file of one that died is no lock: it is had at once", () =>
  Effect.gen(function*() {
    yield* Effect.scoped(acquire)
    nothingLeft()
    leave()
    yield* Effect.scoped(Effect.gen(function*() {
      yield* acquire
      assert.match(fs.readFileSync(lock, "utf8"), new RegExp(`^pid ${process.pid} `))
    }))
    nothingLeft()
  }).pipe(Effect.provide(NodeLocks.layer)))

it.live("what those who died have left of locks is cleared away; what somebody has, or is about to use, stays", () =>
  Effect.gen(function*() {
    const { clear } = yield* Locks
    const left = () => fs.readdirSync(directories.locks).filter((name) => name !== ".guard").sort()
    yield* clear(new Directories({ run: HostPath.make(`${root}/none`), log: directories.log, state: directories.state }))
    assert.isFalse(fs.existsSync(`${root}/none`))
    leave()
    yield* whileHeld(() => clear(directories))
    assert.deepStrictEqual(left(), [basename(lock), basename(claim)])
    fs.writeFileSync(`${lock}.${process.pid}-99`, "")
    yield* clear(directories)
    assert.deepStrictEqual(left(), [`${basename(lock)}.${process.pid}-99`])
    fs.rmSync(`${lock}.${process.pid}-99`)
  }).pipe(Effect.provide(NodeLocks.layer)))

it.live("what somebody left who died before his journal was begun is cleared away by recover", () =>
  Effect.gen(function*() {
    for (const name of [undefined, InstanceName.make("web2")]) {
      leave()
      assert.deepStrictEqual((yield* (yield* Hypervisor).recover(name)).unfinished, [])
      nothingLeft()
    }
  }).pipe(Effect.provide(NodeHypervisor.layer({ directories }))))

describe("a lock of an older version, a file that stayed", () => {
  const words = "pid 4194305 (start since 2026-01-01T00:00:00.000Z)\n"

  it.live.each(["", words])("is had where nobody has it open: %j", (text) =>
    Effect.gen(function*() {
      fs.writeFileSync(lock, text, { mode: 0o600 })
      assert.isUndefined(yield* looked)
      yield* Effect.scoped(acquire)
      nothingLeft()
    }).pipe(Effect.provide(NodeLocks.layer)))

  it.live("is waited for where somebody has it open", () =>
    Effect.gen(function*() {
      fs.writeFileSync(lock, words, { mode: 0o600 })
      const open = fs.openSync(lock, "r")
      assert.include(yield* holder, "pid 4194305 (start since")
      assert.strictEqual(fs.readFileSync(lock, "utf8"), words)
      fs.closeSync(open)
      yield* Effect.scoped(acquire)
    }).pipe(Effect.provide(NodeLocks.layer)))

  it.live("is none where anything else stands in it, which stays", () =>
    Effect.gen(function*() {
      fs.writeFileSync(lock, "somebody's\n", { mode: 0o600 })
      assert.include(yield* holder, "no lock of this library")
      assert.strictEqual(fs.readFileSync(lock, "utf8"), "somebody's\n")
      fs.rmSync(lock)
    }).pipe(Effect.provide(NodeLocks.layer)))
})

it.live("is not had below a run directory that is named by way of a link: what is mounted there would not be found again", () =>
  Effect.gen(function*() {
    fs.mkdirSync(directories.run, { recursive: true })
    fs.symlinkSync(root, `${root}/link`)
    const run = HostPath.make(`${root}/link/run`)
    const { message } = yield* Effect.scoped(Effect.flip(Effect.flatMap(Locks, (locks) =>
      locks.acquire(new Directories({ run, log: directories.log, state: directories.state }), "web1", "start", 0))))
    assert.include(message, `${run}/locks cannot be had: the real path of ${run} is ${directories.run}; name that`)
    nothingLeft()
  }).pipe(Effect.provide(NodeLocks.layer)))

it.live("who waits has it as soon as it is let go, and who is interrupted while waiting takes nothing", () =>
  Effect.gen(function*() {
    const waiting = Effect.scoped(Effect.flatMap(Locks, (locks) =>
      Effect.asVoid(locks.acquire(directories, "web1", "stop", 10_000))))
    const first = yield* Scope.make()
    yield* Effect.provideService(acquire, Scope.Scope, first)
    const interrupted = yield* Effect.forkChild(waiting)
    const patient = yield* Effect.forkChild(waiting)
    yield* Effect.sleep(30)
    yield* Fiber.interrupt(interrupted)
    yield* Scope.close(first, Exit.void)
    yield* Fiber.join(patient)
    nothingLeft()
  }).pipe(Effect.provide(NodeLocks.layer)))

/** One that takes the lock again and again; while it has it, nobody else who lives may have said so, too. */
const contender = (witness: string): ChildProcess =>
  spawn(process.execPath, [new URL("lockContender.ts", import.meta.url).pathname, directories.run, witness], {
    stdio: ["ignore", "pipe", "inherit"]
  })

it.live("is had by one process at a time, however many want it and whenever they are killed", () =>
  Effect.gen(function*() {
    fs.mkdirSync(directories.run, { recursive: true })
    const witness = join(root, "witness")
    const said: Array<string> = []
    const living: Array<ChildProcess> = []
    const begin = () => {
      const child = contender(witness)
      living.push(child)
      child.stdout?.on("data", (part: Buffer) => said.push(...part.toString().split("\n").filter((line) => line !== "")))
    }
    const heard = (lines: number) =>
      Effect.gen(function*() {
        while (said.length < lines) yield* Effect.sleep(3)
      })
    for (let at = 0; at < 4; at++) begin()
    for (let round = 0; round < 6; round++) {
      yield* heard(said.length + 7)
      living.shift()?.kill("SIGKILL")
      begin()
    }
    for (const child of living) child.kill("SIGKILL")
    assert.deepStrictEqual(said.filter((line) => line !== "had"), [])
  }))

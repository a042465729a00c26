import { HostPath } from "@effect-lxc/core/model/HostPath"
import { writeFile } from "@effect-lxc/node-runtime/HostFiles"
import { assert, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"

const inDirectory = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(join(tmpdir(), "effect-lxc-files-"))),
  (root) => Effect.sync(() => fs.rmSync(root, { recursive: true }))
)

const step = (path: string) => ({ _tag: "WriteFile", path: HostPath.make(path), mode: "0600", text: "new", previous: null }) as const

it.effect("a file is replaced, not written over: who reads the old one reads it to its end", () =>
  Effect.gen(function*() {
    const root = yield* inDirectory
    const path = `${root}/instance.json`
    fs.writeFileSync(path, "the old text", { mode: 0o600 })
    const reader = fs.openSync(path, "r")
    yield* writeFile(step(path))
    assert.deepStrictEqual([fs.readFileSync(reader, "utf8"), fs.readFileSync(path, "utf8")], ["the old text", "new"])
    assert.deepStrictEqual(fs.readdirSync(root), ["instance.json"])
    fs.closeSync(reader)
  }).pipe(Effect.scoped))

/** A disk that is done with each fsync(2) when it is told to, with this failure or none. */
const slowDisk = Effect.gen(function*() {
  const waiting: Array<(error: NodeJS.ErrnoException | null) => void> = []
  const { fsync } = fs
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const later = (_file: number, done: (error: NodeJS.ErrnoException | null) => void): void => void waiting.push(done)
      fs.fsync = Object.assign(later, { __promisify__: fsync.__promisify__ })
      syncBuiltinESMExports()
    }),
    () =>
      Effect.sync(() => {
        fs.fsync = fsync
        syncBuiltinESMExports()
      })
  )
  return (error: NodeJS.ErrnoException | null = null) => {
    const done = waiting.shift()
    assert.isDefined(done)
    done?.(error)
    return Effect.yieldNow
  }
})

/** A file with an old text on such a disk, and who writes a new one there. */
const replacing = Effect.gen(function*() {
  const root = yield* inDirectory
  const path = `${root}/instance.json`
  fs.writeFileSync(path, "old", { mode: 0o600 })
  const sync = yield* slowDisk
  const writing = yield* Effect.forkChild(writeFile(step(path)), { startImmediately: true })
  return { found: () => [fs.readFileSync(path, "utf8"), fs.readdirSync(root)], path, sync, writing }
})

it.effect("a file has its new text when that is on the disk, and the disk is waited for without holding up anybody", () =>
  Effect.gen(function*() {
    const { found, path, sync, writing } = yield* replacing
    assert.strictEqual(fs.readFileSync(path, "utf8"), "old")
    const interruption = yield* Effect.forkChild(Fiber.interrupt(writing), { startImmediately: true })
    yield* sync()
    assert.deepStrictEqual(found(), ["new", ["instance.json"]])
    assert.isUndefined(interruption.pollUnsafe()) // the directory is not on the disk yet
    yield* sync()
    yield* Fiber.join(interruption)
  }).pipe(Effect.scoped))

it.effect("a file keeps its old text where the disk fails, and nothing is beside it", () =>
  Effect.gen(function*() {
    const { found, sync, writing } = yield* replacing
    yield* sync(Object.assign(new Error("it is broken"), { code: "EIO" }))
    const { problem } = yield* Effect.flip(Fiber.join(writing))
    assert.deepInclude(problem, { _tag: "SystemCallFailed", call: "fsync", code: "EIO" })
    assert.deepStrictEqual(found(), ["old", ["instance.json"]])
  }).pipe(Effect.scoped))

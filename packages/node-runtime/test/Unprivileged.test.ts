import { Directories } from "@effect-lxc/core/host/Directories"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Locks } from "@effect-lxc/core/runtime/Locks"
import { logStream } from "@effect-lxc/node-runtime/LogStream"
import { make } from "@effect-lxc/node-runtime/NodeQueries"
import * as NodeLocks from "@effect-lxc/node-runtime/NodeLocks"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, vi } from "vitest"

const root = fs.mkdtempSync(join(tmpdir(), "effect-lxc-unprivileged-"))
afterAll(() => fs.rmSync(root, { recursive: true, force: true }))
afterEach(() => vi.restoreAllMocks())

const directories = new Directories({ run: HostPath.make(`${root}/run`), log: HostPath.make(`${root}/log`), state: HostPath.make(`${root}/state`) })
fs.mkdirSync(directories.run)
const asRoot = process.geteuid?.() === 0

describe("who is not root", () => {
  it.live.skipIf(!asRoot)("is told to be root where the directories of root's containers are in order", () =>
    Effect.gen(function*() {
      vi.spyOn(process, "geteuid").mockReturnValue(12_345)
      const locks = yield* Locks
      const error = yield* Effect.flip(Effect.scoped(locks.acquire(directories, "web1", "start", 0)))
      assert.strictEqual(error.message, `the lock ${directories.locks} cannot be had: lstat ${directories.run}: EACCES; run as root`)
    }).pipe(Effect.provide(NodeLocks.layer)))

  it.live("is told which file cannot be read, of all that are read for a list", () =>
    Effect.gen(function*() {
      fs.symlinkSync(directories.containers, directories.containers)
      const error = yield* Effect.flip(make(directories).list())
      assert.match(error.message, new RegExp(`^read ${directories.containers}: ELOOP; `))
    }))

  it.live("has an error, and no fault of the library, where a log cannot be looked at", () =>
    Effect.gen(function*() {
      fs.symlinkSync(directories.log, directories.log) // root may look everywhere, but not at what leads to itself
      const file = directories.lxcLog("web1")
      const error = yield* Effect.flip(Stream.runDrain(logStream(file, { follow: false, tail: null })))
      assert.match(error.message, new RegExp(`^lstat ${file}: ELOOP; `))
    }))
})

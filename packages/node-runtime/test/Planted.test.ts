import { Directories } from "@effect-lxc/core/host/Directories"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Locks } from "@effect-lxc/core/runtime/Locks"
import { checkLogFile } from "@effect-lxc/node-runtime/HostFiles"
import * as NodeLocks from "@effect-lxc/node-runtime/NodeLocks"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"

const root = fs.mkdtempSync(join(tmpdir(), "effect-lxc-planted-"))
afterAll(() => fs.rmSync(root, { recursive: true, force: true }))

const directories = new Directories({
  run: HostPath.make(`${root}/run`),
  log: HostPath.make(`${root}/log`),
  state: HostPath.make(`${root}/state`)
})
fs.mkdirSync(directories.locks, { recursive: true })
const precious = join(root, "precious")
fs.writeFileSync(precious, "keep me\n")

const lockAt = (name: string) =>
  Effect.flip(Effect.scoped(Effect.flatMap(Locks, (locks) => locks.acquire(directories, name, "start", 0)))).pipe(
    Effect.provide(NodeLocks.layer)
  )

describe("what stands in the place of a lock", () => {
  it.live("is refused with its path where it is a pipe", () =>
    Effect.gen(function*() {
      execFileSync("mkfifo", [directories.lock("pipe")])
      const error = yield* lockAt("pipe")
      assert.strictEqual(error._tag, "LockError")
      assert.include(error.message, `${directories.lock("pipe")} cannot be had: no regular file`)
    }))

  it.live("is refused where it is a symbolic link, and what it points to is not written", () =>
    Effect.gen(function*() {
      fs.symlinkSync(precious, directories.lock("link"))
      assert.include((yield* lockAt("link")).message, "ELOOP")
      assert.strictEqual(fs.readFileSync(precious, "utf8"), "keep me\n")
    }))
})

describe("LXC logs only into plain files:", () => {
  it.live("a missing file and a plain one are fine, links of both kinds and a directory are not", () =>
    Effect.gen(function*() {
      const at = (name: string) => join(root, name)
      yield* checkLogFile(at("missing"))
      fs.writeFileSync(at("plain"), "")
      yield* checkLogFile(at("plain"))
      fs.symlinkSync(precious, at("symbolic"))
      fs.linkSync(precious, at("hard"))
      fs.mkdirSync(at("directory"))
      for (const name of ["symbolic", "hard", "directory"]) {
        const { problem } = yield* Effect.flip(checkLogFile(at(name)))
        assert.deepInclude(problem, { _tag: "Conflict", found: `${at(name)} is a link or no regular file` })
      }
    }))
})

import { Directories } from "@effect-lxc/core/host/Directories"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { writeFile } from "@effect-lxc/node-runtime/HostFiles"
import { layer } from "@effect-lxc/node-runtime/NodeHypervisor"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { afterAll, beforeAll } from "vitest"
import { realHost } from "../../../tools/realHost.ts"
import { RealLab } from "./RealLab.ts"
import { inLab, quick } from "./RealTests.ts"

const lab = new RealLab()
const { leavingNothing } = inLab(lab)
const at = (name: string) => HostPath.make(`${lab.files}/${name}`)
const run = (command: string, ...args: ReadonlyArray<string>) =>
  execFileSync(command, args, { timeout: 20_000, stdio: ["ignore", "pipe", "pipe"] })

const fill = (directory: string) => {
  const file = fs.openSync(`${directory}/filler`, "w")
  try {
    for (;;) fs.writeSync(file, Buffer.alloc(4096))
  } catch {
    fs.closeSync(file) // full now
  }
}

const newDisk = (file: string, mebibytes: number, on: string) => {
  fs.writeFileSync(file, "")
  fs.truncateSync(file, mebibytes * 1024 * 1024)
  run("mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-N", "64", file)
  fs.mkdirSync(on)
  run("mount", "-o", "loop,errors=continue", file, on)
  fs.chmodSync(on, 0o700)
}

/**
 * A disk on which nothing new can be kept: its image is a sparse file on a disk whose image is a sparse file where there is
 * no more room. The outer loop device says ENOSPC to that; the inner one makes an EIO of it, as a broken disk does, when a
 * file is synced. `prepare` comes before the disk goes bad.
 */
const onBadDisk = <A, E, R>(prepare: (bad: HostPath) => void, body: (bad: HostPath) => Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const [backing, bad, outer] = [at("backing"), at("bad"), at("outer")]
      fs.mkdirSync(backing)
      run("mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", backing)
      newDisk(`${backing}/disk`, 64, outer)
      newDisk(`${outer}/disk`, 48, bad)
      prepare(bad)
      for (const each of [bad, outer]) run("sync", "-f", each)
      fill(backing)
      return bad
    }),
    body,
    () => Effect.sync(() => {
      for (const each of [at("bad"), at("outer"), at("backing")]) {
        run("umount", each)
        fs.rmdirSync(each)
      }
    })
  )

describe.runIf(realHost.available)("a disk with errors, on real LXC", () => {
  beforeAll(() => lab.open())
  afterAll(() => lab.close())

  it.live("EIO in the middle of a file leaves the old one, whole, with nothing beside it, and the error names it", () =>
    onBadDisk((bad) => fs.writeFileSync(`${bad}/config`, "old\n", { mode: 0o600 }), (bad) =>
      Effect.gen(function*() {
        const path = HostPath.make(`${bad}/config`)
        const { problem } = yield* Effect.flip(writeFile({ _tag: "WriteFile", path, mode: "0600", text: "new\n".repeat(5_000), previous: null }))
        assert.deepInclude(problem, { _tag: "SystemCallFailed", path, code: "EIO" })
        assert.strictEqual(fs.readFileSync(path, "utf8"), "old\n")
        assert.notInclude(fs.readdirSync(bad), "config.new")
      })))

  it.live("a start that cannot say that it is meant to run is undone, and names the file and EIO", () =>
    leavingNothing(onBadDisk((bad) => fs.mkdirSync(`${bad}/state`, { mode: 0o700 }), (bad) =>
      Effect.gen(function*() {
        const { log, run } = lab.directories
        const directories = new Directories({ log, run, state: HostPath.make(`${bad}/state`) })
        const instance = lab.instance("bad", "obedient", quick)
        yield* Effect.gen(function*() {
          const hypervisor = yield* Hypervisor
          const error = yield* Effect.flip(hypervisor.start(instance))
          assert.include(error.message, `${directories.meantToRun(instance.name)}: EIO`)
          assert.include(error.message, "everything was undone")
          assert.deepStrictEqual(yield* hypervisor.list(), [])
        }).pipe(Effect.provide(layer({ directories })))
        assert.notInclude(fs.readdirSync(bad).join(), ".json")
      }))))

  it.live("neither half an export nor half an import is left, and both say so", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = lab.instance("moving", "obedient", quick)
      yield* hypervisor.export(instance.name, at("good.export"), { instance })
      yield* onBadDisk((bad) => fs.mkdirSync(`${bad}/images`, { mode: 0o700 }), (bad) =>
        Effect.gen(function*() {
          const failed = yield* Effect.flip(hypervisor.export(instance.name, HostPath.make(`${bad}/bad.export`), { instance }))
          assert.include(failed.message, "EIO")
          assert.deepStrictEqual(fs.readdirSync(bad).sort(), ["images", "lost+found"])
          const half = yield* Effect.flip(hypervisor.import(at("good.export"), { images: HostPath.make(`${bad}/images`) }))
          assert.include(half.message, "Input/output error")
          assert.deepStrictEqual(fs.readdirSync(`${bad}/images`), [])
        }))
      fs.rmSync(at("good.export"))
    })))

  it.live("a container runs and stops though there is no room for its logs", () =>
    leavingNothing(Effect.acquireUseRelease(
      Effect.sync(() => {
        fs.mkdirSync(at("small"))
        run("mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", at("small"))
        fill(at("small"))
      }),
      () => {
        const { run, state } = lab.directories
        const directories = new Directories({ log: at("small"), run, state })
        const instance = lab.instance("mute", "obedient", quick)
        return Effect.gen(function*() {
          const hypervisor = yield* Hypervisor
          yield* hypervisor.start(instance)
          assert.strictEqual((yield* hypervisor.info(instance.name)).problem, null)
          assert.strictEqual(fs.statSync(directories.lxcLog(instance.name)).size, 0)
          yield* hypervisor.stop(instance.name)
        }).pipe(Effect.provide(layer({ directories })))
      },
      () => Effect.sync(() => {
        run("umount", at("small"))
        fs.rmdirSync(at("small"))
      })
    )))
})

import { Directories } from "@effect-lxc/core/host/Directories"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { makeLxcVersion } from "@effect-lxc/node-runtime/LxcTools"
import { ToolDirectories } from "@effect-lxc/node-runtime/Tools"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A directory with an lxc-start that keeps count of how often it was asked. */
const corner = Effect.acquireRelease(
  Effect.sync(() => {
    const files = fs.mkdtempSync(join(tmpdir(), "lxc-version-"))
    const directories = new Directories({
      run: HostPath.make(`${files}/run`),
      log: HostPath.make(`${files}/log`),
      state: HostPath.make(`${files}/state`)
    })
    const install = (version: string) =>
      fs.writeFileSync(`${files}/lxc-start`, `#!/bin/sh\necho asked >> ${files}/asked\necho ${version}\n`, { mode: 0o755 })
    install("5.0.2")
    const asked = () => fs.existsSync(`${files}/asked`) ? fs.readFileSync(`${files}/asked`, "utf8").split("\n").length - 1 : 0
    /** As another process would. */
    const version = Effect.suspend(() => Effect.provideService(makeLxcVersion()(directories), ToolDirectories, [files]))
    return { asked, directories, files, install, version }
  }),
  ({ files }) => Effect.sync(() => fs.rmSync(files, { recursive: true, force: true }))
)

describe("the version of LXC", () => {
  it.live("is asked once for each binary, by all processes together", () =>
    Effect.gen(function*() {
      const { asked, directories, install, version } = yield* corner
      fs.mkdirSync(directories.locks, { recursive: true, mode: 0o700 })
      assert.deepStrictEqual([yield* version, yield* version, yield* version, asked()], ["5.0.2", "5.0.2", "5.0.2", 1])
      install("6.0.0")
      assert.deepStrictEqual([yield* version, yield* version, asked()], ["6.0.0", "6.0.0", 2])
    }))

  it.live("is not believed where somebody else could have written it", () =>
    Effect.gen(function*() {
      const { asked, directories, version } = yield* corner
      fs.mkdirSync(directories.locks, { recursive: true, mode: 0o700 })
      yield* version
      const file = directories.lxcVersion
      fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace("5.0.2", "1.0.0"))
      assert.deepStrictEqual([yield* version, asked()], ["1.0.0", 1])
      fs.chmodSync(file, 0o666)
      assert.deepStrictEqual([yield* version, asked()], ["5.0.2", 2])
    }))

  it.live("is written nowhere before anything was changed on a host", () =>
    Effect.gen(function*() {
      const { directories, version } = yield* corner
      assert.strictEqual(yield* version, "5.0.2")
      assert.isFalse(fs.existsSync(directories.run))
    }))
})

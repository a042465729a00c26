import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { Directories } from "@effect-lxc/core/host/Directories"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { layer } from "@effect-lxc/node-runtime/NodeHypervisor"
import { make } from "@effect-lxc/node-runtime/NodeQueries"

const directory = mkdtempSync(join(tmpdir(), "effect-lxc-queries-"))
afterAll(() => rmSync(directory, { recursive: true }))

const at = (name: string): HostPath => HostPath.make(join(directory, name))
const directories = new Directories({ run: at("run"), log: at("log"), state: at("state") })

describe.runIf(process.platform === "linux")("the short way to answers", () => {
  it.live("answers as the hypervisor does", () =>
    Effect.gen(function*() {
      for (const name of ["web2", "web1"]) mkdirSync(directories.container(name), { recursive: true })
      const queries = make(directories)
      const hypervisor = yield* Hypervisor
      const list = yield* queries.list()
      assert.deepStrictEqual(list.map(({ name, state }) => [name, state]), [["web1", "STOPPED"], ["web2", "STOPPED"]])
      assert.deepStrictEqual(list, yield* hypervisor.list())
      assert.deepStrictEqual(yield* queries.infoAll(), yield* hypervisor.infoAll())
      assert.deepStrictEqual(yield* queries.info("web2"), yield* hypervisor.info("web2"))
      assert.deepStrictEqual(yield* queries.names, yield* hypervisor.names)
      assert.strictEqual(
        (yield* Effect.flip(queries.info("nobody"))).message,
        (yield* Effect.flip(hypervisor.info("nobody"))).message
      )
    }).pipe(Effect.provide(layer({ directories }))))
})

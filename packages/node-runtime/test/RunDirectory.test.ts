import { Directories } from "@effect-lxc/core/host/Directories"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { decodeGuestCommand } from "@effect-lxc/core/model/GuestCommand"
import { decodeInstance } from "@effect-lxc/core/model/Instance"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { layer } from "@effect-lxc/node-runtime/NodeHypervisor"
import { make } from "@effect-lxc/node-runtime/NodeQueries"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Stream } from "effect"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeEach } from "vitest"

const root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "effect-lxc-run-")))
afterAll(() => fs.rmSync(root, { recursive: true, force: true }))

const real = join(root, "real")
const link = join(root, "link")

beforeEach(() => {
  fs.rmSync(real, { recursive: true, force: true })
  fs.rmSync(link, { force: true })
  fs.mkdirSync(real)
  fs.symlinkSync(real, link)
})

const directoriesIn = (run: string) =>
  new Directories({ run: HostPath.make(run), log: HostPath.make(`${root}/log`), state: HostPath.make(`${root}/state`) })

const web1 = InstanceName.make("web1")
const instance = Result.getOrThrow(decodeInstance({ name: "web1", disks: [{ path: "/srv/web1.img" }] }))

const command = Result.getOrThrow(decodeGuestCommand({ argv: ["true"] }))

type Asks = (hypervisor: Hypervisor["Service"]) => Effect.Effect<unknown, { readonly message: string }>

const asks: Readonly<Record<string, Asks>> = {
  facts: ({ facts }) => facts(),
  list: ({ list }) => list(),
  names: ({ names }) => names,
  info: ({ info }) => info("web1"),
  infoAll: ({ infoAll }) => infoAll(),
  host: ({ host }) => host,
  verify: ({ verify }) => verify,
  exec: ({ exec }) => Effect.scoped(exec(web1, command)),
  watch: ({ watch }) => Stream.runDrain(watch()),
  start: ({ start }) => start(instance),
  stop: ({ stop }) => stop(web1),
  cleanup: ({ cleanup }) => cleanup(web1),
  freeze: ({ freeze }) => freeze(web1),
  recover: ({ recover }) => recover(),
  "recover of one": ({ recover }) => Effect.flatMap(recover(web1), ({ unfinished: [first] }) =>
    first === undefined ? Effect.void : Effect.fail(first.error)),
  "the plan of a start": ({ plan }) => plan.start(instance),
  "the plan of a recovery": ({ plan }) => Effect.flatMap(plan.recoveries(web1), ([first]) =>
    first === undefined ? Effect.void : Effect.fromResult(first))
}

describe.runIf(process.platform === "linux")("a run directory that is named by way of a link", () => {
  for (const [what, ask] of Object.entries(asks)) {
    it.live.each([["is", ""], ["is not", "/sub/run"]])(`is refused to ${what} where it %s there, and nothing is made`, ([, below]) =>
      Effect.gen(function*() {
        const hypervisor = Effect.provide(Hypervisor, layer({ directories: directoriesIn(`${link}${below}`) }))
        const { message } = yield* Effect.flip(Effect.flatMap(hypervisor, ask))
        assert.include(message, `the real path of ${link}${below} is ${real}${below}; name that, for by another what is mounted there would not be found again`)
        assert.deepStrictEqual(fs.readdirSync(real), [])
      }))
  }

  it.live("is refused the short way, too", () =>
    Effect.gen(function*() {
      const { message } = yield* Effect.flip(make(directoriesIn(link)).list())
      assert.include(message, `the real path of ${link} is ${real}; name that`)
    }))

  it.live("is refused also where the link leads nowhere", () =>
    Effect.gen(function*() {
      fs.rmdirSync(real)
      const { message } = yield* Effect.flip(make(directoriesIn(link)).list())
      assert.include(message, `realpath ${link}: ENOENT`)
    }))

  it.live("is none where it is but named as it is, there or not", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* make(directoriesIn(real)).list(), [])
      assert.deepStrictEqual(yield* make(directoriesIn(join(real, "sub/run"))).list(), [])
    }))
})

describe.runIf(process.platform === "linux")("a run directory that is a file, or would be in one,", () => {
  const file = join(root, "file")

  it.live.each(["", "/sub/run"])("is refused to list and to start (%s)", (below) =>
    Effect.gen(function*() {
      fs.writeFileSync(file, "")
      const listed = yield* Effect.flip(make(directoriesIn(`${file}${below}`)).list())
      const hypervisor = Effect.provide(Hypervisor, layer({ directories: directoriesIn(`${file}${below}`) }))
      const started = yield* Effect.flip(Effect.flatMap(hypervisor, ({ start }) => start(instance)))
      for (const { message } of [listed, started]) {
        assert.include(message, `${file} is not a directory; look what it is: name another directory, or move it away`)
      }
    }))
})

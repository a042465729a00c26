import type { HostFacts } from "@effect-lxc/core/host/HostFacts"
import { Host } from "@effect-lxc/core/runtime/Host"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { MemoryJournal, MemoryLocks } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { failureOf, host, instance, onHost } from "./fixtures.ts"

const web1 = instance()

type Changes = (port: Host["Service"]) => Partial<Host["Service"]>

/** Runs a body with a hypervisor on a host whose port is changed so. */
const onChanged = <A, E, R>(changes: Changes, body: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const port = yield* Host
    const changed = Hypervisor.layer().pipe(Layer.provide(Layer.succeed(Host, Host.of({ ...port, ...changes(port) }))))
    return yield* Effect.provide(body, changed, { local: true })
  })

const locksHeld = Effect.flatMap(MemoryLocks, (locks) => Effect.map(locks.holders, (holders) => [...holders.keys()]))

const disksIn = (locks: ReadonlyArray<string>) => locks.filter((path) => path.includes("/disk_"))

/** The facts as the host has them, with this inode for the image. */
const withInode = (facts: HostFacts, inode: string): HostFacts =>
  ({ ...facts, paths: facts.paths.map((each) => each.kind === "file" ? { ...each, inode } : each) })

describe("who brings an instance up", () => {
  it.effect("looks at the host once, with the locks of the instance and of its disks", () =>
    Effect.gen(function*() {
      const looks: Array<number> = []
      const locks = yield* MemoryLocks
      const counting: Changes = (port) => ({
        facts: (query) =>
          Effect.flatMap(Effect.provideService(locksHeld, MemoryLocks, locks), (held) => {
            looks.push(disksIn(held).length)
            return port.facts(query)
          })
      })
      yield* onChanged(counting, Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.start(web1)))
      assert.deepStrictEqual(looks, [1])
      assert.deepStrictEqual(yield* locksHeld, [])
    }).pipe(onHost({ host: host() })))

  it.effect("plans again with the lock of a disk that took the place of another meanwhile, having let that one go", () =>
    Effect.gen(function*() {
      const held: Array<ReadonlyArray<string>> = []
      const locks = yield* MemoryLocks
      const replaced: Changes = (port) => ({
        facts: (query) =>
          Effect.gen(function*() {
            held.push(disksIn(yield* Effect.provideService(locksHeld, MemoryLocks, locks)))
            return withInode(yield* port.facts(query), "7:2")
          })
      })
      yield* onChanged(replaced, Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.start(web1)))
      assert.deepStrictEqual(held.map(({ length }) => length), [1, 1])
      assert.notDeepEqual(held[0], held[1])
    }).pipe(onHost({ host: host() })))

  it.effect("gives up where the disk is another one at each look, and nothing was done", () =>
    Effect.gen(function*() {
      let look = 0
      const restless: Changes = (port) => ({
        facts: (query) => Effect.map(port.facts(query), (facts) => withInode(facts, `7:${look++}`))
      })
      const error = yield* onChanged(restless, failureOf(Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.start(web1))))
      assert.include(error.message, "the disks are others each time they are looked at")
      assert.deepStrictEqual(yield* (yield* MemoryJournal).open, [])
      assert.deepStrictEqual(yield* locksHeld, [])
    }).pipe(onHost({ host: host() })))
})

import { Host, HostError } from "@effect-lxc/core/runtime/Host"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { host, instance, onHost } from "./fixtures.ts"

describe("verify and host", () => {
  it.effect("take no lock, and answer while an operation is under way", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* Effect.forkScoped(hypervisor.start(instance({ resources: { memory: "64MiB" } })))
      yield* Effect.sleep(1)
      const { findings } = yield* hypervisor.verify
      assert.include(findings.map((each) => each.code), "unfinished")
      assert.strictEqual((yield* hypervisor.host).lxcVersion, "5.0.2")
      yield* Effect.sleep(60_000)
      assert.deepStrictEqual(yield* hypervisor.verify, { ok: true, findings: [] })
      assert.strictEqual((yield* hypervisor.host).memory.promisedMiB, 64)
    }).pipe(Effect.scoped, onHost({ host: host() })))

  it.effect("what cannot be looked at is a finding, and keeps no other back", () =>
    Effect.gen(function*() {
      const port = yield* Host
      const problem = { _tag: "Conflict", found: "no cgroup tree is mounted", advice: "mount one" } as const
      const blind = Host.of({ ...port, facts: () => Effect.fail(new HostError({ problem })) })
      const hypervisor = Hypervisor.layer().pipe(Layer.provide(Layer.succeed(Host, blind)))
      const { findings, ok } = yield* Effect.provide(
        Effect.flatMap(Hypervisor, (each) => each.verify),
        hypervisor,
        { local: true }
      )
      assert.isFalse(ok)
      assert.deepStrictEqual(findings.map((each) => each.code), ["not-root", "host-unreadable"])
      assert.include(findings[1]?.message, "no cgroup tree is mounted")
    }).pipe(onHost({ host: host({ machine: { root: false } }) })))

  it.effect("infoAll shows every container, also where the use of one cannot be read", () =>
    Effect.gen(function*() {
      yield* (yield* Hypervisor).start(instance())
      const port = yield* Host
      const problem = { _tag: "SystemCallFailed", call: "read", path: "/sys/fs/cgroup", code: "EIO", advice: "" } as const
      const failing = Host.of({ ...port, usage: () => Effect.fail(new HostError({ problem })) })
      const hypervisor = Hypervisor.layer().pipe(Layer.provide(Layer.succeed(Host, failing)))
      const infos = yield* Effect.provide(Effect.flatMap(Hypervisor, (each) => each.infoAll), hypervisor, { local: true })
      assert.deepStrictEqual(infos.map(({ memory, name, state }) => [name, state, memory.usageBytes]), [["web1", "RUNNING", null]])
    }).pipe(onHost({ host: host() })))
})

import { noUsage } from "@effect-lxc/core/host/ContainerUsage"
import { Host, HostError } from "@effect-lxc/core/runtime/Host"
import { Journal } from "@effect-lxc/core/runtime/Journal"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Guest, Incidents, SimulatedHost } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import { directories, host, instance, onHost, problemOf } from "./fixtures.ts"

const images = { "/srv/web2.img": Guest.obedient() }

describe("verify and host", () => {
  it.effect("take no lock, and answer while an operation is under way", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* Effect.forkScoped(hypervisor.start(instance({ resources: { memory: "64MiB" } })))
      yield* Effect.sleep(1)
      const { findings } = yield* hypervisor.verify
      const found = findings.find((each) => each.code === "under-way")
      assert.match(found?.message ?? "", /^web1 is being changed by pid 1 \(start since /)
      assert.notInclude(findings.map((each) => each.code), "unfinished")
      assert.strictEqual((yield* hypervisor.host).lxcVersion, "5.0.2")
      yield* Effect.sleep(60_000)
      assert.deepStrictEqual(yield* hypervisor.verify, { ok: true, findings: [] })
      assert.strictEqual((yield* hypervisor.host).memory.promisedMiB, 64)
    }).pipe(Effect.scoped, onHost({ host: host() })))

  it.effect("an operation whose process is gone is told from one that is under way", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(instance())
      yield* (yield* SimulatedHost).update(Incidents.occupy(directories.rootfs("web1")))
      yield* problemOf(hypervisor.stop(instance().name))
      const { findings } = yield* hypervisor.verify
      const found = findings.find((each) => each.code === "unfinished")
      assert.deepInclude(found, { severity: "warning", advice: "undo or complete it: effect-lxc recover web1" })
    }).pipe(onHost({ host: host() })))

  it.effect("an operation whose journal is damaged is told with what to do, for recover cannot deal with it", () =>
    Effect.gen(function*() {
      const port = yield* Journal
      const problem = { _tag: "Conflict", found: "web1.journal has a line 2 that is no entry of a journal", advice: "remove it" } as const
      const damaged = Journal.of({
        ...port,
        list: () => Effect.succeed(["web1"]),
        read: () => Effect.fail(new HostError({ problem }))
      })
      const hypervisor = Hypervisor.layer().pipe(Layer.provide(Layer.succeed(Journal, damaged)))
      const { findings } = yield* Effect.provide(Effect.flatMap(Hypervisor, (each) => each.verify), hypervisor, { local: true })
      assert.deepStrictEqual(findings, [{
        code: "journal-damaged",
        severity: "error",
        message: `an operation on web1 did not end, and cannot be undone: ${problem.found}; remove it`,
        advice: `mend or remove ${directories.journal("web1")} by hand, and then what is left: effect-lxc cleanup web1`
      }])
    }).pipe(onHost({ host: host() })))

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
      yield* (yield* Hypervisor).start(instance({ name: "web2", disks: [{ path: "/srv/web2.img" }], nics: [] }))
      const port = yield* Host
      const problem = { _tag: "SystemCallFailed", call: "read", path: "/sys/fs/cgroup", code: "EIO", advice: "" } as const
      const failing = Host.of({ ...port, usage: (query) =>
        Effect.map(port.usage(query), (reads) =>
          reads.map((read, at) => query.containers[at]?.name === "web1" ? Result.fail(new HostError({ problem })) : read)) })
      const hypervisor = Hypervisor.layer().pipe(Layer.provide(Layer.succeed(Host, failing)))
      const infos = yield* Effect.provide(Effect.flatMap(Hypervisor, (each) => each.infoAll()), hypervisor, { local: true })
      assert.deepStrictEqual(infos.map(({ memory, name, state }) => [name, state, memory.usageBytes !== null]), [
        ["web1", "RUNNING", false],
        ["web2", "RUNNING", true]
      ])
      const alone = Effect.provide(Effect.flatMap(Hypervisor, (each) => each.info("web1")), hypervisor, { local: true })
      assert.strictEqual((yield* Effect.flip(alone))._tag, "HostError")
    }).pipe(onHost({ host: host({ images }) })))

  it.effect("info reads the parts that are asked for, and infoAll too", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(instance())
      const whole = yield* hypervisor.info("web1")
      const part = yield* hypervisor.info("web1", { fields: ["memory", "startedAt"] })
      const { memory, startedAt } = whole
      assert.isNotNull(memory.usageBytes)
      assert.deepStrictEqual(part, { ...whole, ...noUsage, memory, startedAt })
      assert.deepStrictEqual(yield* hypervisor.infoAll({ fields: ["memory", "startedAt"] }), [part])
      const { limitBytes, usageBytes } = memory
      const numbers = yield* hypervisor.info("web1", { fields: ["memory.limitBytes", "memory.usageBytes"] })
      assert.deepStrictEqual(numbers, { ...whole, ...noUsage, memory: { ...noUsage.memory, limitBytes, usageBytes } })
    }).pipe(onHost({ host: host() })))

  it.effect("names are of what runs, sorted", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(instance({ name: "web2", disks: [{ path: "/srv/web2.img" }], nics: [] }))
      const { name } = instance()
      yield* hypervisor.start(instance())
      assert.deepStrictEqual(yield* hypervisor.names, ["web1", "web2"])
      yield* hypervisor.stop(name)
      assert.deepStrictEqual(yield* hypervisor.names, ["web2"])
    }).pipe(onHost({ host: host({ images }) })))
})

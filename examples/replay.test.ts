/**
 * A failure in production, played again here: the facts of its host (`effect-lxc facts SPEC > host.json`) and the journal of the
 * operation that did not end (RUN/locks/web1.journal) are all it takes. The process was killed while web1 was started.
 */
import { defaultDirectories } from "@effect-lxc/core/host/Directories"
import { decodeHostFacts } from "@effect-lxc/core/host/HostFacts"
import { decodeInstance } from "@effect-lxc/core/model/Instance"
import { JournalEntry } from "@effect-lxc/core/plan/JournalEntry"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Journal } from "@effect-lxc/core/runtime/Journal"
import { Guest, MemoryJournal, SimulatedHost, TestHypervisor, TestKit } from "@effect-lxc/test-kit"
import { assert, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { readFileSync } from "node:fs"

const captured = (name: string) => readFileSync(new URL(`captured/${name}`, import.meta.url), "utf8")

const facts = Result.getOrThrow(decodeHostFacts(JSON.parse(captured("host.json")), "host.json"))
const deaf = SimulatedHost.fromFacts(facts, { guests: (path) => path === "/srv/web1.img" ? Guest.deaf() : Guest.obedient() })
const decodeEntry = Schema.decodeSync(Schema.fromJsonString(Schema.toCodecJson(JournalEntry)))
const entries = captured("web1.journal").trimEnd().split("\n").map((line) => decodeEntry(line))

it.effect("what the next command does on that host is seen before it is run there", () =>
  Effect.gen(function*() {
    const journal = yield* (yield* Journal).open(defaultDirectories, "web1")
    for (const entry of entries) yield* journal.append(entry)
    const hypervisor = yield* Hypervisor
    const simulated = yield* SimulatedHost
    const { recovered } = yield* hypervisor.recover()
    assert.deepStrictEqual(recovered.map(({ instance, operation }) => `${operation} of ${instance}`), ["start of web1"])
    const { loops, mounts } = yield* simulated.state
    assert.deepStrictEqual([loops, mounts.filter(({ target }) => target.startsWith(defaultDirectories.run))], [[], []])
    assert.deepStrictEqual(yield* (yield* MemoryJournal).open, [])
    assert.deepStrictEqual(yield* hypervisor.list(), [])
  }).pipe(
    Effect.scoped,
    Effect.provide(TestHypervisor.layer({ host: SimulatedHost.fromFacts(facts) })),
    TestKit.runToEnd
  ))

it.effect("how a guest behaves is no fact: that it does not obey is said beside them", () =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const web1 = yield* Effect.fromResult(decodeInstance({ name: "web1", disks: [{ path: "/srv/web1.img" }] }))
    yield* hypervisor.start(web1)
    const error = yield* Effect.flip(hypervisor.stop(web1.name, { timeoutMs: 1_000 }))
    assert.include(error.message, "web1 did not end within 1000 ms")
  }).pipe(Effect.provide(TestHypervisor.layer({ host: deaf })), TestKit.runToEnd))

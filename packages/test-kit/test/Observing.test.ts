import { defaultDirectories } from "@effect-lxc/core/host/Directories"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import type { Step } from "@effect-lxc/core/plan/Step"
import { Host, type HostError } from "@effect-lxc/core/runtime/Host"
import { Journal } from "@effect-lxc/core/runtime/Journal"
import { observedPort, type WorldEvent } from "@effect-lxc/test-kit/Observing"
import { makeWorld } from "@effect-lxc/test-kit/World"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

const make: Step = { _tag: "MakeDirectory", path: HostPath.make("/run/a"), mode: "0755", keep: false }
const write: Step = { _tag: "WriteFile", path: HostPath.make("/run/none/a"), mode: "0600", text: "", previous: null }

/** A world with one process, what is asked of the host in it, and what its observer was told so far. */
const observed = Effect.gen(function*() {
  const events: Array<WorldEvent> = []
  const world = yield* makeWorld({ observer: (event) => events.push(event) })
  const process = yield* world.process()
  const ask = (call: "observe" | "apply", step: Step) =>
    process.run(Effect.exit(Effect.flatMap(Host, (host): Effect.Effect<unknown, HostError> => host[call](step, new Map()))))
  return { world, events, process, ask }
})

const of = <Tag extends WorldEvent["_tag"]>(events: ReadonlyArray<WorldEvent>, tag: Tag) =>
  events.filter((event): event is Extract<WorldEvent, { readonly _tag: Tag }> => event._tag === tag)

describe("an observer is told", () => {
  it.effect("of each call of the host, its beginning and how it ended", () =>
    Effect.gen(function*() {
      const { ask, events } = yield* observed
      yield* ask("observe", make)
      yield* ask("apply", make)
      yield* ask("observe", make)
      yield* ask("apply", write)
      const calls = [["observe", make], ["apply", make], ["observe", make], ["apply", write]] as const
      for (const tag of ["CallBegun", "CallEnded"] as const) {
        const told = of(events, tag).map(({ call, instance, pid, step }) => [pid, instance, call, step])
        assert.deepStrictEqual(told, calls.map(([call, step]) => [1, null, call, step]))
      }
      const ends = of(events, "CallEnded").map(({ end }) => end)
      assert.deepStrictEqual(ends.slice(0, 3), [{ _tag: "Seen", done: false }, { _tag: "Acted" }, { _tag: "Seen", done: true }])
      const refused = ends[3]
      assert.isTrue(refused?._tag === "Refused" && refused.problem._tag === "SystemCallFailed" && refused.problem.code === "ENOENT")
    }))

  it.effect("of a call that ended by a defect that it is broken", () =>
    Effect.gen(function*() {
      const { process } = yield* observed
      const told: Array<WorldEvent> = []
      const port = yield* process.run(Effect.flatMap(Host, Effect.succeed))
      const broken = observedPort({ ...port, apply: () => Effect.die("a defect") }, 7, (event) => told.push(event))
      yield* Effect.exit(broken.apply(make, new Map()))
      assert.deepStrictEqual(of(told, "CallEnded").map(({ end, pid }) => [pid, end]), [[7, { _tag: "Broken" }]])
    }))

  it.effect("of each change of the host and of the step that made it; of no step where somebody else did", () =>
    Effect.gen(function*() {
      const { ask, events, world } = yield* observed
      yield* ask("apply", make)
      yield* world.update((state) => ({ ...state, full: ["/run"] }))
      const changes = of(events, "HostChanged")
      assert.deepStrictEqual(changes.map(({ instance, pid, step }) => [pid, instance, step]), [[1, null, make], [null, null, null]])
      assert.deepStrictEqual(changes.map(({ after, before }) => [before.files["/run/a"] !== undefined, after.files["/run/a"] !== undefined]), [[false, true], [true, true]])
      assert.deepStrictEqual(changes.map(({ after }) => after.full), [[], ["/run"]])
    }))

  it.effect("of a journal when it is opened, appended to and removed, and when one is discarded", () =>
    Effect.gen(function*() {
      const { events, process } = yield* observed
      const entry = { _tag: "Done", name: null, result: null } as const
      yield* process.run(Effect.scoped(Effect.gen(function*() {
        const journal = yield* Journal
        const { append, remove } = yield* journal.open(defaultDirectories, "web1")
        yield* append(entry)
        yield* remove
        yield* journal.discard(defaultDirectories, "web2")
      })))
      const told = events.map((event) => [event._tag, "pid" in event && event.pid, "instance" in event && event.instance])
      assert.deepStrictEqual(told, [["JournalOpened", 1, "web1"], ["JournalAppended", 1, "web1"], ["JournalRemoved", 1, "web1"], ["JournalRemoved", 1, "web2"]])
      assert.deepStrictEqual(of(events, "JournalAppended").map((event) => event.entry), [entry])
    }))

  it.effect("of nothing where the host stays what it was", () =>
    Effect.gen(function*() {
      const { events, world } = yield* observed
      yield* world.update((state) => state)
      assert.deepStrictEqual(events, [])
    }))
})

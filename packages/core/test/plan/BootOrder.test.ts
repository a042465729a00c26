import { decodeInstance, encodeInstance, type Instance } from "@effect-lxc/core/model/Instance"
import { type BootOrder, bootOrder, reversed } from "@effect-lxc/core/plan/BootOrder"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"

const spec = (name: string, autostart?: unknown): unknown => ({
  name,
  disks: [{ path: `/srv/${name}.img` }],
  ...(autostart === undefined ? {} : { autostart })
})

const one = (name: string, after: ReadonlyArray<string> = [], priority = 0): Instance =>
  Result.getOrThrow(decodeInstance(spec(name, { priority, after })))

const orderOf = (...instances: ReadonlyArray<Instance>): BootOrder => Result.getOrThrow(bootOrder(instances))

const names = ({ sequence }: BootOrder) => sequence.map((each) => each.name as string)

const problemsOf = (...instances: ReadonlyArray<Instance>): ReadonlyArray<string> => {
  const order = bootOrder(instances)
  return Result.isFailure(order) ? order.failure.problems.map(({ message, path }) => `${path}: ${message}`) : []
}

describe("autostart in a spec", () => {
  const messages = (autostart: unknown) => {
    const decoded = decodeInstance(spec("web1", autostart))
    return Result.isFailure(decoded) ? decoded.failure.problems.map(({ message, path }) => `${path}: ${message}`) : []
  }

  it("may be left out, and then is not in the record either", () => {
    assert.notProperty(encodeInstance(Result.getOrThrow(decodeInstance(spec("web1")))), "autostart")
  })
  it("has defaults of its own", () => {
    const { autostart } = Result.getOrThrow(decodeInstance(spec("web1", {})))
    assert.deepStrictEqual(autostart, { priority: 0, after: [] })
  })
  it("is refused with the field where it cannot be meant so", () => {
    assert.match(messages({ priority: 1.5 }).join(), /^autostart\.priority: expected a whole number from -1000 to 1000; found 1\.5/)
    assert.match(messages({ after: ["../x"] }).join(), /^autostart\.after\[0\]: expected a host name/)
    assert.deepStrictEqual(messages({ after: ["db1", "db1"] }), ["autostart.after[1]: db1 is named twice"])
    assert.deepStrictEqual(messages({ after: ["web1"] }), ["autostart.after[0]: is this instance itself"])
    assert.match(messages({ afer: [] }).join(), /autostart\.afer: is not a known field; did you mean after\?/)
  })
})

describe("the boot order", () => {
  it("is by name where nothing else is said, and by priority, the highest first", () => {
    assert.deepStrictEqual(names(orderOf(one("c"), one("a"), one("b"), one("z", [], 1), one("y", [], -1))), ["z", "a", "b", "c", "y"])
  })
  it("puts a dependency before what waits for it, whatever their priorities", () => {
    assert.deepStrictEqual(names(orderOf(one("web", ["db"], 100), one("db"), one("x", [], 50))), ["x", "db", "web"])
  })
  it("names both where a dependency is not there", () => {
    assert.deepStrictEqual(problemsOf(one("web", ["db", "mq"])), [
      "autostart.after: web waits for db, and there is no spec of that name",
      "autostart.after: web waits for mq, and there is no spec of that name"
    ])
  })
  it("names what is there twice", () => {
    assert.deepStrictEqual(problemsOf(one("web"), one("web"), one("web")), ["name: web is the name of more than one spec"])
  })
  it("names every cycle from end to end, and not what only stands behind one", () => {
    assert.deepStrictEqual(problemsOf(one("a", ["c"]), one("b", ["a"]), one("c", ["b"]), one("behind", ["a"]), one("p", ["q"]), one("q", ["p"])), [
      "autostart.after: a waits for c waits for b waits for a: none of them can be the first",
      "autostart.after: p waits for q waits for p: none of them can be the first"
    ])
  })
  it("of nothing is empty", () => {
    assert.deepStrictEqual(names(orderOf()), [])
  })
  it("the other way round lets each wait for those that wait for it", () => {
    const stops = reversed(orderOf(one("web1", ["db"]), one("web2", ["db"], 5), one("db")))
    assert.deepStrictEqual(names(stops), ["web1", "web2", "db"])
    assert.strictEqual(JSON.stringify([...stops.waitsFor]), JSON.stringify([["web1", []], ["web2", []], ["db", ["web1", "web2"]]]))
  })
})

/** Instances without a cycle: each may wait for some of those before it, and then they are shuffled. */
const Node = Schema.Struct({
  priority: Schema.Int.check(Schema.isBetween({ minimum: -2, maximum: 2 })),
  waits: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }))),
  key: Schema.Int
})

const nodes = Arbitrary.schema(Schema.Array(Node).check(Schema.isMaxLength(9)))

const acyclic = (drawn: ReadonlyArray<typeof Node.Type>): ReadonlyArray<Instance> =>
  drawn.map(({ priority, waits }, i) =>
    one(`i${i}`, [...new Set(waits.filter((each) => each < i))].map((each) => `i${each}`), priority)
  )

const shuffled = (drawn: ReadonlyArray<typeof Node.Type>): ReadonlyArray<Instance> =>
  acyclic(drawn).map((each, i) => [drawn[i]?.key ?? 0, each] as const).sort(([a], [b]) => a - b).map(([, each]) => each)

describe("whatever the graph,", () => {
  it.prop("everything has its turn once, behind all it waits for, and nothing more urgent could have had it", [nodes], ([drawn]) => {
    const order = orderOf(...shuffled(drawn))
    const started = new Set<string>()
    const open = new Map(order.sequence.map((each) => [each.name, each]))
    const ready = (each: Instance) => (each.autostart?.after ?? []).every((name) => started.has(name))
    for (const each of order.sequence) {
      assert.isTrue(ready(each), `${each.name} came too early`)
      for (const other of open.values()) {
        if (ready(other)) assert.isAtMost(other.autostart?.priority ?? 0, each.autostart?.priority ?? 0)
      }
      open.delete(each.name)
      started.add(each.name)
    }
    assert.strictEqual(started.size, drawn.length)
  })

  it.prop("the order in which the specs are given does not matter", [nodes], ([drawn]) => {
    assert.deepStrictEqual(names(orderOf(...shuffled(drawn))), names(orderOf(...acyclic(drawn))))
  })

  it.prop("the other way round twice is as before", [nodes], ([drawn]) => {
    const order = orderOf(...shuffled(drawn))
    const again = reversed(reversed(order))
    const sorted = ({ sequence, waitsFor }: BootOrder) => sequence.map((each) => [each.name, [...waitsFor.get(each.name) ?? []].sort()])
    assert.deepStrictEqual(sorted(again), sorted(order))
  })

  it.prop("closing a circle is refused, and the cycle that is named is there", [nodes], ([drawn]) => {
    const chain = [...acyclic(drawn), one("first", ["last"]), one("mid", ["first"]), one("last", ["mid"])]
    const [problem, ...more] = problemsOf(...chain)
    assert.deepStrictEqual(more, [])
    assert.strictEqual(problem, "autostart.after: first waits for last waits for mid waits for first: none of them can be the first")
  })
})

import { Explore, simulate } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Option } from "effect"

const say = ({ invariant, messages, token }: Explore.Violation) => `${invariant}: ${messages.join("; ")}\nnpm run explore -- --replay '${token}'`

describe("the promises of the library", () => {
  it("hold in every case of the first seeds", () => {
    for (let seed = 0; seed < 100; seed += 1) {
      const violation = Explore.explore(seed)
      assert.strictEqual(violation && say(violation), undefined)
    }
  })

  it("hold with every fault at each step, as far as a slice of them shows", () => {
    let count = 0
    for (const subject of Explore.everyStepEveryFault(293)) {
      const violation = Explore.examine(subject)
      assert.strictEqual(violation && say(violation), undefined)
      count += 1
    }
    assert.isAbove(count, 50)
  })
})

describe("two faults", () => {
  it("both strike, the second in what the first brings about, and every promise holds", () => {
    let count = 0
    for (const subject of Explore.everyTwoFaults()) {
      const { events } = Explore.tell(subject)
      assert.strictEqual(events.filter(({ event }) => event._tag === "Struck").length, 2, Explore.tokenOf(subject))
      const violation = Explore.examine(subject)
      assert.strictEqual(violation && say(violation), undefined)
      count += 1
      if (count === 40) break
    }
    assert.strictEqual(count, 40)
  })
})

describe("a case", () => {
  it("is the same for the same seed, tells the same story twice, and is had again from its token", () => {
    for (const seed of [3, 5, 8, 13, 21]) {
      const subject = Explore.draw(seed)
      const timeline = Explore.timelineOf(Explore.tell(subject))
      assert.deepStrictEqual(Explore.timelineOf(Explore.tell(Explore.draw(seed))), timeline)
      const again = Option.getOrThrow(Explore.caseOf(Explore.tokenOf(subject)))
      assert.deepStrictEqual(Explore.timelineOf(Explore.tell(again)), timeline)
    }
    assert.isTrue(Option.isNone(Explore.caseOf("{\"version\":0}")))
  })

  it("has a token of printable ASCII without single quotes, whatever is asked", () => {
    const spec = { "it's": "\u0000\u007f\u202e\ud83d\udc27\ud800 &'" }
    const subject: Explore.Case = {
      ...Explore.draw(3),
      operators: [{ asks: [{ request: { _tag: "Start", spec }, afterMs: 0, interruptAfterMs: null }], faults: [], afterCrash: [] }]
    }
    assert.match(Explore.tokenOf(subject), /^[ -&(-~]+$/)
    assert.deepStrictEqual(Option.getOrThrow(Explore.caseOf(Explore.tokenOf(subject))).operators, subject.operators)
  })
})

describe("a simulation", () => {
  const race = (seed: number) =>
    simulate(
      Effect.gen(function*() {
        const order: Array<string> = []
        const turn = (name: string) => Effect.gen(function*() {
          for (let count = 0; count < 3; count += 1) {
            order.push(name)
            yield* Effect.yieldNow
          }
        })
        yield* Effect.all([turn("a"), turn("b")], { concurrency: "unbounded" })
        return order.join("")
      }),
      { seed }
    )

  it("gives the same interleaving for the same seed, and others for others", () => {
    const orders = Array.from({ length: 40 }, (_, seed) => race(seed))
    assert.deepStrictEqual(Array.from({ length: 40 }, (_, seed) => race(seed)), orders)
    assert.isAbove(new Set(orders.map((each) => typeof each === "string" || Exit.isFailure(each) ? "" : each.value)).size, 3)
  })

  it("lets time pass without waiting, and says when nothing will ever happen or never ends", () => {
    const late = simulate(Effect.andThen(Effect.sleep("3 hours"), Clock.currentTimeMillis), { seed: 0 })
    assert.isTrue(typeof late !== "string" && Exit.isSuccess(late) && late.value === 3 * 3_600_000)
    assert.strictEqual(simulate(Effect.never, { seed: 0 }), "stuck")
    assert.strictEqual(simulate(Effect.forever(Effect.sleep(1_000)), { seed: 0, limitMs: 60_000 }), "endless")
  })
})

import { Explore, Faults, Incidents, Scenario, simulate } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Option } from "effect"

const say = ({ invariant, messages, token }: Explore.Violation) => `${invariant}: ${messages.join("; ")}\nnpm run explore -- --replay '${token}'`

describe("the promises of the library", () => {
  it("hold in every case of the first seeds", () => {
    for (let seed = 0; seed < 150; seed += 1) {
      const violation = Explore.explore(seed)
      assert.strictEqual(violation && say(violation), undefined)
    }
  })

  it("hold with every fault at each step, as far as a slice of them shows", () => {
    let count = 0
    for (const subject of Explore.everyStepEveryFault(97)) {
      const violation = Explore.examine(subject)
      assert.strictEqual(violation && say(violation), undefined)
      count += 1
    }
    assert.isAbove(count, 50)
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
})

describe("a promise that is broken", () => {
  const scenario = { ...Scenario.simplest, nics: ["bridged"] as const }
  const start = { request: { _tag: "Start", spec: Scenario.specOf(scenario) }, afterMs: 0, interruptAfterMs: null } as const
  const subject: Explore.Case = {
    scenario,
    starting: { _tag: "Clean" },
    neighbour: true,
    operators: [{ asks: [start], faults: [Faults.atTag("Mount", "refuse")] }],
    schedule: 1
  }

  /** The story, told as if some of it had not happened or something else had. */
  const retold = (name: string, change: (story: Explore.Story) => Explore.Story) => {
    const invariant = Explore.invariants.find((each) => each.name === name)
    const story = Explore.tell(subject)
    assert.deepStrictEqual(invariant?.check(story), [])
    return invariant?.check(change(story)) ?? []
  }

  it("is seen where an intent is missing in the journal", () => {
    const broken = retold("intent-first", (story) => ({
      ...story,
      events: story.events.filter(({ event }) => event._tag !== "JournalAppended" || event.entry._tag !== "Intent")
    }))
    assert.include(broken[0], "was not in the journal")
  })

  it("is seen where a rollback leaves something and does not name it", () => {
    const broken = retold("undone-or-named", (story) => ({
      ...story,
      events: story.events.map((told) =>
        told.event._tag === "Progressed" && told.event.event._tag === "RollbackDone"
          ? { ...told, event: { ...told.event, state: Incidents.putFile("/run/effect-lxc/containers/web1/config")(told.event.state) } }
          : told
      )
    }))
    assert.include(broken[0], "was rolled back, and left: + ")
  })

  it("is seen where somebody works on an instance of which another has the lock", () => {
    const broken = retold("one-at-a-time", (story) => ({
      ...story,
      events: story.events.map((told) => told.event._tag === "HostChanged" && told.event.step !== null ? { ...told, event: { ...told.event, pid: 7 } } : told)
    }))
    assert.include(broken[0], "process 7 did")
  })

  it("is seen where something is left in the end, or something did not end", () => {
    const left = retold("no-trace", (story) => ({
      ...story,
      aftermath: story.aftermath && { ...story.aftermath, state: Incidents.mountOn("/mnt")(story.aftermath.state) }
    }))
    assert.deepStrictEqual(left, ["+ mount /mnt tmpfs"])
    assert.deepStrictEqual(retold("nothing-hangs", (story) => ({ ...story, hang: "stuck" })), ["stuck"])
  })

  it("is shrunk to what is needed for it", () => {
    const busy: Explore.Case = { ...subject, operators: [{ asks: [start, start], faults: [Faults.atTag("Mount", "slow")] }, ...subject.operators] }
    const story = Explore.tell(busy)
    const smallest = Explore.shrink({ invariant: "none", messages: [], story, token: "" })
    assert.deepStrictEqual(smallest.story.subject, busy, "what breaks nothing is left as it is")
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

import { defaultDirectories } from "@effect-lxc/core/host/Directories"
import type { HostFacts } from "@effect-lxc/core/host/HostFacts"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Differential, emptyHost, Facts, type SimulatedState } from "@effect-lxc/test-kit"
import { movesOf, tokenOf, type Trail, trailOf } from "@effect-lxc/test-kit/differential/Moves"
import { nameIn, type Setting, unplaced } from "@effect-lxc/test-kit/differential/Setting"
import { hostLike, simulatedSide } from "@effect-lxc/test-kit/differential/SimulatedSide"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

const settingOf = (prefix: string): Setting => ({
  prefix,
  directories: defaultDirectories,
  files: HostPath.make(`/srv/${prefix}`),
  bridge: `${prefix}b`
})

const setting = settingOf("one")
const facts: HostFacts = Facts.factsOf(emptyHost({ layout: "hybrid" }), defaultDirectories)

/** Two simulated hosts; the one that stands for the real one is another if `change` makes it so. */
const sides = (change: (host: SimulatedState) => SimulatedState): Differential.OpenSides =>
  Effect.gen(function*() {
    const host = hostLike(facts, 2, setting)
    const simulated = yield* simulatedSide(setting, host)
    return { setting, simulated, real: yield* simulatedSide(setting, change(host)) }
  })

const find = (trail: Trail, change: (host: SimulatedState) => SimulatedState) =>
  Differential.findDifference(trail, sides(change))

describe("a differential run", () => {
  it("makes the same moves from the same seed in every setting, and others from another", () => {
    const read = (seed: number, place: Setting) => unplaced(place)(JSON.stringify(movesOf({ seed, length: 50, without: [] }, place)))
    assert.strictEqual(read(1, setting), read(1, settingOf("other")))
    assert.notStrictEqual(read(1, setting), read(2, setting))
  })

  it("keeps a move as it was when others are left out", () => {
    const trail = { seed: 3, length: 50, without: [] }
    const all = movesOf(trail, setting)
    assert.deepStrictEqual(movesOf({ ...trail, kept: [7, 30] }, setting), all.filter((_, index) => index === 7 || index === 30))
  })

  it("is replayed from its token", () => {
    const trails: ReadonlyArray<Trail> = [
      { seed: 17, length: 40, kept: undefined, without: [] },
      { seed: 17, length: 40, kept: [3, 7, 39], without: [] },
      { seed: 17, length: 40, kept: [3], without: ["nics", "lxc"] }
    ]
    assert.deepEqual(trails.map((trail) => trailOf(tokenOf(trail))), [...trails])
    assert.isUndefined(trailOf("17"))
  })

  it.effect("of two hosts that are alike has no difference", () =>
    Effect.forEach([1, 2, 3], (seed) =>
      Effect.map(find({ seed, length: 60, without: [] }, (host) => host), (found) => assert.isUndefined(found)), { discard: true }))

  it.effect("of two that are not is shrunk to what shows it, and the token replays that", () =>
    Effect.gen(function*() {
      const unlike = (host: SimulatedState): SimulatedState => ({ ...host, ignoredLimits: ["pids.max"] })
      const found = yield* find({ seed: 1, length: 200, without: [] }, unlike)
      assert.isDefined(found)
      if (found === undefined) return
      const { difference, trail } = found
      assert.strictEqual(trail.kept.length, 1)
      assert.notInclude(trail.without, "resources")
      assert.include(trail.without, "nics")
      assert.match(difference.simulated.join("\n"), /^answer Done/m)
      assert.match(difference.real.join("\n"), /^answer Failed at ConfirmLimits: LimitNotInForce/m)
      const replayed = trailOf(tokenOf(trail))
      assert.deepStrictEqual(replayed === undefined ? undefined : (yield* find(replayed, unlike))?.difference, difference)
      const text = Differential.report(trail, difference)
      assert.include(text, `--replay ${tokenOf(trail)}`)
      assert.notInclude(text, nameIn(setting, "calm"))
    }))

  it.effect("is not looked for in more trails than are allowed, and the best of these is told", () =>
    Effect.gen(function*() {
      const unlike = (host: SimulatedState): SimulatedState => ({ ...host, ignoredLimits: ["pids.max"] })
      const lengthAfter = Effect.fnUntraced(function*(tries: number) {
        let opened = 0
        const counted = Effect.andThen(Effect.sync(() => opened += 1), sides(unlike))
        const found = yield* Differential.findDifference({ seed: 1, length: 200, without: [] }, counted, { tries })
        assert.isAtMost(opened, 1 + tries)
        return found?.trail.kept.length ?? 0
      })
      const [none, few] = [yield* lengthAfter(0), yield* lengthAfter(1)]
      assert.isAbove(none, few)
      assert.isAbove(few, 1)
    }))
})

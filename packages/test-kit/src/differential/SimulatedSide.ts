/**
 * The simulated side of a differential run.
 *
 * @since 0.1.0
 */
import type { HostFacts } from "@effect-lxc/core/host/HostFacts"
import { isBelow } from "@effect-lxc/core/model/HostPath"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import type { Side } from "../Differential.ts"
import { makeDirectories } from "../FileTree.ts"
import { befall, Happening } from "../Happening.ts"
import { emptyHost } from "../HostBuilder.ts"
import { ask } from "../Request.ts"
import { SimulatedHost } from "../SimulatedHost.ts"
import type { SimulatedState } from "../SimulatedState.ts"
import * as TestHypervisor from "../TestHypervisor.ts"
import * as TestKit from "../TestKit.ts"
import { fileIn, images, type Setting } from "./Setting.ts"
import { answerLine, look } from "./Sight.ts"

/**
 * A host that is in the setting as another one is, as far as its facts tell: its releases, its cgroup trees.
 *
 * @since 0.1.0
 * @category constructors
 */
export const hostLike = (facts: HostFacts, cpus: number, setting: Setting): SimulatedState => {
  const guests = Object.entries(images).map(([name, guest]) =>
    [`${fileIn(setting, name)}${name.endsWith(".img") ? "" : "/"}`, guest] as const)
  const state = emptyHost({
    layout: facts.cgroups.layout,
    lxcVersion: facts.lxcVersion,
    kernel: facts.kernel,
    cpus,
    ...(facts.criu === false ? { criu: null } : {}),
    swapAccounting: facts.cgroups.swapAccounting,
    ioWeightFile: facts.cgroups.ioWeightFile,
    bridges: [setting.bridge],
    images: Object.fromEntries(guests)
  })
  const trees = facts.cgroups.hierarchies.map((each) => ({ ...each, groups: {} }))
  const above = facts.mounts.filter(({ target }) =>
    target === "/" || isBelow(target, setting.files) || isBelow(target, setting.directories.run))
  const mounts = above.map((each) => ({ ...each, image: null }))
  return makeDirectories({ ...state, trees, mounts }, fileIn(setting, "shared"))
}

/** Longer than anything goes on by itself: the last is that a dead monitor is reaped. */
const quietMs = 5_000

const isHappening = Schema.is(Happening)

/**
 * A simulated host to move on, and a clock of its own: what takes time takes none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const simulatedSide = Effect.fnUntraced(function*(setting: Setting, host: SimulatedState) {
  const services = yield* Layer.build(
    TestHypervisor.layer({ host, directories: setting.directories }).pipe(Layer.provideMerge(TestClock.layer()))
  )
  const line = answerLine(setting)
  const take: Side["take"] = (move) =>
    Effect.gen(function*() {
      const simulated = yield* SimulatedHost
      const answer = isHappening(move)
        ? yield* Effect.as(simulated.update(befall(move)), null)
        : line(yield* TestKit.runToEnd(ask(move), { step: "1 second" }))
      yield* TestClock.adjust(quietMs)
      return answer
    }).pipe(Effect.provideContext(services))
  return { take, look: (deep) => Effect.provideContext(Effect.orDie(look(setting, deep)), services) } satisfies Side
})

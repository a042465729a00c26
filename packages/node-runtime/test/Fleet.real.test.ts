import type { FleetReport } from "@effect-lxc/core/runtime/Fleet"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fs from "node:fs"
import { afterAll, beforeAll } from "vitest"
import type { Init } from "../../../tools/busyboxImage.ts"
import { realHost } from "../../../tools/realHost.ts"
import { RealLab } from "./RealLab.ts"
import { inLab } from "./RealTests.ts"

const lab = new RealLab()

const { leavingNothing } = inLab(lab)

/** An instance with an image of its own. */
const one = (short: string, init: Init, after: ReadonlyArray<string> = [], priority = 0) => {
  const image = `${lab.files}/${short}.img`
  if (!fs.existsSync(image)) fs.copyFileSync(lab.image(init), image)
  return lab.instance(short, init, {
    disks: [{ path: image }],
    autostart: { after: after.map((each) => lab.name(each)), priority },
    lxc: { settle: "300ms", shutdownTimeout: "5s" }
  })
}

const tell = ({ outcomes }: FleetReport) => outcomes.map((each) => `${each.instance.slice(lab.id.length + 1)} ${each._tag}`)

const running = Effect.gen(function*() {
  return (yield* (yield* Hypervisor).list()).map((each) => [each.name.slice(lab.id.length + 1), each.state])
})

describe.runIf(realHost.available)("several containers, on real LXC", () => {
  beforeAll(() => lab.open())
  afterAll(() => lab.close())

  it.live("start in their order, those that wait for nothing side by side, and stop in reverse: without a trace", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const three = [one("web1", "obedient", ["db"], 5), one("web2", "obedient", ["db"]), one("db", "obedient")]
      assert.deepStrictEqual(tell(yield* hypervisor.startAll(three)), ["db Done", "web1 Done", "web2 Done"])
      assert.deepStrictEqual(yield* running, [["db", "RUNNING"], ["web1", "RUNNING"], ["web2", "RUNNING"]])
      const begun = Effect.map(hypervisor.infoAll(), (all) => all.map((each) => Date.parse(each.startedAt ?? "")))
      const [db = 0, web1 = 0, web2 = 0] = yield* begun
      assert.isAtLeast(Math.min(web1, web2) - db, 200)
      assert.isBelow(Math.abs(web1 - web2), 300)
      assert.deepStrictEqual(tell(yield* hypervisor.startAll(three)), ["db Unneeded", "web1 Unneeded", "web2 Unneeded"])
      assert.deepStrictEqual(tell(yield* hypervisor.stopAll(three)), ["web2 Done", "web1 Done", "db Done"])
      assert.deepStrictEqual(tell(yield* hypervisor.stopAll(three)), ["web2 Unneeded", "web1 Unneeded", "db Unneeded"])
    })))

  it.live("of which one fails: the others start, what waits for it is skipped, and nothing of either is left", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const three = [one("behind", "obedient", ["broken"]), one("broken", "exitsSoon"), one("lone", "obedient")]
      assert.deepStrictEqual(tell(yield* hypervisor.startAll(three)), ["broken Failed", "behind Skipped", "lone Done"])
      assert.deepStrictEqual(yield* running, [["lone", "RUNNING"]])
      assert.deepStrictEqual(tell(yield* hypervisor.stopAll(three)), ["lone Done", "behind Unneeded", "broken Unneeded"])
    })))

  it.live("of which one is deaf: what it needs goes on running until it is forced", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const three = [one("deaf", "deaf", ["base"]), one("base", "obedient"), one("lone", "obedient")]
      yield* hypervisor.startAll(three)
      const report = yield* hypervisor.stopAll(three, { timeoutMs: 1_000 })
      assert.deepStrictEqual(tell(report), ["lone Done", "deaf Failed", "base Skipped"])
      assert.deepStrictEqual(yield* running, [["base", "RUNNING"], ["deaf", "RUNNING"]])
      assert.deepStrictEqual(tell(yield* hypervisor.stopAll(three, { timeoutMs: 0, force: true })), ["lone Unneeded", "deaf Done", "base Done"])
    })))
})

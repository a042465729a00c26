import { findDifference, report } from "@effect-lxc/test-kit/Differential"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { realHost } from "../../../tools/realHost.ts"
import { RealLab } from "./RealLab.ts"
import { openSides } from "./RealSides.ts"

const lab = new RealLab()

describe.runIf(realHost.available)("the simulated and the real host", () => {
  beforeAll(() => lab.open())
  afterAll(() => lab.close())

  // A slice of `npm run differential`.
  for (const seed of [1, 2, 3]) {
    it.live(`answer the same, and look the same, after each of twelve moves from seed ${seed}`, () =>
      Effect.map(findDifference({ seed, length: 12, without: [] }, openSides(lab)), (found) => {
        assert.isUndefined(found, found === undefined ? "" : report(found.trail, found.difference))
      }))
  }
})

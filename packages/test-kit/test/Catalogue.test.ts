import { Catalogue } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

describe("the catalogue, on a simulated host", () => {
  for (const line of Catalogue.lines) {
    it.live(`${line.line}: ${line.title}`, () =>
      Effect.map(Catalogue.runSimulated(line), (reason) => assert.isUndefined(reason)))
  }

  it("says each line once", () => {
    const names = Catalogue.lines.map(({ line }) => line)
    assert.deepStrictEqual(names.filter((name, index) => names.indexOf(name) !== index), [])
  })
})

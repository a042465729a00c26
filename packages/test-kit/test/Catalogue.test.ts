import { Catalogue } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

describe("the catalogue, on a simulated host", () => {
  for (const line of Catalogue.lines) {
    it.live(`${line.line}: ${line.title}`, () =>
      Effect.map(Catalogue.runSimulated(line), (reason) => assert.isUndefined(reason)))
  }

  it("is written down as it is", () => {
    const file = fileURLToPath(new URL("../CATALOGUE.md", import.meta.url))
    assert.strictEqual(readFileSync(file, "utf8"), Catalogue.markdown)
  })

  it("has a section for each line", () => {
    for (const { line } of Catalogue.lines) assert.match(line, /^[A-F]: \S/)
  })

  it("says each line once", () => {
    const names = Catalogue.lines.map(({ line }) => line)
    assert.deepStrictEqual(names.filter((name, index) => names.indexOf(name) !== index), [])
  })
})

import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"

const root = new URL("..", import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), "utf8")

/** What is type-checked and run: a block of the text must stand in one of them, line by line. */
const sources = [
  ...readdirSync(new URL("examples", root)).filter((name) => name.endsWith(".ts")).map((name) => `examples/${name}`),
  "packages/test-kit/test/HostContract.test.ts"
].map(read)

const blocks = [...read("packages/test-kit/README.md").matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = ""]) => code.trimEnd())

describe("the code in the README of the test kit is run by these tests:", () => {
  it("there is some", () => assert.isAbove(blocks.length, 5))

  for (const block of blocks) {
    it(`${block.split("\n", 1).join("")} …`, () => {
      assert.isTrue(sources.some((source) => source.includes(block)), block)
    })
  }
})

import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { atLeast, compare, LxcVersion, parseLxcVersion } from "@effect-lxc/core/lxc/LxcVersion"
import { version } from "./targets.ts"

describe("LxcVersion", () => {
  it("is read as LXC prints it and as people write it", () => {
    const texts: ReadonlyArray<readonly [string, string]> = [
      ["5.0.2\n", "5.0.2"], ["1.0", "1.0.0"], ["5", "5.0.0"], ["4.0.0~rc1", "4.0.0"], ["6.0.0-devel", "6.0.0"], ["2.0.8.1", "2.0.8"]
    ]
    for (const [text, shown] of texts) {
      assert.strictEqual(String(version(text)), shown)
      assert.instanceOf(version(text), LxcVersion)
    }
  })

  it("says what was expected of anything else", () => {
    for (const text of ["", "lxc", "5.", ".1", "5.0.2 6", "5\n0", "-1", "123456", "5.0.2\0"]) {
      assert.match(Result.getOrThrow(Result.flip(parseLxcVersion(text))), /^expected a version of LXC such as 5\.0\.2; found "/)
    }
  })

  it("is ordered by number, not by letter", () => {
    const ordered = ["1.0", "1.1.5", "2.0", "2.1", "2.1.1", "3.0", "4.0.0", "4.0.2", "4.0.10", "10.0"].map(version)
    assert.deepStrictEqual(ordered.toReversed().sort(compare), ordered)
    assert.isTrue(atLeast(version("4.0.10"), "4.0.9"))
    assert.isTrue(atLeast(version("2.1"), "2.1.0"))
    assert.isFalse(atLeast(version("2.0.11"), "2.1.0"))
  })
})

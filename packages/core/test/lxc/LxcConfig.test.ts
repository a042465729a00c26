import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Result, Schema } from "effect"
import { comment, entry, type LxcLine, parse, render } from "@effect-lxc/core/lxc/LxcConfig"
import { hostileTexts } from "../model/specs.ts"

const key = Schema.String.check(Schema.isPattern(/^lxc(\.[a-z0-9_]{1,6}){1,4}$/))
const lines: Arbitrary.Arbitrary<LxcLine> = Arbitrary.flatMap(
  Arbitrary.schema(Schema.Boolean),
  (isEntry): Arbitrary.Arbitrary<LxcLine> =>
    isEntry
      ? Arbitrary.map(Arbitrary.all([Arbitrary.schema(key), hostileTexts]), ([name, value]) => entry(name, value))
      : Arbitrary.map(hostileTexts, comment)
)

describe("LxcConfig", () => {
  it.prop(
    "reads back exactly the document that was written, or refuses to write it",
    [Arbitrary.array(lines, { maxLength: 5 })],
    ([config]) => {
      const text = render(config)
      if (Result.isSuccess(text)) {
        assert.deepStrictEqual(Result.getOrThrow(parse(text.success)), { config, ignored: [] })
        assert.strictEqual(text.success.split("\n").length, config.length + 1)
      }
    }
  )

  it("ends each line with a newline, and has nothing for nothing", () => {
    assert.deepStrictEqual(
      render([comment("NIC 0"), entry("lxc.uts.name", "web1"), entry("lxc.cap.drop", ""), comment("")]),
      Result.succeed("# NIC 0\nlxc.uts.name = web1\nlxc.cap.drop =\n#\n")
    )
    assert.deepStrictEqual(render([]), Result.succeed(""))
  })

  const unwritable: ReadonlyArray<readonly [string, LxcLine]> = [
    ["a line break in a value", entry("lxc.uts.name", "a\nlxc.hook.pre-start = /x")],
    ["a carriage return", entry("lxc.uts.name", "a\r")],
    ["NUL", entry("lxc.uts.name", "a\0")],
    ["a tab, which is trimmed", entry("lxc.uts.name", "a\t")],
    ["half a character", entry("lxc.uts.name", "\ud800")],
    ["a leading blank", entry("lxc.uts.name", " a")],
    ["a trailing blank", entry("lxc.uts.name", "a ")],
    ["a pair of quotes", entry("lxc.uts.name", "\"a\"")],
    ["an empty pair of quotes", entry("lxc.uts.name", "''")],
    ["a key with =", entry("lxc.a=b", "c")],
    ["a key with a blank", entry("lxc.a b", "c")],
    ["a key that LXC would ignore", entry("uts.name", "c")],
    ["a key over two lines", entry("lxc.a\nlxc.b", "c")],
    ["a line break in a comment", comment("a\nlxc.hook.pre-start = /x")]
  ]
  it.each(unwritable)("refuses to write %s", (_name, line) => {
    const failure = Result.getOrThrow(Result.flip(render([comment("first"), line])))
    assert.strictEqual(failure.line, 2)
    assert.notInclude(failure.message, "\n")
  })

  it("reads as LXC does: blanks and one pair of quotes go, # within a value stays, the last = is part of the value", () => {
    const parsed = Result.getOrThrow(parse(
      "\n  lxc.a  =  b c  \r\n\t# note \nlxc.b=\"x y\"\nlxc.c = 'a\nlxc.d = a # b\nlxc.e = A=B\nlxc.f =\nlxc.g = \"\"a\"\""
    ))
    assert.deepStrictEqual(parsed.config, [
      entry("lxc.a", "b c"), comment("note"), entry("lxc.b", "x y"), entry("lxc.c", "'a"), entry("lxc.d", "a # b"),
      entry("lxc.e", "A=B"), entry("lxc.f", ""), entry("lxc.g", "\"a\"")
    ])
  })

  it("reports the lines that LXC ignores without a word", () => {
    const parsed = Result.getOrThrow(parse("lxc.a = b\nuts.name = c\n\nLXC.x = y\n"))
    assert.deepStrictEqual(parsed, {
      config: [entry("lxc.a", "b")],
      ignored: [{ line: 2, text: "uts.name = c" }, { line: 4, text: "LXC.x = y" }]
    })
  })

  it("names the line that has no =", () => {
    const failure = Result.getOrThrow(Result.flip(parse("# a\nlxc.a = b\nlxc.uts.name web1\n")))
    assert.deepStrictEqual([failure._tag, failure.line, failure.message], [
      "InvalidConfigLine", 3, "line 3: there is no =: lxc.uts.name web1"
    ])
  })
})

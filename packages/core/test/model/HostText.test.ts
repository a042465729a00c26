import { assert, describe, it } from "@effect/vitest"
import { escape, isPrintable } from "@effect-lxc/core/model/HostText"
import { hostileTexts } from "./specs.ts"

describe("HostText", () => {
  it("takes text of any language", () => {
    for (const text of ["a", "web1", "Ünïcödé", "日本", "😀", " a b "]) {
      assert.isTrue(isPrintable(text), text)
    }
  })

  it("refuses nothing at all, control characters, separators and half characters", () => {
    for (const text of ["", "a\nb", "\0", "\u001f", "\u007f", "\u0080", "\u009f", "\u2028", "\u2029", "\ud800", "a\udc00b"]) {
      assert.isFalse(isPrintable(text), escape(text))
    }
  })

  it.prop("shows any text as one printable line", [hostileTexts], ([text]) =>
    text === "" || isPrintable(escape(text)))

  it("shows what cannot be seen, and two different texts differently", () => {
    assert.strictEqual(escape("a\nb\u202e\0\ud800"), "a\\nb\\u{202e}\\u{0}\\u{d800}")
    assert.strictEqual(escape("a\\nb"), "a\\\\nb")
    assert.strictEqual(escape("wéb 1\u00a0"), "wéb 1\\u{a0}")
  })
})

import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Option, Result, Schema } from "effect"
import { counted, sizeText } from "@effect-lxc/core/model/AmountText"
import { count, CpuSet, parseKernel, render } from "@effect-lxc/core/model/CpuSet"
import { MemorySize } from "@effect-lxc/core/model/MemorySize"
import { Milliseconds } from "@effect-lxc/core/model/Milliseconds"
import { decodeInput } from "@effect-lxc/core/model/InvalidSpec"

const refusal = (schema: Schema.ConstraintDecoder<unknown>, input: unknown): string =>
  Result.match(decodeInput(schema, input, "it"), {
    onFailure: ({ problems }) => problems.map(({ message }) => message).join("; "),
    onSuccess: () => "accepted"
  })

describe("amounts for people", () => {
  it("have the unit of which there is one, and a noun that fits", () => {
    const sizes = [0, 2 ** 19, 256 * 2 ** 20, 1023 * 2 ** 20, 2 ** 30, 9000 * 2 ** 30, 2 ** 53].map(sizeText)
    assert.deepStrictEqual(sizes, ["0.0 MiB", "0.5 MiB", "256.0 MiB", "1023.0 MiB", "1.0 GiB", "8.8 TiB", "8.0 PiB"])
    assert.deepStrictEqual([0, 1, 2].map((count) => counted(count, "step")), ["0 steps", "1 step", "2 steps"])
  })
})

describe("MemorySize", () => {
  const decode = Schema.decodeUnknownSync(MemorySize)

  it("reads bytes and binary units", () => {
    const sizes: ReadonlyArray<readonly [number | string, number]> = [
      [0, 0], [4096, 4096], ["4096", 4096], ["64KiB", 65_536], ["256MiB", 268_435_456], ["2GiB", 2 ** 31], ["1 GiB", 2 ** 30]
    ]
    for (const [written, bytes] of sizes) {
      assert.strictEqual(decode(written), bytes)
    }
  })

  it("refuses other units, fractions, signs and what no number can hold, and says what it takes", () => {
    for (const written of [-1, 1.5, Number.NaN, 2 ** 53, "256M", "256mib", "1.5GiB", "-1", "", " 1", "1e3", "0x10", "9999999999999999GiB", "１KiB", true, null]) {
      assert.match(refusal(MemorySize, written), /^expected a whole number of bytes, or text such as .*256MiB.*; found /)
    }
  })

  it("encodes to bytes", () => {
    assert.strictEqual(Schema.encodeSync(MemorySize)(decode("2MiB")), 2_097_152)
  })
})

describe("Milliseconds", () => {
  const decode = Schema.decodeUnknownSync(Milliseconds)

  it("reads a number with its unit", () => {
    const times: ReadonlyArray<readonly [number | string, number]> = [
      ["500ms", 500], ["30s", 30_000], ["2m", 120_000], ["1h", 3_600_000], ["1.5s", 1500], [0, 0], ["0ms", 0], ["168h", 604_800_000]
    ]
    for (const [written, ms] of times) {
      assert.strictEqual(decode(written), ms)
    }
  })

  it("refuses a bare number, and says why", () => {
    assert.include(refusal(Milliseconds, 30), "a number needs its unit; found 30")
    assert.include(refusal(Milliseconds, "30"), "a number needs its unit; found \"30\"")
  })

  it("refuses what is no time, or too long for a timer", () => {
    for (const written of ["", "s", "-1s", "1 minute", "1d", "169h", "99999999999999s", "0.5ms", "1.0001s", true]) {
      assert.match(refusal(Milliseconds, written), /^expected /)
    }
  })

  it.prop(
    "reads back what it writes",
    [Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 604_800_000 }))],
    ([ms]) => decode(Schema.encodeSync(Milliseconds)(ms)) === ms
  )
})

describe("CpuSet", () => {
  const decode = Schema.decodeUnknownSync(CpuSet)

  it("reads ranges and single processors, in any order, each once", () => {
    assert.deepStrictEqual(decode("0-2,5"), [0, 1, 2, 5])
    assert.deepStrictEqual(decode("5,0-2,1"), [0, 1, 2, 5])
    assert.deepStrictEqual(decode(3), [3])
    assert.strictEqual(count(decode("0-2,5")), 4)
  })

  it("refuses empty, reversed, open and impossible lists", () => {
    for (const written of ["", "2-1", "5,2-1", "1-", "-1", "0,", ",", "a", "0-9999", "99999", "0 1", "0-2\n", 1.5, -1]) {
      assert.match(refusal(CpuSet, written), /^expected processors such as 0-2,5/)
    }
  })

  it("reads what the kernel prints, also nothing", () => {
    assert.deepStrictEqual(parseKernel("0-1\n"), Option.some([0, 1]))
    assert.deepStrictEqual(parseKernel("\n"), Option.some([]))
    assert.deepStrictEqual(parseKernel(""), Option.some([]))
    assert.isTrue(Option.isNone(parseKernel("all\n")))
    assert.isTrue(Option.isNone(parseKernel("2-1\n")))
  })

  it.prop(
    "reads back what it writes, and writes as the kernel does",
    [Arbitrary.array(Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40 }))), { minLength: 1, maxLength: 20 })],
    ([cpus]) => {
      const set = [...new Set(cpus)].sort((a, b) => a - b)
      assert.deepStrictEqual(decode(render(set)), set)
      assert.deepStrictEqual(parseKernel(`${render(set)}\n`), Option.some(set))
      assert.notMatch(render(set), /(\d+)-\1(?!\d)/)
    }
  )

  it("writes runs as ranges", () => {
    assert.strictEqual(render([0, 1, 2, 5, 7, 8]), "0-2,5,7-8")
  })
})

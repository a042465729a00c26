import type { InvalidSpec } from "@effect-lxc/core/model/InvalidSpec"
import { encodeInstance } from "@effect-lxc/core/model/Instance"
import { isPrintable } from "@effect-lxc/core/model/HostText"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { shownLog } from "effect-lxc/actions/Logs"
import { parseSpec } from "effect-lxc/SpecFile"
import { parseYaml } from "effect-lxc/YamlText"
import { isLinear, survives } from "../../core/test/fuzz/Mutations.ts"
import { cli, specText, temporary } from "./Harness.ts"

const { file, path } = temporary()

const refusal = (text: string): Effect.Effect<string, unknown> =>
  Effect.map(Effect.flip(parseSpec(text, "web1.yaml")), (error: InvalidSpec) => error.message)

const head = "name: web1\ndisks: [{ path: /a }]\n"

const refusals: ReadonlyArray<readonly [what: string, text: string, expected: RegExp]> = [
  ["a doubled field", `${head}nics: []\nname: web2\n`, /line 4, column 1: the field name is there twice/],
  ["a doubled field within a list", `name: a\ndisks:\n  - path: /a\n    path: /b\n`, /line 4, column 5: the field path is/],
  ["an anchor", `name: &n web1\ndisks: []\n`, /line 1, column 10: an anchor/],
  ["an alias", `name: web1\ndisks: [*d]\n`, /line 2, column 9: /],
  ["an alias that has its anchor", `name: web1\nnics: &n []\ndisks: *n\n`, /line 2, column 10: an anchor/],
  ["a tag", `name: !!str web1\ndisks: []\n`, /line 1, column \d+: a tag/],
  ["a binary tag", `name: web1\ndisks: [{ path: !!binary L2E= }]\n`, /line 2, column \d+: a tag/],
  ["a second document", `${head}---\n${head}`, /a second document begins/],
  ["a directive, which could change what words mean", `%YAML 1.1\n---\n${head}`, /line 1, column 1: a directive/],
  ["a directive of tags", `%TAG ! tag:example.com,2000:\n---\n${head}`, /line 1, column 1: a directive/],
  ["nothing at all", "", /there is nothing in it/],
  ["only a comment", "# later\n", /there is nothing in it/],
  ["a tab for indentation", "name: web1\ndisks:\n\t- path: /a\n", /line 3, column 1: a tab is no indentation/],
  ["a list that does not end", "name: web1\ndisks: [\n", /line 3, column 1: /],
  ["a key that is no word", `${head}? [a]\n: 1\n`, /line 3, column 3: /],
  ["lists in lists without end", `name: ${"[".repeat(500)}${"]".repeat(500)}`, /line 1, column \d+: nested/],
  ["lists deeper than a stack", `name: ${"[".repeat(100_000)}`, /nested too deeply/],
  ["mappings in mappings", Array.from({ length: 40 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"), /nested more than 32 deep/],
  ["a misspelt field, with its place", `${head}nic: []\n`, /nic: is not a known field; did you mean nics\? \(line 3, column 1\)/],
  ["an ill-typed field, with its place", `name: web1\ndisks:\n  - path: srv\n`, /disks\[0\]\.path: expected .*; found "srv" \(line 3, column 5\)/],
  ["a missing field", "name: web1\n", /disks: a disk is required/],
  ["a name that would touch prototypes", `${head}__proto__: { a: 1 }\n`, /__proto__: is not a known field/]
]

describe("a spec", () => {
  for (const [what, text, expected] of refusals) {
    it.effect(`is refused for ${what}`, () =>
      Effect.gen(function*() {
        const message = yield* refusal(text)
        assert.match(message, expected)
        assert.match(message, /^web1\.yaml is not valid:\n/)
        assert.isBelow(message.split("\n").length, 6)
      }))
  }

  it.effect("an alias bomb is refused without being expanded", () =>
    Effect.gen(function*() {
      const level = (name: string, below: string) => `${name}: &${name} [${Array(9).fill(`*${below}`).join(", ")}]\n`
      const levels = Array.from({ length: 20 }, (_, i) => level(`l${i + 1}`, `l${i}`))
      assert.match(yield* refusal(`l0: &l0 [lol]\n${levels.join("")}`), /line 1, column 9: an anchor/)
    }))

  it.effect("twenty thousand fields are refused as one is", () =>
    Effect.gen(function*() {
      assert.match(yield* refusal(Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join("\n")), /k19999/)
    }))

  it.effect("of many problems the first are told, and how all are had", () =>
    Effect.gen(function*() {
      const text = `${head}${Array.from({ length: 16 }, (_, i) => `k${i}: 1\n`).join("")}`
      assert.match((yield* cli(["start", "-"], { stdin: text })).err, /\n {2}and 4 more, which --json names\n$/)
      const { error } = JSON.parse((yield* cli(["start", "-", "--json"], { stdin: text })).err) as { error: { problems: ReadonlyArray<unknown> } }
      assert.strictEqual(error.problems.length, 16)
    }))

  it.effect("a field that is misspelt is not said to be missing, too", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* refusal("name: web1\ndisk: [{ path: /a }]\n"),
        "web1.yaml is not valid:\n  disk: is not a known field; did you mean disks? (line 2, column 1)"
      )
      assert.match(yield* refusal("nam: web1\ndisk: [{ pth: /a }]\nnics: [{ lnk: br0 }]\n"), /^web1.yaml is not valid:\n {2}nam: .*\n {2}disk: .*\n {2}nics\[0\]\.lnk: .*$/)
      assert.match(yield* refusal("disk: [{ path: /a }]\n"), /\n {2}name: is required/)
    }))

  it.effect("says the same as JSON, tabs included, as it says as YAML", () =>
    Effect.gen(function*() {
      const yaml = yield* parseSpec(specText, "yaml")
      const value = {
        name: "web1.example.com",
        disks: [{ path: "/srv/images/web1.img" }],
        nics: [{ mode: "bridged", link: "br0", mac: "aa:00:00:12:34:56" }]
      }
      const json = yield* parseSpec(JSON.stringify(value, undefined, "\t"), "json")
      assert.deepStrictEqual(encodeInstance(json), encodeInstance(yaml))
    }))

  it.effect("words and numbers are those of YAML 1.2: yes is a word, a time is no number", () =>
    Effect.gen(function*() {
      assert.match(yield* refusal(`name: yes\ndisks: [{ path: /a, readOnly: yes }]\n`), /readOnly: expected true or false; found "yes"/)
      assert.match(yield* refusal(`${head}resources: { vcpus: 1:30 }\n`), /vcpus: .*"1:30"/)
      assert.strictEqual((yield* parseSpec(`name: no\ndisks: [{ path: /a }]\n`, "y")).name, "no")
    }))

  it.effect("text of the file cannot act on the terminal that shows the error", () =>
    Effect.gen(function*() {
      const ran = yield* cli(["start", "-"], { stdin: `${head}"\\e]0;owned\\a": 1\nnics: "\u009b31m"\n` })
      assert.strictEqual(ran.code, 2)
      assert.notMatch(ran.err.replaceAll("\n", ""), /\p{Cc}/u)
    }))
})

describe("any text", () => {
  it("is a spec, or is refused in words that can be shown", () => {
    survives((bytes) => {
      const parsed = parseYaml(bytes.toString("utf8"))
      if (Result.isFailure(parsed)) assert.isTrue(isPrintable(parsed.failure), parsed.failure)
    }, [specText, JSON.stringify({ name: "web1", disks: [{ path: "/a" }] })])
  })

  it("of a guest's console is shown without acting on a terminal, in a line of time", () => {
    isLinear(shownLog, ["login: \r\n"])
    assert.strictEqual(shownLog("a\r\r\nb\rc\u001b[2J\r"), "a\nb\\rc\\u{1b}[2J")
  })
})

describe("a file that cannot be a spec", () => {
  it.effect("is refused by its name with exit code 2 and nothing on stdout", () =>
    Effect.gen(function*() {
      const cases = [
        [path("none.yaml"), "there is no such file"],
        ["", "there is no such file"],
        [path("."), "it is a directory"],
        ["/dev/zero", "larger than 256 KiB"],
        [file("large.yaml", new Uint8Array(2 ** 18 + 1)), "larger than 256 KiB"],
        [file("latin1.yaml", new Uint8Array([0x6e, 0xe9])), "it is not UTF-8 text"]
      ] as const
      for (const [name, reason] of cases) {
        const ran = yield* cli(["start", name])
        assert.deepStrictEqual([ran.code, ran.out], [2, ""])
        assert.include(ran.err, `effect-lxc: ${name === "" ? '""' : name} cannot be read: `)
        assert.include(ran.err, reason)
      }
    }))

  it.effect("is refused before it is understood, whatever it is made of: commas, or aliases of aliases", () =>
    Effect.gen(function*() {
      const lists = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array.from({ length: 9 }, () => `*a${i}`).join(",")}]`)
      const cases = [
        [`[${",".repeat(2 ** 20 - 2)}]`, /larger than 256 KiB/],
        [`a0: &a0 [x]\n${lists.join("\n")}\n`, /line 1, column \d+: an anchor \(&\) is refused/]
      ] as const
      for (const [text, words] of cases) {
        const ran = yield* cli(["config", file("bomb.yaml", text)])
        assert.deepStrictEqual([ran.code, ran.out], [2, ""])
        assert.match(ran.err, words)
      }
    }))

  it.effect("is no error where it is just large enough", () =>
    Effect.gen(function*() {
      const spec = `${specText}#`.padEnd(2 ** 18, " ")
      assert.strictEqual((yield* cli(["start", file("just.yaml", spec)])).code, 0)
    }))
})

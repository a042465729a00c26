import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { version } from "effect-lxc/Version"
import { makeFakeHost } from "./FakeHost.ts"
import { cli, specText, temporary } from "./Harness.ts"

const { file } = temporary()

const wrong: ReadonlyArray<readonly [argv: string, problem: RegExp, command: string]> = [
  ["", /a command is missing: start, stop, .*, list, info, logs, watch, host, verify, plan, config, facts/, "effect-lxc"],
  ["plan", /a command is missing: start, stop/, "effect-lxc plan"],
  ["stpo", /there is no command "stpo"; did you mean stop\?/, "effect-lxc"],
  ["stop", /NAME is missing/, "effect-lxc stop"],
  ["stop a b", /there is too much: "b"/, "effect-lxc stop"],
  ["stop a --forse", /there is no flag --forse; did you mean --force\?/, "effect-lxc stop"],
  ["stop WEB1", /NAME: expected a host name.*; found "WEB1"/, "effect-lxc stop"],
  ["stop ../x", /NAME: expected a host name/, "effect-lxc stop"],
  ["stop a --timeout", /--timeout needs a value/, "effect-lxc stop"],
  ["stop a --timeout soon", /--timeout: expected a duration/, "effect-lxc stop"],
  ["stop a --timeout -1", /--timeout: expected a duration/, "effect-lxc stop"],
  ["stop a --timeout -1s", /: --timeout needs a value; "-1s" begins with a hyphen and is taken for a flag: write --timeout=-1s if it is meant\nsee/, "effect-lxc stop"],
  ["stop a --timeout=-1s", /--timeout: expected a duration/, "effect-lxc stop"],
  ["stop a --timeout -1s --forse", /taken for a flag[^]*there is no flag --forse/, "effect-lxc stop"],
  ["stop a --lock-wait soon", /--lock-wait: expected a duration/, "effect-lxc stop"],
  ["stop a --rollback-limit 0", /--rollback-limit: expected a duration.*longer than nothing/, "effect-lxc stop"],
  ["logs a --tail x", /--tail: expected a whole number; found "x"/, "effect-lxc logs"],
  ["stop a --timeout 1 --timeout 2", /--timeout: expected at most 1 value/, "effect-lxc stop"],
  ["start x --timeout 0", /--timeout: expected a duration.*longer than nothing/, "effect-lxc start"],
  ["start x --format sh", /--format goes with --dry-run/, "effect-lxc start"],
  ["stop x --format sh", /--format goes with --dry-run/, "effect-lxc stop"],
  ["plan start x --format yaml", /--format: expected .*text.*; found "yaml"/, "effect-lxc plan start"],
  ["plan start - --facts -", /cannot both be standard input/, "effect-lxc plan start"],
  ["config x --cgroup v3", /--cgroup: expected v1, hybrid or v2; found "v3"/, "effect-lxc config"],
  ["list --log-dir /x --run-dir /x", /--run-dir, --log-dir and --state-dir: each needs a directory of its own/, "effect-lxc"],
  ["list --run-dir", /--run-dir needs a value/, "effect-lxc list"],
  ["list --run-dir=", /--run-dir/, "effect-lxc list"],
  ["list x", /there is too much: "x"/, "effect-lxc list"]
]

describe("bad usage", () => {
  for (const [argv, problem, command] of wrong) {
    it.effect(`\`effect-lxc ${argv}\` is named, with the help to see, on stderr alone; exit code 2`, () =>
      Effect.gen(function*() {
        const host = makeFakeHost()
        const ran = yield* cli(argv.split(" ").filter((word) => word !== ""), { host })
        assert.deepStrictEqual([ran.code, ran.out, host.looks], [2, "", 0])
        assert.match(ran.err, problem)
        assert.isTrue(ran.err.endsWith(`\nsee: ${command} --help\n`), ran.err)
      }))
  }

  it.effect("is told of a question as with all commands at hand, and so are its help and the shells' completions", () =>
    Effect.gen(function*() {
      const asked = ["list --help", "info --help", "list --hlep", "list x", "info --all", "list --json=x", "list --log-dir", "list --version", "info --completions bash", "list --completions=fish"]
      for (const words of asked.map((each) => each.split(" "))) {
        const [alone, among] = [yield* cli(words), yield* cli(["--log-level", "info", ...words])]
        assert.deepStrictEqual(alone, among)
        assert.isNotEmpty(alone.out + alone.err, words.join(" "))
      }
      assert.match((yield* cli(["list", "--completions", "bash"])).out, /powercycle/)
    }))

  it.effect("is a line of JSON with --json, wherever that stands", () =>
    Effect.gen(function*() {
      for (const argv of [["--json", "stop"], ["stop", "--json"], ["stop", "A", "--nope", "--json"]]) {
        const ran = yield* cli(argv)
        assert.deepStrictEqual([ran.code, ran.out, ran.err.split("\n").length], [2, "", 2])
        assert.strictEqual((JSON.parse(ran.err) as { error: { _tag: string } }).error._tag, "UsageError")
      }
    }))
})

describe("flags", () => {
  it.effect("may stand before or after names and commands", () =>
    Effect.gen(function*() {
      const spec = file("order.yaml", specText)
      const orders = [
        ["plan", "start", spec, "--format", "sh", "--run-dir", "/r"],
        ["plan", "start", "--format=sh", spec, "--run-dir=/r"],
        ["--run-dir", "/r", "plan", "start", "--format", "sh", spec],
        ["plan", "--run-dir", "/r", "start", spec, "--format", "sh"]
      ]
      const rans = yield* Effect.forEach(orders, (argv) => cli(argv))
      assert.match(rans[0]?.out ?? "", /^#!\/bin\/sh\n[^]*\/r\/containers/)
      for (const ran of rans) assert.deepStrictEqual(ran, rans[0])
    }))

  it.effect("that are given or not never take the name behind them for their value", () =>
    Effect.gen(function*() {
      for (const name of ["1", "on", "no", "true"]) {
        const ran = yield* cli(["stop", "--force", name])
        assert.deepStrictEqual([ran.code, ran.out], [0, `there is nothing by the name ${name}\n`])
      }
    }))

  it.effect("--timeout takes durations, and a bare number as seconds", () =>
    Effect.gen(function*() {
      const spec = file("timeout.yaml", specText)
      const timeouts = { "7": 7_000, "500ms": 500, "30s": 30_000, "2m": 120_000, "1.5": 1_500 }
      for (const [given, ms] of Object.entries(timeouts)) {
        const ran = yield* cli(["start", spec, "--dry-run", "--timeout", given])
        assert.include(ran.out, `start web1.example.com, ${ms} ms at most`)
      }
    }))

  it.effect("a relative --run-dir or --root-dir is one below the directory where the program runs", () =>
    Effect.gen(function*() {
      const config = yield* cli(["config", "-", "--lxc-version", "5.0.2", "--cgroup", "v2", "--root-dir", "r"], { stdin: specText })
      assert.include(config.out, `= dir:${process.cwd()}/r\n`)
      const ran = yield* cli(["plan", "start", "-", "--run-dir", "r"], { stdin: specText })
      assert.include(ran.out, `make directory ${process.cwd()}/r/containers `)
    }))
})

describe("help and version", () => {
  it.effect("are results", () =>
    Effect.gen(function*() {
      const help = yield* cli(["stop", "--help"])
      assert.deepStrictEqual([help.code, help.err], [0, ""])
      assert.match(help.out, / {2}NAME +The name of a container \(optional\)\n[^]*--timeout T .*bare number is seconds/)
      assert.deepStrictEqual(yield* cli(["--version"]), { code: 0, out: `effect-lxc ${version}\n`, err: "" })
    }))

  it.effect("are had by the command help, too", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* cli(["help"]), yield* cli(["--help"]))
      assert.deepStrictEqual(yield* cli(["help", "plan", "start"]), yield* cli(["plan", "start", "--help"]))
    }))

  it.effect("tell of every command and every global flag but the hidden one", () =>
    Effect.gen(function*() {
      const { out } = yield* cli(["--help"])
      for (const word of ["start", "stop", "run", "list", "info", "plan", "config", "facts", "--run-dir", "--json"]) {
        assert.include(out, word)
      }
      assert.notInclude(out, "simulate")
    }))

  it("the version is that of the package", () => {
    const text = readFileSync(new URL("../package.json", import.meta.url), "utf8")
    assert.strictEqual((JSON.parse(text) as { version: string }).version, version)
  })

  it.effect("scripts for completion go to stdout", () =>
    Effect.gen(function*() {
      const ran = yield* cli(["--completions", "bash"])
      assert.deepStrictEqual([ran.code, ran.err], [0, ""])
      assert.include(ran.out, "effect-lxc")
    }))
})

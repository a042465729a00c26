import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { makeFakeHost, running } from "./FakeHost.ts"
import { cli, temporary } from "./Harness.ts"

const { file } = temporary()

describe("powercycle", () => {
  it.effect("is refused without the flag that says that this host is meant, before anything is looked at", () =>
    Effect.gen(function*() {
      const host = makeFakeHost()
      const ran = yield* cli(["powercycle"], { host })
      assert.deepStrictEqual([ran.code, ran.out, host.looks, host.applied], [2, "", 0, []])
      assert.include(ran.err, "--yes-i-mean-this-host")
    }))

  it.effect("with the flag takes its one step", () =>
    Effect.gen(function*() {
      const host = makeFakeHost()
      const ran = yield* cli(["powercycle", "--yes-i-mean-this-host"], { host })
      assert.deepStrictEqual([ran.code, host.applied], [0, ["PowerCycle"]])
    }))

  it.effect("shows its plan in every format without the flag and does nothing", () =>
    Effect.gen(function*() {
      const host = makeFakeHost()
      host.facts = { ...host.facts, containers: [running("web1", "/run/effect-lxc/containers")] }
      const show = (...format: ReadonlyArray<string>) => cli(["powercycle", "--dry-run", ...format], { host })
      const text = yield* show()
      assert.include(text.out, "restart this host at once")
      assert.include(text.out, "web1 under /run/effect-lxc/containers is RUNNING and is cut off")
      assert.include((yield* show("--format", "sh")).out, "echo b > /proc/sysrq-trigger || reboot -n -f")
      assert.include((yield* show("--format", "mermaid")).out, "restart this host at once")
      assert.deepInclude(JSON.parse((yield* show("--format", "json")).out) as object, { operation: "powercycle" })
      assert.deepStrictEqual(host.applied, [])
    }))

  it.effect("is not carried out from a file, where nobody says that this host is meant", () =>
    Effect.gen(function*() {
      const host = makeFakeHost()
      const { out } = yield* cli(["powercycle", "--dry-run", "--format", "json"], { host })
      const ran = yield* cli(["run", file("powercycle.json", out)], { host })
      assert.deepStrictEqual([ran.code, host.applied], [2, []])
      assert.include(ran.err, "powercycle --yes-i-mean-this-host")
    }))
})

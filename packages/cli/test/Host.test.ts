import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { simulatedHypervisor } from "effect-lxc/SimulatedHypervisor"
import { cli } from "./Harness.ts"

const make = (options: Parameters<typeof simulatedHypervisor>[0]) => simulatedHypervisor(options, [])

describe("host", () => {
  it.effect("--json has the fields that programs rely on", () =>
    Effect.gen(function*() {
      const ran = yield* cli(["host", "--json"], { make })
      const info = JSON.parse(ran.out) as Record<string, unknown>
      assert.strictEqual(ran.code, 0)
      assert.deepInclude(info["memory"], { totalMiB: 8192, freeMiB: 6144, hostMiB: 2048 })
      assert.deepInclude(info["cpu"], { total: 4, numaNodes: 1, sockets: 1 })
      assert.deepInclude(info, { kernel: "6.1.0-44-amd64", lxcVersion: "5.0.2", cgroupLayout: "v2" })
      assert.deepStrictEqual(info["controllers"], ["cpu", "cpuset", "io", "memory", "pids"])
    }))

  it.effect("is a few lines for people", () =>
    Effect.gen(function*() {
      assert.match((yield* cli(["host"], { make })).out, /^memory +8192 MiB, 6144 free[^]*\ncgroups +v2: cpu/)
    }))
})

describe("verify", () => {
  it.effect("of a host in order is exit code 0", () =>
    Effect.gen(function*() {
      const ran = yield* cli(["verify", "--json"], { make })
      assert.deepStrictEqual([ran.code, ran.err, JSON.parse(ran.out)], [0, "", { ok: true, findings: [] }])
      assert.strictEqual((yield* cli(["verify"], { make })).out, "nothing is wrong with this host\n")
    }))

  it.effect("is exit code 1 where a finding is an error, with all findings on stdout", () =>
    Effect.gen(function*() {
      const ran = yield* cli(["verify", "--json"])
      const found = JSON.parse(ran.out) as { readonly ok: boolean; readonly findings: ReadonlyArray<Record<string, string>> }
      assert.deepStrictEqual([ran.code, found.ok], [1, false])
      const missing = found.findings.find((each) => each["code"] === "tool-missing")
      assert.deepStrictEqual(missing, {
        code: "tool-missing",
        severity: "error",
        message: "ip is not installed",
        advice: "install it, on Debian and Ubuntu with: apt-get install iproute2"
      })
      assert.match((yield* cli(["verify"])).out, /^error tool-missing: ip is not installed\n {2}install it/m)
    }))
})

import { defaultDirectories } from "@effect-lxc/core/host/Directories"
import { decodeInstance } from "@effect-lxc/core/model/Instance"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Guest, Incidents, SimulatedHost, TestHypervisor } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Result } from "effect"
import { OutputForPeople } from "effect-lxc/Output"
import { cli, prepare } from "./Harness.ts"

const web1 = Result.getOrThrow(decodeInstance({ name: "web1", disks: [{ path: "/srv/web1.img" }], lxc: { settle: "10ms" } }))
const program = (exitCode: number): Guest.GuestProgram => ({ exitCode, stdout: "", stderr: "", takesMs: 10 })
const guest = Guest.obedient({ haltAfterMs: 100, commands: { "/bin/job --all --json": program(42), "/bin/true": program(0) } })
const state = SimulatedHost.state({ images: { "/srv/web1.img": guest } })

/** The command line on a simulated host where web1 runs, and that host. */
const withRunning = <A, E>(
  body: (run: typeof cli, make: () => Layer.Layer<Hypervisor>) => Effect.Effect<A, E, Hypervisor | SimulatedHost>
) =>
  Effect.gen(function*() {
    const host = yield* Layer.build(TestHypervisor.layer({ host: state }))
    const make = () => Layer.succeedContext(host)
    yield* Effect.gen(function*() {
      yield* (yield* Hypervisor).start(web1)
      yield* body((argv, setting) => cli(argv, { ...setting, make }), make)
    }).pipe(Effect.provideContext(host))
  }).pipe(Effect.scoped)

describe("exec", () => {
  it.live("ends with the program's own code, and says nothing; flags behind -- are the program's", () =>
    withRunning((run) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* run(["exec", "web1", "--", "/bin/job", "--all", "--json"]), { code: 42, out: "", err: "" })
        assert.deepStrictEqual(yield* run(["exec", "web1", "--", "/bin/true"]), { code: 0, out: "", err: "" })
        assert.strictEqual((yield* run(["exec", "web1", "--", "/bin/nope"])).code, 127)
      })))

  it.live("of what cannot be run is refused: a frozen container, one that is not there, a word that is no variable", () =>
    withRunning((run) =>
      Effect.gen(function*() {
        yield* (yield* Hypervisor).freeze(web1.name)
        const frozen = yield* run(["exec", "web1", "--", "/bin/true"])
        assert.deepStrictEqual([frozen.code, frozen.out], [1, ""])
        assert.match(frozen.err, /^effect-lxc: nothing can be run in web1: it is FROZEN.*effect-lxc thaw web1\n$/)
        assert.strictEqual((yield* run(["exec", "web2", "--", "/bin/true"])).code, 1)
        for (const bad of [["--env", "A"], ["--env", "1=2"], ["--cwd", "tmp"], ["--uid", "-1"]]) {
          const ran = yield* run(["exec", "web1", ...bad, "--", "/bin/true"])
          assert.strictEqual(ran.code, 2, bad.join(" "))
          assert.match(ran.err, new RegExp(`^effect-lxc: ${bad[0]}(?: 1)?: [^\n]*\nsee: effect-lxc exec --help\n$`), bad.join(" "))
        }
        assert.match((yield* run(["exec", "web1", "--", "a\u0000b"])).err, /^effect-lxc: ARGV\[0\]: /)
      })))
})

describe("console", () => {
  it.live("--command is the command as JSON, also without --json", () =>
    withRunning((run) =>
      Effect.gen(function*() {
        const { code, out } = yield* run(["console", "web1", "--command"])
        const argv = ["lxc-console", "-n", "web1", "-P", "/run/effect-lxc/containers", "-e", "^a"]
        assert.deepStrictEqual([code, JSON.parse(out)], [0, { argv }])
        const none = yield* run(["console", "web1", "--tty", "7", "--command"])
        assert.deepStrictEqual([none.code, none.out], [1, ""])
        assert.include(none.err, "numbered from 1 to 6")
      })))
})

describe("logs", () => {
  it.live("are as they are for programs; on a terminal nothing in them acts on it", () =>
    withRunning((run) =>
      Effect.gen(function*() {
        const hostile = "a\r\nb\u001b]0;title\u0007c\n"
        yield* (yield* SimulatedHost).update(Incidents.putFile(defaultDirectories.consoleLog("web1"), hostile))
        assert.deepStrictEqual(yield* run(["logs", "web1", "--console"]), { code: 0, out: hostile, err: "" })
        const shown = yield* run(["logs", "web1", "--console"]).pipe(Effect.provideService(OutputForPeople, true))
        assert.strictEqual(shown.out, "a\nb\\u{1b}]0;title\\u{7}c\n")
        const lines = yield* run(["logs", "web1", "--console", "--json"])
        assert.deepStrictEqual(lines, { code: 0, out: `${JSON.stringify({ line: "a" })}\n${JSON.stringify({ line: "b\u001b]0;title\u0007c" })}\n`, err: "" })
        assert.include((yield* run(["logs", "web1", "--tail", "1"])).out, "lxc-start web1")
        assert.strictEqual((yield* run(["logs", "web1", "--tail", "-1"])).code, 2)
        assert.strictEqual((yield* run(["logs", "web9"])).code, 1)
      })))
})

describe("watch", () => {
  it.live("says of a name that is not there that it waits for it", () =>
    withRunning((_, make) =>
      Effect.gen(function*() {
        const { program, written } = prepare(["watch", "web1", "nosuch"], { make })
        const watcher = yield* Effect.forkChild(program)
        for (let round = 0; round < 100 && written.err === ""; round++) yield* Effect.sleep(50)
        yield* Fiber.interrupt(watcher)
        assert.deepStrictEqual(written, { out: "", err: "there is nothing by the name nosuch: waiting for it\n" })
      })))

  it.live("--json is a line for each change, until it is interrupted", () =>
    withRunning((_, make) =>
      Effect.gen(function*() {
        const { program, written } = prepare(["watch", "--json"], { make })
        const watcher = yield* Effect.forkChild(program)
        // Nothing tells when it looks: its code is loaded first. So there are changes until one is seen.
        const hypervisor = yield* Hypervisor
        for (let round = 0; round < 50 && !written.out.includes("FROZEN"); round++) {
          yield* hypervisor.freeze(web1.name)
          yield* Effect.sleep(200)
          yield* hypervisor.thaw(web1.name)
          yield* Effect.sleep(200)
        }
        written.out = ""
        yield* hypervisor.stop(web1.name)
        yield* Effect.sleep(300)
        yield* Fiber.interrupt(watcher)
        const lines = written.out.trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>)
        assert.deepStrictEqual(lines.map(({ at: _, ...rest }) => rest), [{ name: "web1", state: "STOPPED", problem: null }])
        assert.match(String(lines[0]?.["at"]), /^\d{4}-\d\d-\d\dT.*Z$/)
      })))
})

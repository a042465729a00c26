import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { HostError } from "@effect-lxc/core/runtime/Host"
import { Journal } from "@effect-lxc/core/runtime/Journal"
import { Guest, Incidents, SimulatedHost, TestHypervisor, TestKit } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { cli, specText, temporary } from "./Harness.ts"

const { file } = temporary()
const name = "web1.example.com"

/** A story told by command lines, on one simulated host. */
const story = (
  body: (effectLxc: (...argv: ReadonlyArray<string>) => Effect.Effect<{ code: number; out: string; err: string }>) => Effect.Effect<
    void,
    never,
    TestHypervisor.TestServices
  >,
  guest = Guest.obedient()
) =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const make = () => Layer.succeed(Hypervisor, hypervisor)
    yield* body((...argv) => TestKit.runToEnd(cli(argv, { make }), { step: "100 millis", steps: 1_000_000 }))
  }).pipe(Effect.provide(TestHypervisor.layer({
    host: SimulatedHost.state({ images: { "/srv/images/web1.img": guest }, bridges: ["br0"] })
  })))

const state = (out: string): string => (JSON.parse(out) as ReadonlyArray<{ state: string }>)[0]?.state ?? "none"

describe("commands that change a container by its name", () => {
  it.effect("freeze and thaw it, with the state to be seen and nothing wrong in doing it twice", () =>
    story((effectLxc) =>
      Effect.gen(function*() {
        yield* effectLxc("start", file("a.yaml", specText))
        for (let round = 0; round < 2; round += 1) assert.strictEqual((yield* effectLxc("freeze", name)).code, 0)
        assert.strictEqual(state((yield* effectLxc("list", "--json")).out), "FROZEN")
        for (let round = 0; round < 2; round += 1) assert.strictEqual((yield* effectLxc("thaw", name)).code, 0)
        assert.strictEqual(state((yield* effectLxc("list", "--json")).out), "RUNNING")
        assert.strictEqual((yield* effectLxc("freeze", "nobody")).code, 3)
      })
    ))

  it.effect("kill it when it is deaf, and say of an unknown one that nothing is there", () =>
    story((effectLxc) =>
      Effect.gen(function*() {
        yield* effectLxc("start", file("b.yaml", specText))
        const killed = yield* effectLxc("kill", name)
        assert.deepStrictEqual([killed.code, killed.out.startsWith(`${name} is killed`)], [0, true])
        assert.strictEqual((yield* effectLxc("list", "--json")).out.trim(), "[]")
        assert.deepInclude(yield* effectLxc("kill", name), { code: 0, out: `there is nothing by the name ${name}\n` })
      }), Guest.deaf()))

  it.effect("reboot it by its record or another spec, and refuse flags that contradict each other", () =>
    story((effectLxc) =>
      Effect.gen(function*() {
        yield* effectLxc("start", file("c.yaml", specText))
        assert.strictEqual((yield* effectLxc("reboot", name)).code, 0)
        assert.strictEqual((yield* effectLxc("reboot", name, "--spec", file("c.yaml", specText))).code, 0)
        assert.strictEqual((yield* effectLxc("reboot", name, "--in-place")).code, 3)
        assert.strictEqual((yield* effectLxc("reboot", name, "--in-place", "--force")).code, 2)
        assert.strictEqual((yield* effectLxc("reboot", "nobody")).code, 3)
      })
    ))

  it.effect("print with --dry-run what they would do, in every format, and do nothing", () =>
    story((effectLxc) =>
      Effect.gen(function*() {
        const { state: look } = yield* SimulatedHost
        yield* effectLxc("start", file("d.yaml", specText))
        const before = (yield* look).processes
        for (const command of ["kill", "freeze", "thaw", "reboot", "cleanup", "stop"]) {
          for (const format of ["text", "json", "sh", "mermaid"]) {
            const ran = yield* effectLxc(command, name, "--dry-run", "--format", format)
            assert.deepStrictEqual([ran.code, ran.err], [0, ""], `${command} ${format}`)
            assert.include(ran.out, format === "json" ? `"operation": "${command}"` : `${command} ${name}`)
          }
        }
        assert.deepStrictEqual((yield* look).processes, before)
      })
    ))

  it.effect("clean up all of which something is left, and nothing else", () =>
    story((effectLxc) =>
      Effect.gen(function*() {
        const { update } = yield* SimulatedHost
        assert.strictEqual((yield* effectLxc("cleanup", "--all", "--json")).out.trim(), "[]")
        yield* effectLxc("start", file("e.yaml", specText))
        assert.strictEqual((yield* effectLxc("cleanup", "--all", "--json")).out.trim(), "[]")
        yield* update(Incidents.killMonitor(name))
        const plans = JSON.parse((yield* effectLxc("cleanup", "--all", "--dry-run", "--json")).out) as ReadonlyArray<{ operation: string }>
        assert.deepStrictEqual(plans.map(({ operation }) => operation), ["cleanup"])
        const [report] = JSON.parse((yield* effectLxc("cleanup", "--all", "--json")).out) as ReadonlyArray<{ instance: string }>
        assert.strictEqual(report?.instance, name)
        assert.strictEqual((yield* effectLxc("list", "--json")).out.trim(), "[]")
        assert.strictEqual((yield* effectLxc("cleanup")).code, 2)
        assert.strictEqual((yield* effectLxc("cleanup", name, "--all")).code, 2)
      })
    ))

  it.effect("recover what did not end, and exit with 0 when nothing unfinished is left", () =>
    story((effectLxc) =>
      Effect.gen(function*() {
        assert.deepInclude(yield* effectLxc("recover"), { code: 0, out: "nothing was unfinished\n" })
        yield* effectLxc("start", file("f.yaml", specText))
        const { update } = yield* SimulatedHost
        yield* update(Incidents.occupy(`/run/effect-lxc/containers/${name}/rootfs`))
        assert.strictEqual((yield* effectLxc("stop", name)).code, 1)
        yield* update(Incidents.release(`/run/effect-lxc/containers/${name}/rootfs`))
        for (const words of [["recover"], ["recover", name]]) {
          const dry = yield* effectLxc(...words, "--dry-run")
          assert.deepStrictEqual([dry.code, dry.err], [0, ""])
          assert.match(dry.out, new RegExp(`^plan: recover ${name}\n[^]*unmount`))
          const plans = JSON.parse((yield* effectLxc(...words, "--dry-run", "--format", "json")).out) as ReadonlyArray<{ operation: string }>
          assert.deepStrictEqual(plans.map(({ operation }) => operation), ["recover"])
        }
        assert.strictEqual((yield* effectLxc("recover", "--format", "sh")).code, 2)
        const recovered = yield* effectLxc("recover", "--json")
        assert.strictEqual(recovered.code, 0)
        const report = JSON.parse(recovered.out) as { recovered: ReadonlyArray<{ instance: string; operation: string }> }
        assert.deepInclude(report.recovered[0], { instance: name, operation: "stop" })
        assert.deepInclude(yield* effectLxc("recover", "--dry-run"), { code: 0, out: "", err: "nothing was unfinished\n" })
      })))

  it.effect("print what a recovery would do beside a journal that is not to be believed, which is named", () =>
    story((effectLxc) =>
      Effect.gen(function*() {
        const { directories } = yield* Hypervisor
        for (const each of ["aa", name]) {
          yield* Effect.scoped(Effect.gen(function*() {
            const journal = yield* (yield* Journal).open(directories, each)
            yield* journal.append({ _tag: "Begun", operation: "start", instance: each, at: "2026-01-01T00:00:00.000Z", bootId: "" })
            const step = { _tag: "MakeDirectory", path: HostPath.make(directories.container(name)), mode: "0700", keep: false } as const
            yield* journal.append({ _tag: "Intent", step, undo: true })
          }).pipe(Effect.orDie))
        }
        const { code, err, out } = yield* effectLxc("recover", "--dry-run")
        assert.strictEqual(code, 3)
        assert.match(out, new RegExp(`^plan: recover ${name}\n`))
        assert.match(err, /^effect-lxc: recover aa was rejected/)
      })))

  it.effect("clean up all but what a damaged journal may tell of, which is named once, with what to do", () =>
    story(() =>
      Effect.gen(function*() {
        const port = yield* Journal
        const problem = { _tag: "Conflict", found: `${name}.journal has a line 2 that is no entry of a journal`, advice: "remove it" } as const
        const damaged = Journal.of({
          ...port,
          list: () => Effect.succeed([name]),
          read: () => Effect.fail(new HostError({ problem }))
        })
        const hypervisor = yield* Effect.provide(Hypervisor, Layer.provide(Hypervisor.layer(), Layer.succeed(Journal, damaged)), { local: true })
        const cleanup = (...words: ReadonlyArray<string>) =>
          TestKit.runToEnd(cli(["cleanup", "--all", ...words], { make: () => Layer.succeed(Hypervisor, hypervisor) }), { step: "100 millis", steps: 10_000 })
        const err = `effect-lxc: ${problem.found}; remove it\n`
        assert.deepInclude(yield* cleanup(), { code: 1, out: "", err })
        assert.deepInclude(yield* cleanup("--dry-run"), { code: 1, err })
        yield* (yield* SimulatedHost).update(Incidents.putDirectory(`/run/effect-lxc/containers/${name}`))
        assert.deepInclude(yield* cleanup(), { code: 1, out: "", err })
        assert.strictEqual((yield* cleanup("--json")).out.trim(), "[]")
      })))

  it.effect("an import of nothing, and of what is no export, is bad input as everywhere else", () =>
    story((effectLxc) =>
      Effect.gen(function*() {
        yield* (yield* SimulatedHost).update(Incidents.putFile("/srv/some.tar"))
        for (const more of [[], ["--dry-run"]]) {
          const nothing = yield* effectLxc("import", "/no/such", ...more)
          assert.deepInclude(nothing, { code: 2, err: "effect-lxc: /no/such cannot be read: there is no such file; check its name\n" })
          const other = yield* effectLxc("import", "/srv/some.tar", ...more)
          assert.strictEqual(other.code, 2)
          assert.match(other.err, /some\.tar cannot be read: it is no export of effect-lxc, .*; give a file that effect-lxc export wrote\n$/)
        }
      })))

  it.effect("a stop that its guest did not obey has ended: the next command does not deal with it", () =>
    story((effectLxc) =>
      Effect.gen(function*() {
        yield* effectLxc("start", file("h.yaml", specText))
        const stopped = yield* effectLxc("stop", name, "--timeout", "10ms")
        assert.strictEqual(stopped.code, 1)
        assert.include(stopped.err, "goes on running")
        assert.deepInclude(yield* effectLxc("recover"), { code: 0, out: "nothing was unfinished\n" })
        const killed = yield* effectLxc("kill", name)
        assert.strictEqual(killed.code, 0)
        assert.notInclude(killed.err, "recover")
      }), Guest.deaf()))

  it.effect("recover tells programs what is left of what it could not end, and the commands for it", () =>
    story((effectLxc) =>
      Effect.gen(function*() {
        const { update } = yield* SimulatedHost
        yield* effectLxc("start", file("g.yaml", specText))
        yield* update(Incidents.killMonitor(name))
        yield* update(Incidents.occupy(`/run/effect-lxc/containers/${name}/rootfs`))
        assert.strictEqual((yield* effectLxc("stop", name)).code, 1)
        const { code, err, out } = yield* effectLxc("recover", "--json")
        assert.strictEqual(code, 1)
        const { unfinished: [only] } = JSON.parse(out) as { unfinished: ReadonlyArray<{ error: Record<string, unknown> }> }
        assert.deepInclude(only?.error, { _tag: "OperationFailed", operation: "recover", next: ["effect-lxc", "recover", name] })
        assert.deepNestedInclude(only, { "error.problem._tag": "Busy", "error.step._tag": "Unmount" })
        const told = JSON.parse(err.trimEnd().split("\n").at(-1) ?? "") as { error: { error: unknown } }
        assert.deepStrictEqual(told.error.error, only?.error)
      })
    ))
})

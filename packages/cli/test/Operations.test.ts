import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import type { Step } from "@effect-lxc/core/plan/Step"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { chmodSync, linkSync, mkdirSync, readFileSync, statSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import type { CommandOptions, MakeHypervisor } from "effect-lxc/Hypervisors"
import { conflict, type FakeHost, hypervisorOf, makeFakeHost, running, writtenFacts } from "./FakeHost.ts"
import { cli, prepare, type Setting, specText, temporary } from "./Harness.ts"

const { file, path } = temporary()

const json = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>

const error = (text: string): Record<string, unknown> => json(text)["error"] as Record<string, unknown>

const spec = () => file("web1.yaml", specText)

const containers = "/run/effect-lxc/containers"

const hostWith = (change: (host: FakeHost) => void): FakeHost => {
  const host = makeFakeHost()
  change(host)
  return host
}

const missing = { path: "/srv/images/web1.img", kind: "missing", realPath: "/srv/images/web1.img" } as const

const failingAt = (tag: Step["_tag"], found = "the wrong thing"): FakeHost =>
  hostWith((host) => {
    host.apply = (step) => step._tag === tag ? Effect.fail(conflict(found)) : Effect.succeed(undefined)
  })

const busy = () => hostWith((host) => (host.facts = { ...host.facts, containers: [running("web1.example.com", containers)] }))

describe("start and stop", () => {
  it.effect("give one line of result on stdout, and a line for each step on stderr", () =>
    Effect.gen(function*() {
      const ran = yield* cli(["start", spec()])
      assert.deepStrictEqual([ran.code, ran.out], [0, "web1.example.com is running (12 steps)\n"])
      const lines = ran.err.trimEnd().split("\n")
      assert.strictEqual(lines[0], "start web1.example.com: 12 steps")
      assert.match(lines.at(-1) ?? "", /^\[12\/12\] write \/var\/lib\/effect-lxc\/web1\.example\.com\.json .* \(\d+ ms\)$/)
    }))

  it.effect("give a JSON report with --json, and nothing else where nobody looks", () =>
    Effect.gen(function*() {
      const ran = yield* cli(["start", spec(), "--json"])
      const report = { operation: "start", instance: "web1.example.com", acted: 12, alreadyDone: 0, warnings: [] }
      assert.deepStrictEqual([ran.code, ran.err, json(ran.out)], [0, "", report])
    }))

  it.effect("do nothing with --dry-run but print the plan that plan prints", () =>
    Effect.gen(function*() {
      const host = makeFakeHost()
      for (const format of [[], ["--format", "json"], ["--format", "sh"], ["--format", "mermaid"], ["--json"]]) {
        const dry = yield* cli(["start", spec(), "--dry-run", ...format], { host })
        assert.strictEqual(dry.code, 0)
        assert.deepStrictEqual(dry, yield* cli(["plan", "start", spec(), ...format]))
      }
      assert.deepStrictEqual(host.applied, [])
      assert.match((yield* cli(["stop", "a", "--dry-run"])).out, /nothing to do/)
    }))

  it.effect("stop of an unknown name says that nothing by that name is there, exit code 0", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* cli(["stop", "web9"]), {
        code: 0,
        out: "there is nothing by the name web9\n",
        err: ""
      })
    }))

  it.effect("--force is in the plan of the stop", () =>
    Effect.gen(function*() {
      const host = busy()
      assert.notInclude((yield* cli(["plan", "stop", "web1.example.com"], { host })).out, "kill")
      assert.include((yield* cli(["plan", "stop", "--force", "web1.example.com"], { host })).out, "kill web1.example.com")
    }))
})

it.effect("limits that are given reach the hypervisor, and those that are not are its own", () =>
  Effect.gen(function*() {
    const given: Array<CommandOptions> = []
    const make: MakeHypervisor = (options) => (given.push(options), hypervisorOf(makeFakeHost())(options))
    yield* cli(["list", "--lock-wait", "0", "--rollback-limit", "2m", "--tool-limit", "1500ms"], { make })
    yield* cli(["list"], { make })
    assert.deepStrictEqual(given.map(({ directories: _, ...limits }) => limits), [
      { lockWaitMs: 0, rollbackLimitMs: 120_000, toolLimits: { tool: 1_500 } },
      { lockWaitMs: undefined, rollbackLimitMs: undefined, toolLimits: { tool: undefined } }
    ])
  }))

describe("a failed operation", () => {
  it.effect("ends with exit code 1, the step, the cause, the outcome, and an empty stdout", () =>
    Effect.gen(function*() {
      const ran = yield* cli(["start", spec()], { host: failingAt("StartContainer") })
      assert.deepStrictEqual([ran.code, ran.out], [1, ""])
      assert.include(ran.err, "[ 9/12] failed: start web1.example.com")
      assert.include(ran.err, "rolling back: ")
      assert.include(ran.err, "\nrolled back\n")
      assert.match(
        ran.err,
        /\neffect-lxc: start web1\.example\.com failed at step 9 of 12: .*\n {2}the wrong thing; move it\neverything was undone; the host is as before\n$/
      )
    }))

  it.effect("is one line of JSON on stderr with --json, with problem and residue", () =>
    Effect.gen(function*() {
      const host = makeFakeHost()
      host.apply = (step) =>
        step._tag === "StartContainer" || step._tag === "Unmount" ? Effect.fail(conflict("both")) : Effect.succeed(undefined)
      const ran = yield* cli(["start", spec(), "--json", "--run-dir", "/run/other"], { host })
      assert.deepStrictEqual([ran.code, ran.out, ran.err.split("\n").length], [1, "", 2])
      const { _tag, index, message, next, problem, residue } = error(ran.err)
      assert.deepStrictEqual([_tag, index], ["OperationFailed", 8])
      assert.deepStrictEqual(problem, { _tag: "Conflict", found: "both", advice: "move it" })
      assert.strictEqual((residue as ReadonlyArray<unknown>).length, 1)
      const target = "/run/other/containers/web1.example.com/rootfs"
      assert.deepInclude((residue as ReadonlyArray<unknown>)[0], { commands: [["umount", "--no-canonicalize", "--", target]] })
      assert.deepStrictEqual(next, ["effect-lxc", "--run-dir", "/run/other", "recover", "web1.example.com"])
      assert.match(String(message), /finish it with: effect-lxc --run-dir \/run\/other recover web1\.example\.com$/)
    }))

  it.effect("advises commands with the directories it was given, wherever it names one", () =>
    Effect.gen(function*() {
      const places = ["--run-dir", "/run/other", "--log-dir", "/var/log/effect-lxc"]
      const host = makeFakeHost()
      host.facts = { ...host.facts, containers: [running("web1.example.com", "/run/other/containers")] }
      const rejected = yield* cli(["start", spec(), ...places], { host })
      assert.match(rejected.err, /stop it first: effect-lxc --run-dir \/run\/other stop web1\.example\.com/)
      const asJson = error((yield* cli(["start", spec(), "--json", ...places], { host })).err)
      assert.match(JSON.stringify(asJson["rejections"]), /stop it first: effect-lxc --run-dir \/run\/other stop/)
      const left = yield* cli(["cleanup", "web1.example.com", ...places], { host })
      assert.match(left.err, /end it with: effect-lxc --run-dir \/run\/other stop/)
      host.facts = { ...host.facts, containers: [{ ...running("web1.example.com", "/run/other/containers"), socket: false, populated: false, init: null }] }
      assert.match((yield* cli(["verify", ...places], { host })).out, /effect-lxc --run-dir \/run\/other cleanup/)
      const usage = yield* cli(["stop", ...places], { host })
      assert.match(usage.err, /see: effect-lxc stop --help/)
    }))

  it.effect("shows what could not be undone", () =>
    Effect.gen(function*() {
      const host = makeFakeHost()
      host.apply = (step) =>
        step._tag === "StartContainer" || step._tag === "Unmount" ? Effect.fail(conflict("both")) : Effect.succeed(undefined)
      const ran = yield* cli(["start", spec()], { host })
      assert.include(ran.err, `  not undone: unmount ${containers}/web1.example.com/rootfs`)
      assert.include(ran.err, "what was done was undone, but for:")
    }))

  it.effect("does not let what it cites act on the terminal", () =>
    Effect.gen(function*() {
      const ran = yield* cli(["start", spec()], { host: failingAt("Mount", "\u001b[2Jgone\u009b\r\nx") })
      assert.include(ran.err, "\\u{1b}[2Jgone\\u{9b}\\r\\nx")
      assert.notMatch(ran.err.replaceAll("\n", ""), /\p{Cc}/u)
      const held = yield* cli(["start", spec()], { host: hostWith((host) => (host.locked = true)) })
      assert.strictEqual(held.code, 1)
      assert.match(held.err, /web1\.example\.com is being changed by pid 77 \\u\{1b\}\[31m; waited 30000 ms/)
    }))

  it.effect("by a fault of the program is exit code 1 and two lines, without a stack", () =>
    Effect.gen(function*() {
      const fault = Effect.die(new TypeError("no such thing\n    at f (x.ts:1)"))
      const within = yield* cli(["start", spec()], { host: hostWith((fake) => (fake.apply = () => fault)) })
      assert.strictEqual(within.code, 1)
      assert.include(within.err, "no such thing")
      assert.notMatch(within.err, /^\s+at /m)
      const make = () => Layer.effect(Hypervisor, fault)
      const ran = yield* cli(["list"], { make })
      assert.deepStrictEqual([ran.code, ran.out], [1, ""])
      assert.match(ran.err, /^effect-lxc: unexpected fault: no such thing\nthis is a bug of effect-lxc; [^\n]*\n$/)
      assert.strictEqual(error((yield* cli(["list", "--json"], { make })).err)["_tag"], "Fault")
    }))
})

describe("a refused operation", () => {
  it.effect("is exit code 3 with every reason, and nothing is done", () =>
    Effect.gen(function*() {
      const host = hostWith((fake) => (fake.facts = { ...fake.facts, interfaces: [], paths: [missing] }))
      for (const argv of [["start", spec()], ["plan", "start", spec()], ["start", spec(), "--dry-run"]]) {
        const ran = yield* cli(argv, { host })
        assert.deepStrictEqual([ran.code, ran.out, host.applied], [3, "", []])
        assert.match(ran.err, /disks\[0\]\.path: .*\n.*nics\[0\]\.link: /)
      }
      const ran = yield* cli(["start", spec(), "--json"], { host })
      assert.strictEqual(ran.code, 3)
      assert.deepStrictEqual((error(ran.err)["rejections"] as Array<{ code: string }>).map(({ code }) => code), [
        "disk-missing",
        "bridge-missing"
      ])
    }))

  it.effect("is a second start", () =>
    Effect.gen(function*() {
      const ran = yield* cli(["start", spec()], { host: busy() })
      assert.deepStrictEqual([ran.code, ran.out], [3, ""])
      assert.include(ran.err, "RUNNING already, init 4242")
    }))
})

describe("a stored plan", () => {
  it.effect("is carried out by run as it was planned, in the directories of its flags: the file has no say in that", () =>
    Effect.gen(function*() {
      const out = path("stored.json")
      const planned = yield* cli(["plan", "start", spec(), "--format", "json", "--out", out, "--run-dir", "/r"])
      assert.deepStrictEqual(planned, { code: 0, out: "", err: "" })
      assert.strictEqual(statSync(out).mode & 0o777, 0o600)
      const host = makeFakeHost()
      const elsewhere = yield* cli(["run", out], { host })
      assert.deepStrictEqual([elsewhere.code, host.applied], [3, []])
      assert.include(elsewhere.err, "directories: planned for /r, this is /run/effect-lxc")
      const dry = yield* cli(["run", out, "--run-dir", "/r", "--dry-run", "--format", "json"], { host })
      assert.deepStrictEqual([dry.code, dry.out, host.applied], [0, readFileSync(out, "utf8"), []])
      assert.strictEqual((yield* cli(["run", out, "--dry-run"], { host })).code, 3)
      const ran = yield* cli(["run", out, "--run-dir", "/r"], { host })
      assert.deepStrictEqual([ran.code, ran.out], [0, "the plan to start web1.example.com was carried out (12 steps)\n"])
      assert.strictEqual(host.applied.length, 12)
      assert.strictEqual((yield* cli(["run", "-", "--run-dir", "/r"], { stdin: readFileSync(out, "utf8") })).code, 0)
    }))

  /** The plan to start the example, with other parts. */
  const edited = Effect.fnUntraced(function*(change: (plan: Readonly<Record<string, unknown>> & { readonly steps: ReadonlyArray<unknown> }) => object) {
    const plan = json((yield* cli(["plan", "start", spec(), "--json"])).out) as { readonly steps: ReadonlyArray<unknown> }
    return JSON.stringify({ ...plan, ...change({ ...plan }) })
  })

  it.effect("is not believed what it is called: run says that it was carried out, not how the container is", () =>
    Effect.gen(function*() {
      const renamed = yield* cli(["run", "-"], { stdin: yield* edited(() => ({ operation: "stop" })) })
      assert.deepStrictEqual([renamed.code, renamed.out], [0, "the plan to stop web1.example.com was carried out (12 steps)\n"])
      const cut = yield* cli(["run", "-"], { stdin: yield* edited(({ steps }) => ({ steps: steps.slice(0, 2) })) })
      assert.deepStrictEqual([cut.code, cut.out], [0, "the plan to start web1.example.com was carried out (2 steps)\n"])
      const stdin = yield* edited(() => ({ undoFrom: 5, operation: "reboot" }))
      const failed = yield* cli(["run", "-"], { stdin, host: failingAt("ConfirmAlive") })
      assert.isTrue(failed.err.endsWith("\nwhat the plan undoes on failure was undone\n"), failed.err)
    }))

  it.effect("whose undoing begins at none of its steps is bad input", () =>
    Effect.gen(function*() {
      for (const undoFrom of [99, 13]) {
        const ran = yield* cli(["run", "-"], { stdin: yield* edited(() => ({ undoFrom })) })
        assert.strictEqual(ran.code, 2)
        assert.include(ran.err, "undoFrom: must be between 0 and 12, the number of steps")
      }
      assert.strictEqual((yield* cli(["run", "-"], { stdin: yield* edited(() => ({ undoFrom: 12 })) })).code, 0)
    }))

  it.effect("that stopped where it failed does not go on, being stale: the command that does is named", () =>
    Effect.gen(function*() {
      const there = busy()
      const stdin = (yield* cli(["plan", "stop", "web1.example.com", "--json"], { host: there })).out
      there.apply = (step) => step._tag === "RemoveDirectory" ? Effect.fail(conflict("the wrong thing")) : Effect.succeed(undefined)
      const ran = yield* cli(["run", "-"], { stdin, host: there })
      assert.strictEqual(ran.code, 1)
      assert.isTrue(ran.err.endsWith("it stopped there; finish it with: effect-lxc stop web1.example.com\n"), ran.err)
    }))

  it.effect("is not written through a link, nor into a file of somebody else's, where everybody may put such", () =>
    Effect.gen(function*() {
      const open = path("open")
      mkdirSync(open)
      chmodSync(open, 0o1777)
      const outTo = (out: string) => cli(["plan", "start", spec(), "--format", "json", "--out", out])
      const mine = join(open, "mine.json")
      for (const _ of ["new", "there"]) assert.strictEqual((yield* outTo(mine)).code, 0)
      assert.strictEqual(statSync(mine).mode & 0o777, 0o600)
      const [victim, link, hard] = [file("victim", "precious"), join(open, "link"), join(open, "hard")]
      symlinkSync(victim, link)
      linkSync(victim, hard)
      for (const [out, code] of [[link, "ELOOP"], [hard, "EPERM"], ["", "ENOENT"]] as const) {
        const ran = yield* outTo(out)
        assert.strictEqual(ran.code, 1)
        assert.include(ran.err, `effect-lxc: ${out === "" ? '""' : out} cannot be written: ${code}`)
      }
      assert.strictEqual(readFileSync(victim, "utf8"), "precious")
      symlinkSync(victim, path("of-our-own"))
      assert.strictEqual((yield* outTo(path("of-our-own"))).code, 0)
    }))

  it.effect("is stale, exit code 3, where the host has changed or other directories are meant", () =>
    Effect.gen(function*() {
      const stdin = (yield* cli(["plan", "start", spec(), "--json"])).out
      const host = hostWith((fake) => (fake.facts = { ...fake.facts, bootId: "another" }))
      const ran = yield* cli(["run", "-"], { stdin, host })
      assert.deepStrictEqual([ran.code, ran.out, host.applied], [3, "", []])
      assert.match(ran.err, /is stale, and nothing was done:\n {2}bootId: /)
      const elsewhere = yield* cli(["run", "-", "--run-dir", "/elsewhere"], { stdin })
      assert.strictEqual(elsewhere.code, 3)
      assert.match(elsewhere.err, /directories: planned for \/run\/effect-lxc, this is \/elsewhere/)
      const other = yield* cli(["run", "-", "--log-dir", "/l", "--state-dir", "/s"], { stdin })
      assert.include(other.err, "directories: planned for /var/log/effect-lxc /var/lib/effect-lxc, this is /l /s")
    }))

  it.effect("that is none is bad input, exit code 2", () =>
    Effect.gen(function*() {
      const text = yield* cli(["plan", "start", spec()])
      for (const stdin of [text.out, "{", "{}", "[]", "null", "", `{"operation":"start"}`]) {
        const ran = yield* cli(["run", "-"], { stdin })
        assert.deepStrictEqual([ran.code, ran.out], [2, ""])
        assert.match(ran.err, /^effect-lxc: standard input is not a plan: [^\n]+; plans to run are printed by effect-lxc plan with --format json\n$/)
      }
    }))
})

describe("facts", () => {
  it.effect("from a file are all that is planned against: this host is not looked at", () =>
    Effect.gen(function*() {
      const host = hostWith((fake) => (fake.facts = { ...fake.facts, interfaces: [], paths: [], lxcVersion: null }))
      const facts = file("facts.json", JSON.stringify(writtenFacts))
      const ran = yield* cli(["plan", "start", "--facts", facts, spec(), "--run-dir", "/r"], { host })
      assert.deepStrictEqual([ran.code, ran.err, host.looks], [0, "", 0])
      assert.include(ran.out, "mount $root on /r/containers/web1.example.com/rootfs")
      const stop = yield* cli(["plan", "stop", "web1", "--facts", facts], { host })
      assert.deepStrictEqual([stop.code, stop.out, host.looks], [0, "plan: stop web1\n  nothing to do\n", 0])
    }))

  it.effect("as they are printed can be planned against", () =>
    Effect.gen(function*() {
      const printed = yield* cli(["facts", spec()])
      assert.deepStrictEqual([printed.code, printed.err], [0, ""])
      const ran = yield* cli(["plan", "start", spec(), "--facts", "-"], { stdin: printed.out })
      assert.deepStrictEqual(ran, yield* cli(["plan", "start", spec()]))
    }))

  it.effect("that are misspelt are bad input, by the name of the field", () =>
    Effect.gen(function*() {
      const ran = yield* cli(["plan", "stop", "a", "--facts", "-"], {
        stdin: JSON.stringify({ ...writtenFacts, lxcVersoin: "5" })
      })
      assert.deepStrictEqual([ran.code, ran.out], [2, ""])
      assert.match(ran.err, /lxcVersoin: is not a known field; did you mean lxcVersion\?/)
    }))
})

describe("bad input", () => {
  it.effect("with a thousand problems is one line with the first of them, and for a program all", () =>
    Effect.gen(function*() {
      const mounts = Array.from({ length: 1_000 }, () => 1)
      const stdin = JSON.stringify({ ...writtenFacts, mounts })
      const { code, err } = yield* cli(["plan", "stop", "a", "--facts", "-"], { stdin })
      assert.strictEqual(code, 2)
      assert.match(err, /^effect-lxc: standard input is not the facts of a host: mounts\[0\]: [^\n]+ \(and 999 more, which --json names\); facts are what effect-lxc facts prints\n$/)
      const told = JSON.parse((yield* cli(["plan", "stop", "a", "--facts", "-", "--json"], { stdin })).err) as { error: { problems: ReadonlyArray<unknown> } }
      assert.lengthOf(told.error.problems, 1_000)
    }))
})

describe("list and info", () => {
  const two = () =>
    hostWith((host) => {
      const web2 = { ...running("web2", containers), socket: false, init: null, monitor: null, populated: false }
      const foreign = running("db\u001b[1m", "/var/lib/lxc")
      host.facts = { ...host.facts, containers: [web2, running("web1", containers), foreign] }
    })

  it.effect("list is a table, sorted; --all adds what is not managed, with its lxcpath", () =>
    Effect.gen(function*() {
      const ran = yield* cli(["list"], { host: two() })
      assert.deepStrictEqual(ran, {
        code: 0,
        out: "NAME  STATE    PID   PROBLEM\nweb1  RUNNING  4242  -\nweb2  STOPPED  -     leftovers, meant to run\n",
        err: ""
      })
      const all = yield* cli(["list", "--all"], { host: two() })
      assert.match(all.out, /^NAME.* LXCPATH\ndb\\u\{1b\}\[1m +RUNNING +4242 +- +\/var\/lib\/lxc\n/)
    }))

  it.effect("list --json has the fields that programs rely on", () =>
    Effect.gen(function*() {
      const ran = yield* cli(["list", "--json", "--all"], { host: two() })
      const [foreign, web1, web2] = JSON.parse(ran.out) as ReadonlyArray<Record<string, unknown>>
      const common = { initPid: 4242, problem: null, meantToRun: true, state: "RUNNING" }
      assert.deepStrictEqual(foreign, { ...common, name: "db\u001b[1m", managed: false, lxcPath: "/var/lib/lxc" })
      assert.deepStrictEqual(web1, { ...common, name: "web1", managed: true, lxcPath: containers })
      assert.deepInclude(web2, { state: "STOPPED", problem: "leftovers", initPid: null })
      assert.strictEqual((yield* cli(["list", "--json"])).out, "[]\n")
    }))

  it.effect("info --json has usage and limits, null where no limit is set", () =>
    Effect.gen(function*() {
      const ran = yield* cli(["info", "web1", "--json"], { host: two() })
      assert.deepStrictEqual([ran.code, JSON.parse(ran.out)], [0, [{
        name: "web1",
        state: "RUNNING",
        initPid: 4242,
        memory: {
          limitBytes: 268_435_456,
          usageBytes: 12_582_912,
          peakBytes: 13_631_488,
          swapLimitBytes: null,
          swapUsageBytes: 0,
          oomKills: 0
        },
        cpu: { count: 1, usageSeconds: 0.5, set: "0-3", weight: 100, quota: 1 },
        pids: { current: 3, limit: null },
        io: { readBytes: 4_096, writtenBytes: 0 },
        interfaces: [
          { name: "eth0", hostName: "el0123456789n0", receivedBytes: 1_048_576, sentBytes: 0, addresses: ["10.0.0.5/24"] }
        ],
        root: {
          source: "/dev/loop7",
          backingFile: "/srv/web1.img",
          fsType: "ext4",
          sizeBytes: 67_108_864,
          usedBytes: 8_388_608
        },
        startedAt: "2026-11-22T12:00:00.000Z",
        uptimeSeconds: 61.5,
        managed: true,
        problem: null,
        lxcPath: containers,
        meantToRun: true,
        logs: { lxc: "/var/log/effect-lxc/web1/lxc.log", console: "/var/log/effect-lxc/web1/console.log" }
      }]])
    }))

  it.effect("info without a name shows all that are managed", () =>
    Effect.gen(function*() {
      const { out } = yield* cli(["info"], { host: two() })
      assert.match(out, /^web1\n {2}state +RUNNING, first process 4242\n[^]*memory +12\.0 MiB of 256\.0 MiB, 13\.0 MiB at most\n[^]*\n\nweb2\n/)
    }))

  it.effect("info of an unknown name is exit code 1, and the known ones are shown all the same", () =>
    Effect.gen(function*() {
      const ran = yield* cli(["info", "nope", "web1", "neither", "--json"], { host: two() })
      assert.strictEqual(ran.code, 1)
      assert.deepStrictEqual((JSON.parse(ran.out) as Array<{ name: string }>).map(({ name }) => name), ["web1"])
      const errors = ran.err.trimEnd().split("\n").map((line) => error(line))
      assert.deepStrictEqual(errors.map(({ _tag, instance }) => [_tag, instance]), [
        ["UnknownContainer", "nope"],
        ["UnknownContainer", "neither"]
      ])
    }))
})

describe("a clean-up", () => {
  it.effect("clears away the locks of those who died, also where nothing is left of anything; not so its dry run", () =>
    Effect.gen(function*() {
      const host = makeFakeHost()
      yield* cli(["cleanup", "--all", "--dry-run", "--run-dir", "/r"], { host })
      assert.deepStrictEqual(host.cleared, [])
      for (const what of ["--all", "web1"]) assert.strictEqual((yield* cli(["cleanup", what, "--run-dir", "/r"], { host })).code, 0)
      assert.deepStrictEqual(host.cleared, ["/r", "/run/effect-lxc", "/r", "/run/effect-lxc"])
    }))
})

describe("an interrupted operation", () => {
  /** Interrupts the program when it has come to a step. */
  const interruptAt = Effect.fnUntraced(function*(tag: Step["_tag"], argv: ReadonlyArray<string>, setting: Setting) {
    const host = setting.host ?? makeFakeHost()
    const reached = yield* Deferred.make<void>()
    host.apply = (step) =>
      step._tag === tag ? Effect.andThen(Deferred.succeed(reached, undefined), Effect.never) : Effect.succeed(undefined)
    const { program, written } = prepare(argv, { ...setting, host })
    const fiber = yield* Effect.forkChild(program)
    yield* Deferred.await(reached)
    yield* Fiber.interrupt(fiber)
    return { host, ...written }
  })

  it.effect("says that a start was undone", () =>
    Effect.gen(function*() {
      const ran = yield* interruptAt("ConfirmAlive", ["start", spec()], {})
      assert.strictEqual(ran.out, "")
      assert.include(ran.host.applied, "KillContainer")
      assert.match(ran.err, /\ninterrupted: start web1\.example\.com\nrolling back: /)
      assert.isTrue(ran.err.endsWith("\neffect-lxc: interrupted: start web1.example.com: everything was undone; the host is as before\n"))
    }))

  it.effect("says that a stored plan undid what it undoes, and no more", () =>
    Effect.gen(function*() {
      const stdin = (yield* cli(["plan", "start", spec(), "--json"])).out
      const ran = yield* interruptAt("ConfirmAlive", ["run", "-"], { stdin })
      const end = "interrupted: the plan to start web1.example.com: what the plan undoes on failure was undone\n"
      assert.isTrue(ran.err.endsWith(end), ran.err)
    }))

  it.effect("says by which command a stop goes on, with --json as a line of JSON", () =>
    Effect.gen(function*() {
      const ran = yield* interruptAt("AwaitStopped", ["stop", "web1.example.com", "--json"], { host: busy() })
      assert.deepStrictEqual([ran.out, ran.err.split("\n").length], ["", 2])
      const { _tag, message, operation } = error(ran.err)
      assert.deepStrictEqual([_tag, operation], ["Interrupted", "stop"])
      assert.match(String(message), /stopped there\nfinish it with: effect-lxc stop web1\.example\.com$/)
    }))
})

describe("progress on a terminal", () => {
  const start = (terminal: Setting["terminal"] & {}) => cli(["start", spec(), "--json"], { terminal })

  it.effect("redraws the current step within one line and marks it when it is done, --json or not", () =>
    Effect.gen(function*() {
      const { err } = yield* start({ columns: 40, color: false, unicode: true })
      const pictures = err.split("\r\u001b[2K")
      assert.strictEqual(pictures.length, 1 + 2 * 12)
      for (const busyLine of pictures.filter((each) => each.startsWith("  …"))) assert.isBelow(busyLine.length, 40)
      assert.match(pictures.at(-1) ?? "", /^ {2}✓ 12\/12 write \/var\/lib\/effect-lxc\/web1\.example\.com\.json.*\n$/)
    }))

  it.effect("is without colour and beyond ASCII only where the terminal has that", () =>
    Effect.gen(function*() {
      const plain = yield* start({ columns: 80, color: false, unicode: false })
      assert.match(plain.err.replaceAll("\r\u001b[2K", ""), /^[\n -~]*$/)
      assert.include((yield* start({ columns: 80, color: true, unicode: true })).err, "\u001b[32m✓\u001b[0m")
    }))
})

import { attachCommand } from "@effect-lxc/core/lxc/AttachCommand"
import { decodeGuestCommand } from "@effect-lxc/core/model/GuestCommand"
import { collect } from "@effect-lxc/core/runtime/Attaching"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Diff, Guest, Incidents, SimulatedHost } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Result } from "effect"
import { directories, failureOf, host, instance, onHost } from "./fixtures.ts"

const web1 = instance()
const ends = (exitCode: number, takesMs: number | null) => ({ exitCode, stdout: "out\n", stderr: "err\n", takesMs })
const state = host({
  images: {
    "/srv/web1.img": Guest.obedient({ commands: { "/bin/job 1": ends(42, 5_000), "/bin/daemon": ends(0, null) } })
  }
})
const command = (...argv: ReadonlyArray<string>) => Result.getOrThrow(decodeGuestCommand({ argv }))
const run = (...argv: ReadonlyArray<string>) =>
  Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.exec(web1.name, command(...argv)))

describe("the command", () => {
  const at = { name: "web1", lxcPath: "/run/effect-lxc/containers" }
  const argvOf = (input: unknown) => attachCommand(at, Result.getOrThrow(decodeGuestCommand(input)))

  it("passes words as they are, clears the environment, and takes the group of the user where none is said", () => {
    assert.deepStrictEqual(argvOf({ argv: ["echo", "$(id)", "-x", ""], env: { A: "b=c\n" }, uid: 1000 }), [
      "lxc-attach", "-n", "web1", "-P", at.lxcPath, "--clear-env", "-u", "1000", "-g", "1000", "-v", "A=b=c\n", "--",
      "echo", "$(id)", "-x", ""
    ])
    assert.include(argvOf({ argv: ["id"], uid: 1000, gid: 5 }).join(" "), "-u 1000 -g 5 ")
  })

  it("passes the directory and the words by the shell that changes to it, as parameters", () => {
    assert.deepStrictEqual(argvOf({ argv: ["ls", "; id"], cwd: "/a b" }).slice(-7), [
      "/bin/sh",
      "-c", `cd -- "$1" || exit 125; shift; exec "$@"`, "sh", "/a b", "ls", "; id"
    ])
  })

  for (const [what, input] of [
    ["no program", { argv: [] }],
    ["an empty program", { argv: [""] }],
    ["a NUL in a word", { argv: ["a", "b\0c"] }],
    ["a variable without a proper name", { argv: ["a"], env: { "A-B": "" } }],
    ["a relative directory", { argv: ["a"], cwd: "tmp" }],
    ["a negative user", { argv: ["a"], uid: -1 }],
    ["the user that means none", { argv: ["a"], uid: 4_294_967_295 }],
    ["a misspelt field", { argv: ["a"], user: 1 }]
  ] as const) {
    it(`with ${what} is refused`, () => assert.isTrue(Result.isFailure(decodeGuestCommand(input))))
  }
})

describe("a program in a container", () => {
  it.effect("gives its own exit code and what it wrote, when it ends", () =>
    Effect.gen(function*() {
      yield* (yield* Hypervisor).start(web1)
      const began = yield* Clock.currentTimeMillis
      const ended = yield* Effect.scoped(Effect.flatMap(run("/bin/job", "1"), (program) => collect(program, 3)))
      assert.deepStrictEqual(ended, { exitCode: 42, stdout: "out", stderr: "err", truncated: true })
      assert.strictEqual((yield* Clock.currentTimeMillis) - began, 5_000)
    }).pipe(onHost({ host: state })))

  it.effect("is ended with the call that is left, and leaves no process", () =>
    Effect.gen(function*() {
      yield* (yield* Hypervisor).start(web1)
      const simulated = yield* SimulatedHost
      const processes = Effect.map(simulated.state, (now) => now.processes.map((each) => each.command))
      const before = yield* processes
      const call = yield* Effect.forkScoped(Effect.scoped(Effect.flatMap(run("/bin/daemon"), (program) => program.exitCode)))
      yield* Effect.sleep("1 hour")
      assert.deepStrictEqual(yield* processes, [...before, "/bin/daemon"])
      yield* Fiber.interrupt(call)
      assert.deepStrictEqual(yield* processes, before)
      yield* (yield* Hypervisor).stop(web1.name)
      assert.strictEqual(Diff.traces(state, yield* simulated.state, directories), "")
    }).pipe(Effect.scoped, onHost({ host: state })))

  it.effect("gets the signals that are passed on, and ends with its container", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(web1)
      const program = yield* run("/bin/daemon")
      yield* program.signal("SIGTERM")
      assert.strictEqual(yield* program.exitCode, 143)
      const other = yield* run("/bin/daemon")
      yield* hypervisor.kill(web1.name)
      assert.strictEqual(yield* other.exitCode, 137)
    }).pipe(Effect.scoped, onHost({ host: state })))

  it.effect("that is not there is 127, as a shell has it", () =>
    Effect.gen(function*() {
      yield* (yield* Hypervisor).start(web1)
      const ended = yield* Effect.scoped(Effect.flatMap(run("/bin/nope"), (program) => collect(program)))
      assert.strictEqual(ended.exitCode, 127)
      assert.include(ended.stderr, `Failed to exec "/bin/nope"`)
    }).pipe(onHost({ host: state })))
})

describe("a console", () => {
  const started = (lxc: Record<string, unknown>) =>
    Effect.tap(Hypervisor, (hypervisor) => hypervisor.start(instance({ lxc })))

  it.effect("is a command as data, for the terminal that is asked for", () =>
    Effect.gen(function*() {
      const hypervisor = yield* started({})
      const words = ["lxc-console", "-n", "web1", "-P", "/run/effect-lxc/containers"]
      assert.deepStrictEqual(yield* hypervisor.consoleCommand(web1.name), [...words, "-e", "^a"])
      assert.deepStrictEqual(yield* hypervisor.consoleCommand(web1.name, { tty: 0 }), [...words, "-t", "0", "-e", "^a"])
    }).pipe(onHost({ host: state })))

  it.effect("of a container without terminals, or with fewer, is refused with what there is", () =>
    Effect.gen(function*() {
      const hypervisor = yield* started({ ttys: 0 })
      const none = yield* failureOf(hypervisor.consoleCommand(web1.name))
      assert.match(none.message, /no terminals: lxc.ttys of its spec is 0/)
      yield* hypervisor.consoleCommand(web1.name, { tty: 0 })
      yield* hypervisor.stop(web1.name)
      yield* started({ ttys: 2 })
      const third = yield* failureOf(Effect.scoped(hypervisor.console(web1.name, { tty: 3 })))
      assert.match(third.message, /no terminal 3: they are numbered from 1 to 2/)
    }).pipe(onHost({ host: state })))

  it.effect("of a container that is frozen is refused", () =>
    Effect.gen(function*() {
      const hypervisor = yield* started({})
      yield* hypervisor.freeze(web1.name)
      assert.strictEqual((yield* failureOf(hypervisor.consoleCommand(web1.name)))._tag, "CannotAttach")
    }).pipe(onHost({ host: state })))
})

describe("where LXC would wait for ever, or knows nothing, nothing is run:", () => {
  const refused = (prepare: Effect.Effect<unknown, unknown, Hypervisor | SimulatedHost>, expected: RegExp) =>
    Effect.gen(function*() {
      yield* (yield* Hypervisor).start(web1)
      yield* Effect.orDie(prepare)
      const error = yield* failureOf(Effect.scoped(run("/bin/job", "1")))
      assert.match(error.message, expected)
    }).pipe(onHost({ host: state }))
  const incident = (change: Parameters<SimulatedHost["Service"]["update"]>[0]) =>
    Effect.flatMap(SimulatedHost, (simulated) => simulated.update(change))

  it.effect("a frozen container", () =>
    refused(Effect.flatMap(Hypervisor, (it) => it.freeze(web1.name)), /is FROZEN.*effect-lxc thaw web1/))
  it.effect("a stopped container", () =>
    refused(Effect.flatMap(Hypervisor, (it) => it.stop(web1.name)), /there is no container web1/))
  it.effect("a container whose monitor was killed", () =>
    refused(incident(Incidents.killMonitor("web1")), /it does not run/))
  it.effect("a container whose monitor does not answer", () =>
    refused(incident(Incidents.stopMonitor("web1")), /its monitor does not answer/))
})

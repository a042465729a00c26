import { decodeGuestCommand } from "@effect-lxc/core/model/GuestCommand"
import { renderShell } from "@effect-lxc/core/plan/RenderShell"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Result, Stream } from "effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { afterAll, beforeAll } from "vitest"
import { layer } from "@effect-lxc/node-runtime/NodeHypervisor"
import { realHost } from "../../../tools/realHost.ts"
import { RealLab } from "./RealLab.ts"

const lab = new RealLab()
const quick = { lxc: { settle: "100ms", shutdownTimeout: "5s" } }

const onHost = <A, E>(body: Effect.Effect<A, E, Hypervisor>) =>
  Effect.gen(function*() {
    const before = lab.snapshot()
    yield* Effect.provide(body, layer({ directories: lab.directories })).pipe(
      Effect.tapCause(() => Effect.sync(() => lab.reset()))
    )
    // Other tests may be at work on the same host: what is ours has our name.
    assert.deepStrictEqual(lab.differences(before).filter((line) => line.includes(lab.id)), [])
  })

const until = (holds: () => boolean) =>
  Effect.gen(function*() {
    for (let look = 0; look < 400 && !holds(); look++) yield* Effect.sleep(20)
    return holds()
  })

describe.runIf(realHost.available)("on real LXC", () => {
  beforeAll(() => lab.open())
  afterAll(() => lab.close())

  it.live("watch tells each change of a life as the kernel tells it, and survives the death of the monitor", () =>
    onHost(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = lab.instance("watched", "obedient", quick)
      const lines: Array<string> = []
      const expect = (...expected: ReadonlyArray<string>) =>
        Effect.map(until(() => lines.length >= expected.length), () => assert.deepStrictEqual(lines.splice(0), expected))
      yield* Effect.forkScoped(Stream.runForEach(hypervisor.watch(), ({ at, name, problem, state }) =>
        Effect.sync(() => {
          assert.isBelow(Math.abs(Date.parse(at) - Date.now()), 5_000)
          assert.strictEqual(name, instance.name)
          lines.push(problem === null ? state : `${state} ${problem}`)
        })))
      yield* Effect.sleep(200)
      yield* hypervisor.start(instance)
      yield* expect("RUNNING")
      yield* hypervisor.freeze(instance.name)
      yield* expect("FROZEN")
      yield* hypervisor.thaw(instance.name)
      yield* expect("RUNNING")
      yield* hypervisor.stop(instance.name)
      yield* expect("STOPPED")
      yield* hypervisor.start(instance)
      yield* expect("RUNNING")
      const began = Date.now()
      process.kill(Number(fs.readFileSync(lab.directories.monitorPid(instance.name), "utf8")), "SIGKILL")
      yield* until(() => lines.length > 0)
      assert.isBelow(Date.now() - began, 1_000)
      yield* expect("STOPPED", "STOPPED leftovers")
      yield* hypervisor.cleanup(instance.name)
      yield* expect("STOPPED")
    }).pipe(Effect.scoped)))

  it.live("neither log grows for ever: LXC rotates the console's, a start moves its own aside, by plan and by shell", () =>
    onHost(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = lab.instance("bounded", "obedient", { lxc: { ...quick.lxc, logSize: "64KiB" } })
      const { console, log } = { console: lab.directories.consoleLog(instance.name), log: lab.directories.lxcLog(instance.name) }
      const size = (file: string): number => fs.existsSync(file) ? fs.statSync(file).size : 0
      yield* hypervisor.start(instance)
      fs.appendFileSync(log, "x".repeat(70_000))
      const script = `i=0; while [ $i -lt 3000 ]; do echo "$i ${"y".repeat(90)}"; i=$((i+1)); done > /dev/console`
      const command = Result.getOrThrow(decodeGuestCommand({ argv: ["/bin/sh", "-c", script] }))
      yield* Effect.scoped(Effect.flatMap(hypervisor.exec(instance.name, command), (program) => program.exitCode))
      assert.isTrue(yield* until(() => size(`${console}.1`) > 0))
      assert.isAtMost(size(console), 65_536)
      assert.isAtMost(size(`${console}.1`), 65_536)
      yield* hypervisor.stop(instance.name)
      yield* hypervisor.start(instance)
      assert.isAtLeast(size(`${log}.1`), 70_000)
      assert.isBelow(size(log), 65_536)
      yield* hypervisor.stop(instance.name)
      fs.writeFileSync(log, "z".repeat(80_000))
      const shell = renderShell(yield* hypervisor.plan.start(instance))
      execFileSync("sh", ["-eu"], { input: shell, timeout: 30_000, stdio: ["pipe", "ignore", "inherit"] })
      assert.strictEqual(size(`${log}.1`), 80_000)
      yield* hypervisor.stop(instance.name)
    })))

  it.live("the console log is followed while the guest writes, over a rotation, and read from its end", () =>
    onHost(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = lab.instance("logged", "obedient", quick)
      yield* hypervisor.start(instance)
      const say = (text: string) =>
        Effect.scoped(Effect.flatMap(
          hypervisor.exec(
            instance.name,
            Result.getOrThrow(decodeGuestCommand({ argv: ["/bin/sh", "-c", `echo "${text}" > /dev/console`] }))
          ),
          (program) => program.exitCode
        ))
      let heard = ""
      const follower = yield* Effect.forkScoped(
        hypervisor.logs(instance.name, { console: true, follow: true }).pipe(
          Stream.decodeText(),
          Stream.runForEach((text) => Effect.sync(() => (heard += text)))
        )
      )
      yield* say("first")
      assert.isTrue(yield* until(() => heard.includes("first")), heard)
      const file = lab.directories.consoleLog(instance.name)
      fs.renameSync(file, `${file}.1`)
      fs.writeFileSync(file, "a\nb\nsecond\n")
      assert.isTrue(yield* until(() => heard.endsWith("a\nb\nsecond\n")), heard)
      yield* Fiber.interrupt(follower)
      const read = (options: object) => Stream.mkString(Stream.decodeText(hypervisor.logs(instance.name, options)))
      assert.strictEqual(yield* read({ console: true, tail: 2 }), "b\nsecond\n")
      fs.writeFileSync(file, `${"x".repeat(70_000)}\n${"y".repeat(70_000)}`)
      assert.strictEqual((yield* read({ console: true, tail: 1 })).length, 70_000)
      assert.match(yield* read({}), /Started "\/sbin\/init" with pid/)
      yield* hypervisor.stop(instance.name)
      assert.match(yield* read({}), /Started "\/sbin\/init" with pid/)
    }).pipe(Effect.scoped)))
})

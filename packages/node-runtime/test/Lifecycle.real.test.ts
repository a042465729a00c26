import { Directories } from "@effect-lxc/core/host/Directories"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { renderShell } from "@effect-lxc/core/plan/RenderShell"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import type { OperationFailed } from "@effect-lxc/core/runtime/OperationFailed"
import type { PlanRejected } from "@effect-lxc/core/plan/PlanRejected"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { layer } from "@effect-lxc/node-runtime/NodeHypervisor"
import { ToolDirectories, toolPath } from "@effect-lxc/node-runtime/Tools"
import { afterAll, beforeAll } from "vitest"
import { layOutBusyboxRoot } from "../../../tools/busyboxImage.ts"
import { realHost } from "../../../tools/realHost.ts"
import { RealLab } from "./RealLab.ts"
import { inLab, quick } from "./RealTests.ts"

const lab = new RealLab()

const { leavingNothing } = inLab(lab)

describe.runIf(realHost.available)("on real LXC", () => {
  beforeAll(() => lab.open())
  afterAll(() => lab.close())

  it.live("a busybox container on an image, with a nic, starts, is listed and inspected, and stops: twice, without a trace", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = lab.instance("life", "busybox", { ...quick, resources: { memory: "64MiB", vcpus: 1, pids: 100 } })
      for (let round = 0; round < 2; round++) {
        yield* hypervisor.start(instance)
        const [summary] = yield* hypervisor.list()
        assert.deepInclude(summary, { name: instance.name, state: "RUNNING", problem: null, managed: true, meantToRun: true })
        const info = yield* hypervisor.info(instance.name)
        assert.deepInclude(info.memory, { limitBytes: 64 * 1024 * 1024 })
        assert.isAbove(info.memory.usageBytes ?? 0, 0)
        assert.strictEqual(info.cpu.count, 1)
        assert.strictEqual(info.pids.limit, 100)
        assert.isBelow(Math.abs(Date.parse(info.startedAt ?? "") - Date.now()), 10_000)
        yield* hypervisor.stop(instance.name)
        assert.deepStrictEqual(yield* hypervisor.list(), [])
      }
    })))

  it.live("the shell rendering of the plans brings the same container up, and down", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = lab.instance("shell", "obedient", { ...quick, resources: { memory: "64MiB", cpuMask: "0" } })
      const sh = (script: string) => execFileSync("sh", ["-eu"], { input: script, timeout: 30_000, stdio: ["pipe", "ignore", "inherit"] })
      sh(renderShell(yield* hypervisor.plan.start(instance)))
      const info = yield* hypervisor.info(instance.name)
      assert.deepInclude(info, { state: "RUNNING", problem: null })
      assert.strictEqual(info.memory.limitBytes, 64 * 1024 * 1024)
      sh(renderShell(yield* hypervisor.plan.stop(instance.name)))
    })))

  it.live("a stored plan runs as long as what it was made for holds, and is refused as stale afterwards", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const plan = yield* hypervisor.plan.start(lab.instance("stored", "obedient", quick))
      yield* hypervisor.run(plan)
      const error = yield* Effect.flip(hypervisor.run(plan))
      assert.strictEqual(error._tag, "PlanStale")
      assert.include(error.message, "container:")
      yield* hypervisor.run(yield* hypervisor.plan.stop(plan.instance))
    })))

  describe("a start that fails says why and leaves the host as it was:", () => {
    const failing = (instance: Parameters<Hypervisor["Service"]["start"]>[0]) =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        return yield* Effect.flip(hypervisor.start(instance))
      }))
    const rejectedBecause = (error: { readonly _tag: string }, code: string) => {
      assert.strictEqual(error._tag, "PlanRejected")
      assert.deepStrictEqual((error as PlanRejected).rejections.map((each) => each.code), [code])
    }
    const failedBecause = (error: { readonly _tag: string; readonly message: string }, tag: string, words: string) => {
      assert.strictEqual(error._tag, "OperationFailed", error.message)
      assert.strictEqual((error as OperationFailed).problem._tag, tag)
      assert.include(error.message, words)
      assert.deepStrictEqual((error as OperationFailed).residue, [])
    }

    it.live("no such bridge", () =>
      Effect.gen(function*() {
        rejectedBecause(yield* failing(lab.instance("nobridge", "obedient", { nics: [{ link: "elt-none" }] })), "bridge-missing")
      }))
    it.live("no such image", () =>
      Effect.gen(function*() {
        rejectedBecause(yield* failing(lab.instance("noimage", "obedient", { disks: [{ path: "/var/tmp/elt-none.img" }] })), "disk-missing")
      }))
    it.live("no init in the image", () =>
      Effect.gen(function*() {
        failedBecause(yield* failing(lab.instance("noinit", "missing", quick)), "CommandFailed", "Failed to exec \"/sbin/init\"")
      }))
    it.live("a root that somebody unmounts after the last look at it: not that the image has no init", () =>
      leavingNothing(Effect.gen(function*() {
        const instance = lab.instance("unmounted", "obedient", quick)
        const root = lab.directories.rootfs(instance.name)
        const tools = `${lab.files}/unmounting`
        fs.mkdirSync(tools)
        const unmounting = `#!/bin/sh\n[ "$1" = --version ] || ${toolPath("umount")} ${root}\nexec ${toolPath("lxc-start")} "$@"\n`
        fs.writeFileSync(`${tools}/lxc-start`, unmounting, { mode: 0o755 })
        const host = layer({ directories: lab.directories }).pipe(
          Layer.provide(Layer.succeed(ToolDirectories, [tools, ...yield* ToolDirectories])))
        const start = Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.start(instance))
        const error = yield* Effect.flip(Effect.provide(start, host, { local: true }))
        failedBecause(error, "Conflict", `nothing is mounted on ${root} any more`)
        assert.deepStrictEqual((error as OperationFailed).inSpec, [])
      })))
    it.live("an init that exits at once", () =>
      Effect.gen(function*() {
        failedBecause(yield* failing(lab.instance("atonce", "exitsAtOnce", quick)), "InitEnded", "exit code 3")
      }))
    it.live("an init that exits after 200 ms", () =>
      Effect.gen(function*() {
        failedBecause(yield* failing(lab.instance("soon", "exitsSoon", { lxc: { settle: "10s" } })), "InitEnded", "exit code 7")
      }))
    it.live("an image that is no file system", () =>
      Effect.gen(function*() {
        const image = `${lab.files}/garbage.img`
        fs.writeFileSync(image, Buffer.alloc(1024 * 1024))
        failedBecause(yield* failing(lab.instance("garbage", "obedient", { ...quick, disks: [{ path: image }] })), "CommandFailed", "mount")
      }))
    it.live("an image that another instance runs on", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        yield* hypervisor.start(lab.instance("owner", "obedient", quick))
        rejectedBecause(yield* Effect.flip(hypervisor.start(lab.instance("second", "obedient", quick))), "disk-in-use")
        yield* hypervisor.stop(lab.name("owner"))
      })))
    it.live("an image that another instance runs on, by a hard link", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const owner = lab.instance("linked", "obedient", quick)
        const link = `${lab.files}/hard-link.img`
        fs.linkSync(lab.image("obedient"), link)
        yield* hypervisor.start(owner)
        const second = lab.instance("linker", "obedient", { ...quick, disks: [{ path: link }] })
        rejectedBecause(yield* Effect.flip(hypervisor.start(second)), "disk-in-use")
        yield* hypervisor.stop(owner.name)
        fs.unlinkSync(link)
      })))
    it.live("an image that another instance takes at the same moment", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const both = ["racera", "racerb"].map((short) => lab.instance(short, "obedient", quick))
        const started = yield* Effect.forEach(both, (each) => Effect.exit(hypervisor.start(each)), { concurrency: 2 })
        assert.deepStrictEqual(started.map((each) => each._tag).sort((one, other) => one < other ? -1 : 1), ["Failure", "Success"])
        for (const { name } of both) yield* hypervisor.stop(name)
      })))
    it.live("an image that an instance of another run directory takes at the same moment", () =>
      leavingNothing(Effect.gen(function*() {
        const [run, state] = [HostPath.make(`${lab.directories.run}b`), HostPath.make(`${lab.files}/other-state`)]
        const here = yield* Hypervisor
        const there = yield* Hypervisor.pipe(Effect.provide(layer({ directories: new Directories({ run, log: lab.directories.log, state }) })))
        const both = [[here, "herea"], [there, "thereb"]] as const
        const removed = Effect.gen(function*() {
          for (const [hypervisor, short] of both) yield* hypervisor.kill(lab.name(short))
          for (const directory of [run, state]) fs.rmSync(directory, { recursive: true, force: true })
        })
        const starting = ([hypervisor, short]: (typeof both)[number]) => Effect.exit(hypervisor.start(lab.instance(short, "obedient", { ...quick, nics: [] })))
        const started = yield* Effect.ensuring(Effect.forEach(both, starting, { concurrency: 2 }), Effect.orDie(removed))
        assert.deepStrictEqual(started.map((each) => each._tag).sort((one, other) => one < other ? -1 : 1), ["Failure", "Success"])
      })))
    it.live("an image that somebody has mounted by a hard link", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const [link, mounted] = [`${lab.files}/mounted.img`, `${lab.files}/mounted`]
        fs.linkSync(lab.image("obedient"), link)
        fs.mkdirSync(mounted)
        execFileSync("mount", ["-o", "loop", link, mounted], { timeout: 10_000 })
        const removed = Effect.sync(() => {
          execFileSync("umount", [mounted], { timeout: 10_000 })
          fs.rmdirSync(mounted)
          fs.unlinkSync(link)
        })
        const starting = Effect.exit(hypervisor.start(lab.instance("unseen", "obedient", quick)))
        const started = yield* Effect.ensuring(Effect.ensuring(starting, Effect.ignore(hypervisor.kill(lab.name("unseen")))), removed)
        rejectedBecause(yield* Effect.flip(started), "disk-in-use")
      })))
    it.live("a directory that another instance takes at the same moment", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const root = `${lab.files}/both`
        layOutBusyboxRoot(root, "obedient")
        const both = ["directorya", "directoryb"].map((short) => lab.instance(short, "obedient", { ...quick, disks: [{ path: root }] }))
        const started = yield* Effect.forEach(both, (each) => Effect.exit(hypervisor.start(each)), { concurrency: 2 })
        assert.deepStrictEqual(started.map((each) => each._tag).sort((one, other) => one < other ? -1 : 1), ["Failure", "Success"])
        for (const { name } of both) yield* hypervisor.stop(name)
        fs.rmSync(root, { recursive: true })
      })))
    it.live("it runs already", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("twice", "obedient", quick)
        yield* hypervisor.start(instance)
        const running = lab.snapshot()
        rejectedBecause(yield* Effect.flip(hypervisor.start(instance)), "already-running")
        assert.deepStrictEqual(lab.differences(running), [])
        yield* hypervisor.stop(instance.name)
      })))
    it.live("interrupted while it settles", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("interrupted", "obedient", { lxc: { settle: "20s" } })
        yield* Effect.timeoutOption(hypervisor.start(instance), 700)
      })))
  })

  describe("stop", () => {
    it.live("leaves a guest that is deaf to the halt signal running and says so, kills it with force", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const { name } = lab.instance("deaf", "deaf", quick)
        yield* hypervisor.start(lab.instance("deaf", "deaf", quick))
        const before = lab.snapshot()
        const error = yield* Effect.flip(hypervisor.stop(name, { timeoutMs: 300 }))
        assert.strictEqual(error._tag, "OperationFailed")
        assert.include(error.message, "goes on running")
        assert.deepStrictEqual(lab.differences(before), [])
        assert.strictEqual((yield* hypervisor.info(name)).state, "RUNNING")
        yield* hypervisor.stop(name, { timeoutMs: 300, force: true })
      })))

    it.live("does not lose the halt signal of a guest whose init has no handler yet", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("slow", "slow", { lxc: { settle: "0ms" } })
        yield* hypervisor.start(instance)
        yield* hypervisor.stop(instance.name, { timeoutMs: 5_000 })
      })))

    it.live("thaws a frozen guest, and freezes it again if it does not obey", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const frozen = lab.instance("frozen", "obedient", quick)
        const freeze = (name: string) => execFileSync("lxc-freeze", ["-n", name, "-P", lab.directories.containers], { timeout: 10_000 })
        yield* hypervisor.start(frozen)
        freeze(frozen.name)
        assert.strictEqual((yield* hypervisor.info(frozen.name)).state, "FROZEN")
        yield* hypervisor.stop(frozen.name)
        const deaf = lab.instance("frozendeaf", "deaf", quick)
        yield* hypervisor.start(deaf)
        freeze(deaf.name)
        const error = yield* Effect.flip(hypervisor.stop(deaf.name, { timeoutMs: 200 }))
        assert.include(error.message, "frozen again")
        assert.strictEqual((yield* hypervisor.info(deaf.name)).state, "FROZEN")
        yield* hypervisor.stop(deaf.name, { force: true, timeoutMs: 0 })
      })))

    it.live("thaws a frozen guest also where LXC does not find its configuration any more", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("unconfigured", "obedient", quick)
        yield* hypervisor.start(instance)
        yield* hypervisor.freeze(instance.name)
        fs.unlinkSync(lab.directories.config(instance.name))
        yield* hypervisor.stop(instance.name)
      })))

    it.live("unmounts what is stacked below the root in the right order, and leaves a neighbour alone", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("sub", "obedient", quick)
        const neighbour = `${lab.directories.container(lab.name("sub"))}0`
        const mount = (target: string) => {
          fs.mkdirSync(target, { recursive: true })
          execFileSync("mount", ["-t", "tmpfs", "tmpfs", target])
        }
        yield* hypervisor.start(instance)
        const root = lab.directories.rootfs(instance.name)
        mount(`${root}/mnt`)
        mount(`${root}/mnt/deep er\nx`)
        mount(`${root}/mnt`)
        mount(neighbour)
        yield* hypervisor.stop(instance.name)
        assert.include(fs.readFileSync("/proc/self/mounts", "utf8"), neighbour)
        execFileSync("umount", [neighbour])
        fs.rmdirSync(neighbour)
        fs.rmdirSync(lab.directories.containers)
      })))

    it.live("takes off what is mounted over its directory, and removes what that had hidden", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("hidden", "obedient", quick)
        yield* hypervisor.start(instance)
        const own = lab.directories.container(instance.name)
        execFileSync("mount", ["-t", "tmpfs", "tmpfs", own])
        fs.writeFileSync(`${own}/notes.txt`, "")
        yield* hypervisor.stop(instance.name)
      })))

    it.live("names who holds a mount that stays busy, and goes on when called again", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("busy", "obedient", quick)
        yield* hypervisor.start(instance)
        const held = fs.openSync(`${lab.directories.rootfs(instance.name)}/etc/inittab`, "r")
        const sleeper = execFileSync("sh", ["-c", `exec 3<"$0"; sleep 60 >/dev/null 2>&1 & echo $!`, `${lab.directories.rootfs(instance.name)}/etc/inittab`], { encoding: "utf8" }).trim()
        const error = yield* Effect.flip(hypervisor.stop(instance.name))
        assert.include(error.message, `held by ${sleeper} (sleep 60)`)
        fs.closeSync(held)
        process.kill(Number(sleeper), "SIGKILL")
        yield* hypervisor.stop(instance.name)
      })))

    it.live("of what is stopped and clean is an empty plan", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        assert.deepStrictEqual((yield* hypervisor.plan.stop(lab.name("nobody"))).steps, [])
        assert.deepInclude(yield* hypervisor.stop(lab.name("nobody")), { acted: 0, alreadyDone: 0 })
      })))
  })

  describe("what is found after a disaster is told, and removed by stop:", () => {
    it.live("the monitor was killed", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("nomonitor", "obedient", quick)
        yield* hypervisor.start(instance)
        process.kill(Number(fs.readFileSync(lab.directories.monitorPid(instance.name), "utf8")), "SIGKILL")
        yield* Effect.sleep(200)
        assert.deepInclude(yield* hypervisor.info(instance.name), { state: "STOPPED", problem: "leftovers", initPid: null })
        yield* hypervisor.start(instance)
        yield* hypervisor.stop(instance.name)
      })))
    it.live("the monitor was stopped by a signal", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("silent", "obedient", quick)
        yield* hypervisor.start(instance)
        const monitor = Number(fs.readFileSync(lab.directories.monitorPid(instance.name), "utf8"))
        process.kill(monitor, "SIGSTOP")
        yield* Effect.sleep(50)
        assert.deepInclude(yield* hypervisor.info(instance.name), { state: "RUNNING", problem: "monitor-silent" })
        assert.strictEqual((yield* Effect.flip(hypervisor.stop(instance.name)))._tag, "PlanRejected")
        const began = performance.now()
        yield* hypervisor.stop(instance.name, { force: true, timeoutMs: 60_000 })
        assert.isBelow(performance.now() - began, 9_000, "the guest obeyed, and its monitor was neither waited for nor asked")
      })))
    it.live("the guest halted by itself", () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const instance = lab.instance("halted", "obedient", quick)
        yield* hypervisor.start(instance)
        process.kill((yield* hypervisor.info(instance.name)).initPid ?? 0, "SIGPWR")
        yield* Effect.sleep(500)
        assert.deepInclude(yield* hypervisor.info(instance.name), { state: "STOPPED", problem: "leftovers" })
        yield* hypervisor.stop(instance.name)
      })))
  })
})

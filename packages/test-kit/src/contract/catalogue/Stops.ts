/**
 * Section B: stops, and what is busy.
 *
 * @since 0.1.0
 */
import { HostPath } from "@effect-lxc/core/model/HostPath"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { applies, broken, fails, holds, isOpen, isTrue, same } from "../Expect.ts"
import { attached, befall, type Case, factsOfContainer, inScratch, prepared, running } from "../Scene.ts"
import { systemd } from "../../Guest.ts"
import { Stage } from "../Stage.ts"
import { allFacts, type CatalogueLine, inventoryOf, withContainers } from "./CatalogueLine.ts"

const needs = withContainers

type Names = Pick<Case<"AwaitStopped">, "lxcPath" | "name">

const signal = (container: Names, graceMs = 2_000): Case<"SignalContainer"> => ({ _tag: "SignalContainer", ...container, signal: "halt", graceMs })
const stopped = (container: Names, timeoutMs: number): Case<"AwaitStopped"> => ({ _tag: "AwaitStopped", ...container, timeoutMs, onTimeout: "fail" })
const unmount = (source: string, target: HostPath, timeoutMs = 0): Case<"Unmount"> => ({ _tag: "Unmount", source, target, timeoutMs })

/** The source of what is mounted on a path. */
const sourceOf = (target: string) =>
  Effect.flatMap(inventoryOf("mount"), (lines) => {
    const source = lines.find((line) => line.includes(` ${target} `))?.split(" ")[1]
    return source === undefined ? broken(target, "a mount", undefined) : Effect.succeed(source)
  })

const signals: ReadonlyArray<CatalogueLine> = [{
  line: "B: lxc-stop of an init that obeys",
  title: "it ends by itself, soon after the signal",
  needs,
  run: Effect.gen(function*() {
    const { container } = yield* running()
    yield* applies(signal(container))
    yield* applies(stopped(container, 5_000))
    yield* holds(stopped(container, 0))
  })
}, {
  line: "B: init that ignores the signal",
  title: "it goes on running, however long it is waited for; -k ends it in some 35 ms",
  needs,
  run: Effect.gen(function*() {
    const { container, hierarchies } = yield* running({ guest: "deaf" })
    yield* applies(signal(container))
    yield* fails(stopped(container, 300), "StillRunning", { waitedMs: 300 })
    const began = yield* Clock.currentTimeMillis
    yield* applies({ _tag: "KillContainer", ...container, hierarchies, timeoutMs: 10_000 })
    const took = (yield* Clock.currentTimeMillis) - began
    yield* isTrue(`it took ${took} ms`, took < 2_000)
  })
}, {
  line: "B: a signal before init has its handler",
  title: "is lost: pid 1 without a handler ignores everything but SIGKILL",
  needs,
  run: Effect.gen(function*() {
    const { container } = yield* running({ guest: "slow" })
    yield* applies(signal(container, 0))
    yield* fails(stopped(container, 1_500), "StillRunning")
    yield* applies(signal(container))
    yield* applies(stopped(container, 5_000))
  })
}, {
  line: "B: SIGKILL to init from the host",
  title: "LXC cleans up: no cgroup, no interface, no monitor a moment later",
  needs,
  run: Effect.gen(function*() {
    const { container } = yield* running({ spec: { nics: [{ link: (yield* Stage).bridge }] } })
    const before = yield* inventoryOf("interface")
    yield* befall({ _tag: "KillInit", name: container.name })
    yield* applies(stopped(container, 5_000))
    yield* Effect.sleep(100)
    yield* same("cgroups", yield* inventoryOf("cgroup"), [])
    yield* same("one interface less", (yield* inventoryOf("interface")).length, before.length - 1)
  })
}, {
  line: "B: lxc-stop of systemd",
  title: "ends it in a quarter of a second by SIGRTMIN+3; SIGPWR alone is ignored",
  needs,
  simulatedOnly: "an image with systemd is not built by the tests",
  host: { images: { "/srv/images/systemd.img": systemd() } },
  run: Effect.gen(function*() {
    const { container } = yield* running({ spec: { disks: [{ path: "/srv/images/systemd.img" }] } })
    yield* applies({ ...signal(container), signal: "SIGPWR" })
    yield* fails(stopped(container, 2_000), "StillRunning")
    yield* applies(signal(container))
    yield* applies(stopped(container, 250))
  })
}, {
  line: "B: sys_boot dropped",
  title: "an init that powers off exits instead: LXC logs no signal",
  needs,
  run: Effect.gen(function*() {
    const { confirmAlive, container } = yield* running()
    yield* befall({ _tag: "PowerOff", name: container.name })
    yield* fails({ ...confirmAlive, settleMs: 5_000 }, "InitEnded", { cause: "exit code 0" })
  })
}, {
  line: "B: poweroff with sys_boot",
  title: "LXC logs signal Interrupt(2)",
  needs,
  run: Effect.gen(function*() {
    const { confirmAlive, container } = yield* running({ spec: { lxc: { dropCapabilities: [] } } })
    yield* befall({ _tag: "PowerOff", name: container.name })
    yield* fails({ ...confirmAlive, settleMs: 5_000 }, "InitEnded", { cause: "signal 2" })
  })
}]

const busy: ReadonlyArray<CatalogueLine> = [{
  line: "B: umount while running",
  title: "EBUSY: the monitor pins the root",
  needs,
  run: Effect.gen(function*() {
    const { root } = yield* running()
    const source = yield* sourceOf(root)
    const { holders } = yield* fails(unmount(source, root, 100), "Busy", { path: root, waitedMs: 100 })
    yield* isTrue(`the monitor is named: ${JSON.stringify(holders)}`, holders.some(({ command }) => command.includes("lxc monitor")))
  })
}, {
  line: "B: umount when the monitor is gone",
  title: "is possible at once",
  needs,
  run: Effect.gen(function*() {
    const { container, hierarchies, root } = yield* running()
    const source = yield* sourceOf(root)
    yield* applies({ _tag: "KillContainer", ...container, hierarchies, timeoutMs: 5_000 })
    yield* applies(unmount(source, root, 2_000))
    yield* holds(unmount(source, root))
  })
}, {
  line: "B: umount of what is mounted below a running root",
  title: "succeeds, and the container keeps it in use: losetup -d says 0 and the device stays",
  needs,
  run: Effect.gen(function*() {
    const { container, hierarchies, root, start } = yield* prepared()
    const below = HostPath.make(`${root}/mnt`)
    const data = yield* attached("deaf")
    yield* applies({ _tag: "Mount", source: data.device, target: below, fsType: null, options: [] })
    yield* applies(start)
    yield* applies(unmount(data.device, below))
    const detach: Case<"DetachLoop"> = { _tag: "DetachLoop", device: data.device, file: data.file }
    const { inHaste } = yield* Stage
    yield* inHaste(5_000, fails(detach, "Busy", { path: data.device }))
    yield* applies({ _tag: "KillContainer", ...container, hierarchies, timeoutMs: 5_000 })
    yield* Effect.sleep(100)
    yield* holds(detach)
  })
}, {
  line: "B: busy holder",
  title: "a shell with its working directory there is found and named",
  needs,
  run: Effect.gen(function*() {
    const { root } = yield* prepared()
    const source = yield* sourceOf(root)
    yield* befall({ _tag: "Occupy", path: root })
    const { holders } = yield* fails(unmount(source, root, 100), "Busy", { path: root })
    yield* same("one holder", holders.length, 1)
    yield* befall({ _tag: "Release", path: root })
    yield* applies(unmount(source, root, 1_000))
  })
}, {
  line: "B: umount of what is not mounted",
  title: "its result holds already",
  needs: ["devices"],
  run: Effect.gen(function*() {
    yield* holds(unmount("/dev/loop0", yield* inScratch("nothing")))
  })
}, {
  line: "B: a file system that is mounted elsewhere too",
  title: "is mounted a second time on another directory: the same superblock",
  needs: ["devices"],
  run: Effect.gen(function*() {
    const { device } = yield* attached()
    for (const name of ["one", "two"]) {
      const target = yield* inScratch(name)
      yield* applies({ _tag: "MakeDirectory", path: target, mode: "0700", keep: false })
      yield* applies({ _tag: "Mount", source: device, target, fsType: null, options: [] })
    }
    const { mounts } = yield* allFacts
    yield* same("the numbers of the device", new Set(mounts.filter(({ source }) => source === device).map((each) => each.device)).size, 1)
  })
}, {
  line: "B: mount order",
  title: "stacked mounts come off in the reverse order of the mount table, not the deepest first",
  needs: ["devices"],
  run: Effect.gen(function*() {
    const sub = yield* inScratch("sub")
    const deep = HostPath.make(`${sub}/deep`)
    const steps: ReadonlyArray<Case<"MakeDirectory"> | Case<"Mount">> = [
      { _tag: "MakeDirectory", path: sub, mode: "0755", keep: false },
      { _tag: "Mount", source: "tmpfs", target: sub, fsType: "tmpfs", options: [] },
      { _tag: "MakeDirectory", path: deep, mode: "0755", keep: false },
      { _tag: "Mount", source: "tmpfs", target: deep, fsType: "tmpfs", options: [] }
    ]
    for (const step of steps) yield* applies(step)
    yield* befall({ _tag: "MountTmpfs", path: sub })
    yield* isTrue("the deepest is hidden", (yield* Effect.result(applies(unmount("tmpfs", deep))))._tag === "Failure")
    for (const target of [sub, deep, sub]) yield* applies({ _tag: "Unmount", source: "tmpfs", target, timeoutMs: 1_000 })
    yield* holds(unmount("tmpfs", sub))
  })
}, {
  line: "B: blanks in the mount table",
  title: "are escaped by the kernel, and read back as they are",
  needs: ["devices"],
  run: Effect.gen(function*() {
    const path = yield* inScratch("a b")
    yield* applies({ _tag: "MakeDirectory", path, mode: "0755", keep: false })
    yield* befall({ _tag: "MountTmpfs", path })
    yield* isTrue("it is found", (yield* allFacts).mounts.some(({ target }) => target === path))
  })
}, {
  line: "B: volatile root",
  title: "the layers of an overlay can be unmounted while it is there, and their loop device stays until it is not",
  needs: ["devices"],
  run: Effect.gen(function*() {
    const { device, file } = yield* attached()
    const [lower, memory, root] = [yield* inScratch("lower"), yield* inScratch("memory"), yield* inScratch("root")]
    for (const path of [lower, memory, root]) yield* applies({ _tag: "MakeDirectory", path, mode: "0755", keep: false })
    yield* applies({ _tag: "Mount", source: device, target: lower, fsType: null, options: ["ro"] })
    yield* applies({ _tag: "Mount", source: "tmpfs", target: memory, fsType: "tmpfs", options: [] })
    for (const name of ["upper", "work"]) {
      yield* applies({ _tag: "MakeDirectory", path: HostPath.make(`${memory}/${name}`), mode: "0755", keep: false })
    }
    const options = [`lowerdir=${lower}`, `upperdir=${memory}/upper`, `workdir=${memory}/work`]
    yield* applies({ _tag: "Mount", source: "overlay", target: root, fsType: "overlay", options })
    yield* applies(unmount(device, lower))
    yield* applies(unmount("tmpfs", memory))
    const { inHaste } = yield* Stage
    yield* inHaste(5_000, fails({ _tag: "DetachLoop", device, file }, "Busy", { path: device }))
    yield* applies(unmount("overlay", root))
    yield* holds({ _tag: "DetachLoop", device, file })
  })
}, {
  line: "B: a read-only loop device",
  title: "is mounted read-only, whatever was asked for",
  needs: ["devices"],
  run: Effect.gen(function*() {
    const { image } = yield* Stage
    const file = HostPath.make(yield* image("obedient"))
    const device = yield* applies({ _tag: "AttachLoop", file, offset: 0, sizeLimit: 0, readOnly: true, result: "root" })
    const target = yield* inScratch("target")
    yield* applies({ _tag: "MakeDirectory", path: target, mode: "0755", keep: false })
    yield* applies({ _tag: "Mount", source: HostPath.make(device ?? "/"), target, fsType: null, options: [] })
    yield* isTrue("ro", (yield* allFacts).mounts.some((each) => each.target === target && each.options.includes("ro")))
  })
}, {
  line: "B: a loop device that ends before its file system",
  title: "exit code 32: bad superblock",
  needs: ["devices"],
  run: Effect.gen(function*() {
    const { image } = yield* Stage
    const file = HostPath.make(yield* image("obedient"))
    const device = yield* applies({ _tag: "AttachLoop", file, offset: 0, sizeLimit: 4 * 1024 * 1024, readOnly: false, result: "root" })
    const target = yield* inScratch("target")
    yield* applies({ _tag: "MakeDirectory", path: target, mode: "0755", keep: false })
    const mount: Case<"Mount"> = { _tag: "Mount", source: HostPath.make(device ?? "/"), target, fsType: null, options: [] }
    const { stderr } = yield* fails(mount, "CommandFailed", { exitCode: 32 })
    yield* isTrue(stderr, stderr.includes("bad superblock"))
    yield* isOpen(mount)
    yield* same("the container", yield* factsOfContainer, undefined)
  })
}]

/**
 * @since 0.1.0
 * @category constants
 */
export const stops: ReadonlyArray<CatalogueLine> = [...signals, ...busy]

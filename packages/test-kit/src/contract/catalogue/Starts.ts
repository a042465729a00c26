/**
 * Section A: starts that LXC calls a success, and those that never end.
 *
 * @since 0.1.0
 */
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { vethName } from "@effect-lxc/core/model/VethName"
import * as Effect from "effect/Effect"
import { applies, broken, fails, holds, isOpen, isTrue, same } from "../Expect.ts"
import { attached, befall, factsOfContainer, inScratch, look, prepared, running } from "../Scene.ts"
import { Stage } from "../Stage.ts"
import { allFacts, type CatalogueLine, configured, inventoryOf, legacyLayouts, logged, runsWith, seen, withContainers } from "./CatalogueLine.ts"

const needs = withContainers
const veth = (index: number, ...lines: ReadonlyArray<string>) => ["type = veth", ...lines].map((line) => `lxc.net.${index}.${line}`)

const accepted: ReadonlyArray<CatalogueLine> = [
  ["short MAC", veth(7, "hwaddr = aa:00:00:11:22")],
  ["duplicate MAC", [...veth(7, "hwaddr = aa:00:00:11:22:33"), ...veth(8, "hwaddr = aa:00:00:11:22:33")]],
  ["line that does not begin with lxc.", ["hello", "foo.bar = 1"]],
  ["CRLF, trailing blanks, quotes", ["lxc.environment = A=b\r", `lxc.environment = "B=c d"   `, "lxc.environment = C=#"]],
  ["optional mount.entry without its source", ["lxc.mount.entry = /no/such mnt none bind,optional 0 0"]],
  ["blanks in a mount.entry, as \\040", ["lxc.mount.entry = tmpfs a\\040b tmpfs rw,create=dir 0 0"]],
  ["mount.auto", ["lxc.mount.auto = proc:mixed sys:ro"]],
  ["rootfs.options = ro", ["lxc.rootfs.options = ro"]],
  ["mount.entry with create=dir", ["lxc.mount.entry = tmpfs new/place tmpfs rw,create=dir 0 0"]]
].map(([line, lines]) => ({
  line: `A: ${String(line)}`,
  title: "is accepted: exit code 0, and it runs",
  needs,
  run: Effect.asVoid(runsWith(lines as ReadonlyArray<string>)) // the second of each pair
}))

const successes: ReadonlyArray<CatalogueLine> = [...accepted, {
  line: "A: veth.pair of 16 characters and more",
  title: "exit code 0; the name is cut to 15 characters, and the log complains",
  needs,
  run: Effect.gen(function*() {
    const { bridge, name } = yield* Stage
    const pair = `${vethName(name, 0)}-and-more-than-fits`
    const { start } = yield* runsWith(veth(7, `link = ${bridge}`, `veth.pair = ${pair}`))
    const { interfaces } = yield* allFacts
    yield* isTrue(`${pair.slice(0, 15)} is there`, interfaces.some((each) => each.name === pair.slice(0, 15)))
    yield* isTrue("the log complains", (yield* logged(start)).includes(`"${pair}" is too long (>= 16)`))
  })
}, {
  line: "A: order of memory and memsw in the file",
  title: "does not matter: LXC sorts them",
  needs,
  layouts: legacyLayouts,
  run: Effect.asVoid(runsWith(["lxc.cgroup.memory.memsw.limit_in_bytes = 32M", "lxc.cgroup.memory.limit_in_bytes = 16M"]))
}, {
  line: "A: keys of the other layout",
  title: "are ignored without a word: exit code 0, and no limit",
  needs,
  layouts: legacyLayouts,
  run: Effect.gen(function*() {
    yield* runsWith(["lxc.cgroup2.memory.max = 64M"])
    const limits = (yield* allFacts).containers.flatMap((each) => each.limits ?? [])
    yield* isTrue("no limit of 64 MiB", !limits.some(({ value }) => value === "67108864"))
  })
}, {
  line: "A: rootfs read-only",
  title: "is no hindrance: exit code 0",
  needs,
  run: Effect.gen(function*() {
    const { image } = yield* Stage
    yield* runsWith([], { spec: { disks: [{ path: yield* image("obedient"), readOnly: true }] } })
  })
}, {
  line: "A: rootfs full",
  title: "is no hindrance: exit code 0",
  needs,
  run: Effect.gen(function*() {
    const { root, start } = yield* prepared()
    yield* befall({ _tag: "FillDisk", directory: root })
    yield* applies(start)
    yield* holds(start)
  })
}, {
  line: "A: rootfs.path with // and a trailing /",
  title: "is read as the path without them",
  needs,
  run: Effect.gen(function*() {
    const { directories, name } = yield* Stage
    yield* runsWith([`lxc.rootfs.path = dir:${directories.rootfs(name).replaceAll("/", "//")}/`])
  })
}, {
  line: "A: log directory missing",
  title: "is made",
  needs,
  run: Effect.gen(function*() {
    const { start } = yield* prepared()
    const directory = yield* inScratch("none")
    yield* applies({ ...start, logFile: HostPath.make(`${directory}/log`) })
    yield* same(directory, (yield* look(directory))?.kind, "directory")
  })
}, {
  line: "A: already running",
  title: "exit code 0 and Container is already running: one instance, and no second one",
  needs,
  run: Effect.gen(function*() {
    const { start } = yield* running()
    const before = (yield* seen).init?.pid
    yield* fails(start, "Conflict", { found: `LXC says that ${start.name} is running already` })
    yield* same("the first process", (yield* seen).init?.pid, before)
  })
}, {
  line: "A: what is logged at INFO",
  title: "which program was started with which pid",
  needs,
  run: Effect.gen(function*() {
    const { start } = yield* running()
    const { init } = yield* seen
    yield* isTrue("the log has the pid", (yield* logged(start)).includes(`Started "/sbin/init" with pid "${init?.pid}"`))
  })
}, {
  line: "A: lxc-start -p FILE",
  title: "the file has the monitor's pid, and goes with the monitor",
  needs,
  run: Effect.gen(function*() {
    const { container, hierarchies, start } = yield* running()
    const { monitor } = yield* seen
    yield* same("the file", (yield* look(start.pidFile))?.text.trim(), String(monitor?.pid))
    yield* applies({ _tag: "KillContainer", ...container, hierarchies, timeoutMs: 5_000 })
    yield* Effect.sleep(50)
    yield* same("the file", yield* look(start.pidFile), undefined)
  })
}, {
  line: "A: no free loop device",
  title: "does not happen: the kernel makes as many as are asked for",
  needs: ["devices"],
  run: Effect.gen(function*() {
    const { file, step } = yield* attached()
    const devices: Array<string> = []
    for (let index = 1; index <= 9; index += 1) {
      const device = yield* applies({ ...step, offset: index * 4_096 })
      if (device === undefined) return yield* broken("losetup", "a device", device)
      devices.push(device)
    }
    yield* same("different devices", new Set(devices).size, 9)
    for (const device of devices) yield* applies({ _tag: "DetachLoop", device, file })
  })
}]

const deaths: ReadonlyArray<CatalogueLine> = [{
  line: "A: init exits 1",
  title: "exit code 0; a few milliseconds later it is gone, with its interfaces and cgroups, and INFO says how",
  needs,
  run: Effect.gen(function*() {
    const { confirmAlive, container, start } = yield* running({ guest: "exitsAtOnce" })
    yield* fails({ ...confirmAlive, settleMs: 5_000 }, "InitEnded", { cause: "exit code 3" })
    yield* applies({ _tag: "AwaitStopped", ...container, timeoutMs: 5_000, onTimeout: "fail" })
    yield* isTrue("the log says how", (yield* logged(start)).includes("ended on error (3)"))
    yield* Effect.sleep(50)
    yield* same("cgroups", yield* inventoryOf("cgroup"), [])
  })
}, {
  line: "A: init exits 0",
  title: "LXC logs nothing of it",
  needs,
  run: Effect.gen(function*() {
    const { confirmAlive, container, start } = yield* running()
    yield* applies({ _tag: "SignalContainer", ...container, signal: "halt", graceMs: 2_000 })
    yield* fails({ ...confirmAlive, settleMs: 5_000 }, "InitEnded", { cause: "exit code 0" })
    yield* isTrue("the log does not say", !(yield* logged(start)).includes("ended on"))
  })
}, {
  line: "A: init dies after 200 ms",
  title: "exit code 0, and alive until then",
  needs,
  run: Effect.gen(function*() {
    const { confirmAlive, start } = yield* running({ guest: "exitsSoon" })
    yield* fails({ ...confirmAlive, settleMs: 5_000 }, "InitEnded", { cause: "exit code 7" })
    yield* isTrue("the log says how", (yield* logged(start)).includes("ended on error (7)"))
  })
}, {
  line: "A: memory 200k to 1M",
  title: "exit code 0; killed in milliseconds, and INFO says Killed(9)",
  needs,
  layouts: legacyLayouts,
  simulatedOnly: "limits below 2 MiB are not set on real containers",
  run: Effect.gen(function*() {
    const { confirmAlive, start } = yield* configured(["lxc.cgroup.memory.limit_in_bytes = 512K"])
    yield* applies(start)
    yield* fails({ ...confirmAlive, settleMs: 5_000 }, "InitEnded", { cause: "signal 9" })
  })
}, {
  line: "A: memory 64k",
  title: "lxc-start never ends, and neither does any tool that asks; killing the monitor frees the interface and the root",
  needs,
  layouts: legacyLayouts,
  simulatedOnly: "limits below 2 MiB are not set on real containers",
  run: Effect.gen(function*() {
    const { container, hierarchies, root, start } = yield* configured(["lxc.cgroup.memory.limit_in_bytes = 64K"])
    yield* fails({ ...start, timeoutMs: 3_000 }, "CommandTimedOut", { timeoutMs: 3_000, log: [] })
    yield* fails({ _tag: "Freeze", ...container, timeoutMs: 300 }, "CommandFailed")
    yield* applies({ _tag: "KillContainer", ...container, hierarchies, timeoutMs: 1_000 })
    yield* isTrue("cgroups stay", (yield* inventoryOf("cgroup")).length > 0)
    yield* applies({ _tag: "Unmount", source: "/dev/loop0", target: root, timeoutMs: 0 })
  })
}, {
  line: "A: client killed during the start",
  title: "the monitor gives up with it, and nothing comes up",
  needs,
  simulatedOnly: "on a real host the moment cannot be chosen",
  run: Effect.gen(function*() {
    const { start } = yield* prepared()
    const outcome = yield* Effect.timeoutOption(applies(start), 5)
    yield* same("it did not end", outcome._tag, "None")
    yield* isOpen(start)
    yield* same("init", (yield* factsOfContainer)?.init ?? null, null)
  })
}, {
  line: "A: monitor killed during the start",
  title: "exit code 1, Failed to receive the container state; its cgroup stays",
  needs,
  simulatedOnly: "on a real host the moment cannot be chosen",
  run: Effect.gen(function*() {
    const { start } = yield* prepared()
    const killed = Effect.andThen(Effect.sleep(5), befall({ _tag: "KillMonitor", name: start.name }))
    const [{ stderr }] = yield* Effect.all([fails(start, "CommandFailed", { exitCode: 1 }), killed], { concurrency: "unbounded" })
    yield* isTrue(stderr, stderr.includes("Failed to receive the container state"))
    yield* isTrue("a cgroup stays", (yield* inventoryOf("cgroup")).some((line) => line.includes("lxc.monitor.")))
  })
}, {
  line: "A: a failed start leaves lxc.monitor.NAME",
  title: "in some of the trees, since the client that waits sits in it; with pinned names the next start is refused",
  needs,
  simulatedOnly: "on a real host it happens in some of the runs",
  run: Effect.gen(function*() {
    const { start } = yield* prepared({ guest: "missing" })
    yield* fails(start, "CommandFailed", { exitCode: 1 })
    yield* isTrue("it stays", (yield* inventoryOf("cgroup")).some((line) => line.endsWith(`lxc.monitor.${start.name}`)))
    const { log } = yield* fails(start, "CommandFailed", { exitCode: 1 })
    yield* isTrue(log.join("; "), log.some((line) => line.includes("Numerical result out of range")))
  })
}]

/**
 * @since 0.1.0
 * @category constants
 */
export const starts: ReadonlyArray<CatalogueLine> = [...successes, ...deaths]

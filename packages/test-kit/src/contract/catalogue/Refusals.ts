/**
 * Section A: starts that LXC refuses.
 *
 * @since 0.1.0
 */
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { vethName } from "@effect-lxc/core/model/VethName"
import * as Effect from "effect/Effect"
import { applies, does, fails, isOpen, isTrue, same } from "../Expect.ts"
import { befall, inScratch, look, prepared } from "../Scene.ts"
import { Stage } from "../Stage.ts"
import { type CatalogueLine, configured, inventoryOf, isRefused, legacyLayouts, refuses, withContainers } from "./CatalogueLine.ts"

const needs = withContainers

const roots: ReadonlyArray<CatalogueLine> = [{
  line: "A: rootfs.path relative",
  title: "exit code 1; the log says Bad file descriptor",
  needs,
  run: refuses(["lxc.rootfs.path = dir:relative/root"], `Bad file descriptor - Failed to open "relative/root"`)
}, {
  line: "A: rootfs path missing",
  title: "exit code 1; the log names the path, and says that the root could not be pinned",
  needs,
  run: refuses(["lxc.rootfs.path = dir:/no/such"], `No such file or directory - Failed to open "/no/such"`, "Failed to handle rootfs pinning")
}, {
  line: "A: rootfs not mounted",
  title: "exit code 1 for want of an init, and dev and proc are made in the empty directory",
  needs,
  run: Effect.gen(function*() {
    const { root, start } = yield* prepared()
    const mount = (yield* inventoryOf("mount")).find((line) => line.includes(` ${root} `)) ?? ""
    yield* applies({ _tag: "Unmount", source: mount.split(" ")[1] ?? "", target: root, timeoutMs: 1_000 })
    yield* fails(start, "Conflict", { found: `nothing is mounted on ${root} any more` })
    const { mounts: _, ...unasked } = start
    yield* isRefused(unasked, `No such file or directory - Failed to exec "/sbin/init"`)
    for (const name of ["dev", "proc"]) yield* same(name, (yield* look(`${root}/${name}`))?.kind, "directory")
    yield* fails({ _tag: "RemoveDirectory", path: root, ifEmpty: false }, "SystemCallFailed", { code: "ENOTEMPTY" })
    yield* does({ _tag: "RemoveDirectory", path: root, ifEmpty: false, root: "goes" })
  })
}, {
  line: "A: /sbin/init missing",
  title: "exit code 1; the log says that it could not be executed",
  needs,
  run: Effect.gen(function*() {
    const { start } = yield* prepared({ guest: "missing" })
    yield* isRefused(start, `No such file or directory - Failed to exec "/sbin/init"`)
  })
}, {
  line: "A: /sbin/init not executable",
  title: "exit code 1; the log says Permission denied",
  needs,
  run: Effect.gen(function*() {
    const { start } = yield* prepared({ guest: "notExecutable" })
    yield* isRefused(start, `Permission denied - Failed to exec "/sbin/init"`)
  })
}, {
  line: "A: /sbin/init with a bad #!",
  title: "exit code 1; the log says that init is not there, and means its interpreter",
  needs,
  run: Effect.gen(function*() {
    const { start } = yield* prepared({ guest: "badInterpreter" })
    yield* isRefused(start, `No such file or directory - Failed to exec "/sbin/init"`)
  })
}, {
  line: "A: init.cmd missing",
  title: "exit code 1; the log names the program",
  needs,
  run: refuses(["lxc.init.cmd = /nope"], `No such file or directory - Failed to exec "/nope"`)
}, {
  line: "A: mount.entry source missing",
  title: "exit code 1; the log names the source",
  needs,
  run: refuses(["lxc.mount.entry = /no/such mnt none bind 0 0"], `No such file or directory - Failed to mount "/no/such"`, "Failed to setup mount entries")
}]

const limits: ReadonlyArray<CatalogueLine> = [
  ["limit value garbage", "lxc.cgroup.memory.limit_in_bytes = lots", `Invalid argument - Failed to set "memory.limit_in_bytes" to "lots"`],
  ["limit of an unknown file", "lxc.cgroup.memory.nonsense = 1", `No such file or directory - Failed to set "memory.nonsense" to "1"`],
  ["limit of an unknown controller", "lxc.cgroup.rdma.max = 1", `Failed to setup limits for the "rdma" controller`],
  ["cpuset.cpus out of range", "lxc.cgroup.cpuset.cpus = 0-999", `Numerical result out of range - Failed to set "cpuset.cpus" to "0-999"`],
  ["memsw without a memory limit", "lxc.cgroup.memory.memsw.limit_in_bytes = 8M", `Invalid argument - Failed to set "memory.memsw.limit_in_bytes" to "8M"`],
  ["memsw below the memory limit", "lxc.cgroup.memory.limit_in_bytes = 16M\nlxc.cgroup.memory.memsw.limit_in_bytes = 8M", `Invalid argument - Failed to set "memory.memsw.limit_in_bytes" to "8M"`],
  ["bad devices.allow", "lxc.cgroup.devices.allow = garbage here", `Invalid argument - Failed to set "devices.allow" to "garbage here"`]
].map(([line = "", config = "", log = ""]) => ({
  line: `A: ${line}`,
  title: "exit code 1; the log says which file did not take which value, and why",
  needs,
  layouts: legacyLayouts,
  run: refuses([config], log)
}))

const veth = (index: number, ...lines: ReadonlyArray<string>) => ["type = veth", ...lines].map((line) => `lxc.net.${index}.${line}`)

const nics: ReadonlyArray<CatalogueLine> = [{
  line: "A: missing bridge",
  title: "exit code 1; the log names the bridge; no interface is left",
  needs,
  run: refuses(veth(7, "link = nosuchbr"), `to bridge "nosuchbr", bridge interface doesn't exist`)
}, {
  line: "A: missing bridge of the second nic",
  title: "exit code 1; the interface of the first nic is gone too",
  needs,
  run: Effect.gen(function*() {
    const { bridge } = yield* Stage
    yield* refuses([...veth(7, `link = ${bridge}`), ...veth(8, "link = nosuchbr")], `to bridge "nosuchbr", bridge interface doesn't exist`)
  })
}, {
  line: "A: veth.pair name in use",
  title: "exit code 1; the log says File exists",
  needs,
  run: Effect.gen(function*() {
    const pair = vethName((yield* Stage).name, 0)
    const { start } = yield* configured(veth(7, `veth.pair = ${pair}`))
    yield* befall({ _tag: "LeaveInterface", interface: pair })
    yield* isRefused(start, `File exists - Failed to create veth pair "${pair}"`)
  })
}, {
  line: "A: multicast MAC",
  title: "exit code 1; the kernel does not assign the address",
  needs,
  run: refuses(veth(7, "hwaddr = 01:00:00:00:00:01"), "Cannot assign requested address")
}]

const unreadable: ReadonlyArray<CatalogueLine> = [
  ["unknown lxc.* key", "lxc.nonsense = 1", `Unsupported config key "lxc.nonsense"`],
  ["legacy key", "lxc.utsname = a", `Unsupported config key "lxc.utsname"`],
  ["legacy key of a nic", "lxc.network.type = veth", `Unsupported config key "lxc.network.type"`],
  ["bad capability", "lxc.cap.drop = nonsense", "Invalid capability specified"],
  ["bad signal", "lxc.signal.halt = SIGNONSENSE", `at line "lxc.signal.halt = SIGNONSENSE"`],
  ["size 64KiB", "lxc.console.buffer.size = 64KiB", `at line "lxc.console.buffer.size = 64KiB"`],
  ["uts name of 65 characters", `lxc.uts.name = ${"a".repeat(65)}`, "Failed to parse config file"],
  ["lxc. line without =", "lxc.cap.drop", "Invalid configuration line: lxc.cap.drop"]
].map(([line = "", config = "", why = ""]) => ({
  line: `A: ${line}`,
  title: "exit code 1, and the cause on stderr as well as in the log; nothing was touched",
  needs,
  run: Effect.gen(function*() {
    const { start } = yield* configured([config])
    const groups = yield* inventoryOf("cgroup")
    const { stderr } = yield* isRefused(start, why)
    yield* isTrue(`stderr says ${why}: ${stderr}`, stderr.includes(why))
    yield* same("cgroups", yield* inventoryOf("cgroup"), groups)
  })
}))

const scenes: ReadonlyArray<CatalogueLine> = [{
  line: "A: log path is a directory",
  title: "LXC would exit with 1; it is not asked: what is there is no log of the library's",
  needs,
  run: Effect.gen(function*() {
    const { start } = yield* prepared()
    const logFile = yield* inScratch("log")
    yield* befall({ _tag: "PutDirectory", path: logFile })
    yield* fails({ ...start, logFile }, "Conflict", { found: `${logFile} is a link or no regular file` })
    yield* isOpen(start)
  })
}, {
  line: "A: no config at all",
  title: "exit code 1; stderr says that no config is specified",
  needs,
  run: Effect.gen(function*() {
    const { start } = yield* prepared()
    yield* befall({ _tag: "RemovePath", path: HostPath.make(`${start.lxcPath}/${start.name}/config`) })
    const { stderr } = yield* isRefused(start)
    yield* isTrue(stderr, stderr.includes("No container config specified"))
  })
}, {
  line: "A: -P dir missing",
  title: "exit code 1; stderr says that access is lacking; the directory is not made",
  needs,
  run: Effect.gen(function*() {
    const { start } = yield* prepared()
    const lxcPath = HostPath.make(`${(yield* Stage).scratch}/missing`)
    const { stderr } = yield* fails({ ...start, lxcPath }, "CommandFailed", { exitCode: 1 })
    yield* isTrue(stderr, stderr.includes(`You lack access to ${lxcPath}`))
    yield* same("the directory", yield* look(lxcPath), undefined)
  })
}, {
  line: "A: stale explicit cgroup directory",
  title: "exit code 1; the log says Numerical result out of range: a pinned group that is there keeps a start out",
  needs: [...needs, "cgroups"],
  run: Effect.gen(function*() {
    const { start } = yield* prepared()
    const group = `lxc.payload.${start.name}`
    yield* befall({ _tag: "LeaveCgroup", group })
    const { log } = yield* fails(start, "CommandFailed", { exitCode: 1 })
    yield* isTrue(log.join("; "), log.some((line) => line.includes("Numerical result out of range - Failed to create container cgroup")))
  })
}, {
  line: "A: config is a directory",
  title: "it is read as an empty one, without a root, and goes as far as the console",
  needs,
  simulatedOnly: "it would begin on the root of the machine itself",
  run: Effect.gen(function*() {
    const { start } = yield* prepared()
    const path = HostPath.make(`${start.lxcPath}/${start.name}/config`)
    yield* befall({ _tag: "RemovePath", path })
    yield* befall({ _tag: "PutDirectory", path })
    yield* isRefused(start, "Is a directory - Failed to copy config file", "Failed to setup console")
  })
}, {
  line: "A: memory 128k",
  title: "exit code 1; the log says Broken pipe; no cgroup is left",
  needs,
  layouts: legacyLayouts,
  simulatedOnly: "limits below 2 MiB are not set on real containers",
  run: Effect.gen(function*() {
    yield* refuses(["lxc.cgroup.memory.limit_in_bytes = 128K"], "Broken pipe")
    yield* same("cgroups", yield* inventoryOf("cgroup"), [])
  })
}, {
  line: "A: memory 64k on v2",
  title: "exit code 1; the log says Sync wait failure",
  needs,
  layouts: ["v2"],
  host: { layout: "v2" },
  simulatedOnly: "limits below 2 MiB are not set on real containers",
  run: refuses(["lxc.cgroup2.memory.max = 64K"], "Sync wait failure")
}]

/**
 * @since 0.1.0
 * @category constants
 */
export const refusals: ReadonlyArray<CatalogueLine> = [...roots, ...limits, ...nics, ...unreadable, ...scenes]

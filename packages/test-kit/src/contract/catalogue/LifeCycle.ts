/**
 * Section F: reboots, freezing, limits, programs in containers.
 *
 * @since 0.1.0
 */
import { attachCommand } from "@effect-lxc/core/lxc/AttachCommand"
import { Sessions } from "@effect-lxc/core/runtime/Sessions"
import * as Effect from "effect/Effect"
import { applies, broken, does, fails, holds, isTrue, same } from "../Expect.ts"
import { befall, type Case, running } from "../Scene.ts"
import { Stage } from "../Stage.ts"
import { type CatalogueLine, legacyLayouts, logged, runsWith, seen, withContainers } from "./CatalogueLine.ts"

const needs = withContainers

type Scene = Effect.Success<ReturnType<typeof running>>

const canReboot = { guest: "rebootable", spec: { lxc: { dropCapabilities: [] } } } as const
const reboot = ({ container }: Scene, timeoutMs = 5_000): Case<"RebootInPlace"> => ({ _tag: "RebootInPlace", ...container, timeoutMs })
/** A first process has its handlers some milliseconds after it was executed. */
const settled = Effect.sleep(300)

const reboots: ReadonlyArray<CatalogueLine> = [{
  line: "F: reboot from inside",
  title: "keeps the monitor and gives another first process, which is logged; a wait for the end goes on",
  needs,
  run: Effect.gen(function*() {
    const scene = yield* running(canReboot)
    const before = yield* seen
    yield* befall({ _tag: "RebootInside", name: scene.container.name })
    yield* fails({ _tag: "AwaitStopped", ...scene.container, timeoutMs: 700, onTimeout: "fail" }, "StillRunning")
    const after = yield* seen
    yield* same("the monitor", after.monitor?.pid, before.monitor?.pid)
    yield* isTrue("another first process", after.init !== null && after.init.pid !== before.init?.pid)
    yield* isTrue("the log says so", (yield* logged(scene.start)).includes("ended on signal Hangup(1)"))
  })
}, {
  line: "F: reboot from inside with sys_boot dropped",
  title: "is a stop: the call fails, and init exits with 1",
  needs,
  run: Effect.gen(function*() {
    const scene = yield* running({ guest: "rebootable" })
    yield* befall({ _tag: "RebootInside", name: scene.container.name })
    yield* applies({ _tag: "AwaitStopped", ...scene.container, timeoutMs: 5_000, onTimeout: "fail" })
    yield* isTrue("the log says so", (yield* logged(scene.start)).includes("ended on error (1)"))
  })
}, {
  line: "F: reboot",
  title: "keeps the monitor and gives another first process; LXC logs signal Hangup(1)",
  needs,
  run: Effect.gen(function*() {
    const scene = yield* running(canReboot)
    yield* settled
    const before = yield* seen
    yield* applies(reboot(scene))
    const after = yield* seen
    yield* same("the monitor", after.monitor?.pid, before.monitor?.pid)
    yield* isTrue("another first process", after.init !== null && after.init.pid !== before.init?.pid)
    yield* isTrue("the log says so", (yield* logged(scene.start)).includes("ended on signal Hangup(1)"))
  })
}, {
  line: "F: reboot with sys_boot dropped",
  title: "is the end: exit code 1",
  needs,
  run: Effect.gen(function*() {
    const scene = yield* running({ guest: "rebootable" })
    yield* settled
    yield* fails(reboot(scene), "CommandFailed", { exitCode: 1 })
    yield* applies({ _tag: "AwaitStopped", ...scene.container, timeoutMs: 5_000, onTimeout: "fail" })
    yield* isTrue("the log says so", (yield* logged(scene.start)).includes("ended on error (1)"))
  })
}, {
  line: "F: reboot of a shell that is init",
  title: "is the end: it takes SIGINT to exit with 130; exit code 1",
  needs,
  run: Effect.gen(function*() {
    const scene = yield* running()
    yield* settled
    yield* fails(reboot(scene, 1_000), "CommandFailed", { exitCode: 1 })
    yield* applies({ _tag: "AwaitStopped", ...scene.container, timeoutMs: 5_000, onTimeout: "fail" })
    yield* isTrue("the log says so", (yield* logged(scene.start)).includes("ended on error (130)"))
  })
}]

const frozen: ReadonlyArray<CatalogueLine> = [{
  line: "F: freeze",
  title: "can be done twice, and thawed twice",
  needs,
  run: Effect.gen(function*() {
    const { container } = yield* running()
    const freeze: Case<"Freeze"> = { _tag: "Freeze", ...container, timeoutMs: 5_000 }
    const thaw: Case<"Thaw"> = { _tag: "Thaw", ...container, timeoutMs: 5_000 }
    yield* does(freeze)
    yield* applies(freeze)
    yield* does(thaw)
    yield* applies(thaw)
  })
}, {
  line: "F: a signal to a frozen container",
  title: "is delivered when it is thawed",
  needs,
  run: Effect.gen(function*() {
    const { container } = yield* running()
    yield* settled
    yield* applies({ _tag: "Freeze", ...container, timeoutMs: 5_000 })
    yield* applies({ _tag: "SignalContainer", ...container, signal: "halt", graceMs: 0 })
    yield* fails({ _tag: "AwaitStopped", ...container, timeoutMs: 300, onTimeout: "fail" }, "StillRunning")
    yield* applies({ _tag: "Thaw", ...container, timeoutMs: 5_000 })
    yield* applies({ _tag: "AwaitStopped", ...container, timeoutMs: 5_000, onTimeout: "fail" })
  })
}, {
  line: "F: -k of a frozen container",
  title: "thaws it and ends it",
  needs,
  run: Effect.gen(function*() {
    const { container, hierarchies } = yield* running({ guest: "deaf" })
    yield* applies({ _tag: "Freeze", ...container, timeoutMs: 5_000 })
    const kill: Case<"KillContainer"> = { _tag: "KillContainer", ...container, hierarchies, timeoutMs: 5_000 }
    yield* does(kill)
  })
}]

const setLimit = ({ container }: Scene, file: string, value: string): Case<"SetLimit"> => ({
  _tag: "SetLimit",
  ...container,
  controller: file.split(".")[0] ?? "",
  file,
  value,
  previous: value
})

const mebibytes = (count: number): string => String(count * 1024 * 1024)
const [memory, swap] = ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"]

const limits: ReadonlyArray<CatalogueLine> = [{
  line: "F: memory and memsw of a running container, v1",
  title: "raised memsw first, lowered memory first; the other way is EINVAL",
  needs,
  layouts: legacyLayouts,
  run: Effect.gen(function*() {
    const scene = yield* runsWith([`lxc.cgroup.${memory} = 64M`, `lxc.cgroup.${swap} = 64M`])
    yield* fails(setLimit(scene, memory, mebibytes(128)), "SystemCallFailed", { code: "EINVAL" })
    yield* does(setLimit(scene, swap, mebibytes(128)))
    yield* does(setLimit(scene, memory, mebibytes(128)))
    yield* fails(setLimit(scene, swap, mebibytes(64)), "SystemCallFailed", { code: "EINVAL" })
    yield* does(setLimit(scene, memory, mebibytes(64)))
    yield* does(setLimit(scene, swap, mebibytes(64)))
  })
}, {
  line: "F: memory below what is used, v1",
  title: "EBUSY, and the file is unchanged",
  needs,
  layouts: legacyLayouts,
  simulatedOnly: "limits below 2 MiB are not set on real containers",
  run: Effect.gen(function*() {
    const scene = yield* runsWith([`lxc.cgroup.${memory} = 64M`])
    yield* fails(setLimit(scene, memory, "65536"), "SystemCallFailed", { code: "EBUSY" })
    yield* holds(setLimit(scene, memory, mebibytes(64)))
  })
}, {
  line: "F: memory below what is used, v2",
  title: "is written, and kills",
  needs,
  layouts: ["v2"],
  host: { layout: "v2" },
  simulatedOnly: "limits below 2 MiB are not set on real containers",
  run: Effect.gen(function*() {
    const scene = yield* running()
    yield* applies(setLimit(scene, "memory.max", "65536"))
    yield* fails({ ...scene.confirmAlive, settleMs: 100 }, "InitEnded", { cause: "signal 9" })
  })
}, {
  line: "F: cpu quota below a millisecond, v1",
  title: "EINVAL",
  needs,
  layouts: legacyLayouts,
  run: Effect.gen(function*() {
    yield* fails(setLimit(yield* running(), "cpu.cfs_quota_us", "500"), "SystemCallFailed", { code: "EINVAL" })
  })
}, {
  line: "F: cpus that the host does not have, v1",
  title: "refused by the kernel",
  needs,
  layouts: legacyLayouts,
  run: Effect.gen(function*() {
    yield* fails(setLimit(yield* running(), "cpuset.cpus", "0-999"), "SystemCallFailed", { code: "ERANGE" })
  })
}, {
  line: "F: cpu.shares of 1, v1",
  title: "becomes 2: the kernel clamps without a word",
  needs,
  layouts: legacyLayouts,
  run: Effect.gen(function*() {
    const scene = yield* running()
    yield* fails(setLimit(scene, "cpu.shares", "1"), "LimitNotInForce", { wanted: "1", found: "2" })
    yield* holds(setLimit(scene, "cpu.shares", "2"))
  })
}]

/** Runs words in the container; gives the exit code. */
const exitOf = ({ container }: Scene, ...words: readonly [string, ...ReadonlyArray<string>]) =>
  Effect.scoped(Effect.gen(function*() {
    const { attach } = yield* Sessions
    const argv = attachCommand(container, { argv: words, env: {}, cwd: "/" })
    const { exitCode } = yield* attach({ kind: "program", container, argv, stdio: { _tag: "pipe" } })
    return yield* exitCode
  })).pipe(Effect.catchTag("HostError", ({ problem }) => broken("lxc-attach", "an exit code", problem)))

const programs: ReadonlyArray<CatalogueLine> = [{
  line: "F: exit codes of lxc-attach",
  title: "the program's own; 127 for one that is not there; 128 and the number of the signal",
  needs,
  run: Effect.gen(function*() {
    const scene = yield* running()
    yield* same("true", yield* exitOf(scene, "/bin/true"), 0)
    yield* same("exit 42", yield* exitOf(scene, "/bin/sh", "-c", "exit 42"), 42)
    yield* same("not there", yield* exitOf(scene, "/bin/nope"), 127)
    yield* same("SIGTERM", yield* exitOf(scene, "/bin/sh", "-c", "kill -TERM $$"), 143)
  })
}, {
  line: "F: lxc-attach where nothing runs",
  title: "exit code 1",
  needs,
  run: Effect.gen(function*() {
    const scene = yield* running()
    yield* befall({ _tag: "KillMonitor", name: scene.container.name })
    yield* Effect.sleep(100)
    yield* same("exit code", yield* exitOf(scene, "/bin/true"), 1)
  })
}, {
  line: "F: lxc-attach to a frozen container",
  title: "hangs, and is given up after its time",
  needs,
  run: Effect.gen(function*() {
    const scene = yield* running()
    yield* applies({ _tag: "Freeze", ...scene.container, timeoutMs: 5_000 })
    const { inHaste } = yield* Stage
    const outcome = yield* inHaste(10_000, Effect.result(exitOf(scene, "/bin/true")))
    yield* isTrue(JSON.stringify(outcome), outcome._tag === "Failure" && outcome.failure.found.includes("CommandTimedOut"))
  })
}]

/**
 * @since 0.1.0
 * @category constants
 */
export const lifeCycle: ReadonlyArray<CatalogueLine> = [...reboots, ...frozen, ...limits, ...programs]

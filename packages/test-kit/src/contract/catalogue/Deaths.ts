/**
 * Section C: monitors and first processes that are killed.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { applies, fails, holds, isOpen, isTrue, same } from "../Expect.ts"
import { befall, type Case, factsOfContainer, running } from "../Scene.ts"
import { Stage } from "../Stage.ts"
import { type CatalogueLine, inventoryOf, legacyLayouts, runsWith, seen, withContainers } from "./CatalogueLine.ts"

const needs = withContainers

type Scene = Effect.Success<ReturnType<typeof running>>

const kill = ({ container, hierarchies }: Scene): Case<"KillContainer"> => ({ _tag: "KillContainer", ...container, hierarchies, timeoutMs: 5_000 })
const removeGroups = ({ container: { name }, hierarchies }: Scene): Case<"RemoveCgroups"> => ({
  _tag: "RemoveCgroups",
  names: [`lxc.payload.${name}`, `lxc.monitor.${name}`],
  hierarchies
})

/** The end of init follows that of its monitor by some milliseconds. */
const soon = Effect.sleep(100)

/** With `lxc.monitor.signal.pdeath = 0`, and no monitor any more. */
const orphaned = Effect.gen(function*() {
  const scene = yield* runsWith(["lxc.monitor.signal.pdeath = 0"], { guest: "deaf" })
  yield* befall({ _tag: "KillMonitor", name: scene.container.name })
  yield* soon
  return scene
})

/**
 * @since 0.1.0
 * @category constants
 */
export const deaths: ReadonlyArray<CatalogueLine> = [{
  line: "C: kill -9 of the monitor",
  title: "init dies with it, and so does its interface; both cgroups stay in every tree, empty",
  needs,
  run: Effect.gen(function*() {
    const { bridge } = yield* Stage
    const scene = yield* running({ spec: { nics: [{ link: bridge }] } })
    const interfaces = yield* inventoryOf("interface")
    const groups = yield* inventoryOf("cgroup")
    yield* befall({ _tag: "KillMonitor", name: scene.container.name })
    yield* soon
    const facts = yield* seen
    yield* same("init, populated, socket", [facts.init, facts.populated, facts.socket], [null, false, false])
    yield* same("one interface less", (yield* inventoryOf("interface")).length, interfaces.length - 1)
    yield* same("the cgroups", yield* inventoryOf("cgroup"), groups)
    yield* applies(removeGroups(scene))
    yield* same("the cgroups", yield* inventoryOf("cgroup"), [])
  })
}, {
  line: "C: kill -9 of the monitor, then umount",
  title: "the root is free",
  needs,
  run: Effect.gen(function*() {
    const { container, root } = yield* running()
    const mount = (yield* inventoryOf("mount")).find((line) => line.includes(` ${root} `))
    yield* befall({ _tag: "KillMonitor", name: container.name })
    yield* applies({ _tag: "Unmount", source: mount?.split(" ")[1] ?? "", target: root, timeoutMs: 1_000 })
  })
}, {
  line: "C: kill -9 of the monitor with pdeath = 0",
  title: "everything lives on, unknown to LXC: no socket, populated",
  needs,
  run: Effect.gen(function*() {
    const scene = yield* orphaned
    const facts = yield* seen
    yield* same("socket, populated", [facts.socket, facts.populated], [false, true])
    yield* isTrue("init lives", facts.init !== null && facts.init.state !== "Z")
    yield* fails({ _tag: "Freeze", ...scene.container, timeoutMs: 2_000 }, "CommandFailed", { exitCode: 1 })
  })
}, {
  line: "C: an orphan's root",
  title: "umount succeeds on the host, and the loop device stays in use",
  needs,
  run: Effect.gen(function*() {
    const scene = yield* orphaned
    const source = (yield* inventoryOf("mount")).find((line) => line.includes(` ${scene.root} `))?.split(" ")[1] ?? ""
    const file = (yield* inventoryOf("loop")).find((line) => line.includes(`${source} `))?.split(" ")[2] ?? ""
    yield* applies({ _tag: "Unmount", source, target: scene.root, timeoutMs: 0 })
    const detach = { _tag: "DetachLoop", device: source, file } as Case<"DetachLoop"> // paths that the host gave
    const { inHaste } = yield* Stage
    yield* inHaste(5_000, fails(detach, "Busy", { path: source }))
    yield* applies(kill(scene))
    yield* holds(detach)
  })
}, {
  line: "C: lxc-start beside an orphan",
  title: "with pinned names it is refused; without them a second copy would run on the same root",
  needs,
  run: Effect.gen(function*() {
    const scene = yield* orphaned
    const before = (yield* seen).init?.pid
    const { log } = yield* fails(scene.start, "CommandFailed", { exitCode: 1 })
    yield* isTrue(log.join("; "), log.some((line) => line.includes("Numerical result out of range")))
    yield* same("the orphan", (yield* seen).init?.pid, before)
  })
}, {
  line: "C: full cleanup of an orphan",
  title: "killed by way of its cgroup, then rmdir in every tree",
  needs,
  run: Effect.gen(function*() {
    const scene = yield* orphaned
    const { inHaste } = yield* Stage
    const { holders } = yield* inHaste(5_000, fails(removeGroups(scene), "Busy"))
    yield* isTrue("who is in it is named", holders.length > 0)
    yield* applies(kill(scene))
    yield* applies(removeGroups(scene))
    yield* same("the cgroups", yield* inventoryOf("cgroup"), [])
  })
}, {
  line: "C: kill -9 of the monitor while frozen by the v1 freezer",
  title: "init stays in D and populated, unkillable until it is thawed",
  needs,
  layouts: legacyLayouts,
  run: Effect.gen(function*() {
    const scene = yield* running()
    yield* applies({ _tag: "Freeze", ...scene.container, timeoutMs: 5_000 })
    yield* befall({ _tag: "KillMonitor", name: scene.container.name })
    yield* soon
    const facts = yield* seen
    yield* same("socket, populated, freezer", [facts.socket, facts.populated, facts.freezer], [false, true, "frozen"])
    yield* applies({ _tag: "Thaw", ...scene.container, timeoutMs: 5_000 })
    yield* soon
    yield* same("populated", (yield* seen).populated, false)
  })
}, {
  line: "C: kill -9 of init",
  title: "LXC takes all away",
  needs,
  run: Effect.gen(function*() {
    const { container } = yield* running({ guest: "deaf" })
    yield* befall({ _tag: "KillInit", name: container.name })
    yield* applies({ _tag: "AwaitStopped", ...container, timeoutMs: 5_000, onTimeout: "fail" })
    yield* soon
    yield* same("the cgroups", yield* inventoryOf("cgroup"), [])
  })
}, {
  line: "C: kill -9 of init while frozen by the v1 freezer",
  title: "it stays frozen until -k, which thaws",
  needs,
  layouts: legacyLayouts,
  run: Effect.gen(function*() {
    const scene = yield* running()
    yield* applies({ _tag: "Freeze", ...scene.container, timeoutMs: 5_000 })
    yield* befall({ _tag: "KillInit", name: scene.container.name })
    yield* soon
    yield* same("freezer, populated", [(yield* seen).freezer, (yield* seen).populated], ["frozen", true])
    yield* applies(kill(scene))
    yield* holds(kill(scene))
  })
}, {
  line: "C: kill -9 of init while frozen on v2",
  title: "it dies at once",
  needs,
  layouts: ["v2"],
  host: { layout: "v2" },
  run: Effect.gen(function*() {
    const { container } = yield* running()
    yield* applies({ _tag: "Freeze", ...container, timeoutMs: 5_000 })
    yield* befall({ _tag: "KillInit", name: container.name })
    yield* applies({ _tag: "AwaitStopped", ...container, timeoutMs: 5_000, onTimeout: "fail" })
  })
}, {
  line: "C: SIGSTOP to the monitor",
  title: "every tool that asks it hangs; the container lives; killing needs no tool",
  needs,
  run: Effect.gen(function*() {
    const scene = yield* running({ guest: "deaf" })
    yield* befall({ _tag: "StopMonitor", name: scene.container.name })
    yield* fails({ _tag: "Freeze", ...scene.container, timeoutMs: 300 }, "CommandTimedOut", { timeoutMs: 300 })
    yield* fails({ ...scene.start, timeoutMs: 300 }, "CommandTimedOut", { timeoutMs: 300 })
    const facts = yield* seen
    yield* same("the monitor", facts.monitor?.state, "T")
    yield* isTrue("init lives", facts.init !== null)
    yield* applies(kill(scene))
  })
}, {
  line: "C: SIGCONT to a monitor whose init has died",
  title: "it cleans up then",
  needs,
  run: Effect.gen(function*() {
    const { container } = yield* running()
    yield* befall({ _tag: "StopMonitor", name: container.name })
    yield* befall({ _tag: "KillInit", name: container.name })
    yield* soon
    yield* isOpen({ _tag: "AwaitStopped", ...container, timeoutMs: 0, onTimeout: "fail" })
    yield* befall({ _tag: "ContinueMonitor", name: container.name })
    yield* applies({ _tag: "AwaitStopped", ...container, timeoutMs: 5_000, onTimeout: "fail" })
    yield* same("init", (yield* factsOfContainer)?.init ?? null, null)
  })
}]

/**
 * Sections D and E: what is listed, and what can be read.
 *
 * @since 0.1.0
 */
import { HostPath } from "@effect-lxc/core/model/HostPath"
import * as Effect from "effect/Effect"
import { applies, isTrue, same } from "../Expect.ts"
import { befall, factsOfContainer, mounted, prepared, running } from "../Scene.ts"
import { Stage } from "../Stage.ts"
import { allFacts, type CatalogueLine, seen, withContainers } from "./CatalogueLine.ts"

const needs = withContainers

/**
 * @since 0.1.0
 * @category constants
 */
export const observations: ReadonlyArray<CatalogueLine> = [{
  line: "D: a running container",
  title: "has a line in /proc/net/unix, a monitor, a first process, and a populated group",
  needs,
  run: Effect.gen(function*() {
    yield* running()
    const facts = yield* seen
    yield* same("socket, populated, freezer", [facts.socket, facts.populated, facts.freezer], [true, true, "thawed"])
    yield* isTrue("monitor and init", facts.monitor !== null && facts.init !== null)
  })
}, {
  line: "D: a frozen container",
  title: "is listed too",
  needs,
  run: Effect.gen(function*() {
    const { container } = yield* running()
    yield* applies({ _tag: "Freeze", ...container, timeoutMs: 5_000 })
    const facts = yield* seen
    yield* same("socket, freezer", [facts.socket, facts.freezer], [true, "frozen"])
  })
}, {
  line: "D: a directory without a config",
  title: "is a sign of a container, though lxc-ls does not list it",
  needs,
  run: Effect.gen(function*() {
    const { start } = yield* prepared()
    yield* befall({ _tag: "RemovePath", path: HostPath.make(`${start.lxcPath}/${start.name}/config`) })
    const facts = yield* seen
    yield* same("socket, init, populated", [facts.socket, facts.init, facts.populated], [false, null, false])
  })
}, {
  line: "D: a container that is not there",
  title: "is not listed",
  run: Effect.gen(function*() {
    yield* same("facts", yield* factsOfContainer, undefined)
  })
}, {
  line: "D: the same name in two lxcpaths",
  title: "both run; the second one's cgroup has a number",
  needs,
  simulatedOnly: "a stage has one lxcpath",
  host: { foreign: [{ lxcPath: "/var/lib/lxc", name: "stage-web1" }] },
  run: Effect.gen(function*() {
    const { directories, name } = yield* Stage
    const { target } = yield* mounted
    const [lxcPath, directory] = [HostPath.make(directories.containers), HostPath.make(directories.container(name))]
    yield* applies({ _tag: "MakeDirectory", path: directory, mode: "0700", keep: false })
    const config = HostPath.make(directories.config(name))
    yield* applies({ _tag: "WriteFile", path: config, mode: "0600", text: `lxc.rootfs.path = dir:${target}\n`, previous: null })
    yield* applies({
      _tag: "StartContainer",
      lxcPath,
      name,
      logFile: HostPath.make(`${directory}/log`),
      logLevel: "INFO",
      consoleLog: HostPath.make(`${directory}/console`),
      pidFile: HostPath.make(`${directory}/pid`),
      interfaces: [],
      hierarchies: [],
      timeoutMs: 5_000
    })
    const { cgroupDirectories, containers } = yield* allFacts
    yield* same("containers", containers.filter((each) => each.name === name).length, 2)
    yield* isTrue("the group has a number", cgroupDirectories.some((each) => each.name === `lxc.payload.${name}-1`))
  })
}, {
  line: "D: a socket whose name would be longer than 106 bytes",
  title: "is named by a hash, and the monitor's title tells of which container",
  needs,
  simulatedOnly: "a stage has one lxcpath",
  host: { foreign: [{ lxcPath: `/srv/${"a".repeat(100)}`, name: "long" }, { lxcPath: "/srv/b", name: "short" }] },
  run: Effect.gen(function*() {
    const { containers } = yield* allFacts
    yield* same("foreign ones", containers.map(({ name }) => name), ["long", "short"])
  })
}, {
  line: "E: names of cgroups",
  title: "are lxc.payload.NAME and lxc.monitor.NAME, in every tree",
  needs,
  run: Effect.gen(function*() {
    const { container, hierarchies } = yield* running()
    const { cgroupDirectories } = yield* allFacts
    for (const kind of ["payload", "monitor"]) {
      const directory = cgroupDirectories.find(({ name }) => name === `lxc.${kind}.${container.name}`)
      yield* same(`trees of the ${kind}`, directory?.hierarchies.length, hierarchies.length)
      yield* same(`populated ${kind}`, directory?.populated, true)
    }
  })
}, {
  line: "E: a left group",
  title: "is there with populated 0, and belongs to nobody",
  needs: ["cgroups"],
  run: Effect.gen(function*() {
    const { name } = yield* Stage
    yield* befall({ _tag: "LeaveCgroup", group: `lxc.monitor.${name}` })
    const { cgroupDirectories } = yield* allFacts
    yield* same("populated", cgroupDirectories.find((each) => each.name === `lxc.monitor.${name}`)?.populated, false)
  })
}]

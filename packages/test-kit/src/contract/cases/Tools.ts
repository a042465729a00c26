/**
 * What holds for every step that a tool does: the exact command, and what comes of a tool that refuses, hangs or is not
 * installed.
 *
 * @since 0.1.0
 */
import { HostPath } from "@effect-lxc/core/model/HostPath"
import * as Commands from "@effect-lxc/core/plan/Commands"
import type { Step } from "@effect-lxc/core/plan/Step"
import type { Host } from "@effect-lxc/core/runtime/Host"
import * as Effect from "effect/Effect"
import { exits, hangs, missing } from "../../ToolAnswer.ts"
import type { ContractBroken, ContractCase } from "../ContractCase.ts"
import { fails, same } from "../Expect.ts"
import { absent, attached, befall, type Case, inScratch, mounted, running } from "../Scene.ts"
import { type Ability, Stage } from "../Stage.ts"

/** A step of which nothing is left to do but to call its tool. */
interface Called {
  readonly step: Step
  readonly argv: Commands.Argv
  /** When the tool is killed. */
  readonly limitMs: number
}

interface Row {
  readonly tag: Step["_tag"]
  readonly needs: ReadonlyArray<Ability>
  readonly scene: Effect.Effect<Called, ContractBroken, Host | Stage>
}

/** The limit of tools whose step has none of its own. */
const toolLimit = 30_000
const timeoutMs = 30_000

const attach = Effect.map(inScratch("a.img"), (file): Called => {
  const step: Case<"AttachLoop"> = { _tag: "AttachLoop", file, offset: 512, sizeLimit: 4_096, readOnly: true, result: "root" }
  return { step, argv: Commands.attachLoop(step), limitMs: toolLimit }
})

const detach = Effect.map(attached(), ({ device, file }): Called => ({
  step: { _tag: "DetachLoop", device, file },
  argv: Commands.detachLoop(device),
  limitMs: toolLimit
}))

const mount = Effect.map(inScratch("a"), (target): Called => {
  const source = HostPath.make("/dev/none")
  const step: Case<"Mount"> = { _tag: "Mount", source, target, fsType: "ext4", options: ["ro", "noatime"] }
  return { step, argv: Commands.mount(step, source), limitMs: toolLimit }
})

const unmount = Effect.map(mounted, ({ device, target }): Called => {
  const step: Case<"Unmount"> = { _tag: "Unmount", source: device, target, timeoutMs: 1_000, detach: true }
  return { step, argv: Commands.unmount(step), limitMs: toolLimit }
})

const startStep = Effect.gen(function*() {
  const { directories, name } = yield* Stage
  const step: Case<"StartContainer"> = {
    _tag: "StartContainer",
    lxcPath: HostPath.make(directories.containers),
    name,
    logFile: HostPath.make(directories.lxcLog(name)),
    logLevel: "INFO",
    consoleLog: HostPath.make(directories.consoleLog(name)),
    pidFile: HostPath.make(directories.monitorPid(name)),
    interfaces: [],
    hierarchies: [],
    timeoutMs
  }
  return step
})

const start = Effect.map(startStep, (step): Called => ({ step, argv: Commands.startContainer(step), limitMs: timeoutMs }))

const restore = Effect.gen(function*() {
  const { _tag: _, ...starting } = yield* startStep
  const step: Case<"Restore"> = { ...starting, _tag: "Restore", directory: yield* inScratch("criu.images") }
  yield* Effect.flatMap(Stage, (stage) => stage.answer("criu", exits(0)))
  return { step, argv: Commands.restore(step), limitMs: timeoutMs }
})

const checkpoint = Effect.gen(function*() {
  const { container } = yield* absent
  const { directories } = yield* Stage
  const step: Case<"Checkpoint"> = {
    _tag: "Checkpoint",
    ...container,
    directory: yield* inScratch("criu.images"),
    logFile: HostPath.make(directories.lxcLog(container.name)),
    stop: true,
    timeoutMs
  }
  yield* Effect.flatMap(Stage, (stage) => stage.answer("criu", exits(0)))
  return { step, argv: Commands.checkpoint(step), limitMs: timeoutMs }
})

const freeze = Effect.map(running(), ({ container }): Called => {
  const step: Case<"Freeze"> = { _tag: "Freeze", ...container, timeoutMs }
  return { step, argv: Commands.freeze(step), limitMs: timeoutMs }
})

const thaw = Effect.gen(function*() {
  const { container } = yield* running()
  yield* befall({ _tag: "FreezeContainer", name: container.name })
  const step: Case<"Thaw"> = { _tag: "Thaw", ...container, timeoutMs }
  return { step, argv: Commands.thaw(step), limitMs: timeoutMs }
})

const reboot = Effect.map(running(), ({ container }): Called => {
  const step: Case<"RebootInPlace"> = { _tag: "RebootInPlace", ...container, timeoutMs: 1_000 }
  return { step, argv: Commands.rebootInPlace(step), limitMs: 6_000 }
})

const exportArchive = Effect.gen(function*() {
  const files = yield* inScratch("files")
  yield* befall({ _tag: "PutDirectory", path: files })
  const step: Case<"ExportArchive"> = {
    _tag: "ExportArchive",
    files,
    root: yield* inScratch("root.img"),
    kind: "image",
    archive: yield* inScratch("export.tar"),
    timeoutMs
  }
  return { step, argv: Commands.packExport(step), limitMs: timeoutMs }
})

const removeTree = Effect.gen(function*() {
  const path = yield* inScratch(".copy.import")
  yield* befall({ _tag: "PutDirectory", path })
  return { step: { _tag: "RemoveTree", path }, argv: Commands.removeTree({ path }), limitMs: 600_000 } satisfies Called
})

const deleteInterface = Effect.sync((): Called => {
  const step: Case<"DeleteInterface"> = { _tag: "DeleteInterface", name: "lo" }
  return { step, argv: Commands.deleteInterface(step), limitMs: toolLimit }
})

const rows: ReadonlyArray<Row> = [
  { tag: "AttachLoop", needs: [], scene: attach },
  { tag: "DetachLoop", needs: ["devices"], scene: detach },
  { tag: "Mount", needs: [], scene: mount },
  { tag: "Unmount", needs: ["devices"], scene: unmount },
  { tag: "StartContainer", needs: [], scene: start },
  { tag: "Restore", needs: [], scene: restore },
  { tag: "Checkpoint", needs: [], scene: checkpoint },
  { tag: "Freeze", needs: ["containers"], scene: freeze },
  { tag: "Thaw", needs: ["containers"], scene: thaw },
  { tag: "RebootInPlace", needs: ["containers"], scene: reboot },
  { tag: "ExportArchive", needs: [], scene: exportArchive },
  { tag: "RemoveTree", needs: [], scene: removeTree },
  { tag: "DeleteInterface", needs: [], scene: deleteInterface }
]

const variableOf = (line: string): string => line.slice(0, line.indexOf("="))

const casesOfRow = ({ needs, scene, tag }: Row): ReadonlyArray<ContractCase> => [
  {
    step: tag,
    kind: "failure",
    title: "runs just its command, with nothing of the caller's environment",
    needs: [...needs, "calls"],
    run: Effect.gen(function*() {
      const stage = yield* Stage
      const { argv, step } = yield* scene
      const [tool] = argv
      yield* stage.answer(tool, exits(1))
      yield* fails(step, "CommandFailed")
      const calls = (yield* stage.calls).filter((each) => each.argv[0] === tool)
      yield* same("calls", calls.map((each) => each.argv), [argv])
      yield* same("variables", calls.flatMap(({ environment }) => environment.map(variableOf)), ["LC_ALL", "PATH"])
    })
  },
  {
    step: tag,
    kind: "failure",
    title: "tells exit code and words of a tool that refuses",
    needs,
    run: Effect.gen(function*() {
      const stage = yield* Stage
      const { argv, step } = yield* scene
      yield* stage.answer(argv[0], exits(3, "no, and why\n"))
      yield* fails(step, "CommandFailed", { argv: [...argv], exitCode: 3, signal: null, stderr: "no, and why\n" })
    })
  },
  {
    step: tag,
    kind: "failure",
    title: "kills a tool that hangs, with its process group, when its time is over",
    needs,
    run: Effect.gen(function*() {
      const stage = yield* Stage
      const { argv, limitMs, step } = yield* scene
      yield* stage.answer(argv[0], hangs)
      yield* stage.inHaste(limitMs, fails(step, "CommandTimedOut", { argv: [...argv], timeoutMs: limitMs }))
      yield* same("living processes of the tool", yield* stage.hanging, 0)
    })
  },
  {
    step: tag,
    kind: "failure",
    title: "says which tool is not installed",
    needs,
    run: Effect.gen(function*() {
      const stage = yield* Stage
      const { argv, step } = yield* scene
      yield* stage.answer(argv[0], missing)
      yield* fails(step, "Conflict", { found: `${argv[0]} is not installed` })
    })
  }
]

/**
 * @since 0.1.0
 * @category constants
 */
export const toolCases: ReadonlyArray<ContractCase> = rows.flatMap(casesOfRow)

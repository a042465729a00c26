/**
 * The real Linux host.
 *
 * @since 0.1.0
 */
import type { Step } from "@effect-lxc/core/plan/Step"
import { Host, type HostError, type Observed, type Results } from "@effect-lxc/core/runtime/Host"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { observeNoCgroups, removeCgroups } from "./CgroupSteps.ts"
import * as Checkpoints from "./CheckpointSteps.ts"
import * as Disks from "./Disks.ts"
import * as Ending from "./EndingSteps.ts"
import { gatherFacts, gatherPaths } from "./Facts.ts"
import * as Exports from "./ExportSteps.ts"
import * as Files from "./HostFiles.ts"
import { systemCall } from "./HostFiles.ts"
import { hasMonitor, initOf, isGone } from "./Liveness.ts"
import { LogSlices } from "./LogSlices.ts"
import { observation } from "./Observation.ts"
import { powerCycle, SysrqTrigger } from "./PowerCycle.ts"
import { recordOf } from "./Records.ts"
import { requireRealPath } from "./RunDirectory.ts"
import * as Running from "./RunningSteps.ts"
import { makeStandardInput, type StandardInput } from "./StandardStreams.ts"
import * as Starting from "./StartingSteps.ts"
import { makeLxcVersion } from "./LxcTools.ts"
import { surveyHost } from "./Survey.ts"
import { ToolDirectories, ToolLimits } from "./Tools.ts"

const looked = (what: string, look: () => Observed): Effect.Effect<Observed, HostError> => systemCall("read", what, look)

const notYet: Effect.Effect<Observed> = Effect.succeed({ done: false })

const observe = (step: Step, results: Results): Effect.Effect<Observed, HostError> => {
  switch (step._tag) {
    case "MakeDirectory":
      return Files.observeDirectory(step)
    case "RemoveDirectory":
      return Files.observeNoDirectory(step)
    case "WriteFile":
      return Files.observeFile(step)
    case "RemoveFile":
      return Files.observeNoFile(step)
    case "AttachLoop":
      return looked("/sys/block", () => Disks.observeLoop(step))
    case "DetachLoop":
      return looked("/sys/block", () => Disks.observeNoLoop(step, results))
    case "Mount":
      return Disks.observeMount(step, results)
    case "MoveIntoPlace":
      return Exports.observeMoved(step)
    case "RemoveTree":
      return Exports.observeNoTree(step)
    case "Unmount":
      return looked("/proc/self/mountinfo", () => Disks.observeNoMount(step, results))
    case "StartContainer":
    case "Restore":
      return looked("/proc/net/unix", () => ({ done: initOf(step) !== undefined && hasMonitor(step) }))
    case "Freeze":
      return looked("/sys/fs/cgroup", () => ({ done: Running.isFrozen(step) }))
    case "Thaw":
      return looked("/sys/fs/cgroup", () => ({ done: Running.isThawed(step) }))
    case "ForbidForks":
      return looked("/sys/fs/cgroup", () => ({ done: Running.canNotFork(step) }))
    case "SetLimit":
      return looked("/sys/fs/cgroup", () => ({ done: Running.hasLimit(step) }))
    case "SignalContainer":
      return looked("/proc", () => ({ done: initOf(step) === undefined }))
    case "AwaitStopped":
      return looked("/proc/net/unix", () => ({ done: isGone(step) }))
    case "KillContainer":
      return looked("/proc", () => ({ done: Ending.isDead(step) }))
    case "DeleteInterface":
      return Disks.observeInterface(step)
    case "RemoveCgroups":
      return observeNoCgroups(step)
    case "ConfirmLimits":
    case "ConfirmAlive":
    case "RebootInPlace":
    case "PowerCycle":
    case "Checkpoint":
    case "ExportArchive":
    case "ReceiveArchive":
    case "ImportArchive":
      return notYet
  }
}

const apply = (
  step: Step,
  results: Results,
  input: StandardInput
): Effect.Effect<string | void, HostError, LogSlices> => {
  switch (step._tag) {
    case "MakeDirectory":
      return Files.makeDirectory(step.path, Number.parseInt(step.mode, 8), step.group)
    case "RemoveDirectory":
      return Files.removeDirectory(step)
    case "WriteFile":
      return Files.writeFile(step)
    case "RemoveFile":
      return Files.removeFile(step)
    case "AttachLoop":
      return Disks.attachLoop(step)
    case "DetachLoop":
      return Disks.detachLoop(step, results)
    case "Mount":
      return Disks.mount(step, results)
    case "ExportArchive":
      return Exports.exportArchive(step)
    case "ReceiveArchive":
      return Exports.receiveArchive(step, input)
    case "ImportArchive":
      return Exports.importArchive(step)
    case "MoveIntoPlace":
      return Exports.moveIntoPlace(step)
    case "RemoveTree":
      return Exports.removeTree(step)
    case "Unmount":
      return Disks.unmount(step, results)
    case "StartContainer":
      return Starting.startContainer(step)
    case "Checkpoint":
      return Checkpoints.checkpoint(step)
    case "Restore":
      return Checkpoints.restore(step)
    case "ConfirmLimits":
      return Starting.confirmLimits(step)
    case "ConfirmAlive":
      return Starting.confirmAlive(step)
    case "Freeze":
      return Running.freeze(step)
    case "Thaw":
      return Running.thaw(step)
    case "ForbidForks":
      return Running.forbidForks(step)
    case "SetLimit":
      return Running.setLimit(step)
    case "RebootInPlace":
      return Running.rebootInPlace(step)
    case "PowerCycle":
      return powerCycle
    case "SignalContainer":
      return Ending.signalContainer(step)
    case "AwaitStopped":
      return Ending.awaitStopped(step)
    case "KillContainer":
      return Ending.killContainer(step)
    case "DeleteInterface":
      return Disks.deleteInterface(step)
    case "RemoveCgroups":
      return removeCgroups(step)
  }
}

/** The references are those of whoever builds the layer: tests put other tools in the place of the real ones. */
const make = Effect.gen(function*() {
  const tools = yield* ToolDirectories
  const services = Context.make(LogSlices, LogSlices.make()).pipe(
    Context.add(ToolDirectories, tools),
    Context.add(ToolLimits, yield* ToolLimits),
    Context.add(SysrqTrigger, yield* SysrqTrigger)
  )
  const lxcVersion = makeLxcVersion()
  const input = makeStandardInput()
  return Host.of({
    facts: Effect.fn("NodeHost.facts")(function*(query) {
      yield* requireRealPath(query.directories)
      return yield* gatherFacts(query, yield* Effect.provideContext(lxcVersion(query.directories), services), tools)
    }),
    ...observation(recordOf),
    paths: gatherPaths,
    exportHead: (archive) => Exports.readExportHead(archive, input),
    survey: ({ directories }) =>
      Effect.andThen(requireRealPath(directories), systemCall("read", "/proc and /sys", () => surveyHost(directories, tools))),
    observe,
    apply: (step, results) =>
      Effect.provideContext(apply(step, results, input), services).pipe(Effect.map((result) => result ?? undefined))
  })
})

/**
 * Observes by reading /proc and /sys, and acts by system calls and the tools of LXC, util-linux and iproute2: argument
 * lists, which no shell reads as a program, with a fixed PATH and LC_ALL=C.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Host> = Layer.effect(Host, make)

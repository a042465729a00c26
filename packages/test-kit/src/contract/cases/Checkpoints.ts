/**
 * Promises about what CRIU does by way of LXC.
 *
 * @since 0.1.0
 */
import { monitorCgroup, payloadCgroup } from "@effect-lxc/core/host/CgroupLayout"
import * as Effect from "effect/Effect"
import { missing } from "../../ToolAnswer.ts"
import type { StepCases } from "../ContractCase.ts"
import { applies, fails, holds, isOpen, isTrue, same } from "../Expect.ts"
import { type Case, factsOfContainer, inScratch, look, prepared, running } from "../Scene.ts"
import { Stage } from "../Stage.ts"

/** A container without what CRIU cannot dump. */
const dumpable = { lxc: { ttys: 0, console: "none" } } as const

const checkpointOf = Effect.fnUntraced(function*(stop: boolean) {
  const { container, hierarchies, logFile, start } = yield* running({ spec: dumpable })
  const step: Case<"Checkpoint"> = {
    _tag: "Checkpoint",
    ...container,
    directory: yield* inScratch("criu.images"),
    logFile,
    stop,
    timeoutMs: 60_000
  }
  const { _tag: _, ...starting } = start
  const restore: Case<"Restore"> = { ...starting, _tag: "Restore", directory: step.directory }
  return { step, restore, start, hierarchies }
})

const checkpoint: StepCases = {
  success: [{
    title: "keeps its state, and lets it go on",
    needs: ["containers", "criu"],
    run: Effect.gen(function*() {
      const { start, step } = yield* checkpointOf(false)
      yield* isOpen(step)
      yield* applies(step)
      yield* same(step.directory, (yield* look(step.directory))?.kind, "directory")
      yield* holds(start)
    })
  }],
  already: "every time is another checkpoint",
  failure: [{
    title: "is a conflict without CRIU: it goes on, and no directory is left",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { start, step } = yield* checkpointOf(true)
      yield* Effect.flatMap(Stage, (stage) => stage.answer("criu", missing))
      const { advice } = yield* fails(step, "Conflict", { found: "CRIU is not installed" })
      yield* isTrue(advice, advice.includes(`${step.name} goes on running`))
      yield* same(step.directory, yield* look(step.directory), undefined)
      yield* holds(start)
    })
  }]
}

const restore: StepCases = {
  success: [{
    title: "brings its processes back",
    needs: ["containers", "criu"],
    run: Effect.gen(function*() {
      const { hierarchies, restore: back, start, step } = yield* checkpointOf(true)
      yield* applies(step)
      yield* applies({ _tag: "AwaitStopped", lxcPath: step.lxcPath, name: step.name, timeoutMs: 5_000, onTimeout: "fail" })
      yield* applies({ _tag: "RemoveCgroups", names: [payloadCgroup(step.name), monitorCgroup(step.name)], hierarchies })
      yield* isOpen(back)
      yield* applies(back)
      yield* holds(start)
    })
  }],
  already: [{
    title: "finds it running",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { restore: back } = yield* checkpointOf(false)
      yield* holds(back)
    })
  }],
  failure: [{
    title: "is a conflict without CRIU: the checkpoint stays",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { start } = yield* prepared({ spec: dumpable })
      yield* Effect.flatMap(Stage, (stage) => stage.answer("criu", missing))
      const { _tag: _, ...starting } = start
      const back: Case<"Restore"> = { ...starting, _tag: "Restore", directory: yield* inScratch("criu.images") }
      const { advice } = yield* fails(back, "Conflict", { found: "CRIU is not installed" })
      yield* isTrue(advice, advice.includes("the checkpoint stays"))
      yield* same("init", (yield* factsOfContainer)?.init ?? null, null)
    })
  }]
}

/**
 * @since 0.1.0
 * @category constants
 */
export const checkpoints = { Checkpoint: checkpoint, Restore: restore }

/**
 * Promises about starting a container and seeing that it runs.
 *
 * @since 0.1.0
 */
import { HostPath } from "@effect-lxc/core/model/HostPath"
import * as Commands from "@effect-lxc/core/plan/Commands"
import * as Effect from "effect/Effect"
import type { StepCases } from "../ContractCase.ts"
import { applies, broken, does, fails, holds, isOpen, isTrue, same } from "../Expect.ts"
import { befall, factsOfContainer, prepared, running } from "../Scene.ts"

const startContainer: StepCases = {
  success: [{
    title: "brings a first process up, with a monitor",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { start } = yield* prepared()
      yield* does(start)
      const facts = yield* factsOfContainer
      yield* isTrue("it has a first process", facts?.init !== undefined && facts.init !== null)
    })
  }],
  already: [{
    title: "finds it running",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { start } = yield* running()
      const before = yield* factsOfContainer
      yield* holds(start)
      yield* same("the first process", (yield* factsOfContainer)?.init?.pid, before?.init?.pid)
    })
  }],
  failure: [{
    title: "fails with LXC's exit code and the cause from its log where there is no init",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { start } = yield* prepared({ guest: "missing" })
      const { log } = yield* fails(start, "CommandFailed", { argv: [...Commands.startContainer(start)], exitCode: 1, signal: null })
      yield* isTrue(`the log says why: ${log.join("; ")}`, log.some((line) => line.includes(`Failed to exec "/sbin/init"`)))
      yield* isOpen(start)
    })
  }, {
    title: "is a conflict where LXC says that it is running already, though its exit code is 0",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { start } = yield* running()
      yield* fails(start, "Conflict", { found: `LXC says that ${start.name} is running already` })
      yield* holds(start)
    })
  }, {
    title: "fails without a config",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { start } = yield* prepared()
      yield* befall({ _tag: "RemovePath", path: HostPath.make(`${start.lxcPath}/${start.name}/config`) })
      yield* fails(start, "CommandFailed", { exitCode: 1 })
      yield* isOpen(start)
    })
  }]
}

const confirmLimits: StepCases = {
  success: [{
    title: "finds a limit that was asked for in force",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { confirmLimits: step } = yield* running({ spec: { resources: { memory: "64MiB" } } })
      if (step === undefined) return yield* broken("a start with a limit", "ConfirmLimits", undefined)
      yield* isOpen(step)
      yield* applies(step)
    })
  }],
  already: "it only looks",
  failure: [{
    title: "says which file holds what in place of the limit",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { confirmLimits: step } = yield* running({ spec: { resources: { memory: "64MiB" } } })
      const [limit] = step?.limits ?? []
      if (step === undefined || limit === undefined) return yield* broken("a start with a limit", "ConfirmLimits", step)
      const wanted = String(32 * 1024 * 1024)
      const { file } = yield* fails({ ...step, limits: [{ ...limit, value: wanted }] }, "LimitNotInForce", { wanted, found: limit.value })
      yield* isTrue(file, file.endsWith(`/${limit.file}`))
    })
  }]
}

const confirmAlive: StepCases = {
  success: [{
    title: "sees one first process alive for the settling time",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { confirmAlive: step } = yield* running()
      yield* isOpen(step)
      yield* applies({ ...step, settleMs: 50 })
    })
  }],
  already: "it only looks",
  failure: [{
    title: "says how the first process ended that ended at once",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { confirmAlive: step } = yield* running({ guest: "exitsAtOnce" })
      yield* fails({ ...step, settleMs: 5_000 }, "InitEnded", { name: step.name, cause: "exit code 3" })
    })
  }, {
    title: "says after how long the first process ended that ended later",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { confirmAlive: step } = yield* running({ guest: "exitsSoon" })
      const { afterMs } = yield* fails({ ...step, settleMs: 5_000 }, "InitEnded", { cause: "exit code 7" })
      yield* isTrue(`${afterMs} ms`, afterMs <= 1_500)
    })
  }, {
    title: "names the signal that ended the first process",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { confirmAlive: step } = yield* running()
      yield* befall({ _tag: "KillInit", name: step.name })
      yield* fails({ ...step, settleMs: 5_000 }, "InitEnded", { cause: "signal 9" })
    })
  }]
}

/**
 * @since 0.1.0
 * @category constants
 */
export const starting = { StartContainer: startContainer, ConfirmLimits: confirmLimits, ConfirmAlive: confirmAlive }

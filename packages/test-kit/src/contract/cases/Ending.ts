/**
 * Promises about ending a container.
 *
 * @since 0.1.0
 */
import { HostPath } from "@effect-lxc/core/model/HostPath"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { missing } from "../../ToolAnswer.ts"
import type { Promised, StepCases } from "../ContractCase.ts"
import { applies, does, fails, holds, isOpen, isTrue, same } from "../Expect.ts"
import { absent, befall, type Case, type ContainerOptions, factsOfContainer, running } from "../Scene.ts"
import { Stage } from "../Stage.ts"

type Names = Pick<Case<"AwaitStopped">, "lxcPath" | "name">

const signal = (container: Names, graceMs = 0, which = "halt"): Case<"SignalContainer"> => ({
  _tag: "SignalContainer",
  ...container,
  signal: which,
  graceMs
})
const awaitStopped = (container: Names, timeoutMs: number, onTimeout: Case<"AwaitStopped">["onTimeout"] = "fail"): Case<"AwaitStopped"> => ({
  _tag: "AwaitStopped",
  ...container,
  timeoutMs,
  onTimeout
})

const signalContainer: StepCases = {
  success: [{
    title: "reaches the first process, which ends",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container } = yield* running()
      yield* isOpen(signal(container, 5_000))
      yield* applies(signal(container, 5_000))
      yield* applies(awaitStopped(container, 5_000))
      yield* holds(signal(container))
    })
  }, {
    title: "knows the signals that are counted from either end",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container } = yield* running()
      for (const which of ["SIGRTMIN+3", "SIGRTMAX-3", "SIGHUP"]) yield* applies(signal(container, 0, which))
      yield* isOpen(awaitStopped(container, 0))
    })
  }, {
    title: "gives a young first process until its grace is over to install its handler",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container } = yield* running({ guest: "slow" })
      yield* applies(signal(container, 5_000))
      yield* applies(awaitStopped(container, 5_000))
    })
  }],
  already: [{
    title: "finds nobody to signal",
    run: Effect.gen(function*() {
      const { container } = yield* absent
      yield* holds(signal(container))
      yield* applies(signal(container))
    })
  }],
  failure: [{
    title: "is a conflict for a signal that there is not, and nothing is sent",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container } = yield* running()
      yield* fails(signal(container, 0, "SIGNONE"), "Conflict", { found: "there is no signal SIGNONE" })
      yield* isOpen(awaitStopped(container, 0))
    })
  }]
}

const stopped: StepCases = {
  success: [{
    title: "ends when the container does, and its monitor",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container } = yield* running()
      yield* applies(signal(container, 5_000))
      const began = yield* Clock.currentTimeMillis
      yield* applies(awaitStopped(container, 20_000))
      const took = (yield* Clock.currentTimeMillis) - began
      yield* isTrue(`it took ${took} ms`, took < 5_000)
      yield* holds(awaitStopped(container, 0))
      yield* same("init", (yield* factsOfContainer)?.init ?? null, null)
    })
  }, {
    title: "goes on after its time where it is told to",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container } = yield* running({ guest: "deaf" })
      yield* applies(awaitStopped(container, 50, "continue"))
      yield* isOpen(awaitStopped(container, 0))
    })
  }, {
    title: "goes on at once, where it is told to go on, when all that is left is a monitor that is stopped by a signal",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container, hierarchies } = yield* running()
      yield* befall({ _tag: "StopMonitor", name: container.name })
      yield* applies(awaitStopped(container, 50, "continue"))
      yield* isTrue("it lives", (yield* factsOfContainer)?.init !== null)
      yield* befall({ _tag: "KillInit", name: container.name })
      const began = yield* Clock.currentTimeMillis
      yield* applies(awaitStopped(container, 20_000, "continue"))
      const took = (yield* Clock.currentTimeMillis) - began
      yield* isTrue(`it took ${took} ms`, took < 5_000)
      yield* fails(awaitStopped(container, 50), "StillRunning", { waitedMs: 50 })
      yield* applies({ _tag: "KillContainer", ...container, hierarchies, timeoutMs: 5_000 })
    })
  }, {
    title: "sees such a monitor also where its pid file says something else, and a kill does not ask it",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container, hierarchies } = yield* running()
      yield* befall({ _tag: "StopMonitor", name: container.name })
      yield* befall({ _tag: "KillInit", name: container.name })
      yield* befall({ _tag: "PutFile", path: HostPath.make(`${container.lxcPath}/${container.name}/monitor.pid`), text: "strange" })
      yield* same("monitor", (yield* factsOfContainer)?.monitor?.state, "T")
      const began = yield* Clock.currentTimeMillis
      yield* applies(awaitStopped(container, 20_000, "continue"))
      yield* applies({ _tag: "KillContainer", ...container, hierarchies, timeoutMs: 20_000 })
      const took = (yield* Clock.currentTimeMillis) - began
      yield* isTrue(`it took ${took} ms`, took < 5_000)
    })
  }],
  already: [{
    title: "finds that nothing runs",
    run: Effect.gen(function*() {
      const { container } = yield* absent
      yield* holds(awaitStopped(container, 0))
      yield* applies(awaitStopped(container, 0))
    })
  }],
  failure: [{
    title: "says after its time that it is still running",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container } = yield* running({ guest: "deaf" })
      yield* fails(awaitStopped(container, 100), "StillRunning", { name: container.name, waitedMs: 100, frozenAgain: false })
      yield* isOpen(awaitStopped(container, 0))
    })
  }, {
    title: "freezes it again after its time where it is told to",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container } = yield* running({ guest: "deaf" })
      yield* fails(awaitStopped(container, 100, "freeze"), "StillRunning", { name: container.name, waitedMs: 100, frozenAgain: true })
      yield* holds({ _tag: "Freeze", ...container, timeoutMs: 1_000 })
    })
  }]
}

const kills = (
  title: string,
  before?: "FreezeContainer" | "StopMonitor" | "KillMonitor",
  scene: ContainerOptions = {}
): Promised => ({
  title,
  needs: ["containers"],
  run: Effect.gen(function*() {
    const { container, hierarchies } = yield* running({ guest: "deaf", ...scene })
    if (before !== undefined) yield* befall({ _tag: before, name: container.name })
    const step: Case<"KillContainer"> = { _tag: "KillContainer", ...container, hierarchies, timeoutMs: 5_000 }
    yield* isOpen(step)
    const began = yield* Clock.currentTimeMillis
    yield* applies(step)
    const took = (yield* Clock.currentTimeMillis) - began
    yield* isTrue(`it took ${took} ms, and nothing was waited out`, took < step.timeoutMs)
    yield* holds(step)
    yield* same("init", (yield* factsOfContainer)?.init ?? null, null)
  })
})

const killsWithoutTools: Promised = {
  title: "ends it without a tool",
  needs: ["containers"],
  run: Effect.gen(function*() {
    const { container, hierarchies } = yield* running({ guest: "deaf" })
    const step: Case<"KillContainer"> = { _tag: "KillContainer", ...container, hierarchies, timeoutMs: 5_000 }
    yield* (yield* Stage).answer("lxc-stop", missing)
    yield* does(step)
  })
}

const killContainer: StepCases = {
  success: [
    kills("ends a guest that takes no signal"),
    kills("ends a frozen one", "FreezeContainer"),
    kills("ends one whose monitor does not answer, without asking it", "StopMonitor"),
    kills("ends one whose monitor is gone", "KillMonitor", { line: "lxc.monitor.signal.pdeath = 0" }),
    killsWithoutTools
  ],
  already: [{
    title: "finds nothing alive",
    run: Effect.gen(function*() {
      const { container, hierarchies } = yield* absent
      const step: Case<"KillContainer"> = { _tag: "KillContainer", ...container, hierarchies, timeoutMs: 1_000 }
      yield* holds(step)
      yield* applies(step)
    })
  }],
  failure: "what survives SIGKILL sits in a driver that hangs, which no host can be made to do"
}

/**
 * @since 0.1.0
 * @category constants
 */
export const ending = { SignalContainer: signalContainer, AwaitStopped: stopped, KillContainer: killContainer }

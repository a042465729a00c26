/**
 * Promises about a container that goes on running.
 *
 * @since 0.1.0
 */
import { HostPath } from "@effect-lxc/core/model/HostPath"
import * as Commands from "@effect-lxc/core/plan/Commands"
import * as Effect from "effect/Effect"
import type { StepCases } from "../ContractCase.ts"
import { applies, does, fails, holds, isOpen, isTrue, same } from "../Expect.ts"
import { absent, befall, type Case, factsOfContainer, prepared, running } from "../Scene.ts"
import { Stage } from "../Stage.ts"

const freeze: StepCases = {
  success: [{
    title: "freezes it",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container } = yield* running()
      yield* does({ _tag: "Freeze", ...container, timeoutMs: 5_000 })
      yield* isOpen({ _tag: "Thaw", ...container, timeoutMs: 5_000 })
    })
  }],
  already: [{
    title: "finds it frozen",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container } = yield* running()
      yield* befall({ _tag: "FreezeContainer", name: container.name })
      yield* holds({ _tag: "Freeze", ...container, timeoutMs: 5_000 })
    })
  }],
  failure: [{
    title: "gives a monitor that does not answer until its time is over",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container } = yield* running()
      yield* befall({ _tag: "StopMonitor", name: container.name })
      const step: Case<"Freeze"> = { _tag: "Freeze", ...container, timeoutMs: 300 }
      yield* fails(step, "CommandTimedOut", { argv: [...Commands.freeze(step)], timeoutMs: 300 })
      yield* isOpen(step)
    })
  }, {
    title: "fails where nothing runs",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container } = yield* prepared()
      const step: Case<"Freeze"> = { _tag: "Freeze", ...container, timeoutMs: 5_000 }
      yield* fails(step, "CommandFailed", { argv: [...Commands.freeze(step)], exitCode: 1 })
    })
  }]
}

const thaw: StepCases = {
  success: [{
    title: "thaws it",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container } = yield* running()
      yield* befall({ _tag: "FreezeContainer", name: container.name })
      yield* does({ _tag: "Thaw", ...container, timeoutMs: 5_000 })
      yield* isOpen({ _tag: "Freeze", ...container, timeoutMs: 5_000 })
    })
  }, {
    title: "thaws one whose configuration is gone, which LXC does not find any more",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { directories } = yield* Stage
      const { container } = yield* running()
      yield* befall({ _tag: "FreezeContainer", name: container.name })
      yield* befall({ _tag: "RemovePath", path: HostPath.make(directories.config(container.name)) })
      yield* does({ _tag: "Thaw", ...container, timeoutMs: 5_000 })
    })
  }],
  already: [{
    title: "finds it not frozen, also where nothing runs",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container, start } = yield* prepared()
      const step: Case<"Thaw"> = { _tag: "Thaw", ...container, timeoutMs: 5_000 }
      yield* holds(step)
      yield* applies(start)
      yield* holds(step)
      yield* applies(step)
    })
  }],
  failure: [{
    title: "gives a monitor that does not answer until its time is over",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container } = yield* running()
      yield* befall({ _tag: "FreezeContainer", name: container.name })
      yield* befall({ _tag: "StopMonitor", name: container.name })
      const step: Case<"Thaw"> = { _tag: "Thaw", ...container, timeoutMs: 300 }
      yield* fails(step, "CommandTimedOut", { argv: [...Commands.thaw(step)], timeoutMs: 300 })
      yield* isOpen(step)
    })
  }]
}

const forbidForks: StepCases = {
  success: [{
    title: "lets no process of it fork",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container, hierarchies } = yield* running()
      yield* does({ _tag: "ForbidForks", ...container, hierarchies })
    })
  }],
  already: [{
    title: "finds it so where nothing runs",
    run: Effect.gen(function*() {
      const { container, hierarchies } = yield* absent
      yield* holds({ _tag: "ForbidForks", ...container, hierarchies })
      yield* applies({ _tag: "ForbidForks", ...container, hierarchies })
    })
  }],
  failure: "the kernel takes 0 for pids.max whatever runs, and a host without that controller has nothing to forbid"
}

const pids = (container: Pick<Case<"SetLimit">, "lxcPath" | "name">, value: string): Case<"SetLimit"> => ({
  _tag: "SetLimit",
  ...container,
  controller: "pids",
  file: "pids.max",
  value,
  previous: "max"
})

const setLimit: StepCases = {
  success: [{
    title: "puts it in force",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container } = yield* running()
      yield* does(pids(container, "100"))
      const limits = (yield* factsOfContainer)?.limits ?? []
      yield* same("pids.max", limits.find((each) => each.file === "pids.max")?.value, "100")
    })
  }],
  already: [{
    title: "finds it in force",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container } = yield* running({ spec: { resources: { pids: 100 } } })
      yield* holds(pids(container, "100"))
      yield* isOpen(pids(container, "101"))
    })
  }],
  failure: [{
    title: "fails with the errno of what the kernel does not take, and the old value stays",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container } = yield* running({ spec: { resources: { pids: 100 } } })
      yield* fails(pids(container, "plenty"), "SystemCallFailed", { call: "write", code: "EINVAL" })
      yield* holds(pids(container, "100"))
    })
  }, {
    title: "is a conflict where nothing runs",
    run: Effect.gen(function*() {
      const { container } = yield* absent
      yield* isOpen(pids(container, "100"))
      yield* fails(pids(container, "100"), "Conflict", { found: `${container.name} has no cgroup of pids` })
    })
  }]
}

const reboot = (container: Pick<Case<"RebootInPlace">, "lxcPath" | "name">, timeoutMs: number): Case<"RebootInPlace"> => ({
  _tag: "RebootInPlace",
  ...container,
  timeoutMs
})

const rebootInPlace: StepCases = {
  success: [{
    title: "gives it another first process under the same monitor",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container } = yield* running({ guest: "rebootable", spec: { lxc: { keepCapabilities: ["sys_boot"] } } })
      const before = yield* factsOfContainer
      yield* isOpen(reboot(container, 10_000))
      yield* applies(reboot(container, 10_000))
      const after = yield* factsOfContainer
      yield* same("monitor", after?.monitor?.pid, before?.monitor?.pid)
      yield* isTrue("it has another first process", after?.init?.pid !== undefined && after.init.pid !== before?.init?.pid)
    })
  }],
  already: "every time is another reboot",
  failure: [{
    title: "fails where nothing runs",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container } = yield* prepared()
      yield* fails(reboot(container, 1_000), "CommandFailed", { argv: [...Commands.rebootInPlace(reboot(container, 1_000))], signal: null })
    })
  }, {
    title: "fails for a guest that does not act on it, which goes on as it is",
    needs: ["containers"],
    run: Effect.gen(function*() {
      const { container } = yield* running({ guest: "deaf" })
      const before = yield* factsOfContainer
      yield* fails(reboot(container, 1_000), "CommandFailed", { argv: [...Commands.rebootInPlace(reboot(container, 1_000))], exitCode: 1 })
      yield* same("the first process", (yield* factsOfContainer)?.init?.pid, before?.init?.pid)
    })
  }]
}

/**
 * @since 0.1.0
 * @category constants
 */
export const goingOn = { Freeze: freeze, Thaw: thaw, ForbidForks: forbidForks, SetLimit: setLimit, RebootInPlace: rebootInPlace }

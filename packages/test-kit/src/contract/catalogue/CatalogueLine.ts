/**
 * A fact about LXC and Linux that was measured, and how a host is seen to behave so.
 *
 * @since 0.1.0
 */
import type { CgroupLayoutName } from "@effect-lxc/core/host/CgroupLayout"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { vethPrefix } from "@effect-lxc/core/model/VethName"
import { Host } from "@effect-lxc/core/runtime/Host"
import type { Sessions } from "@effect-lxc/core/runtime/Sessions"
import * as Effect from "effect/Effect"
import type { HostOptions } from "../../HostBuilder.ts"
import type { ContractBroken } from "../ContractCase.ts"
import { applies, broken, fails, holds, isOpen, isTrue, same } from "../Expect.ts"
import { type Case, type ContainerOptions, factsOfContainer, look, prepared } from "../Scene.ts"
import { type Ability, Stage } from "../Stage.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface CatalogueLine {
  /** What it is about; the letter is its section: A starts, B stops, C deaths, D lists, E observations, F the rest of a life. */
  readonly line: string
  /** What was measured. */
  readonly title: string
  readonly needs?: ReadonlyArray<Ability>
  /** Layouts of the cgroups with which it is so; any by default. */
  readonly layouts?: ReadonlyArray<CgroupLayoutName>
  /** Why no real host is made to show it; left out where it is. */
  readonly simulatedOnly?: string
  /** What the simulated host has on which it is seen; LXC 5.0.2 on a hybrid layout by default. */
  readonly host?: HostOptions
  readonly run: Effect.Effect<void, ContractBroken, Host | Sessions | Stage>
}

/**
 * What a start needs of a host.
 *
 * @since 0.1.0
 * @category constants
 */
export const withContainers: ReadonlyArray<Ability> = ["containers", "devices"]

/**
 * Layouts on which LXC reads the keys of v1.
 *
 * @since 0.1.0
 * @category constants
 */
export const legacyLayouts = ["v1", "hybrid"] as const

/**
 * As `prepared`, with more lines at the end of the config, where they win over those before them.
 *
 * @since 0.1.0
 * @category scenes
 */
export const configured = Effect.fnUntraced(function*(lines: ReadonlyArray<string>, options?: ContainerOptions) {
  const scene = yield* prepared(options)
  const path = HostPath.make(`${scene.start.lxcPath}/${scene.start.name}/config`)
  const previous = (yield* look(path))?.text ?? ""
  yield* applies({ _tag: "WriteFile", path, mode: "0600", text: `${previous}${lines.map((line) => `${line}\n`).join("")}`, previous })
  return scene
})

/**
 * What of the stage's inventory begins with a word; of cgroups and interfaces what is the container's: others may be at
 * work on the same machine.
 *
 * @since 0.1.0
 * @category accessors
 */
export const inventoryOf = (kind: "cgroup" | "interface" | "loop" | "mount") =>
  Effect.gen(function*() {
    const { inventory, name } = yield* Stage
    const own = { cgroup: name, interface: vethPrefix(name), loop: "", mount: "" }[kind]
    return (yield* inventory).filter((line) => line.startsWith(`${kind} `) && line.includes(own))
  })

/**
 * A step that starts it fails with exit code 1, LXC's log has these words, and no interface and no payload group is left.
 *
 * @since 0.1.0
 * @category expectations
 */
export const isRefused = Effect.fnUntraced(function*(start: Case<"StartContainer">, ...words: ReadonlyArray<string>) {
  const interfaces = yield* inventoryOf("interface")
  const problem = yield* fails(start, "CommandFailed", { exitCode: 1, signal: null })
  const log = problem.log.join("; ")
  for (const word of words) yield* isTrue(`the log says ${word}: ${log}`, log.includes(word))
  // lxc-start may end before its monitor, which then still has a first process to kill.
  yield* applies({ _tag: "AwaitStopped", lxcPath: start.lxcPath, name: start.name, timeoutMs: 2_000, onTimeout: "fail" })
  yield* isOpen(start)
  yield* same("interfaces", yield* inventoryOf("interface"), interfaces)
  const payloads = (yield* inventoryOf("cgroup")).filter((line) => line.includes(`lxc.payload.${start.name}`))
  yield* same("payload groups", payloads, [])
  return problem
})

/**
 * A start with more lines in its config is refused so; see {@link isRefused}.
 *
 * @since 0.1.0
 * @category expectations
 */
export const refuses = (lines: ReadonlyArray<string>, ...words: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { start } = yield* configured(lines)
    yield* isRefused(start, ...words)
  })

/**
 * A start with more lines in its config succeeds.
 *
 * @since 0.1.0
 * @category expectations
 */
export const runsWith = Effect.fnUntraced(function*(lines: ReadonlyArray<string>, options?: ContainerOptions) {
  const scene = yield* configured(lines, options)
  yield* applies(scene.start)
  yield* holds(scene.start)
  return scene
})

/**
 * What LXC has logged of the container so far.
 *
 * @since 0.1.0
 * @category accessors
 */
export const logged = Effect.fnUntraced(function*(start: Case<"StartContainer">) {
  return (yield* look(start.logFile))?.text ?? ""
})

/**
 * The case's container, which must be known.
 *
 * @since 0.1.0
 * @category accessors
 */
export const seen = Effect.flatMap(factsOfContainer, (facts) =>
  facts === undefined ? broken("the container", "facts", undefined) : Effect.succeed(facts))

/**
 * Everything that the host's facts say.
 *
 * @since 0.1.0
 * @category accessors
 */
export const allFacts = Effect.gen(function*() {
  const host = yield* Host
  const { directories } = yield* Stage
  return yield* host.facts({ directories }).pipe(
    Effect.catchTag("HostError", ({ problem }) => broken("facts", "an observation", problem))
  )
})

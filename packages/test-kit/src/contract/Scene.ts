/**
 * Scenes that cases begin in: files, devices and containers, made by the steps of a start plan itself.
 *
 * @since 0.1.0
 */
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { decodeInstance, type Instance } from "@effect-lxc/core/model/Instance"
import { planStart } from "@effect-lxc/core/plan/StartPlan"
import type { Step } from "@effect-lxc/core/plan/Step"
import { Host } from "@effect-lxc/core/runtime/Host"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Happening } from "../Happening.ts"
import { applies, broken } from "./Expect.ts"
import { Stage, type StageGuest } from "./Stage.ts"

/**
 * @since 0.1.0
 * @category models
 */
export type Case<Tag extends Step["_tag"]> = Extract<Step, { readonly _tag: Tag }>

/**
 * A path below the case's own directory.
 *
 * @since 0.1.0
 * @category accessors
 */
export const inScratch = (name: string) => Effect.map(Stage, ({ scratch }) => HostPath.make(`${scratch}/${name}`))

/**
 * @since 0.1.0
 * @category scenes
 */
export const befall = (happening: Happening) => Effect.flatMap(Stage, (stage) => stage.befall(happening))

/**
 * @since 0.1.0
 * @category accessors
 */
export const look = (path: string) => Effect.flatMap(Stage, (stage) => stage.look(path))

/**
 * An image of a guest, attached to a loop device.
 *
 * @since 0.1.0
 * @category scenes
 */
export const attached = Effect.fnUntraced(function*(guest: StageGuest = "obedient") {
  const { image } = yield* Stage
  const step: Case<"AttachLoop"> = {
    _tag: "AttachLoop",
    file: HostPath.make(yield* image(guest)),
    offset: 0,
    sizeLimit: 0,
    readOnly: false,
    result: "root"
  }
  return { step, file: step.file, device: HostPath.make((yield* applies(step)) ?? "/") }
})

/**
 * An image on a loop device, mounted on a directory of the case's.
 *
 * @since 0.1.0
 * @category scenes
 */
export const mounted = Effect.gen(function*() {
  const { device, file } = yield* attached()
  const target = yield* inScratch("mounted")
  yield* applies({ _tag: "MakeDirectory", path: target, mode: "0700", keep: false })
  const step: Case<"Mount"> = { _tag: "Mount", source: device, target, fsType: null, options: [] }
  yield* applies(step)
  return { step, device, file, target }
})

/**
 * What a case's container is like.
 *
 * @since 0.1.0
 * @category models
 */
export interface ContainerOptions {
  readonly guest?: StageGuest | undefined
  /** Fields of its spec besides name and disks. */
  readonly spec?: Readonly<Record<string, unknown>> | undefined
  /** A line at the end of its config that no spec can ask for. */
  readonly line?: string | undefined
}

const planOf = Effect.fnUntraced(function*({ guest = "obedient", spec }: ContainerOptions) {
  const host = yield* Host
  const stage = yield* Stage
  const wanted = { name: stage.name, disks: [{ path: yield* stage.image(guest) }], ...spec }
  const instance: Instance = yield* Effect.fromResult(decodeInstance(wanted)).pipe(
    Effect.catch((error) => broken("the spec", "a right one", error.message))
  )
  const facts = yield* host.facts({ directories: stage.directories, paths: instance.disks.map((disk) => disk.path) }).pipe(
    Effect.catchTag("HostError", ({ problem }) => broken("facts", "an observation", problem))
  )
  const plan = planStart(instance, stage.directories, facts)
  return Result.isSuccess(plan) ? plan.success : yield* broken("the start", "a plan", plan.failure.message)
})

/**
 * A host on which only the start of the container is left to do, with that step and those that follow it.
 *
 * @since 0.1.0
 * @category scenes
 */
export const prepared = Effect.fnUntraced(function*(options: ContainerOptions = {}) {
  const plan = yield* planOf(options)
  const results = new Map<string, string>()
  for (const step of plan.steps) {
    if (step._tag === "StartContainer") {
      const confirmAlive = plan.steps.find((each) => each._tag === "ConfirmAlive")
      const confirmLimits = plan.steps.find((each) => each._tag === "ConfirmLimits")
      if (confirmAlive === undefined) return yield* broken("a start plan", "ConfirmAlive", plan)
      const { hierarchies, logFile, lxcPath, name } = step
      return { start: step, confirmAlive, confirmLimits, container: { lxcPath, name }, hierarchies, logFile, root: HostPath.make(`${lxcPath}/${name}/rootfs`) }
    }
    const result = yield* applies(step, results)
    if (step._tag === "AttachLoop" && result !== undefined) results.set(step.result, result)
  }
  return yield* broken("a start plan", "StartContainer", plan)
})

/**
 * A host on which the container runs.
 *
 * @since 0.1.0
 * @category scenes
 */
export const running = Effect.fnUntraced(function*(options: ContainerOptions = {}) {
  const scene = yield* prepared(options)
  const path = HostPath.make(`${scene.container.lxcPath}/${scene.container.name}/config`)
  if (options.line !== undefined) {
    yield* befall({ _tag: "PutFile", path, text: `${(yield* look(path))?.text ?? ""}${options.line}\n` })
  }
  yield* applies(scene.start)
  return scene
})

/**
 * What the host's facts say of the case's container; undefined where it is not there.
 *
 * @since 0.1.0
 * @category accessors
 */
export const factsOfContainer = Effect.gen(function*() {
  const host = yield* Host
  const { directories, name } = yield* Stage
  const { containers } = yield* host.facts({ directories, instance: name }).pipe(
    Effect.catchTag("HostError", ({ problem }) => broken("facts", "an observation", problem))
  )
  return containers.find((each) => each.name === name && each.lxcPath === directories.containers)
})

/**
 * The names of a container that was never there.
 *
 * @since 0.1.0
 * @category scenes
 */
export const absent = Effect.map(Stage, ({ directories, name }) => ({
  container: { lxcPath: HostPath.make(directories.containers), name },
  hierarchies: [HostPath.make("/sys/fs/cgroup")]
}))

/**
 * Ports on which things go wrong.
 *
 * @since 0.1.0
 */
import type { Step } from "@effect-lxc/core/plan/Step"
import { Host, HostError, type Results } from "@effect-lxc/core/runtime/Host"
import type { Journal, OpenJournal } from "@effect-lxc/core/runtime/Journal"
import { LockError, type Locks } from "@effect-lxc/core/runtime/Locks"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { makeAim } from "./Aim.ts"
import type { Fault } from "./Faults.ts"
import type { Happening } from "./Happening.ts"
import { commandOf, toolOf } from "./StepTool.ts"

/**
 * What a fault does that a port alone cannot do.
 *
 * @since 0.1.0
 * @category models
 */
export interface Damage {
  /** The process dies. */
  readonly die: Effect.Effect<never>
  /** A call of the process: in a dead one it neither begins nor returns. */
  readonly bound: <A, E, R>(call: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** The disk below a directory is full. */
  readonly fill: (directory: string) => Effect.Effect<void>
  /** So much later. A tool is at work all the while, also when its process dies; anything else ends with the process. */
  readonly later: <A, E>(ms: number, isTool: boolean, body: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** What befalls the host. */
  readonly befall: (happening: Happening) => Effect.Effect<void>
  /** Told of each fault that strikes. */
  readonly struck: (fault: Fault) => Effect.Effect<void>
  /** Whether a fault comes by itself: then no call brings it about. */
  readonly comesByItself: (fault: Fault) => boolean
}

/** The limit that a step has itself, or that of the tools. */
const limitOf = (step: Step): number => "timeoutMs" in step ? step.timeoutMs : "settleMs" in step ? step.settleMs : 30_000

const hang = (argv: ReadonlyArray<string>, timeoutMs: number): Effect.Effect<never, HostError> =>
  Effect.andThen(
    Effect.sleep(timeoutMs),
    Effect.fail(new HostError({ problem: { _tag: "CommandTimedOut", argv: [...argv], timeoutMs, log: [] } }))
  )

const strike = <A>(
  fault: Fault,
  damage: Damage,
  hanging: Effect.Effect<never, HostError>,
  isTool: boolean,
  body: Effect.Effect<A, HostError>
): Effect.Effect<A, HostError> => Effect.andThen(damage.struck(fault), whatComes(fault, damage, hanging, isTool, body))

/** Done at once where nothing else is said: a call of the journal has no limit of its own. */
const whatComes = <A>(
  fault: Fault,
  damage: Damage,
  hanging: Effect.Effect<never, HostError>,
  isTool: boolean,
  body: Effect.Effect<A, HostError>
): Effect.Effect<A, HostError> => {
  switch (fault.kind) {
    case "refuse":
      return Effect.fail(new HostError({ problem: fault.problem }))
    case "act-then-refuse":
      return Effect.andThen(body, Effect.fail(new HostError({ problem: fault.problem })))
    case "hang":
      return hanging
    case "act-then-hang":
      return Effect.andThen(body, hanging)
    case "slow":
      return damage.later(fault.ms ?? 1_000, isTool, body)
    case "crash":
      return damage.die
    case "defect":
      return Effect.die(new Error("this defect was injected by a test"))
    case "full-disk":
      return Effect.andThen(damage.fill(fault.path ?? "/run/effect-lxc"), body)
    case "befall":
      return fault.happening === undefined ? body : Effect.andThen(damage.befall(fault.happening), body)
  }
}

/** Where nothing goes wrong, nothing is between. */
const faultless = {
  host: (port: Host["Service"]): Host["Service"] => port,
  journal: (port: Journal["Service"]): Journal["Service"] => port,
  locks: (port: Locks["Service"]): Locks["Service"] => port
}

/**
 * Puts the faults of one process between the library and the ports it uses.
 *
 * @since 0.1.0
 * @category constructors
 */
export const faultyPorts = (faults: ReadonlyArray<Fault>, outer: Damage, began: number) => {
  if (faults.every(outer.comesByItself)) return { ...faultless, struck: outer.struck }
  const aim = makeAim(faults, outer.comesByItself, began)
  /** Also to be told of what comes by itself. */
  const struck = (fault: Fault) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      aim.struck(fault, now)
      return outer.struck(fault)
    })
  const damage: Damage = { ...outer, struck }

  const host = (port: Host["Service"]): Host["Service"] => {
    const withFaults = <A>(call: Fault["call"], step: Step, body: Effect.Effect<A, HostError>) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const fault = aim.step(call, step, now)
        const isTool = call === "apply" && toolOf(step) !== undefined
        return fault === undefined ? body : strike(fault, damage, hang(commandOf(step), limitOf(step)), isTool, body)
      })
    return {
      ...port,
      observe: (step: Step, results: Results) => withFaults("observe", step, port.observe(step, results)),
      apply: (step: Step, results: Results) => withFaults("apply", step, port.apply(step, results))
    }
  }

  const onJournal = <A>(act: "open" | "append" | "remove", body: Effect.Effect<A, HostError>) =>
    damage.bound(Effect.suspend(() => {
      const fault = aim.journal(act)
      return fault === undefined ? body : strike(fault, damage, hang(["journal", act], 30_000), false, body)
    }))

  const journal = (port: Journal["Service"]): Journal["Service"] => ({
    ...port,
    open: (directories, instance) =>
      Effect.gen(function*() {
        yield* onJournal("open", Effect.void)
        const opened = yield* port.open(directories, instance)
        return {
          append: (entry) => onJournal("append", opened.append(entry)),
          remove: onJournal("remove", opened.remove)
        } satisfies OpenJournal
      }),
    discard: (directories, instance) => onJournal("remove", port.discard(directories, instance))
  })

  const locks = (port: Locks["Service"]): Locks["Service"] => ({
    holder: port.holder,
    clear: port.clear,
    acquire: (directories, instance, ...others) =>
      damage.bound(Effect.suspend(() => {
        const fault = aim.lock()
        if (fault === undefined) return port.acquire(directories, instance, ...others)
        const failure = new LockError({ path: directories.lock(instance), code: "EIO", advice: "this fault was injected by a test" })
        return Effect.andThen(struck(fault), fault.kind === "crash" ? damage.die : Effect.fail(failure))
      }))
  })

  return { host, journal, locks, struck }
}

const nowhere: Damage = {
  die: Effect.never,
  bound: (call) => call,
  fill: () => Effect.die(new Error("only the disk of a simulated host can be filled")),
  later: (ms, _isTool, body) => Effect.andThen(Effect.sleep(ms), body),
  befall: () => Effect.die(new Error("only a simulated host can be befallen")),
  struck: () => Effect.void,
  comesByItself: () => false
}

/**
 * Puts faults between the interpreter and any host. A step that crashes never returns.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (faults: ReadonlyArray<Fault>): Layer.Layer<Host, never, Host> =>
  Layer.effect(Host, Effect.gen(function*() {
    const host = yield* Host
    return faultyPorts(faults, nowhere, yield* Clock.currentTimeMillis).host(host)
  }))

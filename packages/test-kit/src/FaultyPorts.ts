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
  /** The disk below a directory is full. */
  readonly fill: (directory: string) => Effect.Effect<void>
  /** So much later. A tool is at work all the while, also when its process dies; anything else ends with the process. */
  readonly later: <A, E>(ms: number, isTool: boolean, body: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** What befalls the host. */
  readonly befall: (happening: Happening) => Effect.Effect<void>
  /** Told of each fault that strikes. */
  readonly struck: (fault: Fault) => void
}

/** The limit that a step has itself, or that of the tools. */
const limitOf = (step: Step): number => "timeoutMs" in step ? step.timeoutMs : "settleMs" in step ? step.settleMs : 30_000

const hang = (argv: ReadonlyArray<string>, timeoutMs: number): Effect.Effect<never, HostError> =>
  Effect.andThen(
    Effect.sleep(timeoutMs),
    Effect.fail(new HostError({ problem: { _tag: "CommandTimedOut", argv: [...argv], timeoutMs, log: [] } }))
  )

/** Done at once where nothing else is said: a call of the journal has no limit of its own. */
const strike = <A>(
  fault: Fault,
  damage: Damage,
  hanging: Effect.Effect<never, HostError>,
  isTool: boolean,
  body: Effect.Effect<A, HostError>
): Effect.Effect<A, HostError> => {
  damage.struck(fault)
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

/** The faults of one process, and how far each of their counts has come. */
const makeAim = (faults: ReadonlyArray<Fault>, began: number) => {
  const counts = new Map<string, number>()
  const spent = new Set<Fault>()
  const count = (what: string): void => {
    counts.set(what, (counts.get(what) ?? -1) + 1)
  }
  const isAt = (what: string, wanted: number, repeats: boolean): boolean => {
    const now = counts.get(what) ?? -1
    return now === wanted || (repeats && now > wanted)
  }
  const hitsStep = ({ place, repeats }: Fault, step: Step, now: number): boolean => {
    switch (place._tag) {
      case "Index":
        return isAt("step", place.index, repeats)
      case "Tag":
        return step._tag === place.tag && isAt(`tag ${place.tag}`, place.nth, repeats)
      case "Tool":
        return toolOf(step) === place.tool && isAt(`tool ${place.tool}`, place.nth, repeats)
      case "Instant":
        return now >= began + place.ms
      default:
        return false
    }
  }
  /** What is not counted on strikes but once. */
  const first = (hits: (fault: Fault) => boolean): Fault | undefined => {
    const fault = faults.find((each) => !spent.has(each) && hits(each))
    if (fault !== undefined && !fault.repeats && fault.place._tag === "Instant") spent.add(fault)
    return fault
  }
  return {
    step: (call: Fault["call"], step: Step, now: number): Fault | undefined => {
      if (call === "observe") {
        count("step")
        count(`tag ${step._tag}`)
      } else {
        count(`tool ${toolOf(step) ?? ""}`)
      }
      return first((fault) => fault.call === call && hitsStep(fault, step, now))
    },
    journal: (act: "open" | "append" | "remove"): Fault | undefined => {
      count(`journal ${act}`)
      return first(({ place, repeats }) =>
        place._tag === "Journal" && place.act === act && isAt(`journal ${act}`, place.nth, repeats)
      )
    },
    lock: (): Fault | undefined => {
      count("lock")
      return first(({ place, repeats }) => place._tag === "Lock" && isAt("lock", place.nth, repeats))
    }
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
export const faultyPorts = (faults: ReadonlyArray<Fault>, damage: Damage, began: number) => {
  if (faults.length === 0) return faultless
  const aim = makeAim(faults, began)

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
    Effect.suspend(() => {
      const fault = aim.journal(act)
      return fault === undefined ? body : strike(fault, damage, hang(["journal", act], 30_000), false, body)
    })

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
    acquire: (directories, instance, ...others) =>
      Effect.suspend(() => {
        const fault = aim.lock()
        if (fault === undefined) return port.acquire(directories, instance, ...others)
        damage.struck(fault)
        if (fault.kind === "crash") return damage.die
        return Effect.fail(
          new LockError({ path: directories.lock(instance), code: "EIO", advice: "this fault was injected by a test" })
        )
      })
  })

  return { host, journal, locks }
}

const nowhere: Damage = {
  die: Effect.never,
  fill: () => Effect.die(new Error("only the disk of a simulated host can be filled")),
  later: (ms, _isTool, body) => Effect.andThen(Effect.sleep(ms), body),
  befall: () => Effect.die(new Error("only a simulated host can be befallen")),
  struck: () => undefined
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
